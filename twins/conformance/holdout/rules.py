"""Protected branches, rulesets, checks and statuses."""

from collections.abc import Mapping
from random import Random

from twins.conformance.cited import REST, facts, of, refused
from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, check, file, issue, pull, settled, tip

Rule = Mapping[str, object]
OPEN = {
    "required_status_checks": None,
    "enforce_admins": None,
    "required_pull_request_reviews": None,
    "restrictions": None,
}


def _protect(plot: Plot, name: str, **more: object) -> dict[str, object]:
    path = f"branches/{name}/protection"
    return dict(plot.ok("PUT", path, {**OPEN, **more}, by="owner"))


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


def replaced(ground: Ground, random: Random) -> None:
    """A protection is written whole: what the second does not require is required no more."""
    plot = ground.plot(random)
    begin(plot)
    contexts = [plot.word("ci") for _ in range(2)]
    count = random.randrange(1, 7)
    checks = {"strict": True, "contexts": contexts}
    reviews = {"required_approving_review_count": count, "dismiss_stale_reviews": True}
    _protect(plot, "main", required_status_checks=checks, required_pull_request_reviews=reviews)
    path = "branches/main/protection"
    seen = plot.ok("GET", path, by="owner")
    expect("strict", True, seen["required_status_checks"]["strict"])
    expect("contexts", set(contexts), set(seen["required_status_checks"]["contexts"]))
    found = seen["required_pull_request_reviews"]
    told = (found["required_approving_review_count"], found["dismiss_stale_reviews"])
    expect("reviews", (count, True), told)
    expect("off", (False, False), _flags(seen, "enforce_admins", "allow_force_pushes"))
    _protect(plot, "main", enforce_admins=True, allow_force_pushes=True)
    seen = plot.ok("GET", path, by="owner")
    gone = {"required_status_checks", "required_pull_request_reviews", "restrictions"}
    expect("gone", set(), gone & set(seen))
    expect("on", (True, True), _flags(seen, "enforce_admins", "allow_force_pushes"))


def _flags(seen: dict[str, dict[str, bool]], *names: str) -> tuple[bool, ...]:
    return tuple(seen[name]["enabled"] for name in names)


def guarded(ground: Ground, random: Random) -> None:
    """A protected branch is neither forced nor deleted until that is allowed."""
    plot = ground.plot(random)
    first, name = begin(plot), plot.word("b")
    branch(plot, name, first)
    head = file(plot, plot.word("f"), "x", branch=name)
    by = random.choice(["write", "maintain"])
    path = f"git/refs/heads/{name}"
    _protect(plot, name)
    back = {"sha": first, "force": True}
    refused("force", plot.call("PATCH", path, back, by=by), 403, 422)
    refused("delete", plot.call("DELETE", path, by=by), 403, 422)
    expect("stays", head, tip(plot, name))
    head = file(plot, plot.word("f"), "y", branch=name, by=by)
    expect("goes forward", head, tip(plot, name))
    _protect(plot, name, allow_force_pushes=True, allow_deletions=True)
    plot.ok("PATCH", path, back, by=by)
    expect("back", first, tip(plot, name))
    plot.ok("DELETE", path, by=by)
    expect("gone", 404, plot.call("GET", f"branches/{name}").status)


