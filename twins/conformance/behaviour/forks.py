"""Repositories made, copied and taken away, and pull requests from one to another."""

from random import Random
from typing import Any

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, check, encoded, file, tip
from twins.conformance.rows import behaviours

JsonObject = dict[str, Any]


def _fork(plot: Plot, by: str = "stranger") -> str:
    """Fork the plot's repository; return the fork's API path."""
    return "/repos/" + str(plot.ok("POST", "forks", {}, by=by)["full_name"])


def _write(plot: Plot, path: str, branch: str, by: str = "stranger") -> str:
    """Make a branch of a fork if it is not there, and a commit on it; return the commit."""
    if plot.call("GET", f"{path}/git/ref/heads/{branch}", by=by).status != 200:  # found
        order = {"ref": f"refs/heads/{branch}", "sha": tip(plot)}
        plot.ok("POST", f"{path}/git/refs", order, by=by)
    body = {"message": plot.word("m"), "content": encoded(b"x"), "branch": branch}
    made = plot.ok("PUT", f"{path}/contents/{plot.word('f')}", body, by=by)
    return str(made["commit"]["sha"])


def _offer(plot: Plot, path: str, **more: object) -> JsonObject:
    """Open a pull request from a new branch of a fork."""
    name = plot.word("topic")
    _write(plot, path, name)
    order = {"title": plot.word("t"), "head": f"{plot.logins['stranger']}:{name}", "base": "main"}
    return dict(plot.ok("POST", "pulls", {**order, **more}, by="stranger")) | {"branch": name}


def fork_life(ground: Ground, random: Random) -> None:
    """A fork knows parent and source, has their commits, is counted once and outlives them."""
    plot = ground.plot(random)
    root = begin(plot)
    path = _fork(plot)
    expect("the same again", path, _fork(plot))
    seen = plot.ok("GET", path)
    expect("fork", (True, plot.full_name), (seen["fork"], seen["parent"]["full_name"]))
    grand = "/repos/" + str(plot.ok("POST", f"{path}/forks", {}, by="read")["full_name"])
    below = plot.ok("GET", grand)
    both = (below["parent"]["full_name"], below["source"]["full_name"])
    expect("source", (seen["full_name"], plot.full_name), both)
    expect("tip", root, plot.ok("GET", f"{grand}/git/ref/heads/main")["object"]["sha"])
    expect("listed", [seen["full_name"]], [one["full_name"] for one in plot.ok("GET", "forks")])
    expect("counted", 1, plot.ok("GET", "")["forks_count"])
    plot.ok("POST", "/user/repos", {"name": plot.name}, by="triage")
    other = plot.ok("POST", "forks", {}, by="triage")["name"]
    expect("a taken name", f"{plot.name}-1", other)
    named = plot.ok("POST", "forks", {"name": "mine"}, by="write")["full_name"]
    expect("a chosen name", f"{plot.logins['write']}/mine", named)
    expect("one's own", 403, plot.call("POST", "forks", {}, by="owner").status)
    expect("a reader", 403, plot.call("DELETE", path, by="read").status)
    plot.ok("DELETE", path, by="stranger")
    expect("gone", 404, plot.call("GET", path).status)
    expect("adopted", plot.full_name, plot.ok("GET", grand)["parent"]["full_name"])


def across(ground: Ground, random: Random) -> None:
    """A pull request from a fork shows both sides, follows pushes, merges, and spares the fork."""
    plot = ground.plot(random)
    begin(plot)
    path = _fork(plot)
    plot.ok("PATCH", "", {"delete_branch_on_merge": True}, by="owner")
    made = _offer(plot, path)
    login, name, number = plot.logins["stranger"], made["branch"], made["number"]
    head, base = made["head"], made["base"]
    expect("label", f"{login}:{name}", head["label"])
    expect(
        "sides", (path[7:], plot.full_name), (head["repo"]["full_name"], base["repo"]["full_name"])
    )
    order = {"title": "again", "head": f"{login}:{name}", "base": "main"}
    expect("twice", 422, plot.call("POST", "pulls", order, by="stranger").status)
    sha = _write(plot, path, name)
    expect("followed", sha, plot.ok("GET", f"pulls/{number}")["head"]["sha"])
    expect("commits", 2, plot.ok("GET", f"pulls/{number}")["commits"])
    [listed] = plot.ok("GET", f"pulls?head={login}:{name}")
    expect("by head", number, listed["number"])
    expect("of another", [], plot.ok("GET", f"pulls?head={plot.owner}:{name}"))
    expect("checks know no forks", [], check(plot, sha, plot.word("c"))["pull_requests"])
    method = random.choice(["merge", "squash", "rebase"])
    plot.ok("PUT", f"pulls/{number}/merge", {"merge_method": method}, by="write")
    expect("merged", 2, len([f for f in plot.ok("GET", "contents/") if f["name"][0] == "f"]))
    expect("the branch", sha, plot.ok("GET", f"{path}/git/ref/heads/{name}")["object"]["sha"])
    expect(
        "nothing new", 422, plot.call("POST", "pulls", {**order, "head": f"{login}:main"}).status
    )
    plot.ok("DELETE", path, by="stranger")
    seen = plot.ok("GET", f"pulls/{number}")["head"]
    expect("lost", (None, login), (seen["repo"], seen["user"]["login"]))


