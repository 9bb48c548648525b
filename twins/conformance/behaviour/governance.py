"""Protected branches, rulesets, settings, renames: what owners lay down, and that it holds."""

import subprocess
import tempfile
from random import Random
from typing import Any

from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, check, encoded, file, issue, pull, settled, tip
from twins.conformance.rows import behaviours

JsonObject = dict[str, Any]
PROTECTION = "branches/main/protection"
NOTHING: JsonObject = {
    "required_status_checks": None,
    "enforce_admins": True,
    "required_pull_request_reviews": None,
    "restrictions": None,
}


def protection_life(ground: Ground, random: Random) -> None:
    """Protection reads back as it was laid down, and goes."""
    plot = ground.plot(random)
    begin(plot)
    expect("none", 404, plot.call("GET", PROTECTION, by="owner").status)
    contexts, approvals = [plot.word("c") for _ in range(2)], random.randrange(1, 7)
    flags = {
        name: random.random() < 0.5  # a coin
        for name in ("required_linear_history", "allow_force_pushes", "allow_deletions")
    }
    strict = random.choice([True, False])
    order = {
        "required_status_checks": {"strict": strict, "contexts": contexts},
        "enforce_admins": random.choice([True, False]),
        "required_pull_request_reviews": {"required_approving_review_count": approvals},
        "restrictions": None,
        **flags,
    }
    plot.ok("PUT", PROTECTION, order, by="owner")
    seen = plot.ok("GET", PROTECTION, by="owner")
    checks = seen["required_status_checks"]
    expect("checks", (strict, contexts), (checks["strict"], checks["contexts"]))
    reviews = seen["required_pull_request_reviews"]
    expect("approvals", approvals, reviews["required_approving_review_count"])
    expect("admins", order["enforce_admins"], seen["enforce_admins"]["enabled"])
    expect("flags", flags, {name: seen[name]["enabled"] for name in flags})
    shown = plot.ok("GET", "branches/main")
    expect(
        "branch",
        (True, contexts),
        (shown["protected"], shown["protection"]["required_status_checks"]["contexts"]),
    )
    expect("listed", ["main"], [x["name"] for x in plot.ok("GET", "branches?protected=true")])
    expect("a writer", 403, plot.call("PUT", PROTECTION, NOTHING, by="write").status)
    plot.ok("DELETE", PROTECTION, by="owner")
    expect("gone", 404, plot.call("GET", PROTECTION, by="owner").status)
    expect("open", False, plot.ok("GET", "branches/main")["protected"])


def protection_parts(ground: Ground, random: Random) -> None:
    """Each part of a protection is read, changed and switched off alone; the others stay."""
    plot = ground.plot(random)
    begin(plot)
    contexts, strict = [plot.word("c") for _ in range(2)], random.choice([True, False])
    order = {
        **NOTHING,
        "enforce_admins": False,
        "required_status_checks": {"strict": strict, "contexts": contexts[:1]},
        "required_pull_request_reviews": {"dismiss_stale_reviews": True},
    }
    plot.ok("PUT", PROTECTION, order, by="owner")
    checks, reviews = (
        f"{PROTECTION}/required_{n}" for n in ("status_checks", "pull_request_reviews")
    )
    plot.ok("PATCH", checks, {"contexts": contexts}, by="owner")
    seen = plot.ok("GET", checks, by="owner")
    expect("checks", (strict, contexts), (seen["strict"], seen["contexts"]))
    approvals = random.randrange(2, 7)
    plot.ok("PATCH", reviews, {"required_approving_review_count": approvals}, by="owner")
    seen = plot.ok("GET", reviews, by="owner")
    both = (seen["required_approving_review_count"], seen["dismiss_stale_reviews"])
    expect("reviews", (approvals, True), both)
    admins = f"{PROTECTION}/enforce_admins"
    expect("enforced", True, plot.ok("POST", admins, by="owner")["enabled"])
    expect("a writer", 403, plot.call("DELETE", checks, by="write").status)
    plot.ok("DELETE", checks, by="owner")
    expect("off", 404, plot.call("GET", checks, by="owner").status)
    whole = plot.ok("GET", PROTECTION, by="owner")
    expect("whole", True, whole["enforce_admins"]["enabled"])
    expect_that("still reviewed", "required_pull_request_reviews" in whole)
    plot.ok("DELETE", reviews, by="owner")
    plot.ok("DELETE", admins, by="owner")
    expect("not enforced", False, plot.ok("GET", admins, by="owner")["enabled"])
    signed = plot.ok("GET", f"{PROTECTION}/required_signatures", by="owner")
    expect("unsigned", False, signed["enabled"])


