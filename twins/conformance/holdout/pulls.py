"""Pull requests, reviews and merges."""

from random import Random

from twins.conformance.cited import EVENTS, REST, facts, of, refused, say
from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, file, issue, pull, settled, tip


def ordered(ground: Ground, random: Random) -> None:
    """The newest come first; sorted by change, the longest unchanged do."""
    plot = ground.plot(random)
    begin(plot)
    numbers = [pull(plot)["number"] for _ in range(3)]
    order = random.sample(numbers, 3)
    for number in order:
        ground.advance(2)
        plot.ok("PATCH", f"pulls/{number}", {"title": plot.word()})
    expect("plain", numbers[::-1], of(plot.ok("GET", "pulls")))
    expect("created", numbers[::-1], of(plot.ok("GET", "pulls?sort=created")))
    expect("updated", order, of(plot.ok("GET", "pulls?sort=updated")))
    down = plot.ok("GET", "pulls?sort=updated&direction=desc")
    expect("down", order[::-1], of(down))
    busy = random.choice(numbers)
    say(plot, busy, "x")
    expect("popular", busy, of(plot.ok("GET", "pulls?sort=popularity"))[-1])


def rebased(ground: Ground, random: Random) -> None:
    """Another base changes what is compared; title, text and head stay as they were."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot, body=plot.word())
    name = plot.word("other")
    branch(plot, name, opened["head"]["sha"])
    later = file(plot, plot.word("late"), "x", branch=opened["head"]["ref"])
    seen = plot.ok("PATCH", f"pulls/{opened['number']}", {"base": name}, by="write")
    expect("base", name, seen["base"]["ref"])
    for member in ("title", "body", "state", "draft"):
        expect(member, opened[member], seen[member])
    expect("head", later, seen["head"]["sha"])
    left = plot.ok("GET", f"pulls/{opened['number']}/commits")
    expect("commits", [later], of(left, "sha"))
    expect("files", 1, len(plot.ok("GET", f"pulls/{opened['number']}/files")))


def filtered(ground: Ground, random: Random) -> None:
    """Heads are named with their owner; base and state narrow down further."""
    plot = ground.plot(random)
    sha = begin(plot)
    one, other = pull(plot), pull(plot)
    name = plot.word("base")
    branch(plot, name, sha)
    plot.ok("PATCH", f"pulls/{other['number']}", {"base": name})
    head = one["head"]["ref"]
    expect("head", [one["number"]], of(plot.ok("GET", f"pulls?head={plot.owner}:{head}")))
    none = plot.ok("GET", f"pulls?head={plot.logins['stranger']}:{head}")
    expect("another owner's", [], none)
    expect("base", [other["number"]], of(plot.ok("GET", f"pulls?base={name}")))
    both = plot.ok("GET", f"pulls?base=main&head={plot.owner}:{other['head']['ref']}")
    expect("both", [], both)
    plot.ok("PATCH", f"pulls/{one['number']}", {"state": "closed"})
    expect("open", [other["number"]], of(plot.ok("GET", "pulls")))
    expect("closed", [one["number"]], of(plot.ok("GET", "pulls?state=closed")))
    expect("all", 2, len(plot.ok("GET", "pulls?state=all")))


def outcomes(ground: Ground, random: Random) -> None:
    """What a merge leaves behind depends on its method, and the pull request names it."""
    plot = ground.plot(random)
    begin(plot)
    for method in random.sample(["merge", "squash", "rebase"], 3):
        opened = pull(plot)
        second = file(plot, plot.word("f"), "2", branch=opened["head"]["ref"])
        before = file(plot, plot.word("f"), "main")
        plot.ok("PUT", f"pulls/{opened['number']}/merge", {"merge_method": method})
        seen = plot.ok("GET", f"pulls/{opened['number']}")
        expect(f"{method}: tip", tip(plot), seen["merge_commit_sha"])
        commit = plot.ok("GET", f"commits/{tip(plot)}")
        parents = of(commit["parents"], "sha")
        if method == "merge":
            expect("two parents", [before, second], parents)
        elif method == "squash":
            expect("one parent", [before], parents)
            expect("both files", 2, len(commit["files"]))
        else:
            under = plot.ok("GET", f"commits/{parents[0]}")
            expect("one after the other", [before], of(under["parents"], "sha"))
            expect("copied", 1, len(commit["files"]))
        expect("who", (True, True), (seen["merged"], bool(seen["merged_by"])))


def forbidden(ground: Ground, random: Random) -> None:
    """A method that the repository does not allow is refused; the others work."""
    plot = ground.plot(random)
    begin(plot)
    settings = {"merge": "allow_merge_commit", "squash": "allow_squash_merge"}
    settings |= {"rebase": "allow_rebase_merge"}
    method = random.choice(sorted(settings))
    plot.ok("PATCH", "", {settings[method]: False}, by="owner")
    path = f"pulls/{pull(plot)['number']}/merge"
    expect("refused", 405, plot.call("PUT", path, {"merge_method": method}).status)
    other = random.choice(sorted(set(settings) - {method}))
    expect("other", 200, plot.call("PUT", path, {"merge_method": other}).status)


def answered(ground: Ground, random: Random) -> None:
    """Whoever has reviewed is asked no more; the review is among the reviews."""
    plot = ground.plot(random)
    begin(plot)
    number = pull(plot)["number"]
    names = [plot.logins[role] for role in ("maintain", "write")]
    path = f"pulls/{number}/requested_reviewers"
    asked = plot.ok("POST", path, {"reviewers": names})
    expect("asked", set(names), set(of(asked["requested_reviewers"], "login")))
    event = random.choice(["APPROVE", "COMMENT", "REQUEST_CHANGES"])
    plot.ok("POST", f"pulls/{number}/reviews", {"event": event, "body": "x"}, by="write")
    left = plot.ok("GET", path)
    expect("left", names[:1], of(left["users"], "login"))
    reviews = plot.ok("GET", f"pulls/{number}/reviews")
    expect("reviews", names[1:], [one["user"]["login"] for one in reviews])
    plot.ok("POST", path, {"reviewers": names[1:]})
    expect("again", set(names), set(of(plot.ok("GET", path)["users"], "login")))
    plot.ok("DELETE", path, {"reviewers": names})
    expect("nobody", [], plot.ok("GET", path)["users"])


def pending(ground: Ground, random: Random) -> None:
    """A review without an event waits unsubmitted; it can be submitted once or thrown away."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot, lines=4)
    path = f"pulls/{opened['number']}/reviews"
    line = random.randrange(1, 5)
    remark = {"path": opened["path"], "line": line, "side": "RIGHT", "body": plot.word("remark")}
    order = {"body": plot.word(), "comments": [remark]}
    made = plot.ok("POST", path, order, by="write")
    expect("state", ("PENDING", None), (made["state"], made.get("submitted_at")))
    expect("head", opened["head"]["sha"], made["commit_id"])
    event, state = random.choice([("APPROVE", "APPROVED"), ("COMMENT", "COMMENTED")])
    one = f"{path}/{made['id']}"
    seen = plot.ok("POST", f"{one}/events", {"event": event}, by="write")
    expect("submitted", (state, True), (seen["state"], bool(seen["submitted_at"])))
    remarks = plot.ok("GET", f"{one}/comments")
    expect("remarks", [remark["body"]], of(remarks, "body"))
    refused("twice", plot.call("POST", f"{one}/events", {"event": event}, by="write"), 422)
    refused("stays", plot.call("DELETE", one, by="write"), 422)
    other = plot.ok("POST", path, {"body": "x"}, by="maintain")
    plot.ok("DELETE", f"{path}/{other['id']}", by="maintain")
    left = plot.ok("GET", path, by="maintain")
    expect("left", [made["id"]], of(left, "id"))


