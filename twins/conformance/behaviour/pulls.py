"""Pull requests: counts, mergeability, merging, pushes, reviews and remarks."""

from random import Random

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import JsonObject, begin, branch, file, issue, pull, settled, tip
from twins.conformance.rows import behaviours

KEYWORDS = ("close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved")


def counts(ground: Ground, random: Random) -> None:
    """A pull request counts its commits, files and lines, and lists them."""
    plot = ground.plot(random)
    begin(plot)
    name = plot.word("topic")
    branch(plot, name, tip(plot))
    files = {plot.word("f"): random.randrange(1, 6) for _ in range(random.randrange(1, 4))}
    shas = [file(plot, path, "x\n" * lines, branch=name) for path, lines in files.items()]
    order = {"title": plot.word("T"), "head": name, "base": "main", "body": plot.word("b")}
    number = plot.ok("POST", "pulls", order)["number"]
    seen = plot.ok("GET", f"pulls/{number}")
    for member in ("title", "body"):
        expect(member, order[member], seen[member])
    expect("head", (name, shas[-1]), (seen["head"]["ref"], seen["head"]["sha"]))
    wanted = (len(shas), sum(files.values()), 0, len(files))
    found = tuple(seen[n] for n in ("commits", "additions", "deletions", "changed_files"))
    expect("counts", wanted, found)
    listed = plot.ok("GET", f"pulls/{number}/files")
    expect("files", files, {one["filename"]: one["additions"] for one in listed})
    expect("commits", shas, [one["sha"] for one in plot.ok("GET", f"pulls/{number}/commits")])
    diff = plot.call("GET", f"pulls/{number}", headers={"Accept": "application/vnd.github.diff"})
    expect_that("diff", all(f"+++ b/{path}".encode() in diff.raw for path in files))


def numbering(ground: Ground, random: Random) -> None:
    """Issues and pull requests share one row of numbers, and a pull request is an issue."""
    plot = ground.plot(random)
    begin(plot)
    kinds = [random.choice(["issue", "pull"]) for _ in range(4)] + ["pull"]
    made = [(issue if kind == "issue" else pull)(plot)["number"] for kind in kinds]
    expect("numbers", [1, 2, 3, 4, 5], made)
    listed = {one["number"]: "pull_request" in one for one in plot.ok("GET", "issues")}
    expect("kinds", {n: kind == "pull" for n, kind in zip(made, kinds, strict=True)}, listed)
    pulls = {one["number"] for one in plot.ok("GET", "pulls")}
    expect("pulls", {n for n, kind in zip(made, kinds, strict=True) if kind == "pull"}, pulls)
    one = kinds.index("issue") + 1 if "issue" in kinds else 99
    expect("an issue is no pull", 404, plot.call("GET", f"pulls/{one}").status)


def mergeability(ground: Ground, random: Random) -> None:
    """Whether it can be merged is unknown at first, then known, and unknown again after a push."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    path = f"pulls/{made['number']}"
    expect("at first", None, plot.ok("GET", path)["mergeable"])
    expect("then", True, settled(plot, made["number"])["mergeable"])
    file(plot, plot.word("g"), "x", branch=made["head"]["ref"])
    expect("after a push", None, plot.ok("GET", path)["mergeable"])


def conflict(ground: Ground, random: Random) -> None:
    """Two changes of one line conflict: dirty, and not merged by any method."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    file(plot, made["path"], plot.word("other"))
    seen = settled(plot, made["number"])
    expect("state", (False, "dirty"), (seen["mergeable"], seen["mergeable_state"]))
    method = random.choice(["merge", "squash", "rebase"])
    answer = plot.call("PUT", f"pulls/{made['number']}/merge", {"merge_method": method})
    expect(method, 405, answer.status)
    expect("not merged", 404, plot.call("GET", f"pulls/{made['number']}/merge").status)