def applying(ground: Ground, random: Random) -> None:
    """The rules of a branch need no branch; only active ones count, and exclusion wins."""
    plot = ground.plot(random)
    begin(plot)
    stem, out = plot.word("release"), plot.word("out")
    kind = random.choice(["deletion", "non_fast_forward", "required_linear_history"])
    rule = {"type": kind}
    spot = [f"refs/heads/{stem}/*"]
    mine = _rule(plot, spot, rule, exclude=[f"refs/heads/{stem}/{out}"])
    _rule(plot, spot, {"type": "creation"}, enforcement="disabled")
    everywhere = _rule(plot, ["~ALL"], {"type": "update"})
    at_home = _rule(plot, ["~DEFAULT_BRANCH"], {"type": "required_signatures"})

    def found(name: str) -> set[tuple[str, int]]:
        rules = plot.ok("GET", f"rules/branches/{name}")
        return {(one["type"], one["ruleset_id"]) for one in rules}

    always = ("update", everywhere)
    expect("inside", {(kind, mine), always}, found(f"{stem}/{plot.word()}"))
    expect("excluded", {always}, found(f"{stem}/{out}"))
    expect("default", {("required_signatures", at_home), always}, found("main"))
    expect("elsewhere", {always}, found(plot.word("none")))
    plot.ok("DELETE", f"rulesets/{mine}", by="owner")
    expect("deleted", {always}, found(f"{stem}/{plot.word()}"))


def required(ground: Ground, random: Random) -> None:
    """A required check holds a merge up until it succeeds, is neutral or is skipped."""
    plot = ground.plot(random)
    begin(plot)
    name = plot.word("ci")
    if random.random() < 1 / 2:
        _protect(plot, "main", required_status_checks={"strict": False, "contexts": [name]})
    else:
        parameters = {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": name}],
        }
        rule = {"type": "required_status_checks", "parameters": parameters}
        _rule(plot, ["~DEFAULT_BRANCH"], rule)
    opened = pull(plot)
    head, path = opened["head"]["sha"], f"pulls/{opened['number']}/merge"
    expect("missing", 405, plot.call("PUT", path, {}, by="write").status)
    expect("blocked", "blocked", settled(plot, opened["number"])["mergeable_state"])
    check(plot, head, plot.word("other"))
    expect("another", 405, plot.call("PUT", path, {}, by="write").status)
    check(plot, head, name, "failure")
    expect("failed", 405, plot.call("PUT", path, {}, by="write").status)
    check(plot, head, name, random.choice(["success", "neutral", "skipped"]))
    expect("done", 200, plot.call("PUT", path, {}, by="write").status)


def stale(ground: Ground, random: Random) -> None:
    """New commits dismiss an approval where that is asked for, and the merge waits again."""
    plot = ground.plot(random)
    begin(plot)
    reviews = {"required_approving_review_count": 1, "dismiss_stale_reviews": True}
    _protect(plot, "main", required_pull_request_reviews=reviews)
    opened = pull(plot)
    number = opened["number"]
    by = random.choice(["maintain", "write"])
    merge = f"pulls/{number}/merge"
    expect("none", 405, plot.call("PUT", merge, {}).status)
    review = plot.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE"}, by=by)
    file(plot, plot.word("f"), "more", branch=opened["head"]["ref"])
    seen = plot.ok("GET", f"pulls/{number}/reviews/{review['id']}")
    expect("dismissed", "DISMISSED", seen["state"])
    expect("again", 405, plot.call("PUT", merge, {}).status)
    plot.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE"}, by=by)
    expect("merged", 200, plot.call("PUT", merge, {}).status)


def linear(ground: Ground, random: Random) -> None:
    """A linear history takes no merge commit, but a squash or a rebase."""
    plot = ground.plot(random)
    begin(plot)
    _protect(plot, "main", required_linear_history=True)
    path = f"pulls/{pull(plot)['number']}/merge"
    file(plot, plot.word("f"), "x", by="owner")
    body = {"merge_method": "merge"}
    expect("merge", 405, plot.call("PUT", path, body, by="write").status)
    method = random.choice(["squash", "rebase"])
    made = plot.ok("PUT", path, {"merge_method": method}, by="write")["sha"]
    expect("one parent", 1, len(plot.ok("GET", f"commits/{made}")["parents"]))


