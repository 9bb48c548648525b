"""gh, GitHub's own command line: over plain HTTP as to github.com, over TLS as to an own server."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from twins.conformance.clients.provision import clean_environment, gh_program
from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import Miss, expect, expect_that
from twins.contract.fetch import GRAPHQL, ensure

TIMEOUT_S = 60
PLAIN_HOST = "github.localhost"


@dataclass(frozen=True, slots=True)
class Gh:
    """The program, who it is and where it thinks GitHub lives."""

    program: str
    environment: Mapping[str, str]
    stage: ClientStage
    host: str

    def __call__(self, *argv: str, code: int = 0) -> str:
        """Run gh and return what it prints; any other exit code is a Miss."""
        done = subprocess.run(
            [self.program, *argv],
            env=self.environment,
            cwd=self.stage.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode != code:
            raise Miss(f"gh {' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
        return done.stdout.strip()

    def about(self, *argv: str, code: int = 0) -> str:
        """Run gh on the stage's repository."""
        return self(*argv, "-R", f"{self.host}/{self.stage.plot.full_name}", code=code)

    def json(self, fields: str, *argv: str) -> Any:  # noqa: ANN401  # JSON
        """Run gh on the repository and return the fields asked for."""
        return json.loads(self.about(*argv, "--json", fields))


def run_plain(stage: ClientStage) -> None:
    """Walk through on github.com's own ways: no prefix, no TLS, the twin as the proxy."""
    token = stage.plot.tokens["owner"]
    _walk(_gh(stage, PLAIN_HOST, HTTP_PROXY=stage.url, GH_TOKEN=token))


def run_tls(stage: ClientStage) -> None:
    """Walk through on the ways of an own server: below `/api/v3` and `/api/graphql`, over TLS."""
    tls = stage.ground.tls
    token = stage.plot.tokens["owner"]
    host = urlsplit(tls["url"]).netloc
    _walk(_gh(stage, host, SSL_CERT_FILE=tls["ca"], GH_ENTERPRISE_TOKEN=token))


def _gh(stage: ClientStage, host: str, **more: str) -> Gh:
    ensure(GRAPHQL)
    quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_HOST": host}
    environment = clean_environment(stage.folder, **quiet, **more)
    return Gh(gh_program(), environment, stage, host)


def _walk(gh: Gh) -> None:
    login = gh.stage.plot.logins["owner"]
    gh("auth", "status", "-h", gh.host)
    expect("api user", login, gh("api", "user", "--jq", ".login"))
    _labels(gh)
    _issue(gh)
    _pull(gh)
    _end(gh)
    _desk(gh)
    _goal(gh)
    _fork(gh)
    unmodelled = gh.stage.ground.admin("GET", "journal?unmodelled=1")
    expect("unmodelled calls", [], [one["path"] for one in unmodelled])


def _labels(gh: Gh) -> None:
    gh.about("label", "create", "bug", "-c", "ff0000", "-d", "it breaks")
    gh.about("label", "create", "night")
    expect_that("label list", "it breaks" in gh.about("label", "list"))
    name = f"{gh.host}/{gh.stage.plot.full_name}"
    seen = json.loads(gh("repo", "view", name, "--json", "defaultBranchRef"))
    expect("repo view", "main", seen["defaultBranchRef"]["name"])


def _issue(gh: Gh) -> None:
    page = gh.about("issue", "create", "-t", "It breaks", "-b", "badly", "-l", "bug")
    expect_that("issue create", page.endswith("/issues/1"))
    listed = gh.json("number,title,labels", "issue", "list", "-l", "bug")
    expect("issue list", [(1, "It breaks")], [(one["number"], one["title"]) for one in listed])
    gh.about("issue", "comment", "1", "-b", "on it")
    expect_that("issue view", "on it" in gh.about("issue", "view", "1", "--comments"))
    changes = ("-t", "It broke", "--add-label", "night", "--remove-label", "bug")
    gh.about("issue", "edit", "1", *changes, "--add-assignee", "@me")
    gh.about("issue", "create", "-t", "Another", "-b", "one")
    gh.about("issue", "close", "2", "-c", "no", "-r", "not planned")
    found = gh.json("state,title", "issue", "view", "2")
    expect("issue close", {"state": "CLOSED", "title": "Another"}, found)
    gh.about("issue", "view", "99", code=1)


def _pull(gh: Gh) -> None:
    plot = gh.stage.plot
    tip = plot.ok("GET", "git/ref/heads/main")["object"]["sha"]
    plot.ok("POST", "git/refs", {"ref": "refs/heads/fix", "sha": tip})
    put = {"message": "Fix it", "content": "eSA9IDIK", "branch": "fix"}
    head = plot.ok("PUT", "contents/fix.py", put)["commit"]["sha"]
    page = gh.about("pr", "create", "-t", "Fix", "-b", "Closes #1", "-H", "fix", "-B", "main")
    expect_that("pr create", page.endswith("/pull/3"))
    expect("pr list", ["Fix"], [one["title"] for one in gh.json("title", "pr", "list")])
    run = plot.ok("POST", "check-runs", {"name": "tests", "head_sha": head})
    expect_that("pr checks, pending", "pending" in gh.about("pr", "checks", "3", code=1))
    plot.ok("PATCH", f"check-runs/{run['id']}", {"conclusion": "success"})
    expect_that("pr checks", "tests\tpass" in gh.about("pr", "checks", "3"))
    expect_that("pr diff", "+y = 2" in gh.about("pr", "diff", "3"))
    gh.about("pr", "review", "3", "--comment", "-b", "looks right")
    seen = gh.json("files,mergeable,statusCheckRollup,reviews,headRefOid", "pr", "view", "3")
    expect("pr view", (head, ["fix.py"]), (seen["headRefOid"], [f["path"] for f in seen["files"]]))
    expect("rollup", ["SUCCESS"], [one["conclusion"] for one in seen["statusCheckRollup"]])
    gh.about("pr", "merge", "3", "--squash", "--delete-branch")