def merge_methods(ground: Ground, random: Random) -> None:
    """Each method leaves the parents and messages it should, and the files of both sides."""
    plot = ground.plot(random)
    begin(plot)
    for method in random.sample(["merge", "squash", "rebase"], 3):
        made = pull(plot)
        extra = file(plot, plot.word("h"), "x", branch=made["head"]["ref"])
        base = file(plot, plot.word("base"), "x")
        title = plot.word("Title")
        order = {"merge_method": method, "sha": extra}
        order |= {} if method == "rebase" else {"commit_title": title}
        done = plot.ok("PUT", f"pulls/{made['number']}/merge", order)
        expect("tip", done["sha"], tip(plot))
        seen = plot.ok("GET", f"git/commits/{done['sha']}")
        parents = [one["sha"] for one in seen["parents"]]
        if method == "merge":
            expect("parents", [base, extra], parents)
        if method == "squash":
            expect("parents", [base], parents)
        if method == "rebase":
            below = plot.ok("GET", f"git/commits/{parents[0]}")
            expect("line", [base], [one["sha"] for one in below["parents"]])
        else:
            expect("title", title, seen["message"].partition("\n")[0])
        expect("its file", 200, plot.call("GET", f"contents/{made['path']}").status)
        after = plot.ok("GET", f"pulls/{made['number']}")
        found = (after["merged"], after["state"], after["merge_commit_sha"])
        expect("merged", (True, "closed", done["sha"]), found)
        expect("asked", 204, plot.call("GET", f"pulls/{made['number']}/merge").status)


def merge_once(ground: Ground, random: Random) -> None:
    """A wrong head is refused and changes nothing; what is merged is not merged again."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    path, before = f"pulls/{made['number']}/merge", tip(plot)
    wrong = f"{random.randrange(16**40):040x}"
    expect("wrong head", 409, plot.call("PUT", path, {"sha": wrong}).status)
    expect("unmoved", before, tip(plot))
    plot.ok("PUT", path, {"sha": made["head"]["sha"]})
    after = tip(plot)
    expect("again", 405, plot.call("PUT", path, {}).status)
    expect("unmoved then", after, tip(plot))
    reopened = plot.call("PATCH", f"pulls/{made['number']}", {"state": "open"})
    expect("reopened", 422, reopened.status)


def keywords(ground: Ground, random: Random) -> None:
    """A merge into the default branch closes what its text promises, and nothing else."""
    plot = ground.plot(random)
    begin(plot)
    closed, other = issue(plot)["number"], issue(plot)["number"]
    word = random.choice(KEYWORDS)
    word = random.choice([word, word.title(), word.upper()])
    name = random.choice([f"#{closed}", f"{plot.full_name}#{closed}"])
    made = pull(plot, body=f"{word} {name}, see #{other}")
    method = random.choice(["merge", "squash", "rebase"])
    expect("before", "open", plot.ok("GET", f"issues/{closed}")["state"])
    plot.ok("PUT", f"pulls/{made['number']}/merge", {"merge_method": method})
    expect(f"{word} {name}", "closed", plot.ok("GET", f"issues/{closed}")["state"])
    expect("the other", "open", plot.ok("GET", f"issues/{other}")["state"])


def other_base(ground: Ground, random: Random) -> None:
    """A merge into another branch closes nothing."""
    plot = ground.plot(random)
    branch(plot, "next", begin(plot))
    number = issue(plot)["number"]
    made = pull(plot, body=f"Fixes #{number}")
    plot.ok("PATCH", f"pulls/{made['number']}", {"base": "next"})
    plot.ok("PUT", f"pulls/{made['number']}/merge", {})
    expect("still open", "open", plot.ok("GET", f"issues/{number}")["state"])
    expect("main unmoved", 404, plot.call("GET", f"contents/{made['path']}").status)


def pushes(ground: Ground, random: Random) -> None:
    """A push moves the head and its counts; a deleted branch closes."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    for step in range(random.randrange(1, 4)):
        sha = file(plot, plot.word("g"), "x\n", branch=made["head"]["ref"])
        seen = plot.ok("GET", f"pulls/{made['number']}")
        expect("head", (sha, step + 2), (seen["head"]["sha"], seen["commits"]))
    plot.ok("DELETE", f"git/refs/heads/{made['head']['ref']}")
    seen = plot.ok("GET", f"pulls/{made['number']}")
    expect("closed", ("closed", False), (seen["state"], seen["merged"]))