def kept(ground: Ground, random: Random) -> None:
    """A run leads to the App's homepage unless told where; an update keeps what it omits."""
    plot = ground.plot(random)
    sha = begin(plot)
    home = ground.call("GET", "/app", token=ground.proof()).json["external_url"]
    run = plot.ok("POST", "check-runs", {"name": plot.word(), "head_sha": sha})
    expect("homepage", home, run["details_url"])
    path = f"check-runs/{run['id']}"
    output = {"title": plot.word("T"), "summary": plot.word(), "text": plot.word()}
    begun = f"2020-0{random.randrange(1, 9)}-02T03:04:05Z"
    first = {"status": "in_progress", "started_at": begun, "output": output}
    first |= {"details_url": f"https://example.com/{plot.word()}", "external_id": plot.word()}
    plot.ok("PATCH", path, first)
    plot.ok("PATCH", path, {"conclusion": random.choice(["success", "failure"])})
    seen = plot.ok("GET", path)
    expect("completed", "completed", seen["status"])
    expect_that("when", seen["completed_at"])
    same = ("started_at", "details_url", "external_id")
    expect("kept", [first[name] for name in same], [seen[name] for name in same])
    expect("output", output, {name: seen["output"][name] for name in output})


def annotated(ground: Ground, random: Random) -> None:
    """Annotations come in pages, in the order they were made, over several updates."""
    plot = ground.plot(random)
    sha = begin(plot)
    run = plot.ok("POST", "check-runs", {"name": plot.word(), "head_sha": sha})
    path = f"check-runs/{run['id']}"
    texts = [plot.word() for _ in range(random.randrange(61, 90))]
    for start in (0, 50):
        notes = [
            {
                "path": "README.md",
                "start_line": 1,
                "end_line": 1,
                "annotation_level": "notice",
                "message": text,
            }
            for text in texts[start : start + 50]
        ]
        output = {"title": "T", "summary": "S", "annotations": notes}
        plot.ok("PATCH", path, {"output": output})
    expect("count", len(texts), plot.ok("GET", path)["output"]["annotations_count"])
    expect("first page", texts[:30], of(plot.ok("GET", f"{path}/annotations"), "message"))
    pages = [plot.ok("GET", f"{path}/annotations?per_page=40&page={n}") for n in (1, 2, 3)]
    found = [of(page, "message") for page in pages]
    expect("pages", [texts[:40], texts[40:80], texts[80:]], found)


def indirect(ground: Ground, random: Random) -> None:
    """A push to the base that brings a head along merges its pull request, rules or not."""
    plot = ground.plot(random)
    begin(plot)
    filed = issue(plot)
    opened = pull(plot, body=f"Fixes #{filed['number']}")
    number = opened["number"]
    head = opened["head"]["sha"]
    plot.ok("PATCH", "git/refs/heads/main", {"sha": head}, by=random.choice(["write", "bot"]))
    seen = plot.ok("GET", f"pulls/{number}")
    expect("merged", ("closed", True), (seen["state"], seen["merged"]))
    expect("as", head, seen["merge_commit_sha"])
    expect("yes", 204, plot.call("GET", f"pulls/{number}/merge").status)
    expect("issue", "closed", plot.ok("GET", f"issues/{filed['number']}")["state"])


ABOUT = (
    "docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/"
    "managing-protected-branches/about-protected-branches"
)
MERGES = (
    "docs.github.com/pull-requests/collaborating-with-pull-requests/"
    "incorporating-changes-from-a-pull-request/about-pull-request-merges#indirect-merges"
)
CHECKS = (
    "docs.github.com/pull-requests/collaborating-with-pull-requests/"
    "collaborating-on-repositories-with-code-quality-features/"
    "troubleshooting-required-status-checks"
)
ROWS = facts(
    "rules",
    (replaced, f"{REST}branches/branch-protection#update-branch-protection"),
    (guarded, ABOUT),
    (applying, f"{REST}repos/rules#get-rules-for-a-branch"),
    (required, CHECKS),
    (stale, ABOUT),
    (linear, f"{ABOUT}#require-linear-history"),
    (kept, f"{REST}checks/runs#create-a-check-run"),
    (annotated, f"{REST}checks/runs#list-check-run-annotations"),
    (indirect, MERGES),
)
