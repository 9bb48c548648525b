"""Rows that were hidden once: each was opened because the twin did not do what it says."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from twins.conformance.asked import no, refusals, remark
from twins.conformance.cited import OPENED, REST, facts, of, refused, say
from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, check, encoded, file, issue, pull, tip


def who(ground: Ground, random: Random) -> None:
    """`assignee` takes a name, `none` and `*`; `creator` and `mentioned` take names."""
    plot = ground.plot(random)
    role, other = random.sample(["admin", "maintain", "write"], 2)
    name = plot.logins[role]
    mine = issue(plot, assignees=[name])["number"]
    theirs = issue(plot, assignees=[plot.logins[other]])["number"]
    free = issue(plot, by="read", body=f"ask @{name} about it")["number"]
    expect("named", [mine], of(plot.ok("GET", f"issues?assignee={name}")))
    expect("none", [free], of(plot.ok("GET", "issues?assignee=none")))
    expect("any", {mine, theirs}, set(of(plot.ok("GET", "issues?assignee=*"))))
    expect("creator", [free], of(plot.ok("GET", f"issues?creator={plot.logins['read']}")))
    expect("mentioned", [free], of(plot.ok("GET", f"issues?mentioned={name}")))


def dropped(ground: Ground, random: Random) -> None:
    """Labels and assignees from people without push access are dropped and nothing is said."""
    plot = ground.plot(random)
    label = plot.ok("POST", "labels", {"name": plot.word("l"), "color": "00ff00"})["name"]
    wish = {"labels": [label], "assignees": [plot.logins["write"]]}
    by = random.choice(["read", "stranger"])
    filed = issue(plot, by=by, **wish)
    path = f"issues/{filed['number']}"
    expect("at birth", ([], []), (filed["labels"], filed["assignees"]))
    title = plot.word("T")
    seen = plot.ok("PATCH", path, {"title": title, **wish}, by=by)
    expect("later", (title, [], []), (seen["title"], seen["labels"], seen["assignees"]))
    plot.ok("POST", f"{path}/assignees", {"assignees": wish["assignees"]}, by=by)
    expect("asked for", [], plot.ok("GET", path)["assignees"])


def disabled(ground: Ground, random: Random) -> None:
    """Where issues are switched off none is filed, and what was there comes back."""
    plot = ground.plot(random)
    filed = issue(plot)
    plot.ok("PATCH", "", {"has_issues": False}, by="owner")
    expect("told", False, plot.ok("GET", "")["has_issues"])
    by = random.choice(["owner", "write", "read", "bot"])
    order = {"title": plot.word()}
    expect("gone", 410, plot.call("POST", "issues", order, by=by).status)
    plot.ok("PATCH", "", {"has_issues": True}, by="owner")
    expect("back", filed["title"], plot.ok("GET", f"issues/{filed['number']}")["title"])
    plot.ok("POST", "issues", order, by=by)


def removed_person(ground: Ground, random: Random) -> None:
    """Who is no collaborator any more is assigned to nothing."""
    plot = ground.plot(random)
    role = random.choice(["admin", "maintain"])
    stays = plot.logins["write"]
    filed = issue(plot, assignees=[plot.logins[role], stays])
    path = f"issues/{filed['number']}"
    expect("both", 2, len(plot.ok("GET", path)["assignees"]))
    plot.ok("DELETE", f"collaborators/{plot.logins[role]}", by="owner")
    expect("one", [stays], of(plot.ok("GET", path)["assignees"], "login"))


def roles(ground: Ground, random: Random) -> None:
    """The permission is one of the old four; the role's own name stands beside it."""
    plot = ground.plot(random, private=True, org=True)
    for role in random.sample(sorted(LEGACY), 5):
        seen = plot.ok("GET", f"collaborators/{plot.logins[role]}/permission", by="owner")
        expect(role, (LEGACY[role], role), (seen["permission"], seen["role_name"]))
    path = f"collaborators/{plot.logins['stranger']}/permission"
    expect("stranger", "none", plot.ok("GET", path, by="owner")["permission"])
    found = plot.ok("GET", "collaborators?permission=maintain", by="owner")
    expect_that("filter", plot.logins["maintain"] in of(found, "login"))
    expect_that("not below", plot.logins["triage"] not in of(found, "login"))