def required(ground: Ground, random: Random) -> None:
    """A merge waits for the required check and approval, and then goes through."""
    plot = ground.plot(random)
    begin(plot)
    context = plot.word("ci")
    order = {
        **NOTHING,
        "required_status_checks": {"strict": False, "contexts": [context]},
        "required_pull_request_reviews": {"required_approving_review_count": 1},
    }
    plot.ok("PUT", PROTECTION, order, by="owner")
    made = pull(plot)
    path, merge = f"pulls/{made['number']}", f"pulls/{made['number']}/merge"
    steps = ["check", "review"]
    random.shuffle(steps)
    for step in steps:
        expect("state", "blocked", settled(plot, made["number"])["mergeable_state"])
        expect("merge", 405, plot.call("PUT", merge, {}).status)
        if step == "check":
            check(plot, made["head"]["sha"], context, "failure")
            expect("red", 405, plot.call("PUT", merge, {}).status)
            check(plot, made["head"]["sha"], context)
        else:
            plot.ok("POST", f"{path}/reviews", {"event": "APPROVE"}, by="read")
            expect("a reader's word", 405, plot.call("PUT", merge, {}).status)
            plot.ok("POST", f"{path}/reviews", {"event": "APPROVE"}, by="write")
    expect("clean", "clean", settled(plot, made["number"])["mergeable_state"])
    expect("merged", 200, plot.call("PUT", merge, {}).status)


def by_status(ground: Ground, random: Random) -> None:
    """A commit status satisfies a required check as well as a run does."""
    plot = ground.plot(random)
    begin(plot)
    context = plot.word("ci")
    checks = {"strict": False, "checks": [{"context": context}]}
    plot.ok("PUT", PROTECTION, {**NOTHING, "required_status_checks": checks}, by="owner")
    made = pull(plot)
    merge, sha = f"pulls/{made['number']}/merge", made["head"]["sha"]
    bad = random.choice(["pending", "failure", "error"])
    for state, status in ((bad, 405), ("success", 200)):
        plot.ok("POST", f"statuses/{sha}", {"state": state, "context": context}, by="write")
        expect(state, status, plot.call("PUT", merge, {}).status)


def stale(ground: Ground, random: Random) -> None:
    """A push takes approvals away where the branch says so, and only there."""
    for dismiss in (True, False):
        plot = ground.plot(random)
        begin(plot)
        reviews = {"required_approving_review_count": 1, "dismiss_stale_reviews": dismiss}
        order = {**NOTHING, "required_pull_request_reviews": reviews}
        plot.ok("PUT", PROTECTION, order, by="owner")
        made = pull(plot)
        path = f"pulls/{made['number']}"
        plot.ok("POST", f"{path}/reviews", {"event": "APPROVE"}, by="write")
        file(plot, plot.word("g"), "x", branch=made["head"]["ref"])
        [review] = plot.ok("GET", f"{path}/reviews")
        expect("state", "DISMISSED" if dismiss else "APPROVED", review["state"])
        status = plot.call("PUT", f"{path}/merge", {}).status
        expect("merge", 405 if dismiss else 200, status)


