"""Pull requests: opened, followed, merged three ways, and merged by a push."""

from typing import Any

REPO = "/repos/alice/parcel"
PULLS = f"{REPO}/pulls"
MAIN = f"{REPO}/git/refs/heads/main"


async def tip(twin: Any, branch: str = "main") -> str:
    """Return where a branch points."""
    return str((await twin.get(f"{REPO}/git/ref/heads/{branch}"))["object"]["sha"])


async def branch(twin: Any, name: str, *files: str) -> str:
    """Make a branch off main with one commit per file; return its tip."""
    body = {"ref": f"refs/heads/{name}", "sha": await tip(twin)}
    assert (await twin.call("POST", f"{REPO}/git/refs", body)).status == 201
    for file in files:
        await write(twin, name, file)
    return await tip(twin, name)


async def write(twin: Any, name: str, file: str, text: str = "eA==") -> str:
    """Commit one new file to a branch; return the commit."""
    body = {"message": f"Add {file}", "content": text, "branch": name}
    answer = await twin.call("PUT", f"{REPO}/contents/{file}", body, token="bob-token")
    assert answer.status == 201, answer.body
    return str(answer.body["commit"]["sha"])


async def pull(twin: Any, head: str, **more: object) -> dict[str, Any]:
    """Open a pull request as the App."""
    body = {"title": "T", "head": head, "base": "main", **more}
    answer = await twin.call("POST", PULLS, body, token=twin.token)
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def test_numbers_are_shared_and_counts_are_real(twin: Any) -> None:
    """A pull request takes the next issue number and knows its commits, files and lines."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    head = await branch(twin, "topic", "a.py", "b.py")
    made = await pull(twin, "alice:topic", body="text")
    assert (made["number"], made["head"]["sha"], made["base"]["ref"]) == (2, head, "main")
    assert (made["commits"], made["changed_files"], made["additions"]) == (2, 2, 2)
    assert made["user"]["login"] == "nightshift[bot]"
    files = await twin.get(f"{PULLS}/2/files")
    assert [(f["filename"], f["status"], f["patch"][:9]) for f in files] == [
        ("a.py", "added", "@@ -0,0 +"),
        ("b.py", "added", "@@ -0,0 +"),
    ]
    commits = await twin.get(f"{PULLS}/2/commits")
    assert [c["commit"]["message"] for c in commits] == ["Add a.py", "Add b.py"]
    diff = await twin.call("GET", f"{PULLS}/2", headers={"Accept": "application/vnd.github.diff"})
    assert diff.body.startswith(b"diff --git a/a.py b/a.py")
    as_issue = await twin.get(f"{REPO}/issues/2")
    assert as_issue["pull_request"]["url"] == made["url"]
    assert [p["number"] for p in await twin.get(f"{REPO}/commits/{head}/pulls")] == [2]


async def test_bad_pull_requests_are_refused(twin: Any) -> None:
    """A second one for the same branches, one without commits, unknown branches."""
    await branch(twin, "topic", "a.py")
    await branch(twin, "empty")
    await pull(twin, "topic")
    for head, base, said in (
        ("topic", "main", "A pull request already exists for alice:topic."),
        ("empty", "main", "No commits between main and empty"),
        ("none", "main", "'field': 'head'"),
        ("topic", "none", "'field': 'base'"),
        ("mallory:topic", "main", "'field': 'head'"),
    ):
        body = {"title": "T", "head": head, "base": base}
        answer = await twin.call("POST", PULLS, body, token=twin.token)
        assert answer.status == 422
        assert said in str(answer.body["errors"])
    assert [p["number"] for p in await twin.get(f"{PULLS}?head=alice:topic&state=open")] == [1]
    assert await twin.get(f"{PULLS}?head=alice:other") == []


async def test_mergeability_is_unknown_first(twin: Any) -> None:
    """Null for whoever asks first, known afterwards, unknown again after every move."""
    await branch(twin, "topic", "a.py")
    await pull(twin, "topic")

    async def asked() -> list[Any]:
        body = await twin.get(f"{PULLS}/1")
        return [body["mergeable"], body["mergeable_state"]]

    assert [await asked(), await asked()] == [[None, "unknown"], [True, "clean"]]
    await write(twin, "main", "a.py", "eQ==")
    assert [await asked(), await asked()] == [[None, "unknown"], [False, "dirty"]]
    refused = await twin.call("PUT", f"{PULLS}/1/merge", {})
    assert (refused.status, refused.body["message"]) == (405, "Pull Request is not mergeable")


async def test_a_push_to_the_head_synchronizes(twin: Any) -> None:
    """The head follows the branch, with before and after told; other branches do not matter."""
    old = await branch(twin, "topic", "a.py")
    await branch(twin, "other")
    await pull(twin, "topic")
    await twin.events()
    await write(twin, "other", "x.py")
    assert "pull_request.synchronize" not in await twin.events()
    new = await write(twin, "topic", "b.py")
    [told] = [d for d in await twin.deliveries() if d["action"] == "synchronize"]
    payload = told["request"]["payload"]
    assert (payload["before"], payload["after"]) == (old, new)
    assert payload["pull_request"]["head"]["sha"] == new
    assert payload["pull_request"]["commits"] == 2


async def test_merge_checks_the_head_it_was_told(twin: Any) -> None:
    """Another sha is 409; a right one merges with two parents; a second time is 405."""
    head = await branch(twin, "topic", "a.py")
    base = await write(twin, "main", "m.py")
    await pull(twin, "topic")
    path = f"{PULLS}/1/merge"
    assert (await twin.call("GET", path)).status == 404
    stale = await twin.call("PUT", path, {"sha": "0" * 40})
    assert stale.status == 409
    done = await twin.call("PUT", path, {"sha": head}, token=twin.token)
    assert (done.status, done.body["merged"]) == (200, True)
    commit = await twin.get(f"{REPO}/commits/main")
    assert commit["sha"] == done.body["sha"]
    assert [p["sha"] for p in commit["parents"]] == [base, head]
    assert commit["commit"]["message"] == "Merge pull request #1 from alice/topic\n\nT"
    assert (await twin.call("PUT", path, {})).status == 405
    assert (await twin.call("GET", path)).status == 204
    merged = await twin.get(f"{PULLS}/1")
    assert (merged["merged"], merged["merged_by"]["login"]) == (True, "nightshift[bot]")
    assert (await twin.call("PATCH", f"{PULLS}/1", {"state": "open"})).status == 422


async def test_squash_and_rebase_write_new_commits(twin: Any) -> None:
    """Squash is one commit with one parent; rebase replays each with its author."""
    await branch(twin, "squashed", "a.py", "b.py")
    await branch(twin, "rebased", "c.py", "d.py")
    base = await write(twin, "main", "m.py")
    for number, method in ((1, "squash"), (2, "rebase")):
        await pull(twin, f"{method}d" if method == "rebase" else "squashed")
        answer = await twin.call("PUT", f"{PULLS}/{number}/merge", {"merge_method": method})
        assert answer.status == 200, answer.body
    history = await twin.get(f"{REPO}/commits")
    messages = [c["commit"]["message"] for c in history[:4]]
    assert messages[0:2] == ["Add d.py", "Add c.py"]
    assert messages[2] == "T (#1)\n\n* Add a.py\n\n* Add b.py"
    assert [p["sha"] for p in history[2]["parents"]] == [base]
    assert history[0]["author"]["login"] == "bob"
    tree = await twin.get(f"{REPO}/git/trees/main")
    assert {"a.py", "b.py", "c.py", "d.py", "m.py"} <= {e["path"] for e in tree["tree"]}
    assert (await twin.get(f"{PULLS}/2"))["merge_commit_sha"] == history[0]["sha"]


async def test_a_head_reachable_from_its_base_is_merged(twin: Any) -> None:
    """Fast-forwarding the base is a landing: merged event, then its promised issue closes."""
    await twin.call("POST", f"{REPO}/issues", {"title": "one"})
    await twin.call("POST", f"{REPO}/issues", {"title": "two"})
    head = await branch(twin, "topic", "a.py")
    await pull(twin, "topic", body="Closes #1, relates to #2.")
    await twin.events()
    moved = await twin.call("PATCH", MAIN, {"sha": head}, token=twin.token)
    assert moved.status == 200
    assert await twin.events() == [
        "push",
        "pull_request.closed",
        "issues.closed",
    ]
    landed = await twin.get(f"{PULLS}/3")
    assert (landed["merged"], landed["merge_commit_sha"]) == (True, head)
    states = {i["number"]: i["state"] for i in await twin.get(f"{REPO}/issues?state=all")}
    assert states == {1: "closed", 2: "open", 3: "closed"}
    history = await twin.get(f"{REPO}/issues/3/events")
    assert [line["event"] for line in history] == ["merged", "closed"]


async def test_keywords_only_count_on_the_default_branch(twin: Any) -> None:
    """Neither a commit nor a merge on another branch closes anything."""
    await twin.call("POST", f"{REPO}/issues", {"title": "one"})
    await branch(twin, "release")
    await branch(twin, "topic", "a.py")
    body = {"message": "Fixes #1", "content": "eA==", "branch": "topic"}
    await twin.call("PUT", f"{REPO}/contents/b.py", body)
    await pull(twin, "topic", base="release", body="fixes #1")
    assert (await twin.call("PUT", f"{PULLS}/2/merge", {})).status == 200
    assert (await twin.get(f"{REPO}/issues/1"))["state"] == "open"


async def test_deleting_the_head_closes_and_keeps_the_commits(twin: Any) -> None:
    """Closed, not merged; the head stays readable; it cannot be reopened without its branch."""
    head = await branch(twin, "topic", "a.py")
    await pull(twin, "topic")
    path = f"{REPO}/git/refs/heads/topic"
    assert (await twin.call("DELETE", path, token=twin.token)).status == 204
    closed = await twin.get(f"{PULLS}/1")
    assert (closed["state"], closed["merged"]) == ("closed", False)
    assert (await twin.get(f"{REPO}/commits/{head}"))["sha"] == head
    refused = await twin.call("PATCH", f"{PULLS}/1", {"state": "open"})
    assert "has been deleted" in str(refused.body)


async def test_edits_and_reviews_are_told(twin: Any) -> None:
    """Title, base, labels and reviews; nobody approves a pull request of their own."""
    await branch(twin, "release")
    await branch(twin, "topic", "a.py")
    await pull(twin, "topic")
    await twin.events()
    await twin.call("PATCH", f"{PULLS}/1", {"title": "Better", "base": "release"})
    await twin.call("POST", f"{REPO}/issues/1/labels", {"labels": ["x"]}, token=twin.token)
    path = f"{PULLS}/1/reviews"
    own = await twin.call("POST", path, {"event": "APPROVE"}, token=twin.token)
    assert own.status == 422
    approved = await twin.call("POST", path, {"event": "APPROVE"}, token="bob-token")
    assert (approved.status, approved.body["state"]) == (200, "APPROVED")
    asked = {"reviewers": ["bob"]}
    assert (await twin.call("POST", f"{PULLS}/1/requested_reviewers", asked)).status == 201
    assert (await twin.get(f"{PULLS}/1"))["base"]["ref"] == "release"
    assert await twin.events() == [
        "pull_request.edited",
        "pull_request.edited",
        "label.created",
        "pull_request.labeled",
        "pull_request_review.submitted",
        "pull_request.review_requested",
    ]


async def test_a_remark_stands_on_a_commit_of_the_pull_request(twin: Any) -> None:
    """A commit that is not there, or on the base already, is refused; an older one of it is not."""
    old, base = await branch(twin, "topic", "a.py"), await tip(twin)
    await write(twin, "topic", "b.py")
    await pull(twin, "topic")
    place = {"body": "x", "path": "a.py", "line": 1}
    for commit, status in (("f" * 40, 422), ("zz", 422), (base, 422), (old, 201)):
        body = {**place, "commit_id": commit}
        made = await twin.call("POST", f"{PULLS}/1/comments", body, token="bob-token")
        assert status == made.status, commit
        review = {"commit_id": commit, "event": "COMMENT", "body": "x"}
        made = await twin.call("POST", f"{PULLS}/1/reviews", review, token="bob-token")
        assert (422 if status == 422 else 200) == made.status, commit


async def test_merges_say_what_the_repository_wants(twin: Any) -> None:
    """Title and text of a squash and of a merge commit, as set; the caller's own words win."""
    await branch(twin, "one", "1.py")
    await pull(twin, "one", body="why")
    squash, merge = "squash_merge_commit", "merge_commit"
    titled = {f"{squash}_title": "PR_TITLE"}
    plain = {f"{merge}_title": "PR_TITLE"}
    for number, words, method, said in (
        (1, {}, "squash", "Add 1.py (#1)"),
        (2, titled, "squash", "T (#2)\n\n* Add 2.py"),
        (3, {**titled, f"{squash}_message": "PR_BODY"}, "squash", "T (#3)\n\nwhy"),
        (4, {**titled, f"{squash}_message": "BLANK"}, "squash", "T (#4)"),
        (5, {}, "merge", "Merge pull request #5 from alice/b5\n\nT"),
        (6, plain, "merge", "T (#6)\n\nT"),
        (7, {**plain, f"{merge}_message": "PR_BODY"}, "merge", "T (#7)\n\nwhy"),
        (8, {**plain, f"{merge}_message": "BLANK"}, "merge", "T (#8)"),
    ):
        if number > 1:
            await branch(twin, f"b{number}", f"{number}.py")
            await pull(twin, f"b{number}", body="why")
        changed = await twin.call("PATCH", REPO, words)
        assert [*words.values()] == [changed.body[one] for one in words]
        await twin.call("PUT", f"{PULLS}/{number}/merge", {"merge_method": method})
        last = (await twin.get(f"{REPO}/commits/main"))["commit"]["message"]
        assert said == last
    for bad in ({f"{squash}_title": "ODD"}, {f"{squash}_message": "BLANK"}):
        assert 422 == (await twin.call("PATCH", REPO, bad)).status
    made = await twin.call("POST", "/user/repos", {"name": "other", **titled})
    assert "PR_TITLE" == made.body[f"{squash}_title"]