def narrowed(ground: Ground, random: Random) -> None:
    """A token may do what it was made for, is told what it lacks, and lives for an hour."""
    plot = ground.plot(random)
    begin(plot)
    ask = {"permissions": {"issues": "write", "metadata": "read"}}
    path = f"/app/installations/{plot.installation}/access_tokens"
    made = plot.ok("POST", path, ask, by="app")
    expect("permissions", ask["permissions"], made["permissions"])
    plot.tokens["narrow"] = made["token"]
    expect("may", 201, plot.call("POST", "issues", {"title": "x"}, by="narrow").status)
    order = {"title": "x", "head": plot.word(), "base": "main"}
    target, body, wanted = random.choice(
        [
            ("pulls", order, "pull_requests=write"),
            ("git/blobs", {"content": "x"}, "contents=write"),
            ("check-runs", {"name": "x", "head_sha": "0" * 40}, "checks=write"),
        ]
    )
    answer = plot.call("POST", target, body, by="narrow")
    told = (answer.status, answer.json["message"])
    expect("may not", (403, "Resource not accessible by integration"), told)
    accepted = answer.headers.get("x-accepted-github-permissions", "")
    expect_that(f"told {wanted}: {accepted}", wanted in accepted)
    now = datetime.now(UTC).timestamp() + ground.ahead
    life = datetime.fromisoformat(made["expires_at"]).timestamp() - now
    expect_that(f"an hour: {life}", HOUR - 60 <= life <= HOUR + 1)
    ground.advance(HOUR + 5)
    expect("expired", 401, plot.call("GET", "issues", by="narrow").status)


LEGACY = {
    "admin": "admin",
    "maintain": "write",
    "write": "write",
    "triage": "read",
    "read": "read",
}


HOUR = 3600


def unchanged(ground: Ground, random: Random) -> None:
    """What has not changed since a time or a tag answers 304 with nothing; a change is seen."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    target = random.choice([f"issues/{number}", ""])
    first = plot.call("GET", target)
    conditions = [{"If-None-Match": first.headers["etag"]}]
    conditions += [{"If-Modified-Since": first.headers["last-modified"]}]
    for condition in conditions:
        same = plot.call("GET", target, headers=condition)
        expect(next(iter(condition)), (304, b""), (same.status, same.raw))
    ground.advance(90)
    title = {"title": plot.word()} if target else {"description": plot.word()}
    plot.ok("PATCH", target, title, by="owner")
    for condition in conditions:
        expect("changed", 200, plot.call("GET", target, headers=condition).status)


def own(ground: Ground, random: Random) -> None:
    """My repositories come by name; an affiliation leaves out the others'."""
    plot = ground.plot(random)
    names = [f"{plot.owner}/{plot.word(x)}" for x in random.sample(["b", "a", "z"], 3)]
    ground.admin("POST", "seed", {"repos": [{"full_name": name} for name in names]})
    mine = of(plot.ok("GET", "/user/repos", by="owner"), "full_name")
    expect("by name", sorted([*names, plot.full_name]), mine)
    down = plot.ok("GET", "/user/repos?sort=full_name&direction=desc", by="owner")
    expect("down", mine[::-1], of(down, "full_name"))
    theirs = plot.ok("GET", "/user/repos?affiliation=collaborator", by="write")
    expect("collaborator", [plot.full_name], of(theirs, "full_name"))
    expect("owner", [], plot.ok("GET", "/user/repos?affiliation=owner", by="write"))
    private = plot.ok("GET", "/user/repos?visibility=private", by="owner")
    expect("private", [], private)


PRACTICE = f"{REST}using-the-rest-api/best-practices-for-using-the-rest-api"