def up_to_date(ground: Ground, random: Random) -> None:
    """A strict branch takes only what contains its tip; updating the branch helps."""
    plot = ground.plot(random)
    begin(plot)
    context = plot.word("ci")
    checks = {"strict": True, "contexts": [context]}
    plot.ok(
        "PUT",
        PROTECTION,
        {**NOTHING, "enforce_admins": False, "required_status_checks": checks},
        by="owner",
    )
    made = pull(plot)
    path = f"pulls/{made['number']}"
    check(plot, made["head"]["sha"], context)
    file(plot, plot.word("news"), "x", by="owner")
    expect("state", "behind", settled(plot, made["number"])["mergeable_state"])
    expect("behind", 405, plot.call("PUT", f"{path}/merge", {}).status)
    plot.ok("PUT", f"{path}/update-branch", {})
    check(plot, plot.ok("GET", path)["head"]["sha"], context)
    expect("up to date", 200, plot.call("PUT", f"{path}/merge", {}).status)


def no_side_door(ground: Ground, random: Random) -> None:
    """Where changes need a pull request, no ref, no file and no push goes past it."""
    plot = ground.plot(random)
    root = begin(plot)
    name = plot.word("b")
    branch(plot, name, root)
    sha = file(plot, plot.word("f"), "x", branch=name)
    reviews = {"required_approving_review_count": random.randrange(0, 3)}
    order = {**NOTHING, "required_pull_request_reviews": reviews}
    plot.ok("PUT", PROTECTION, order, by="owner")
    expect("ref", 422, plot.call("PATCH", "git/refs/heads/main", {"sha": sha}).status)
    body = {"message": "m", "content": encoded(b"x")}
    expect("file", 409, plot.call("PUT", "contents/direct", body).status)
    expect_that("git", "GH006" in _push(plot.tokens["write"], ground.url, plot.full_name, name))
    expect("unmoved", root, tip(plot))
    plot.ok("PUT", PROTECTION, NOTHING, by="owner")
    expect("open", 200, plot.call("PATCH", "git/refs/heads/main", {"sha": sha}).status)


def _push(token: str, url: str, full_name: str, branch_name: str) -> str:
    """Push a branch onto main with git; return what it says."""
    remote = url.replace("://", f"://x:{token}@") + f"/{full_name}.git"
    env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
    with tempfile.TemporaryDirectory() as folder:
        said = ""
        for argv in (
            ["clone", "-q", remote, "."],
            ["push", "origin", f"refs/remotes/origin/{branch_name}:refs/heads/main"],
        ):
            done = subprocess.run(
                ["git", *argv],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            said += done.stderr
    return said


def few_may_push(ground: Ground, random: Random) -> None:
    """Where few may push, others are stopped at ref, file, git and merge."""
    plot = ground.plot(random, org=True)
    root = begin(plot)
    inside, outside = random.sample(["write", "maintain"], 2)
    apps = random.choice([[], ["nightshift"]])
    chosen = {"users": [plot.logins[inside], plot.logins["read"]], "teams": [], "apps": apps}
    order = {**NOTHING, "restrictions": chosen}
    plot.ok("PUT", PROTECTION, order, by="owner")
    seen = plot.ok("GET", f"{PROTECTION}/restrictions", by="owner")
    people = [one["login"] for one in seen["users"]]
    expect(
        "who can write", ([plot.logins[inside]], apps), (people, [a["slug"] for a in seen["apps"]])
    )
    name = plot.word("b")
    plot.ok("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": root}, by=outside)
    sha = file(plot, plot.word("f"), "x", branch=name, by=outside)
    made = plot.ok("POST", "pulls", {"title": "t", "head": name, "base": "main"}, by=outside)
    merge = f"pulls/{made['number']}/merge"
    said = _push(plot.tokens[outside], ground.url, plot.full_name, name)
    expect_that("git", "not authorized to push to this branch" in said)
    body = {"message": "m", "content": encoded(random.randbytes(5))}
    expect("ref", 422, plot.call("PATCH", "git/refs/heads/main", {"sha": sha}, by=outside).status)
    expect("file", 409, plot.call("PUT", "contents/direct", body, by=outside).status)
    expect("merge", 405, plot.call("PUT", merge, {}, by=outside).status)
    expect("unmoved", root, tip(plot))
    expect("the App", 201 if apps else 409, plot.call("PUT", "contents/app", body).status)
    expect("merged", 200, plot.call("PUT", merge, {}, by=inside).status)
    plot.ok("DELETE", f"{PROTECTION}/restrictions", by="owner")
    expect("gone", 404, plot.call("GET", f"{PROTECTION}/restrictions", by="owner").status)
    expect("open", 201, plot.call("PUT", "contents/open", body, by=outside).status)


