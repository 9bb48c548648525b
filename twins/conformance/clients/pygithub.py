"""PyGithub: a person files an issue, the App mends it and merges."""

import github

from twins.conformance.clients.stage import ClientStage
from twins.conformance.misses import expect, expect_that


def run(stage: ClientStage) -> None:
    """Walk one issue to a merged pull request, as the App, below the enterprise prefix."""
    plot = stage.plot
    auth = github.Auth.AppAuth(stage.ground.app["id"], stage.ground.pem)
    base = stage.url + "/api/v3"
    with _client(github.Auth.Token(plot.tokens["owner"]), base) as owner:
        issue = owner.get_repo(plot.full_name).create_issue("It breaks", "badly", labels=["bug"])
    with _client(auth.get_installation_auth(plot.installation), base) as bot:
        repo = bot.get_repo(plot.full_name)
        repo.get_issue(issue.number).create_comment("on it").edit("on it!")
        tip = repo.get_branch("main").commit.sha
        repo.create_git_ref("refs/heads/fix", tip)
        made = repo.create_file("fix.py", "Fix it", "y = 2\n", branch="fix")
        repo.create_check_run("tests", made["commit"].sha, conclusion="success")
        pull = repo.create_pull(
            base="main", head="fix", title="Fix", body=f"Closes #{issue.number}"
        )
        expect("files", ["fix.py"], [one.filename for one in pull.get_files()])
        expect_that("merged", pull.merge(merge_method="squash", sha=pull.head.sha).merged)
        expect_that("paged", repo.get_issues(state="all").totalCount >= 1)
    seen = stage.read(f"issues/{issue.number}").json
    expect("the issue", ("closed", "completed"), (seen["state"], seen["state_reason"]))
    found = stage.read("contents/fix.py").json
    expect("the file's size", 6, found["size"])


def _client(auth: github.Auth.Auth, base: str) -> github.Github:
    return github.Github(
        auth=auth, base_url=base, retry=None, seconds_between_requests=0, seconds_between_writes=0
    )
