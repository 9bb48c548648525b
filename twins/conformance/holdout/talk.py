"""Comments and reactions: order, counters, what an edit leaves alone."""

from random import Random

from twins.conformance.cited import REST, facts, of, say, shifted
from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import issue

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def everywhere(ground: Ground, random: Random) -> None:
    """The repository's comments come by id; a direction counts only beside a sort."""
    plot = ground.plot(random)
    numbers = [issue(plot)["number"] for _ in range(2)]
    made = [say(plot, random.choice(numbers), plot.word())["id"] for _ in range(4)]
    expect("ids", made, of(plot.ok("GET", "issues/comments"), "id"))
    expect("ignored", made, of(plot.ok("GET", "issues/comments?direction=desc"), "id"))
    order = random.sample(made, 4)
    for one in order:
        ground.advance(2)
        plot.ok("PATCH", f"issues/comments/{one}", {"body": plot.word()}, by="read")
    found = plot.ok("GET", "issues/comments?sort=updated&direction=desc")
    expect("changed", order[::-1], of(found, "id"))
    recent = shifted(found[0]["updated_at"], -1)
    expect("since", order[-1:], of(plot.ok("GET", f"issues/comments?since={recent}"), "id"))


def edits(ground: Ground, random: Random) -> None:
    """An edit moves the time of change and nothing else; a deletion lowers the count."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    made = [say(plot, number, plot.word()) for _ in range(random.randrange(2, 5))]
    one = random.choice(made)
    ground.advance(60)
    seen = plot.ok("PATCH", f"issues/comments/{one['id']}", {"body": plot.word()}, by="read")
    expect("created", one["created_at"], seen["created_at"])
    expect_that("updated", seen["updated_at"] > one["updated_at"])
    same = ("id", "node_id", "html_url", "issue_url", "author_association")
    expect("same", [one[name] for name in same], [seen[name] for name in same])
    expect("writer", one["user"]["login"], seen["user"]["login"])
    listed = plot.ok("GET", f"issues/{number}/comments")
    expect("order", of(made, "id"), of(listed, "id"))
    plot.ok("DELETE", f"issues/comments/{one['id']}", by="read")
    expect("count", len(made) - 1, plot.ok("GET", f"issues/{number}")["comments"])
    expect("gone", 404, plot.call("GET", f"issues/comments/{one['id']}").status)


def again(ground: Ground, random: Random) -> None:
    """The same reaction twice is one reaction: created first, only found then."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    place = random.choice([f"issues/{number}", f"issues/comments/{say(plot, number, 'x')['id']}"])
    content, other = random.sample(CONTENTS, 2)
    first = plot.call("POST", f"{place}/reactions", {"content": content}, by="read")
    second = plot.call("POST", f"{place}/reactions", {"content": content}, by="read")
    expect("statuses", (201, 200), (first.status, second.status))
    expect("one", first.json["id"], second.json["id"])
    plot.ok("POST", f"{place}/reactions", {"content": content}, by="write")
    plot.ok("POST", f"{place}/reactions", {"content": other}, by="read")
    counts = plot.ok("GET", place)["reactions"]
    expect("counts", (2, 1, 3), (counts[content], counts[other], counts["total_count"]))
    path = f"{place}/reactions?content={content.replace('+', '%2B')}"
    expect("filter", {content}, set(of(plot.ok("GET", path), "content")))
    plot.ok("DELETE", f"{place}/reactions/{first.json['id']}", by="read")
    left = plot.ok("GET", f"{place}/reactions")
    people = {(one["user"]["login"], one["content"]) for one in left}
    expect("left", {(plot.logins["write"], content), (plot.logins["read"], other)}, people)
    expect("counted", 1, plot.ok("GET", place)["reactions"][content])


def later(ground: Ground, random: Random) -> None:
    """An issue's comments since a time are those changed since, oldest id first, in pages."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    old = [say(plot, number, plot.word())["id"] for _ in range(2)]
    ground.advance(random.randrange(60, 120))
    new = [say(plot, number, plot.word()) for _ in range(3)]
    plot.ok("PATCH", f"issues/comments/{old[1]}", {"body": plot.word()}, by="read")
    path = f"issues/{number}/comments?since={shifted(new[0]['created_at'], -5)}"
    wanted = [old[1], *of(new, "id")]
    expect("since", wanted, of(plot.ok("GET", path), "id"))
    pages = [of(plot.ok("GET", f"{path}&per_page=3&page={n}"), "id") for n in (1, 2, 3)]
    expect("pages", [wanted[:3], wanted[3:], []], pages)


ROWS = facts(
    "talk",
    (everywhere, f"{REST}issues/comments#list-issue-comments-for-a-repository"),
    (edits, f"{REST}issues/comments#update-an-issue-comment"),
    (again, f"{REST}reactions/reactions#create-reaction-for-an-issue"),
    (later, f"{REST}issues/comments#list-issue-comments"),
)