def few_may_dismiss(ground: Ground, random: Random) -> None:
    """Where few may dismiss reviews, a writer who is not among them is refused."""
    plot = ground.plot(random, org=True)
    begin(plot)
    inside, outside = random.sample(["write", "maintain"], 2)
    chosen = {"users": [plot.logins[inside]], "teams": []}
    reviews = {"required_approving_review_count": 1, "dismissal_restrictions": chosen}
    order = {**NOTHING, "required_pull_request_reviews": reviews}
    seen = plot.ok("PUT", PROTECTION, order, by="owner")["required_pull_request_reviews"]
    expect(
        "shown",
        [plot.logins[inside]],
        [x["login"] for x in seen["dismissal_restrictions"]["users"]],
    )
    path = f"pulls/{pull(plot)['number']}/reviews"
    number = plot.ok("POST", path, {"event": "APPROVE"}, by="admin")["id"]
    where, body = f"{path}/{number}/dismissals", {"message": plot.word()}
    expect("outside", 403, plot.call("PUT", where, body, by=outside).status)
    expect("inside", 200, plot.call("PUT", where, body, by=inside).status)


def no_force(ground: Ground, random: Random) -> None:
    """A protected branch is neither rewritten nor deleted, unless it says so."""
    plot = ground.plot(random)
    begin(plot)
    name = plot.word("b")
    branch(plot, name, tip(plot))
    old = tip(plot, name)
    file(plot, plot.word("f"), "x", branch=name)
    path, target = f"branches/{name}/protection", f"git/refs/heads/{name}"
    allowed = random.choice([True, False])
    flags = {"allow_force_pushes": allowed, "allow_deletions": allowed}
    plot.ok("PUT", path, {**NOTHING, **flags}, by="owner")
    moved = plot.call("PATCH", target, {"sha": old, "force": True}).status
    expect("rewritten", 200 if allowed else 422, moved)
    expect("deleted", 204 if allowed else 422, plot.call("DELETE", target).status)


def ruleset_life(ground: Ground, random: Random) -> None:
    """A ruleset reads back, shows on the branches it names, and can be switched off."""
    plot = ground.plot(random)
    begin(plot)
    rules = random.sample(
        [{"type": "deletion"}, {"type": "non_fast_forward"}, {"type": "required_linear_history"}], 2
    )
    stem = plot.word("release")
    include = random.choice([["~DEFAULT_BRANCH"], ["refs/heads/main"], ["~ALL"]])
    order = {
        "name": plot.word("Rules"),
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": include, "exclude": [f"refs/heads/{stem}*"]}},
        "rules": rules,
    }
    made = plot.ok("POST", "rulesets", order, by="owner")
    path = f"rulesets/{made['id']}"
    seen = plot.ok("GET", path, by="owner")
    for name in ("name", "enforcement", "rules", "conditions"):
        expect(name, order[name], seen[name])
    kinds = [one["type"] for one in rules]
    found = plot.ok("GET", "rules/branches/main")
    expect("on main", kinds, [one["type"] for one in found])
    expect("whose", {made["id"]}, {one["ruleset_id"] for one in found})
    expect("excluded", [], plot.ok("GET", f"rules/branches/{stem}-1"))
    expect("listed", [made["id"]], [one["id"] for one in plot.ok("GET", "rulesets")])
    plot.ok("PUT", path, {"enforcement": "disabled"}, by="owner")
    expect("off", [], plot.ok("GET", "rules/branches/main"))
    plot.ok("DELETE", path, by="owner")
    expect("gone", 404, plot.call("GET", path).status)