async def happened(twin: Any, number: int) -> list[str]:
    """Return the words of a pull request's history."""
    return [line["event"] for line in await twin.get(f"{REPO}/issues/{number}/events")]


async def test_what_stands_on_a_merged_branch_goes_on_to_its_base(twin: Any) -> None:
    """Once the branch is deleted: told as an edit, still open; an unmerged base closes instead."""
    await branch(twin, "lower", "a.py")
    await pull(twin, "lower")
    body = {"ref": "refs/heads/upper", "sha": await tip(twin, "lower")}
    await twin.call("POST", f"{REPO}/git/refs", body)
    await write(twin, "upper", "b.py")
    await pull(twin, "upper", base="lower")
    await twin.call("POST", f"{REPO}/git/refs", {**body, "ref": "refs/heads/top"})
    await write(twin, "top", "c.py")
    await pull(twin, "top", base="upper")
    await twin.call("PATCH", REPO, {"delete_branch_on_merge": True})
    assert 200 == (await twin.call("PUT", f"{PULLS}/1/merge", {})).status
    edits = [one for one in await twin.deliveries() if one["action"] == "edited"]
    moved = await twin.get(f"{PULLS}/2")
    assert ("open", "main", 1) == (moved["state"], moved["base"]["ref"], moved["commits"])
    [payload] = [one["request"]["payload"] for one in edits]
    assert (2, "lower") == (payload["number"], payload["changes"]["base"]["ref"]["from"])
    assert ["merged", "closed", "head_ref_deleted"] == await happened(twin, 1)
    assert ["automatic_base_change_succeeded"] == await happened(twin, 2)
    await twin.call("DELETE", f"{REPO}/git/refs/heads/upper")
    assert ["closed", "head_ref_deleted"] == (await happened(twin, 2))[1:]
    assert ["base_ref_deleted", "closed"] == await happened(twin, 3)