def pull_filters(ground: Ground, random: Random) -> None:
    """Lists are filtered by state, head and base."""
    plot = ground.plot(random)
    branch(plot, "next", begin(plot))
    made = [pull(plot) for _ in range(3)]
    gone, moved = random.sample(made, 2)
    plot.ok("PATCH", f"pulls/{gone['number']}", {"state": "closed"})
    plot.ok("PATCH", f"pulls/{moved['number']}", {"base": "next"})
    one = random.choice(made)
    left = {x["number"] for x in made} - {gone["number"]}
    queries = {
        "": left,
        "?state=closed": {gone["number"]},
        "?state=all": {x["number"] for x in made},
        "?base=next": {moved["number"]},
        f"?state=all&head={plot.owner}:{one['head']['ref']}": {one["number"]},
        f"?head={plot.word('someone')}:{one['head']['ref']}": set[int](),
    }
    for query, numbers in queries.items():
        found = {x["number"] for x in plot.ok("GET", f"pulls{query}")}
        expect(query, numbers, found)
    up = [x["number"] for x in plot.ok("GET", "pulls?state=all&sort=created&direction=asc")]
    expect("upwards", sorted(up), up)
    ground.advance(5)
    plot.ok("PATCH", f"pulls/{made[0]['number']}", {"title": plot.word("Newest")})
    last = plot.ok("GET", "pulls?state=all&sort=updated&direction=desc")[0]
    expect("last updated", made[0]["number"], last["number"])
    pages = [plot.ok("GET", f"pulls?state=all&per_page=2&page={page}") for page in (1, 2)]
    expect("pages", [2, 1], [len(page) for page in pages])


def reopening(ground: Ground, random: Random) -> None:
    """What was closed can be opened again, as long as its branch is there."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    path = f"pulls/{made['number']}"
    plot.ok("PATCH", path, {"state": "closed"})
    expect("closed", "closed", plot.ok("GET", path)["state"])
    double = {"title": "again", "head": made["head"]["ref"], "base": "main"}
    plot.ok("PATCH", path, {"state": "open", "title": plot.word("Back")})
    expect("one at a time", 422, plot.call("POST", "pulls", double).status)
    plot.ok("PATCH", path, {"state": "closed"})
    plot.ok("DELETE", f"git/refs/heads/{made['head']['ref']}")
    expect("branch is gone", 422, plot.call("PATCH", path, {"state": "open"}).status)


def updating(ground: Ground, random: Random) -> None:
    """Updating the branch merges the base into it, once, and only from the head one saw."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    path = f"pulls/{made['number']}/update-branch"
    expect("nothing new", 422, plot.call("PUT", path, {}).status)
    base = file(plot, plot.word("news"), "x")
    wrong = {"expected_head_sha": f"{random.randrange(16**40):040x}"}
    expect("wrong head", 422, plot.call("PUT", path, wrong).status)
    expect("accepted", 202, plot.call("PUT", path, {}).status)
    head = plot.ok("GET", f"pulls/{made['number']}")["head"]["sha"]
    parents = [x["sha"] for x in plot.ok("GET", f"git/commits/{head}")["parents"]]
    expect("parents", [made["head"]["sha"], base], parents)
    seen = plot.ok("GET", f"compare/main...{made['head']['ref']}")
    expect("not behind", 0, seen["behind_by"])


def auto_delete(ground: Ground, random: Random) -> None:
    """A merged branch goes when the repository says so, and stays when not."""
    plot = ground.plot(random)
    begin(plot)
    wanted = random.random() < 0.5  # a coin
    for switch in (wanted, not wanted):
        plot.ok("PATCH", "", {"delete_branch_on_merge": switch}, by="owner")
        made = pull(plot)
        plot.ok("PUT", f"pulls/{made['number']}/merge", {})
        found = plot.call("GET", f"branches/{made['head']['ref']}").status
        expect(f"delete={switch}", 404 if switch else 200, found)
        seen = plot.ok("GET", f"pulls/{made['number']}")
        expect("merged", True, seen["merged"])


def methods_allowed(ground: Ground, random: Random) -> None:
    """A method that the repository does not allow is refused."""
    plot = ground.plot(random)
    begin(plot)
    method = random.choice(["merge", "squash", "rebase"])
    name = {"merge": "allow_merge_commit"}.get(method, f"allow_{method}_merge")
    plot.ok("PATCH", "", {name: False}, by="owner")
    path = f"pulls/{pull(plot)['number']}/merge"
    expect(method, 405, plot.call("PUT", path, {"merge_method": method}).status)
    other = random.choice([m for m in ("merge", "squash", "rebase") if m != method])
    expect(other, 200, plot.call("PUT", path, {"merge_method": other}).status)


