"""Issues, labels and comments: what changes, what is told, and what is not."""

from typing import Any

REPO = "/repos/alice/parcel"


async def test_an_issue_lives_and_every_change_is_told_once(twin: Any) -> None:
    """Open, edit, close, reopen: state, history and events agree."""
    made = await twin.call("POST", f"{REPO}/issues", {"title": "Broken", "body": "badly"})
    assert (made.status, made.body["number"], made.body["state"]) == (201, 1, "open")
    one = made.body["url"].partition("127.0.0.1")[2].partition("/")[2]
    assert await twin.get(f"/{one}") == made.body
    path = f"{REPO}/issues/1"
    await twin.call("PATCH", path, {"title": "Very broken"})
    closed = await twin.call("PATCH", path, {"state": "closed", "state_reason": "not_planned"})
    assert (closed.body["state_reason"], closed.body["closed_by"]["login"]) == (
        "not_planned",
        "alice",
    )
    assert (await twin.call("PATCH", path, {"state": "open"})).body["closed_at"] is None
    assert await twin.events() == [
        "issues.opened",
        "issues.edited",
        "issues.closed",
        "issues.reopened",
    ]
    history = await twin.get(f"{path}/events")
    assert [line["event"] for line in history] == ["renamed", "closed", "reopened"]
    assert history[1]["state_reason"] == "not_planned"


async def test_nothing_changed_is_nothing_told(twin: Any) -> None:
    """Writing what is there already, in every way, sends no event."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t", "body": "b", "labels": ["bug"]})
    await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "c"})
    [comment] = await twin.get(f"{REPO}/issues/1/comments")
    await twin.call("PATCH", f"{REPO}/issues/1", {"state": "closed"})
    await twin.events()
    path = f"{REPO}/issues/1"
    same = {"title": "t", "body": "b", "state": "closed", "labels": ["BUG"], "assignees": []}
    await twin.call("PATCH", path, same)
    await twin.call("POST", f"{path}/labels", {"labels": ["bug"]})
    await twin.call("PUT", f"{path}/labels", {"labels": ["Bug"]})
    await twin.call("PATCH", f"{REPO}/issues/comments/{comment['id']}", {"body": "c"})
    assert await twin.events() == []


async def test_labels_come_into_being_when_they_are_used(twin: Any) -> None:
    """An unknown label is created, told as such, and shared in any case of letters."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    path = f"{REPO}/issues/1/labels"
    added = await twin.call("POST", path, {"labels": ["priority:P0", "bug"]}, token=twin.token)
    assert [one["name"] for one in added.body] == ["priority:P0", "bug"]
    assert (await twin.call("POST", path, ["Bug", "late"])).status == 200
    kept = await twin.call("DELETE", f"{path}/priority:P0")
    assert [one["name"] for one in kept.body] == ["bug", "late"]
    assert (await twin.call("DELETE", f"{path}/priority:P0")).status == 404
    assert await twin.events() == [
        "issues.opened",
        "label.created",
        "issues.labeled",
        "label.created",
        "issues.labeled",
        "label.created",
        "issues.labeled",
        "issues.unlabeled",
    ]
    actors = [line["actor"]["login"] for line in await twin.get(f"{REPO}/issues/1/events")]
    assert actors == ["nightshift[bot]", "nightshift[bot]", "alice", "alice"]


async def test_replacing_labels_tells_only_the_difference(twin: Any) -> None:
    """PUT and PATCH take a whole set; one taken off and one added are two events."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t", "labels": ["a", "b"]})
    await twin.events()
    await twin.call("PATCH", f"{REPO}/issues/1", {"labels": ["b", {"name": "c"}]})
    assert await twin.events() == ["issues.unlabeled", "label.created", "issues.labeled"]
    assert (await twin.call("DELETE", f"{REPO}/issues/1/labels")).status == 204
    assert (await twin.get(f"{REPO}/issues/1"))["labels"] == []


async def test_repository_labels_are_unique_and_follow_renames(twin: Any) -> None:
    """A taken name is refused in GitHub's words; a rename and a removal reach the issues."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t", "labels": ["bug"]})
    taken = await twin.call("POST", f"{REPO}/labels", {"name": "BUG", "color": "ff0000"})
    [error] = taken.body["errors"]
    assert (taken.status, error["code"], error["resource"]) == (422, "already_exists", "Label")
    assert (await twin.call("POST", f"{REPO}/labels", {"name": "x", "color": "red"})).status == 422
    bad = await twin.call("PATCH", f"{REPO}/labels/bug", {"color": "red"})
    assert bad.status == 422
    await twin.call("PATCH", f"{REPO}/labels/bug", {"new_name": "defect", "color": "FF0000"})
    [label] = (await twin.get(f"{REPO}/issues/1"))["labels"]
    assert (label["name"], label["color"]) == ("defect", "ff0000")
    assert (await twin.call("DELETE", f"{REPO}/labels/defect")).status == 204
    assert (await twin.get(f"{REPO}/issues/1"))["labels"] == []
    assert (await twin.events())[-3:] == ["label.edited", "issues.unlabeled", "label.deleted"]