def writes(ground: Ground, random: Random) -> None:
    """A file is created, then updated, then deleted; its folder goes with the last of it."""
    plot = ground.plot(random)
    begin(plot)
    path = f"contents/{plot.word('d')}/{plot.word('f')}"
    who = {"name": plot.word("N"), "email": "n@example.com"}
    text = encoded(b"one")
    order = {"message": plot.word(), "content": text, "committer": who}
    made = plot.call("PUT", path, order)
    expect("created", 201, made.status)
    for role in ("author", "committer"):
        told = made.json["commit"][role]
        expect(role, (who["name"], who["email"]), (told["name"], told["email"]))
    change = {"message": plot.word(), "content": encoded(b"two")}
    changed = plot.call("PUT", path, {**change, "sha": made.json["content"]["sha"]})
    expect("updated", 200, changed.status)
    expect("parent", [made.json["commit"]["sha"]], of(changed.json["commit"]["parents"], "sha"))
    body = {"message": plot.word(), "sha": changed.json["content"]["sha"]}
    gone = plot.call("DELETE", path, body)
    expect("deleted", (200, None), (gone.status, gone.json["content"]))
    expect("file", 404, plot.call("GET", path).status)
    expect("folder", 404, plot.call("GET", path.rpartition("/")[0]).status)
    expect("old", b"two", _at(plot, path, changed.json["commit"]["sha"]))
    expect("the rest", 200, plot.call("GET", "contents/README.md").status)


def compared(ground: Ground, random: Random) -> None:
    """A comparison is in order of time; its files stand on the first page alone."""
    plot = ground.plot(random)
    root, name = begin(plot), plot.word("b")
    branch(plot, name, root)
    count = random.randrange(3, 6)
    ahead = [file(plot, plot.word("f"), str(n), branch=name) for n in range(count)]
    expect("identical", "identical", plot.ok("GET", f"compare/main...{root}")["status"])
    seen = plot.ok("GET", f"compare/main...{name}")
    expect("ahead", ("ahead", count, 0), (seen["status"], seen["ahead_by"], seen["behind_by"]))
    expect("oldest first", ahead, of(seen["commits"], "sha"))
    pages = [plot.ok("GET", f"compare/main...{name}?per_page=2&page={n}") for n in (1, 2)]
    expect("pages", [ahead[:2], ahead[2:4]], [of(page["commits"], "sha") for page in pages])
    expect("files", [count, 0], [len(page.get("files") or ()) for page in pages])
    expect("total", [count] * 2, [page["total_commits"] for page in pages])
    expect("behind", "behind", plot.ok("GET", f"compare/{name}...main")["status"])
    file(plot, plot.word("f"), "main")
    apart = plot.ok("GET", f"compare/main...{name}")
    expect("diverged", ("diverged", 1), (apart["status"], apart["behind_by"]))
    expect("base", root, apart["merge_base_commit"]["sha"])
    expect("files of one side", count, len(apart["files"]))


def pull_refs(ground: Ground, random: Random) -> None:
    """A pull request's head stays fetchable under its number, and nobody else writes there."""
    plot = ground.plot(random)
    root = begin(plot)
    opened = pull(plot)
    number, name = opened["number"], opened["head"]["ref"]
    path = f"git/ref/pull/{number}/head"
    expect("head", opened["head"]["sha"], plot.ok("GET", path)["object"]["sha"])
    moved = file(plot, plot.word("f"), "x", branch=name)
    expect("moved", moved, plot.ok("GET", path)["object"]["sha"])
    plot.ok("PATCH", f"pulls/{number}", {"state": "closed"})
    plot.ok("DELETE", f"git/refs/heads/{name}")
    expect("kept", moved, plot.ok("GET", path)["object"]["sha"])
    order = {"ref": f"refs/pull/{random.randrange(100, 999)}/head", "sha": root}
    refused("read-only", plot.call("POST", "git/refs", order), 403, 422)