def _desk(gh: Gh) -> None:
    """What a maintainer does between issues: labels, locks, pins, searches, long lists."""
    gh.about("label", "edit", "night", "-n", "dusk", "-c", "00ff00")
    gh.about("label", "delete", "bug", "--yes")
    expect("labels", "dusk", gh.about("label", "list").split("\t")[0])
    gh.about("issue", "create", "-t", "Pinned", "-b", "Read me first")
    gh.about("issue", "lock", "4", "-r", "resolved")
    gh.about("issue", "unlock", "4")
    gh.about("issue", "pin", "4")
    pinned = gh.stage.read("issues/4/events").json
    expect("history", ["locked", "unlocked", "pinned"], [one["event"] for one in pinned])
    for number in ("5", "6"):
        gh.about("issue", "create", "-t", f"Number {number}", "-b", "to be listed")
    gh.about("issue", "delete", "6", "--yes")
    expect("deleted", 410, gh.stage.read("issues/6").status)
    gh.about("issue", "reopen", "2")
    found = gh.json("number", "issue", "list", "--search", "no:label sort:created-asc")
    expect("search", [2, 4, 5], [one["number"] for one in found])
    path = f"repos/{gh.stage.plot.full_name}/issues?state=all&per_page=2"
    paged = gh("api", path, "--paginate", "--jq", ".[].number")
    expect("paged", ["5", "4", "3", "2", "1"], paged.split())
    expect_that("search issues", "Pinned" in gh("search", "issues", "Pinned"))


def _goal(gh: Gh) -> None:
    """A milestone, which gh reads over GraphQL and sets by its title."""
    path = f"repos/{gh.stage.plot.full_name}/milestones"
    gh("api", path, "-f", "title=v1", "-f", "due_on=2031-01-01T00:00:00Z")
    gh.about("issue", "edit", "4", "-m", "v1")
    expect("milestone", "v1", gh.json("milestone", "issue", "view", "4")["milestone"]["title"])
    listed = gh.json("number", "issue", "list", "-m", "v1")
    expect("in the milestone", [4], [one["number"] for one in listed])


def _fork(gh: Gh) -> None:
    """Somebody who may not write forks, and offers what they did there."""
    plot, login = gh.stage.plot, gh.stage.plot.logins["stranger"]
    token = dict.fromkeys(("GH_TOKEN", "GH_ENTERPRISE_TOKEN"), plot.tokens["stranger"])
    them = replace(gh, environment={**gh.environment, **token})
    them("repo", "fork", plot.full_name, "--clone=false")
    where = f"repos/{login}/{plot.name}/contents/theirs.py"
    body = ("-f", "message=Offer", "-f", "content=eSA9IDMK")
    them("api", "-X", "PUT", where, *body)
    offer = ("-t", "Offer", "-b", "Closes #4", "-H", f"{login}:main", "-B", "main")
    page = them.about("pr", "create", *offer)
    number = page.rpartition("/")[2]
    fields = "isCrossRepository,headRepositoryOwner,maintainerCanModify"
    seen = gh.json(fields, "pr", "view", number)
    expect("from a fork", (True, True), (seen["isCrossRepository"], seen["maintainerCanModify"]))
    expect("whose", login, seen["headRepositoryOwner"]["login"])
    them.about("pr", "close", number)
    them.about("pr", "reopen", number)
    them.about("pr", "edit", number, "-t", "A better offer")
    gh.about("pr", "review", number, "--approve")
    gh.about("pr", "merge", number, "--rebase")
    expect("merged", "MERGED", gh.json("state", "pr", "view", number)["state"])
    expect("closed by it", "closed", gh.stage.read("issues/4").json["state"])


def _end(gh: Gh) -> None:
    stage = gh.stage
    state = gh.json("state,mergedBy", "pr", "view", "3")
    expect("merged", "MERGED", state["state"])
    issue = stage.read("issues/1").json
    expect(
        "the issue",
        ("closed", "completed", "It broke", ["night"], [stage.plot.logins["owner"]], 1),
        (
            issue["state"],
            issue["state_reason"],
            issue["title"],
            [one["name"] for one in issue["labels"]],
            [one["login"] for one in issue["assignees"]],
            issue["comments"],
        ),
    )
    other = stage.read("issues/2").json
    expect("the other", ("closed", "not_planned"), (other["state"], other["state_reason"]))
    expect("the file on main", 6, stage.read("contents/fix.py").json["size"])
    expect("the branch", 404, stage.read("git/ref/heads/fix").status)