async def test_comments_are_written_edited_and_deleted(twin: Any) -> None:
    """A comment of the App shows its bot and its App; listing and events follow."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    made = await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "one"}, token=twin.token)
    assert (made.status, made.body["user"]["type"]) == (201, "Bot")
    assert made.body["performed_via_github_app"]["slug"] == "nightshift"
    path = f"{REPO}/issues/comments/{made.body['id']}"
    assert (await twin.call("PATCH", path, {"body": "two"}, token=twin.token)).status == 200
    assert (await twin.call("PATCH", path, {"body": "no"}, token="carol-token")).status == 403
    assert [c["body"] for c in await twin.get(f"{REPO}/issues/comments")] == ["two"]
    assert (await twin.get(f"{REPO}/issues/1"))["comments"] == 1
    assert (await twin.call("DELETE", path)).status == 204
    assert (await twin.call("GET", path)).status == 404
    assert (await twin.events())[1:] == [
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
    ]


async def test_lists_filter_and_sort(twin: Any) -> None:
    """State, labels, creator, assignee and since narrow a list; newest come first."""
    await twin.call("POST", "/_twin/clock", {"freeze": 1_800_000_000})
    for number, (token, labels) in enumerate((("alice-token", ["a"]), ("bob-token", ["a", "b"]))):
        body = {"title": f"t{number}", "labels": labels, "assignees": ["bob"] if number else []}
        await twin.call("POST", f"{REPO}/issues", body, token=token)
        await twin.call("POST", "/_twin/clock", {"advance": 60})
    await twin.call("PATCH", f"{REPO}/issues/1", {"state": "closed"})

    async def numbers(query: str) -> list[int]:
        return [one["number"] for one in await twin.get(f"{REPO}/issues?{query}")]

    assert await numbers("") == [2]
    assert await numbers("state=all") == [2, 1]
    assert await numbers("state=all&direction=asc") == [1, 2]
    assert await numbers("state=all&labels=a,b") == [2]
    assert await numbers("state=closed&creator=alice") == [1]
    assert await numbers("state=all&assignee=none") == [1]
    assert await numbers("state=all&since=2027-01-15T08:02:00Z") == [1]
    found = await twin.get("/search/issues?q=repo:alice/parcel+is:open+label:b+T1")
    assert (found["total_count"], found["items"][0]["number"]) == (1, 2)


async def test_assignees_must_belong_to_the_project(twin: Any) -> None:
    """Assigning is told; a stranger cannot be assigned."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    path = f"{REPO}/issues/1/assignees"
    assert (await twin.call("POST", path, {"assignees": ["carol"]})).status == 422
    added = await twin.call("POST", path, {"assignees": ["bob"]})
    assert (added.status, added.body["assignee"]["login"]) == (201, "bob")
    await twin.call("DELETE", path, {"assignees": ["bob"]})
    assert await twin.events() == ["issues.opened", "issues.assigned", "issues.unassigned"]


async def test_the_timeline_holds_comments_and_events_in_order(twin: Any) -> None:
    """What people read top to bottom."""
    await twin.call("POST", "/_twin/clock", {"freeze": 1_800_000_000})
    await twin.call("POST", f"{REPO}/issues", {"title": "t", "labels": ["a"]})
    for step in ("comments", None):
        await twin.call("POST", "/_twin/clock", {"advance": 1})
        if step:
            await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "hm"})
        else:
            await twin.call("PATCH", f"{REPO}/issues/1", {"state": "closed"})
    lines = await twin.get(f"{REPO}/issues/1/timeline")
    assert [line["event"] for line in lines] == ["labeled", "commented", "closed"]


async def test_a_reaction_counts_once_per_person(twin: Any) -> None:
    """The same reaction twice is 200 and one; unknown ones are refused."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    path = f"{REPO}/issues/1/reactions"
    statuses = [(await twin.call("POST", path, {"content": "eyes"})).status for _ in range(2)]
    assert statuses == [201, 200]
    assert (await twin.call("POST", path, {"content": "meh"})).status == 422
    assert (await twin.get(f"{REPO}/issues/1"))["reactions"]["eyes"] == 1


BAD_ISSUES: list[tuple[dict[str, object], str]] = [
    ({}, "missing_field"),
    ({"title": "  "}, "missing_field"),
    ({"title": 1}, "1 is not a string"),
    ({"title": "t", "labels": "bug"}, "is not an array"),
    ({"title": "t", "labels": [None]}, "Validation Failed"),
    ({"title": "t", "assignees": ["nobody"]}, "assignees"),
    ({"title": "t" * 257}, "title is too long (maximum is 256 characters)"),
    ({"title": "t", "body": "b" * 65_537}, "body is too long (maximum is 65536 characters)"),
    ({"title": "t", "labels": ["l" * 51]}, "name is too long (maximum is 50 characters)"),
]


async def test_a_refused_change_changes_nothing(twin: Any) -> None:
    """One bad member spoils the whole request: no half of it is kept or told."""
    before = (await twin.call("POST", f"{REPO}/issues", {"title": "t"})).body
    await twin.events()
    for bad in ({"assignees": ["nobody"]}, {"state": "gone"}, {"labels": [1]}, {"body": 1}):
        body = {"title": "new", "labels": ["x"], **bad}
        assert (await twin.call("PATCH", f"{REPO}/issues/1", body)).status == 422
    assert await twin.get(f"{REPO}/issues/1") == before
    assert await twin.events() == []


async def test_bad_issues_are_refused_in_githubs_words(twin: Any) -> None:
    """422 with a message and errors; nothing is created or told."""
    for body, said in BAD_ISSUES:
        answer = await twin.call("POST", f"{REPO}/issues", body)
        assert answer.status == 422
        assert said in str(answer.body)
    assert await twin.get(f"{REPO}/issues?state=all") == []
    assert await twin.events() == []
