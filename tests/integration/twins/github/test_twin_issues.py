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


async def test_switched_off_issues_are_gone_until_they_are_switched_on(twin: Any) -> None:
    """410 for filing and for each issue; lists show none; pull requests stay; all comes back."""
    await twin.call("POST", f"{REPO}/issues", {"title": "kept", "labels": ["bug"]})
    await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "hm"})
    before = await twin.get(f"{REPO}/issues/1")
    pull = await _pull(twin)
    await twin.call("PATCH", REPO, {"has_issues": False})
    for method, path, body in (
        ("POST", "issues", {"title": "t"}),
        ("GET", "issues/1", None),
        ("GET", "issues/99", None),
        ("PATCH", "issues/1", {"title": "t"}),
        ("GET", "issues/1/comments", None),
        ("POST", "issues/1/comments", {"body": "t"}),
        ("GET", "issues/1/labels", None),
        ("PUT", "issues/1/lock", None),
    ):
        answer = await twin.call(method, f"{REPO}/{path}", body)
        said = answer.body["message"]
        assert (answer.status, said) == (410, "Issues has been disabled in this repository."), path
    assert [one["number"] for one in await twin.get(f"{REPO}/issues?state=all")] == [pull]
    assert [] == await twin.get(f"{REPO}/issues/comments")
    assert 0 == (await twin.get("/search/issues?q=kept+is:issue"))["total_count"]
    path = f"{REPO}/issues/{pull}/comments"
    assert 201 == (await twin.call("POST", path, {"body": "still"})).status
    await twin.call("PATCH", REPO, {"has_issues": True})
    assert await twin.get(f"{REPO}/issues/1") == before


async def _pull(twin: Any) -> int:
    """Open a pull request; return its number."""
    head = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/side", "sha": head})
    change = {"message": "m", "content": "eA==", "branch": "side"}
    await twin.call("PUT", f"{REPO}/contents/side.txt", change)
    order = {"title": "p", "head": "side", "base": "main"}
    return int((await twin.call("POST", f"{REPO}/pulls", order)).body["number"])


async def test_what_only_triage_may_set_is_dropped_from_anybody_else(twin: Any) -> None:
    """At filing and later, from an issue's own author too; nothing of it is even checked."""
    await twin.call("POST", f"{REPO}/labels", {"name": "bug"})
    await twin.call("POST", f"{REPO}/milestones", {"title": "one"})
    wanted = {"labels": ["bug", "new"], "assignees": ["bob"], "milestone": 1}
    await twin.events()
    order = {"title": "t", **wanted}
    filed = await twin.call("POST", f"{REPO}/issues", order, token="carol-token")
    path = f"{REPO}/issues/{filed.body['number']}"
    order = {"title": "u", "state": "closed", **wanted}
    changed = await twin.call("PATCH", path, order, token="carol-token")
    for body in (filed.body, changed.body):
        assert (body["labels"], body["assignees"], body["milestone"]) == ([], [], None)
    assert (changed.status, changed.body["title"], changed.body["state"]) == (200, "u", "closed")
    odd = {"assignees": ["nobody-at-all"], "milestone": 99}
    assert 200 == (await twin.call("PATCH", path, odd, token="carol-token")).status
    assert await twin.events() == ["issues.opened", "issues.edited", "issues.closed"]
    set_ = (await twin.call("PATCH", path, wanted, token="bob-token")).body
    kept = await twin.call("PATCH", path, {"labels": [], "assignees": []}, token="carol-token")
    assert (kept.body["labels"], kept.body["assignees"]) == (set_["labels"], set_["assignees"])
    assert [one["name"] for one in set_["labels"]] == ["bug", "new"]
    for method, login, status in (("POST", "alice", 201), ("DELETE", "bob", 200)):
        order = {"assignees": [login]}
        ignored = await twin.call(method, f"{path}/assignees", order, token="carol-token")
        assert (ignored.status, ignored.body["assignees"]) == (status, set_["assignees"])
        assert 401 == (await twin.call(method, f"{path}/assignees", order, token="")).status


async def test_a_labels_description_has_a_length(twin: Any) -> None:
    """A hundred characters are taken, one more is 422 when it is made and when it is changed."""
    good, long = "x" * 100, "x" * 101
    made = await twin.call("POST", f"{REPO}/labels", {"name": "a", "description": good})
    assert (made.status, made.body["description"]) == (201, good)
    refused = await twin.call("POST", f"{REPO}/labels", {"name": "b", "description": long})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "description")
    changed = await twin.call("PATCH", f"{REPO}/labels/a", {"new_name": "c", "description": long})
    assert changed.status == 422
    assert [one["name"] for one in await twin.get(f"{REPO}/labels")] == ["a"]


async def test_issues_are_found_by_whom_they_mention(twin: Any) -> None:
    """In title, body and comments; no address, no longer login, nothing in code counts."""
    texts = ["ask @Carol.", "carol@carol.example", "@carolyn and @carol-ann", "`@carol`", "none"]
    for text in texts:
        await twin.call("POST", f"{REPO}/issues", {"title": "t", "body": text})
    await twin.call("POST", f"{REPO}/issues", {"title": "for @carol"})
    await twin.call("POST", f"{REPO}/issues/5/comments", {"body": "```\n@bob\n```\n(@carol)"})

    async def found(name: str) -> list[int]:
        path = f"{REPO}/issues?direction=asc&mentioned={name}"
        return [one["number"] for one in await twin.get(path)]

    assert await found("carol") == [1, 5, 6]
    assert await found("bob") == []