def lent(ground: Ground, random: Random) -> None:
    """Maintainers may move a fork's branch if its author lets them, and no other branch of it."""
    plot = ground.plot(random)
    begin(plot)
    path = _fork(plot)
    may = random.choice([True, False])
    made = _offer(plot, path, maintainer_can_modify=may)
    update = f"pulls/{made['number']}/update-branch"
    for allowed in (may, not may):
        if allowed != may:
            order = {"maintainer_can_modify": allowed}
            plot.ok("PATCH", f"pulls/{made['number']}", order, by="stranger")
        seen = plot.ok("GET", f"pulls/{made['number']}")["maintainer_can_modify"]
        expect("shown", allowed, seen)
        file(plot, plot.word("news"), "x", by="owner")
        expect("update", 202 if allowed else 403, plot.call("PUT", update, {}, by="write").status)
    body = {"message": "m", "content": encoded(b"x")}
    expect("main", 403, plot.call("PUT", f"{path}/contents/x", body, by="write").status)


def syncing(ground: Ground, random: Random) -> None:
    """A fork's branch is brought up to its parent's, unless both have moved."""
    plot = ground.plot(random)
    begin(plot)
    path = _fork(plot)
    order = {"branch": "main"}
    for _ in range(random.randrange(1, 3)):
        file(plot, plot.word("f"), "x", by="owner")
    said = plot.ok("POST", f"{path}/merge-upstream", order, by="stranger")
    expect("moved", "fast-forward", said["merge_type"])
    expect("tip", tip(plot), plot.ok("GET", f"{path}/git/ref/heads/main")["object"]["sha"])
    expect(
        "again",
        "none",
        plot.ok("POST", f"{path}/merge-upstream", order, by="stranger")["merge_type"],
    )
    _write(plot, path, "main")
    file(plot, plot.word("g"), "y", by="owner")
    said = plot.ok("POST", f"{path}/merge-upstream", order, by="stranger")
    expect("both have moved", "merge", said["merge_type"])
    clash = {"message": "m", "content": encoded(plot.word().encode()), "branch": "main"}
    plot.ok("PUT", f"{path}/contents/clash", clash, by="stranger")
    file(plot, "clash", "other", by="owner")
    expect("a clash", 409, plot.call("POST", f"{path}/merge-upstream", order, by="stranger").status)
    expect(
        "no branch", 404, plot.call("POST", "merge-upstream", {"branch": "x"}, by="owner").status
    )
    expect("no fork", 422, plot.call("POST", "merge-upstream", order, by="owner").status)


def made_and_gone(ground: Ground, random: Random) -> None:
    """A repository made by a person is theirs, has a README if asked, and can be deleted."""
    plot = ground.plot(random, org=True)
    name, said = plot.word("r"), plot.word("about")
    begun, private = random.choice([True, False]), random.choice([True, False])
    order = {"name": name, "description": said, "auto_init": begun, "private": private}
    made = plot.ok("POST", "/user/repos", order, by="write")
    path = f"/repos/{made['full_name']}"
    expect("whose", f"{plot.logins['write']}/{name}", made["full_name"])
    expect("twice", 422, plot.call("POST", "/user/repos", order, by="write").status)
    seen = plot.ok("GET", path, by="write")
    expect("as asked", (said, private), (seen["description"], seen["private"]))
    status = plot.call("GET", f"{path}/readme", by="write").status
    expect("README", 200 if begun else 404, status)
    expect("a stranger", 404 if private else 200, plot.call("GET", path, by="stranger").status)
    expect_that("mine", name in [x["name"] for x in plot.ok("GET", "/user/repos", by="write")])
    plot.ok("DELETE", path, by="write")
    expect("gone", 404, plot.call("GET", path, by="write").status)
    ours = plot.ok("POST", f"/orgs/{plot.owner}/repos", {"name": name}, by="admin")
    expect("together", f"{plot.owner}/{name}", ours["full_name"])
    expect("an App", 403, plot.call("POST", "/user/repos", {"name": "x"}).status)


def searching(ground: Ground, random: Random) -> None:
    """Repositories are found by name and owner; forks only when they are asked for."""
    plot = ground.plot(random)
    begin(plot)
    fork = _fork(plot)[7:]
    queries = {
        plot.name: [plot.full_name],
        f"{plot.name}+user:{plot.owner}": [plot.full_name],
        f"{plot.name}+fork:true": [plot.full_name, fork],
        f"{plot.name}+fork:only": [fork],
        f"{plot.name}+is:private": [],
    }
    for query, names in queries.items():
        found = plot.ok("GET", f"/search/repositories?q={query}")
        expect(query, sorted(names), sorted(one["full_name"] for one in found["items"]))
        expect(f"count of {query}", len(names), found["total_count"])


ROWS = behaviours("forks", fork_life, across, lent, syncing, made_and_gone, searching)