def ruleset_holds(ground: Ground, random: Random) -> None:
    """A ruleset holds like protection does, except for whom it lets pass."""
    plot = ground.plot(random)
    begin(plot)
    context = plot.word("ci")
    checks = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": context}],
    }
    order: JsonObject = {
        "name": plot.word("Rules"),
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": checks}],
    }
    made = plot.ok("POST", "rulesets", order, by="owner")
    number = pull(plot)["number"]
    refused = plot.call("PUT", f"pulls/{number}/merge", {})
    expect("held", 405, refused.status)
    expect_that("said", context in refused.json["message"])
    body = {"message": "m", "content": encoded(random.randbytes(9))}
    expect("a file", 409, plot.call("PUT", "contents/direct", body).status)
    actors = [{"actor_id": ground.app["id"], "actor_type": "Integration", "bypass_mode": "always"}]
    plot.ok("PUT", f"rulesets/{made['id']}", {"bypass_actors": actors}, by="owner")
    expect("the App passes", 201, plot.call("PUT", "contents/direct", body).status)
    expect("a writer does not", 409, plot.call("PUT", "contents/other", body, by="write").status)


def filing(ground: Ground, random: Random) -> None:
    """Topics are set as a whole and shown with the repository."""
    plot = ground.plot(random)
    names = [f"t-{random.randrange(10**6)}" for _ in range(random.randrange(1, 4))]
    plot.ok("PUT", "topics", {"names": names}, by="owner")
    expect("alone", names, plot.ok("GET", "topics")["names"])
    expect("shown", names, plot.ok("GET", "")["topics"])
    expect("a writer", 403, plot.call("PUT", "topics", {"names": []}, by="write").status)
    expect("no topic", 422, plot.call("PUT", "topics", {"names": ["No"]}, by="owner").status)


def renaming(ground: Ground, random: Random) -> None:
    """A renamed repository is found by its id, and its old name leads there."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    old, new = plot.path, plot.word("renamed")
    identity = plot.ok("GET", "")["id"]
    seen = plot.ok("PATCH", "", {"name": new, "description": plot.word("about")}, by="owner")
    expect("renamed", (new, identity), (seen["name"], seen["id"]))
    expect("moved itself", 301, plot.call("GET", old).status)
    moved = plot.call("GET", f"{old}/issues/{number}")
    expect("moved", 301, moved.status)
    target = f"/repositories/{identity}/issues/{number}"
    expect("where", ground.url + target, moved.headers["location"])
    expect("by id", number, plot.ok("GET", target)["number"])
    write = plot.call("POST", f"{old}/issues", {"title": "x"})
    expect("writes too", 307, write.status)
    plot.name = new
    expect("new name", seen["description"], plot.ok("GET", "")["description"])
    expect(
        "git",
        "# ",
        plot.call(
            "GET", "contents/README.md", headers={"Accept": "application/vnd.github.raw"}
        ).raw.decode()[:2],
    )


def archiving(ground: Ground, random: Random) -> None:
    """What is archived is read and not written."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    plot.ok("PATCH", "", {"archived": True}, by="owner")
    expect("read", number, plot.ok("GET", f"issues/{number}")["number"])
    body = {"message": "m", "content": encoded(random.randbytes(9))}
    role = random.choice(["bot", "owner", "write"])
    expect("a file", 403, plot.call("PUT", "contents/x", body, by=role).status)
    expect("a label", 403, plot.call("POST", "labels", {"name": "x"}, by=role).status)
    expect("shown", True, plot.ok("GET", "")["archived"])


ROWS = behaviours(
    "governance",
    protection_life,
    protection_parts,
    required,
    by_status,
    stale,
    up_to_date,
    no_side_door,
    few_may_push,
    few_may_dismiss,
    no_force,
    ruleset_life,
    ruleset_holds,
    filing,
    renaming,
    archiving,
)