def remarks(ground: Ground, random: Random) -> None:
    """Remarks answer remarks, span lines or a whole file, and are listed by id."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot, lines=6)
    path, place = f"pulls/{opened['number']}/comments", opened["path"]
    start = random.randrange(1, 4)
    base = {"commit_id": opened["head"]["sha"], "path": place}
    span = {"start_line": start, "start_side": "RIGHT", "line": start + 2, "side": "RIGHT"}
    first = plot.ok("POST", path, {**base, **span, "body": plot.word()}, by="write")
    expect("span", (start, start + 2), (first["start_line"], first["line"]))
    whole = {**base, "subject_type": "file", "body": plot.word()}
    second = plot.ok("POST", path, whole, by="write")
    expect("file", ("file", place), (second["subject_type"], second["path"]))
    text = plot.word("reply")
    reply = plot.ok("POST", f"{path}/{first['id']}/replies", {"body": text}, by="read")
    same = ("path", "line", "commit_id", "in_reply_to_id")
    wanted = [place, start + 2, base["commit_id"], first["id"]]
    expect("reply", wanted, [reply[name] for name in same])
    other = {**base, "line": 1, "side": "RIGHT", "body": text, "in_reply_to": first["id"]}
    third = plot.ok("POST", path, other, by="read")
    expect("ignored", (start + 2, first["id"]), (third["line"], third["in_reply_to_id"]))
    every = [first["id"], second["id"], reply["id"], third["id"]]
    expect("ids", every, of(plot.ok("GET", path), "id"))
    expect("ignored", every, of(plot.ok("GET", f"{path}?direction=desc"), "id"))
    ground.advance(5)
    plot.ok("PATCH", f"pulls/comments/{second['id']}", {"body": "edited"}, by="write")
    down = plot.ok("GET", "pulls/comments?sort=updated&direction=desc")
    expect("changed", second["id"], down[0]["id"])
    expect("counted", 4, plot.ok("GET", f"pulls/{opened['number']}")["review_comments"])


def brought_up(ground: Ground, random: Random) -> None:
    """An update merges the base into the head branch, if the head is what was expected."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot)
    head, path = opened["head"]["sha"], f"pulls/{opened['number']}/update-branch"
    base = file(plot, plot.word("f"), "main")
    wrong = {"expected_head_sha": base}
    expect("another head", 422, plot.call("PUT", path, wrong, by="write").status)
    body = random.choice([{"expected_head_sha": head}, {}])
    expect("accepted", 202, plot.call("PUT", path, body, by="write").status)
    new = tip(plot, opened["head"]["ref"])
    parents = of(plot.ok("GET", f"commits/{new}")["parents"], "sha")
    expect("merged", [head, base], parents)
    expect("head", new, settled(plot, opened["number"])["head"]["sha"])
    expect("up to date", 0, plot.ok("GET", f"compare/main...{new}")["behind_by"])
    files = plot.ok("GET", f"pulls/{opened['number']}/files")
    expect("files", [opened["path"]], of(files, "filename"))