def empty(ground: Ground, random: Random) -> None:
    """In a repository without a commit there is no history, no file, no ref to make."""
    plot = ground.plot(random)
    expect("commits", 409, plot.call("GET", "commits").status)
    expect("says", "Git Repository is empty.", plot.call("GET", "commits").json["message"])
    expect("branches", [], plot.ok("GET", "branches"))
    expect("ref", 409, plot.call("GET", f"git/ref/heads/{random.choice(['main', 'x'])}").status)
    order = {"ref": "refs/heads/main", "sha": f"{random.randrange(16**40):040x}"}
    refused("new ref", plot.call("POST", "git/refs", order), 409, 422)
    expect("blob", 409, plot.call("POST", "git/blobs", {"content": "x"}).status)
    file(plot, "README.md", "x", by="write")
    expect("then", 1, len(plot.ok("GET", "commits")))


def _at(plot: Plot, path: str, ref: str) -> bytes:
    return b64decode(plot.ok("GET", f"{path}?ref={ref}")["content"])


LOCALLY = (
    "docs.github.com/pull-requests/collaborating-with-pull-requests/"
    "reviewing-changes-in-pull-requests/checking-out-pull-requests-locally"
)


def listed(ground: Ground, random: Random) -> None:
    """`protected` picks the branches that a protection or a ruleset guards, or the others."""
    plot = ground.plot(random)
    sha = begin(plot)
    by_hand, by_rule, free = (plot.word("b") for _ in range(3))
    for name in random.sample([by_hand, by_rule, free], 3):
        branch(plot, name, sha)
    _protect(plot, by_hand)
    _rule(plot, [f"refs/heads/{by_rule}"], {"type": "deletion"})
    guarded = plot.ok("GET", "branches?protected=true")
    expect("guarded", {by_hand, by_rule}, set(of(guarded, "name")))
    expect("told", {True}, set(of(guarded, "protected")))
    left = plot.ok("GET", "branches?protected=false")
    expect("free", {free, "main"}, set(of(left, "name")))
    expect("every", 4, len(plot.ok("GET", "branches")))


def bypass(ground: Ground, random: Random) -> None:
    """Who may pass a ruleset is told to those who may write it; the App in it passes."""
    plot = ground.plot(random, org=True)
    first, name = begin(plot), plot.word("b")
    branch(plot, name, first)
    head = file(plot, plot.word("f"), "x", branch=name)
    actor = {"actor_id": ground.app["id"], "actor_type": "Integration", "bypass_mode": "always"}
    rule = {"type": "non_fast_forward"}
    made = _rule(plot, [f"refs/heads/{name}"], rule, bypass_actors=[actor])
    told = plot.ok("GET", f"rulesets/{made}", by="owner")["bypass_actors"]
    expect("told", [(actor["actor_id"], "Integration")], [_actor(one) for one in told])
    expect_that("not told", not plot.ok("GET", f"rulesets/{made}", by="read").get("bypass_actors"))
    path, back = f"git/refs/heads/{name}", {"sha": first, "force": True}
    by = random.choice(["write", "maintain"])
    refused("others", plot.call("PATCH", path, back, by=by), 403, 422)
    expect("stays", head, tip(plot, name))
    plot.ok("PATCH", path, back, by="bot")
    expect("passed", first, tip(plot, name))


def rerequested(ground: Ground, random: Random) -> None:
    """Asking for a run again resets its suite and leaves the run itself as it was."""
    plot = ground.plot(random)
    sha = begin(plot)
    conclusion = random.choice(["failure", "success", "neutral", "timed_out"])
    run = check(plot, sha, plot.word("ci"), conclusion)
    suite = f"check-suites/{run['check_suite']['id']}"
    expect("before", ("completed", conclusion), _state(plot, suite))
    plot.ok("POST", f"check-runs/{run['id']}/rerequest")
    expect("suite", ("queued", None), _state(plot, suite))
    expect("run", ("completed", conclusion), _state(plot, f"check-runs/{run['id']}"))