def drafts(ground: Ground, random: Random) -> None:
    """A draft says so and is not merged."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot, draft=True)
    seen = settled(plot, made["number"])
    expect("state", (True, "draft"), (seen["draft"], seen["mergeable_state"]))
    expect("merge", 405, plot.call("PUT", f"pulls/{made['number']}/merge", {}).status)


def pulls_of_commit(ground: Ground, random: Random) -> None:
    """A commit knows the pull requests it is in."""
    plot = ground.plot(random)
    root = begin(plot)
    made = [pull(plot) for _ in range(2)]
    one = random.choice(made)
    found = plot.ok("GET", f"commits/{one['head']['sha']}/pulls")
    expect("pulls", [one["number"]], [x["number"] for x in found])
    expect("of the base", [], plot.ok("GET", f"commits/{root}/pulls"))


def reviewers(ground: Ground, random: Random) -> None:
    """Reviewers are asked, taken back, and done when they have spoken."""
    plot = ground.plot(random)
    begin(plot)
    path = f"pulls/{pull(plot)['number']}"
    roles = random.sample(["write", "admin", "maintain", "triage"], 2)
    logins = [plot.logins[role] for role in roles]
    plot.ok("POST", f"{path}/requested_reviewers", {"reviewers": logins})
    expect("asked", logins, _asked(plot, path))
    plot.ok("POST", f"{path}/reviews", {"event": "COMMENT", "body": "hm"}, by=roles[0])
    expect("one has spoken", logins[1:], _asked(plot, path))
    plot.ok("DELETE", f"{path}/requested_reviewers", {"reviewers": logins[1:]})
    expect("nobody", [], _asked(plot, path))


def _asked(plot: Plot, path: str) -> list[str]:
    users = plot.ok("GET", f"{path}/requested_reviewers")["users"]
    return [one["login"] for one in users]


def reviews(ground: Ground, random: Random) -> None:
    """A review is a secret until it is submitted, then rewritten, then dismissed."""
    plot = ground.plot(random)
    begin(plot)
    path = f"pulls/{pull(plot)['number']}/reviews"
    text = plot.word("draft")
    made = plot.ok("POST", path, {"body": text}, by="write")
    one = f"{path}/{made['id']}"
    expect("pending", ("PENDING", text), (made["state"], made["body"]))
    expect("a secret", [], plot.ok("GET", path, by="admin"))
    expect("its author's", [made["id"]], [x["id"] for x in plot.ok("GET", path, by="write")])
    expect("one at a time", 422, plot.call("POST", path, {}, by="write").status)
    event = random.choice(["APPROVE", "REQUEST_CHANGES"])
    state = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}[event]
    plot.ok("POST", f"{one}/events", {"event": event, "body": text}, by="write")
    expect("submitted", state, plot.ok("GET", one)["state"])
    new = plot.word("rewritten")
    plot.ok("PUT", one, {"body": new}, by="write")
    expect("rewritten", new, plot.ok("GET", one)["body"])
    plot.ok("PUT", f"{one}/dismissals", {"message": "old"}, by="admin")
    expect("dismissed", "DISMISSED", plot.ok("GET", one)["state"])
    again = plot.call("PUT", f"{one}/dismissals", {"message": "old"}, by="admin")
    expect("once", 422, again.status)
    expect("for everybody", [made["id"]], [x["id"] for x in plot.ok("GET", path, by="admin")])
    thrown = plot.ok("POST", path, {"body": "x"}, by="write")
    plot.ok("DELETE", f"{path}/{thrown['id']}", by="write")
    expect("thrown away", [made["id"]], [x["id"] for x in plot.ok("GET", path, by="write")])


def remarks(ground: Ground, random: Random) -> None:
    """A remark stands on a line of the diff, is answered in one thread, edited, deleted."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot, lines=5)
    path, line = f"pulls/{made['number']}/comments", random.randrange(1, 6)
    order = {"body": plot.word(), "path": made["path"], "line": line, "side": "RIGHT"}
    order |= {"commit_id": made["head"]["sha"]}
    one = plot.ok("POST", path, order, by="write")
    expect("place", (line, made["path"]), (one["line"], one["path"]))
    expect("hunk", line + 1, len(one["diff_hunk"].split("\n")))
    answer = plot.ok("POST", f"{path}/{one['id']}/replies", {"body": plot.word()}, by="read")
    expect("thread", one["id"], answer["in_reply_to_id"])
    deeper = plot.ok("POST", f"{path}/{answer['id']}/replies", {"body": plot.word()})
    expect("one thread", one["id"], deeper["in_reply_to_id"])
    ids = [one["id"], answer["id"], deeper["id"]]
    expect("of the pull", ids, [x["id"] for x in plot.ok("GET", path)])
    expect("of the repository", ids, [x["id"] for x in plot.ok("GET", "pulls/comments")])
    new = plot.word("new")
    plot.ok("PATCH", f"pulls/comments/{one['id']}", {"body": new}, by="write")
    expect("edited", new, plot.ok("GET", f"pulls/comments/{one['id']}")["body"])
    expect("off the diff", 422, plot.call("POST", path, {**order, "line": 99}).status)
    plot.ok("DELETE", f"pulls/comments/{deeper['id']}")
    expect("deleted", 404, plot.call("GET", f"pulls/comments/{deeper['id']}").status)
    expect("counted", 2, plot.ok("GET", f"pulls/{made['number']}")["review_comments"])