def both(ground: Ground, random: Random) -> None:
    """A pull request is an issue: one number, one title, one set of labels, one state."""
    plot = ground.plot(random)
    begin(plot)
    filed, opened = issue(plot), pull(plot)
    number = opened["number"]
    expect("numbers", filed["number"] + 1, number)
    title, label = plot.word("T"), plot.word("l")
    plot.ok("PATCH", f"issues/{number}", {"title": title, "labels": [label]})
    seen = plot.ok("GET", f"pulls/{number}")
    expect("shared", (title, [label]), (seen["title"], of(seen["labels"], "name")))
    kinds = {one["number"]: "pull_request" in one for one in plot.ok("GET", "issues")}
    expect("kinds", {filed["number"]: False, number: True}, kinds)
    expect("no pull request", 404, plot.call("GET", f"pulls/{filed['number']}").status)
    one = plot.ok("GET", f"issues/{number}")
    expect_that("other ids", one["id"] != seen["id"])
    by, what = random.choice([("issues", "pulls"), ("pulls", "issues")])
    plot.ok("PATCH", f"{by}/{number}", {"state": "closed"})
    expect("closed", "closed", plot.ok("GET", f"{what}/{number}")["state"])


def counted(ground: Ground, random: Random) -> None:
    """Commits are listed oldest first; the sums are those of commits, files and lines."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot, lines=random.randrange(1, 6))
    name, number = opened["head"]["ref"], opened["number"]
    made = [opened["head"]["sha"]]
    more = range(random.randrange(1, 4))
    made += [file(plot, plot.word("f"), "1\n2\n", branch=name) for _ in more]
    old = plot.ok("GET", "contents/README.md")["sha"]
    made.append(file(plot, "README.md", "other\n", branch=name, sha=old))
    commits = plot.ok("GET", f"pulls/{number}/commits")
    expect("oldest first", made, of(commits, "sha"))
    files = plot.ok("GET", f"pulls/{number}/files")
    states = {one["filename"]: one["status"] for one in files}
    expect("changed", "modified", states.pop("README.md"))
    expect("the others", {"added"}, set(states.values()))
    seen = plot.ok("GET", f"pulls/{number}")
    sums = [sum(of(files, side)) for side in ("additions", "deletions")]
    expect("lines", sums, [seen["additions"], seen["deletions"]])
    counts = (seen["commits"], seen["changed_files"])
    expect("counts", (len(made), len(files)), counts)
    pages = [plot.ok("GET", f"pulls/{number}/commits?per_page=2&page={n}") for n in (1, 2)]
    expect("pages", [made[:2], made[2:4]], [of(page, "sha") for page in pages])


def told(ground: Ground, random: Random) -> None:
    """The timeline has commits and reviews; a merge names its commit, a forced push is told."""
    plot = ground.plot(random)
    root = begin(plot)
    opened = pull(plot)
    number, name = opened["number"], opened["head"]["ref"]
    branch(plot, plot.word("keeps"), opened["head"]["sha"])
    side = plot.word("side")
    branch(plot, side, root)
    new = file(plot, plot.word("f"), "x", branch=side)
    plot.ok("PATCH", f"git/refs/heads/{name}", {"sha": new, "force": True})
    commits = plot.ok("GET", f"pulls/{number}/commits")
    expect("commits", [new], of(commits, "sha"))
    verdict = {"event": "COMMENT", "body": plot.word()}
    review = plot.ok("POST", f"pulls/{number}/reviews", verdict, by="write")
    plot.ok("POST", f"pulls/{number}/requested_reviewers", {"reviewers": [plot.logins["admin"]]})
    merged = plot.ok("PUT", f"pulls/{number}/merge", {})["sha"]
    found = plot.ok("GET", f"issues/{number}/events")
    names = of(found, "event")
    expect_that("forced", "head_ref_force_pushed" in names)
    expect("merged by", [merged], [x["commit_id"] for x in found if x["event"] == "merged"])
    asked = [one for one in found if one["event"] == "review_requested"]
    people = [one["requested_reviewer"]["login"] for one in asked]
    expect("asked", [plot.logins["admin"]], people)
    line = plot.ok("GET", f"issues/{number}/timeline")
    shas = [one["sha"] for one in line if one["event"] == "committed"]
    expect_that("committed", new in shas)
    reviews = [one for one in line if one["event"] == "reviewed"]
    expect("reviewed", [(review["id"], verdict["body"])], [(x["id"], x["body"]) for x in reviews])


def standing(ground: Ground, random: Random) -> None:
    """Everybody's standing is told beside what they wrote."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot, by="owner")["number"]
    wanted = {"owner": "OWNER", "stranger": "NONE"}
    wanted[random.choice(["write", "triage", "maintain"])] = "COLLABORATOR"
    for role, standing_ in wanted.items():
        expect(role, standing_, say(plot, number, "x", by=role)["author_association"])
    found = plot.ok("GET", f"issues/{number}")
    expect("issue", "OWNER", found["author_association"])