async def test_a_forced_push_and_a_restored_branch_are_history(twin: Any) -> None:
    """A push forward leaves no line; a forced one names the new head."""
    head = await branch(twin, "topic", "a.py")
    await pull(twin, "topic")
    path = f"{REPO}/git/refs/heads/topic"
    await write(twin, "topic", "b.py")
    assert [] == await happened(twin, 1)
    assert 200 == (await twin.call("PATCH", path, {"sha": head, "force": True})).status
    timeline = await twin.get(f"{REPO}/issues/1/timeline")
    [line] = [one for one in timeline if one["event"] == "head_ref_force_pushed"]
    assert head == line["commit_id"]
    await twin.call("DELETE", path)
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/topic", "sha": head})
    assert ["closed", "head_ref_deleted", "head_ref_restored"] == (await happened(twin, 1))[1:]


async def test_an_issue_becomes_a_pull_request(twin: Any) -> None:
    """With its number, author, words, labels and comments; what is no open issue is refused."""
    filed = {"title": "Broken", "body": "text", "labels": ["bug"]}
    await twin.call("POST", f"{REPO}/issues", filed)
    await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "me too"})
    head = await branch(twin, "topic", "a.py")
    await branch(twin, "other", "b.py")
    await twin.events()
    body = {"issue": 1, "head": "topic", "base": "main"}
    made = await twin.call("POST", PULLS, body, token="bob-token")
    assert (201, 1, head) == (made.status, made.body["number"], made.body["head"]["sha"])
    assert ("Broken", "text", "alice") == (
        made.body["title"],
        made.body["body"],
        made.body["user"]["login"],
    )
    assert ["bug"] == [label["name"] for label in made.body["labels"]]
    assert ["me too"] == [one["body"] for one in await twin.get(f"{REPO}/issues/1/comments")]
    assert "pull_request" in await twin.get(f"{REPO}/issues/1")
    assert ["pull_request.opened"] == await twin.events()
    for number in (1, 99):
        again = {"issue": number, "head": "other", "base": "main"}
        assert 422 == (await twin.call("POST", PULLS, again, token="bob-token")).status