def review_remarks(ground: Ground, random: Random) -> None:
    """Remarks that came with a review are listed below it."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot, lines=4)
    path = f"pulls/{made['number']}/reviews"
    lines = random.sample(range(1, 5), 2)
    comments: list[JsonObject] = [
        {"path": made["path"], "line": line, "body": plot.word()} for line in lines
    ]
    order = {"event": "COMMENT", "body": "see below", "comments": comments}
    review = plot.ok("POST", path, order, by="write")
    found = plot.ok("GET", f"{path}/{review['id']}/comments")
    expect("texts", [one["body"] for one in comments], [one["body"] for one in found])
    expect("review", {review["id"]}, {one["pull_request_review_id"] for one in found})


def own_pull(ground: Ground, random: Random) -> None:
    """Nobody approves a pull request of their own; others may."""
    plot = ground.plot(random)
    begin(plot)
    author = random.choice(["write", "admin"])
    path = f"pulls/{pull(plot, by=author)['number']}/reviews"
    event = random.choice(["APPROVE", "REQUEST_CHANGES"])
    order = {"event": event, "body": "mine"}
    expect("own", 422, plot.call("POST", path, order, by=author).status)
    expect("other", 200, plot.call("POST", path, order, by="maintain").status)


def pull_history(ground: Ground, random: Random) -> None:
    """A pull request's history tells labels, questions, verdicts, commits and the merge."""
    plot = ground.plot(random)
    begin(plot)
    made = pull(plot)
    path, thread = f"pulls/{made['number']}", f"issues/{made['number']}"
    plot.ok("POST", f"{thread}/labels", {"labels": [plot.word("l")]})
    people = {"reviewers": [plot.logins["write"]]}
    plot.ok("POST", f"{path}/requested_reviewers", people)
    review = plot.ok("POST", f"{path}/reviews", {"event": "APPROVE"}, by="admin")
    plot.ok("PUT", f"{path}/reviews/{review['id']}/dismissals", {"message": "m"}, by="owner")
    plot.ok("PUT", f"{path}/merge", {"merge_method": random.choice(["merge", "squash"])})
    told = plot.ok("GET", f"{thread}/events")
    words = ["labeled", "review_requested", "review_dismissed", "merged", "closed"]
    expect("events", words, [one["event"] for one in told])
    for one in told:
        seen = plot.ok("GET", f"issues/events/{one['id']}")
        expect(one["event"], made["number"], seen["issue"]["number"])
        if one["event"] == "review_dismissed":
            expect("which", review["id"], seen["dismissed_review"]["review_id"])
    timeline = {one["event"] for one in plot.ok("GET", f"{thread}/timeline")}
    expect("timeline", {*words, "committed", "reviewed"}, timeline)


ROWS = behaviours(
    "pulls",
    pull_history,
    counts,
    numbering,
    mergeability,
    conflict,
    merge_methods,
    merge_once,
    keywords,
    other_base,
    pushes,
    pull_filters,
    reopening,
    updating,
    auto_delete,
    methods_allowed,
    drafts,
    pulls_of_commit,
    reviewers,
    reviews,
    remarks,
    review_remarks,
    own_pull,
)