def drafted(ground: Ground, random: Random) -> None:
    """A draft is not merged; its state and its being closed and reopened are kept apart."""
    plot = ground.plot(random)
    begin(plot)
    opened = pull(plot, draft=True)
    path = f"pulls/{opened['number']}"
    expect("draft", (True, "open"), (opened["draft"], opened["state"]))
    refused("merge", plot.call("PUT", f"{path}/merge", {}), 405)
    seen = plot.ok("PATCH", path, {"state": "closed"})
    expect("closed", ("closed", False), (seen["state"], seen["merged"]))
    expect_that("when", seen["closed_at"])
    expect("not merged", None, seen["merged_at"])
    expect("no", 404, plot.call("GET", f"{path}/merge").status)
    seen = plot.ok("PATCH", path, {"state": "open", "body": plot.word()})
    expect("again", ("open", None, True), (seen["state"], seen["closed_at"], seen["draft"]))


ROWS = facts(
    "pulls",
    (ordered, f"{REST}pulls/pulls#list-pull-requests"),
    (rebased, f"{REST}pulls/pulls#update-a-pull-request"),
    (filtered, f"{REST}pulls/pulls#list-pull-requests"),
    (outcomes, f"{REST}pulls/pulls#get-a-pull-request"),
    (forbidden, f"{REST}repos/repos#update-a-repository"),
    (answered, f"{REST}pulls/review-requests#get-all-requested-reviewers-for-a-pull-request"),
    (pending, f"{REST}pulls/reviews#create-a-review-for-a-pull-request"),
    (remarks, f"{REST}pulls/comments#create-a-review-comment-for-a-pull-request"),
    (brought_up, f"{REST}pulls/pulls#update-a-pull-request-branch"),
    (both, f"{REST}issues/issues#list-repository-issues"),
    (counted, f"{REST}pulls/pulls#list-commits-on-a-pull-request"),
    (told, EVENTS),
    (standing, "docs.github.com/graphql/reference/enums#commentauthorassociation"),
    (drafted, f"{REST}pulls/pulls#update-a-pull-request"),
)