def contexts(ground: Ground, random: Random) -> None:
    """Statuses differ by context without regard to case; a ref may be a branch or a tag."""
    plot = ground.plot(random)
    sha = begin(plot)
    name = plot.word("ci")
    plot.ok("POST", f"statuses/{sha}", {"state": "failure", "context": name}, by="write")
    shout = {"state": "success", "context": name.upper()}
    plot.ok("POST", f"statuses/{sha}", shout, by="write")
    plot.ok("POST", f"statuses/{sha}", {"state": "success"}, by="write")
    tag = plot.word("v")
    plot.ok("POST", "git/refs", {"ref": f"refs/tags/{tag}", "sha": sha})
    ref = random.choice(["main", tag, "heads/main", f"tags/{tag}", sha])
    seen = plot.ok("GET", f"commits/{ref}/status")
    expect("of", sha, seen["sha"])
    found = {one["context"].lower() for one in seen["statuses"]}
    expect("contexts", {name.lower(), "default"}, found)
    expect("state", ("success", 2), (seen["state"], seen["total_count"]))


def suites(ground: Ground, random: Random) -> None:
    """Suites are found by the name of a run and by their App, runs within one by their status."""
    plot = ground.plot(random)
    sha = begin(plot)
    names = [plot.word("ci") for _ in range(2)]
    done, left = check(plot, sha, names[0]), names[1]
    plot.ok("POST", "check-runs", {"name": left, "head_sha": sha})
    path, identity = f"commits/{sha}/check-suites", done["check_suite"]["id"]
    for filters in (f"check_name={random.choice(names)}", f"app_id={ground.app['id']}"):
        found = plot.ok("GET", f"{path}?{filters}")
        expect(filters, [identity], of(found["check_suites"], "id"))
    none = plot.ok("GET", f"{path}?check_name={plot.word('none')}")
    expect("none", (0, []), (none["total_count"], none["check_suites"]))
    runs = f"check-suites/{identity}/check-runs"
    found = plot.ok("GET", f"{runs}?status=completed")["check_runs"]
    expect("completed", [names[0]], of(found, "name"))
    found = plot.ok("GET", f"{runs}?check_name={left}")["check_runs"]
    expect("named", [left], of(found, "name"))


def _protect(plot: Plot, name: str, **more: object) -> dict[str, object]:
    path = f"branches/{name}/protection"
    return dict(plot.ok("PUT", path, {**OPEN, **more}, by="owner"))


Rule = Mapping[str, object]


def _rule(plot: Plot, include: list[str], *rules: Rule, **more: object) -> int:
    exclude = more.pop("exclude", [])
    order = {
        "name": plot.word("rules"),
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": include, "exclude": exclude}},
        "rules": list(rules),
        **more,
    }
    return int(plot.ok("POST", "rulesets", order, by="owner")["id"])


def _actor(one: dict[str, object]) -> tuple[object, object]:
    return one["actor_id"], one["actor_type"]


def _state(plot: Plot, path: str) -> tuple[object, object]:
    seen = plot.ok("GET", path)
    return seen["status"], seen["conclusion"]


OPEN = {
    "required_status_checks": None,
    "enforce_admins": None,
    "required_pull_request_reviews": None,
    "restrictions": None,
}


