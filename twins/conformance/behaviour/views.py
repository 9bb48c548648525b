"""One thing looks the same wherever it is shown: in the answer to a write, read, in lists."""

from random import Random
from typing import Any

from twins.conformance.ground import Ground, Plot
from twins.conformance.landscape import lay_out
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, pull, tip
from twins.conformance.rows import behaviours

JsonObject = dict[str, Any]


def _same(plot: Plot, written: JsonObject, path: str, *, by: str = "bot") -> None:
    """Hold the answer to a write against what a read then says."""
    expect(path, written, plot.ok("GET", path, by=by))


def written_and_read(ground: Ground, random: Random) -> None:
    """The answer to a write is what a read then says, to the last member."""
    plot = ground.plot(random, org=True)
    sha = begin(plot)
    made = plot.ok("POST", "issues", {"title": plot.word(), "labels": [plot.word()]})
    path = f"issues/{made['number']}"
    _same(plot, made, path)
    _same(plot, plot.ok("PATCH", path, {"body": plot.word()}), path)
    said = plot.ok("POST", f"{path}/comments", {"body": plot.word()})
    _same(plot, said, f"issues/comments/{said['id']}")
    said = plot.ok("PATCH", f"issues/comments/{said['id']}", {"body": plot.word()})
    _same(plot, said, f"issues/comments/{said['id']}")
    assigned = plot.ok("POST", f"{path}/assignees", {"assignees": [plot.logins["write"]]})
    _same(plot, assigned, path)
    _same(plot, plot.ok("DELETE", f"{path}/assignees", {"assignees": []}), path)
    label = plot.ok("POST", "labels", {"name": plot.word()})
    _same(plot, label, f"labels/{label['name']}")
    run = plot.ok("POST", "check-runs", {"name": plot.word(), "head_sha": sha})
    _same(plot, run, f"check-runs/{run['id']}")
    run = plot.ok("PATCH", f"check-runs/{run['id']}", {"conclusion": "success"})
    _same(plot, run, f"check-runs/{run['id']}")
    suite = plot.ok("POST", "check-suites", {"head_sha": sha})
    _same(plot, suite, f"check-suites/{suite['id']}")
    state = plot.ok("POST", f"statuses/{sha}", {"state": "success"}, by="write")
    expect("status", [state], plot.ok("GET", f"commits/{sha}/statuses"))
    ref = plot.ok("POST", "git/refs", {"ref": "refs/heads/b", "sha": sha})
    _same(plot, ref, "git/ref/heads/b")
    _same(plot, plot.ok("PATCH", "git/refs/heads/b", {"sha": sha}), "git/ref/heads/b")
    tree = plot.ok("GET", f"git/commits/{sha}")["tree"]["sha"]
    commit = plot.ok("POST", "git/commits", {"message": "m", "tree": tree, "parents": [sha]})
    _same(plot, commit, f"git/commits/{commit['sha']}")
    about = plot.ok("PATCH", "", {"description": plot.word()}, by="owner")
    _same(plot, about, plot.path, by="owner")
    order = {"name": plot.word(), "enforcement": "active", "rules": [{"type": "deletion"}]}
    rules = plot.ok("POST", "rulesets", order, by="owner")
    _same(plot, rules, f"rulesets/{rules['id']}", by="owner")
    rules = plot.ok("PUT", f"rulesets/{rules['id']}", {"name": plot.word()}, by="owner")
    _same(plot, rules, f"rulesets/{rules['id']}", by="owner")


def pulls_and_reviews(ground: Ground, random: Random) -> None:
    """Pull requests, reviews and remarks look alike in every answer that has them."""
    land = lay_out(ground, random)
    plot, path = land.plot, str(land.fill("pulls/{pull}"))
    begun = pull(plot)
    del begun["path"]
    _same(plot, begun, f"pulls/{begun['number']}")
    changed = plot.ok("PATCH", f"pulls/{begun['number']}", {"title": plot.word()})
    _same(
        plot,
        {**changed, "mergeable": True, "rebaseable": True, "mergeable_state": "clean"},
        f"pulls/{begun['number']}",
    )
    listed = {one["number"]: one for one in plot.ok("GET", "pulls")}
    brief = listed[int(land.names["pull"])]
    expect("of its commit", [brief], plot.ok("GET", f"commits/{brief['head']['sha']}/pulls"))
    people = {"reviewers": [plot.logins["admin"]]}
    asked = plot.ok("POST", f"{path}/requested_reviewers", people)
    expect("asked", set(brief), set(asked))
    expect("taken back", set(brief), set(plot.ok("DELETE", f"{path}/requested_reviewers", people)))
    expect_that("brief is part of full", set(brief) <= set(plot.ok("GET", path)))
    review = plot.ok("POST", f"{path}/reviews", {"event": "COMMENT", "body": "x"}, by="admin")
    where = f"{path}/reviews/{review['id']}"
    _same(plot, review, where)
    _same(plot, plot.ok("PUT", where, {"body": plot.word()}, by="admin"), where)
    expect("listed", review["id"], plot.ok("GET", f"{path}/reviews")[-1]["id"])
    first = plot.ok("GET", str(land.fill("pulls/comments/{remark}")))
    reply = plot.ok("POST", str(land.fill("pulls/{pull}/comments/{remark}/replies")), {"body": "y"})
    _same(plot, reply, f"pulls/comments/{reply['id']}")
    _same(
        plot,
        plot.ok("PATCH", f"pulls/comments/{reply['id']}", {"body": "z"}),
        f"pulls/comments/{reply['id']}",
    )
    both = [first, plot.ok("GET", f"pulls/comments/{reply['id']}")]
    expect("of the pull", both, plot.ok("GET", f"{path}/comments"))
    expect("of the repository", both, plot.ok("GET", "pulls/comments"))


def lists_and_items(ground: Ground, random: Random) -> None:
    """What a list shows of a thing is what the thing itself shows."""
    land = lay_out(ground, random)
    plot = land.plot
    for below, one in (
        ("issues?state=all", "issues/{}"),
        ("issues/comments", "issues/comments/{}"),
        ("labels", "labels/{}"),
    ):
        key = {"issues/comments": "id", "labels": "name"}.get(below, "number")
        for item in plot.ok("GET", below):
            expect(below, item, plot.ok("GET", one.format(item[key])))
    [found] = plot.ok("GET", "commits/main/check-suites")["check_suites"]
    _same(plot, found, f"check-suites/{found['id']}")
    runs = plot.ok("GET", str(land.fill("commits/{root}/check-runs?filter=all")))["check_runs"]
    for run in runs:
        _same(plot, run, f"check-runs/{run['id']}")
    of_suite = plot.ok("GET", str(land.fill("check-suites/{suite}/check-runs?filter=all")))
    expect("runs of the suite", runs, of_suite["check_runs"])
    for item in plot.ok("GET", "branches"):
        seen = plot.ok("GET", f"branches/{item['name']}")
        for name in ("name", "protected", "protection", "protection_url"):
            expect(name, item[name], seen[name])
        expect("tip", item["commit"]["sha"], seen["commit"]["sha"])
    for item in plot.ok("GET", "collaborators"):
        user = plot.ok("GET", f"collaborators/{item['login']}/permission")["user"]
        expect("collaborator", item, user)
    paths = (
        f"{plot.path}/installation",
        f"/app/installations/{plot.installation}",
        f"/orgs/{plot.owner}/installation",
        f"/users/{plot.owner}/installation",
    )
    seen = [plot.ok("GET", path, by="app") for path in paths]
    expect("installation", [seen[0]] * 4, seen)
    listed = plot.ok("GET", "/app/installations?per_page=100", by="app")
    number = len(listed)
    expect_that("listed", seen[0] in listed or number == 100)
    if number < 100:
        ground.plot(random)
        more = plot.ok("GET", "/app/installations?per_page=100", by="app")
        expect("one installation more", number + 1, len(more))
    log = plot.ok("GET", "commits")
    whole = plot.ok("GET", f"commits/{tip(plot)}")
    expect("commit", log[0], {name: whole[name] for name in log[0]})
    mine = plot.ok("GET", "/user/repos", by="read")
    theirs = plot.ok("GET", f"/users/{plot.owner}/repos")
    expect("repositories", [set(one) for one in mine], [set(one) for one in theirs])
    expect_that("brief is part of full", set(mine[0]) <= set(plot.ok("GET", "", by="read")))


ROWS = behaviours("views", written_and_read, pulls_and_reviews, lists_and_items)