def titles(ground: Ground, random: Random) -> None:
    """A squash is named after its only commit, else after the pull request, unless set."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot)
    [only] = plot.ok("GET", f"pulls/{opened['number']}/commits")
    expect_that("one", _merged(plot, opened)[0].startswith(only["commit"]["message"]))
    opened = pull(plot)
    more = file(plot, plot.word("f"), "2", branch=opened["head"]["ref"])
    title, body = _merged(plot, opened)
    expect_that("several", title.startswith(opened["title"]))
    message = plot.ok("GET", f"git/commits/{more}")["message"]
    expect_that("their messages", message in body)
    settings = {"squash_merge_commit_title": "PR_TITLE"}
    settings |= {"squash_merge_commit_message": random.choice(["BLANK", "PR_BODY"])}
    plot.ok("PATCH", "", settings, by="owner")
    text = plot.word("text")
    opened = pull(plot, body=text)
    title, body = _merged(plot, opened)
    expect_that("set", title.startswith(opened["title"]))
    blank = settings["squash_merge_commit_message"] == "BLANK"
    expect("text", "" if blank else text, body.strip())
    opened, name = pull(plot), plot.word("Own")
    order = {"commit_title": name, "commit_message": text}
    expect("given", (name, text), _merged(plot, opened, **order))


def tidy(ground: Ground, random: Random) -> None:
    """Where head branches are deleted on merge, it is gone and the pull request says so."""
    plot = ground.plot(random)
    begin(plot)
    kept, gone = pull(plot), pull(plot)
    plot.ok("PUT", f"pulls/{kept['number']}/merge", {})
    expect("kept", 200, plot.call("GET", f"branches/{kept['head']['ref']}").status)
    plot.ok("PATCH", "", {"delete_branch_on_merge": True}, by="owner")
    method = random.choice(["merge", "squash"])
    plot.ok("PUT", f"pulls/{gone['number']}/merge", {"merge_method": method})
    expect("gone", 404, plot.call("GET", f"branches/{gone['head']['ref']}").status)
    seen = plot.ok("GET", f"pulls/{gone['number']}")
    expect("head", (gone["head"]["sha"], gone["head"]["ref"]), _head(seen))
    told = of(plot.ok("GET", f"issues/{gone['number']}/events"), "event")
    expect_that(f"told {told}", {"merged", "closed", "head_ref_deleted"} <= set(told))


def retargeted(ground: Ground, random: Random) -> None:
    """When a merged head branch is deleted, pull requests onto it move to its own base."""
    plot = ground.plot(random)
    begin(plot)
    lower = pull(plot)
    name = plot.word("upper")
    branch(plot, name, lower["head"]["sha"])
    file(plot, plot.word("f"), "x", branch=name)
    order = {"title": plot.word(), "head": name, "base": lower["head"]["ref"]}
    upper = plot.ok("POST", "pulls", order)["number"]
    method = random.choice(["merge", "squash", "rebase"])
    plot.ok("PUT", f"pulls/{lower['number']}/merge", {"merge_method": method})
    expect("still", lower["head"]["ref"], plot.ok("GET", f"pulls/{upper}")["base"]["ref"])
    plot.ok("DELETE", f"git/refs/heads/{lower['head']['ref']}")
    seen = plot.ok("GET", f"pulls/{upper}")
    expect("moved", ("open", "main"), (seen["state"], seen["base"]["ref"]))


def converted(ground: Ground, random: Random) -> None:
    """An issue becomes a pull request and keeps its number, title, text and comments."""
    plot = ground.plot(random)
    sha = begin(plot)
    filed = issue(plot, body=plot.word("text"))
    comment = say(plot, filed["number"], plot.word())
    name = plot.word("b")
    branch(plot, name, sha)
    file(plot, plot.word("f"), "x", branch=name, by="write")
    order = {"issue": filed["number"], "head": name, "base": "main"}
    seen = plot.ok("POST", "pulls", order, by=random.choice(["owner", "write"]))
    same = ("number", "title", "body")
    expect("same", [filed[one] for one in same], [seen[one] for one in same])
    expect("head", name, seen["head"]["ref"])
    listed = plot.ok("GET", f"issues/{filed['number']}/comments")
    expect("comments", [comment["id"]], of(listed, "id"))
    now = plot.ok("GET", f"issues/{filed['number']}")
    expect("is one", (filed["id"], True), (now["id"], "pull_request" in now))


def _merged(plot: Plot, opened: dict[str, object], **more: object) -> tuple[str, str]:
    order = {"merge_method": "squash", **more}
    made = plot.ok("PUT", f"pulls/{opened['number']}/merge", order)["sha"]
    title, _, body = plot.ok("GET", f"git/commits/{made}")["message"].partition("\n\n")
    return title, body


def _head(seen: dict[str, dict[str, str]]) -> tuple[str, str]:
    return seen["head"]["sha"], seen["head"]["ref"]


BRANCHES = (
    "docs.github.com/pull-requests/collaborating-with-pull-requests/"
    "proposing-changes-to-your-work-with-pull-requests/about-branches"
)


FORBIDDEN = "Resource not accessible by integration"
HEX = f"{REST}issues/labels#create-a-label"
MINE = f"{REST}repos/repos#list-repositories-for-the-authenticated-user"
STARTED = f"{REST}using-the-rest-api/getting-started-with-the-rest-api"
TEXT = {"message": "m", "content": "eA=="}
TROUBLE = f"{REST}using-the-rest-api/troubleshooting-the-rest-api"
TABLE = (
    no("an App has no invitations", "GET /user/repository_invitations", 403, says=FORBIDDEN),
    no("nobody has no invitations", "GET /user/repository_invitations", 401, by=""),
    no(
        "type beside visibility",
        "GET /user/repos?type=owner&visibility=public",
        422,
        by="owner",
    ),
    no(
        "type beside affiliation",
        "GET /user/repos?type=private&affiliation=owner",
        422,
        by="owner",
        source=MINE,
    ),
    no(
        "a version there never was",
        "GET /zen",
        400,
        source=f"{TROUBLE}#not-a-supported-version",
        headers={"X-GitHub-Api-Version": "2001-01-01"},
    ),
    no(
        "no user agent",
        "GET /zen",
        403,
        source=f"{STARTED}#user-agent",
        headers={"User-Agent": ""},
    ),
    no(
        "a label with a speech",
        "POST labels",
        422,
        {"name": "{unknown}", "color": "ff0000", "description": "x" * 101},
        source=HEX,
    ),
    no(
        "a tree without what it never had",
        "POST git/trees",
        422,
        {
            "base_tree": "{tree}",
            "tree": [{"path": "{unknown}", "mode": "100644", "type": "blob", "sha": None}],
        },
    ),
    no("a file that is not base64", "PUT contents/{unknown}", 422, {**TEXT, "content": "%%%"}),
    no("a remark on no commit", "POST pulls/{pull}/comments", 422, remark(commit_id="{sha}")),
)

ROWS = (
    *facts(
        "issues",
        (who, f"{REST}issues/issues#list-repository-issues"),
        (dropped, f"{REST}issues/issues#create-an-issue"),
        (disabled, f"{REST}issues/issues#create-an-issue"),
        (removed_person, f"{REST}collaborators/collaborators#remove-a-repository-collaborator"),
        mark=OPENED,
    ),
    *facts(
        "access",
        (roles, f"{REST}collaborators/collaborators#get-repository-permissions-for-a-user"),
        (narrowed, f"{REST}apps/apps#create-an-installation-access-token-for-an-app"),
        mark=OPENED,
    ),
    *facts(
        "paths",
        (unchanged, f"{PRACTICE}#use-conditional-requests-if-appropriate"),
        (own, f"{REST}repos/repos#list-repositories-for-the-authenticated-user"),
        mark=OPENED,
    ),
    *facts(
        "git",
        (writes, f"{REST}repos/contents#create-or-update-file-contents"),
        (compared, f"{REST}commits/commits#compare-two-commits"),
        (pull_refs, LOCALLY),
        (empty, f"{REST}guides/using-the-rest-api-to-interact-with-your-git-database"),
        mark=OPENED,
    ),
    *facts(
        "rules",
        (listed, f"{REST}branches/branches#list-branches"),
        (bypass, f"{REST}repos/rules#get-a-repository-ruleset"),
        (rerequested, f"{REST}checks/runs#rerequest-a-check-run"),
        (contexts, f"{REST}commits/statuses#create-a-commit-status"),
        (suites, f"{REST}checks/suites#list-check-suites-for-a-git-reference"),
        mark=OPENED,
    ),
    *facts(
        "pulls",
        (titles, f"{REST}repos/repos#update-a-repository"),
        (tidy, f"{REST}repos/repos#update-a-repository"),
        (retargeted, f"{BRANCHES}#working-with-branches"),
        (converted, f"{REST}pulls/pulls#create-a-pull-request"),
        mark=OPENED,
    ),
    *refusals(TABLE, OPENED),
)
