"""Objects, refs, files and history over REST: the very ones that git serves."""

import base64
from typing import Any

from tests.person import git

REPO = "/repos/alice/parcel"
GIT = f"{REPO}/git"


def plumbing(twin: Any, *argv: str) -> str:
    """Ask the bare repository itself."""
    return git(twin.state / "repos" / "alice" / "parcel.git", *argv)


async def test_objects_written_over_rest_are_real(twin: Any) -> None:
    """Blob, tree, commit and ref have the ids git computes, and read back the same."""
    data = bytes(range(256))
    blob = await twin.call(
        "POST",
        f"{GIT}/blobs",
        {"content": base64.b64encode(data).decode(), "encoding": "base64"},
        token=twin.token,
    )
    assert plumbing(twin, "cat-file", "-s", blob.body["sha"]) == "256"
    read = await twin.get(f"{GIT}/blobs/{blob.body['sha']}")
    assert base64.b64decode(read["content"]) == data
    base = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    entries = [
        {"path": "deep/x.bin", "mode": "100644", "type": "blob", "sha": blob.body["sha"]},
        {"path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = await twin.call("POST", f"{GIT}/trees", {"base_tree": base, "tree": entries})
    assert tree.status == 201, tree.body
    listed = plumbing(twin, "ls-tree", "-r", "--name-only", tree.body["sha"])
    assert listed.split() == ["deep/x.bin", "run.sh", "src/parcel.py"]
    person = {"name": "N", "email": "n@example.org", "date": "2020-01-02T03:04:05Z"}
    body = {"message": "m", "tree": tree.body["sha"], "parents": [base], "author": person}
    commit = await twin.call("POST", f"{GIT}/commits", body, token=twin.token)
    sha = commit.body["sha"]
    assert plumbing(twin, "log", "-1", "--format=%an %at %P", sha) == f"N 1577934245 {base}"
    assert await twin.get(f"{GIT}/commits/{sha}") == commit.body
    ref = {"ref": "refs/heads/nightshift/issue-1", "sha": sha}
    assert (await twin.call("POST", f"{GIT}/refs", ref, token=twin.token)).status == 201
    assert plumbing(twin, "rev-parse", "nightshift/issue-1") == sha
    assert await twin.events() == ["push", "create", "check_suite.requested"]
    for path in ("nightshift/issue-1", "nightshift%2Fissue-1"):
        assert (await twin.get(f"{REPO}/branches/{path}"))["commit"]["sha"] == sha
        assert (await twin.get(f"{GIT}/ref/heads/{path}"))["object"]["sha"] == sha
    recursive = await twin.get(f"{GIT}/trees/{sha}?recursive=1")
    assert {"deep", "deep/x.bin", "run.sh"} <= {e["path"] for e in recursive["tree"]}


async def test_refs_move_forward_and_backward_only_by_force(twin: Any) -> None:
    """Not a fast-forward is 422; force is told as such; the default branch cannot go."""
    path = f"{GIT}/refs/heads/main"
    new = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    old = (await twin.get(f"{REPO}/commits/{new}"))["parents"][0]["sha"]
    back = await twin.call("PATCH", path, {"sha": old})
    assert (back.status, back.body["message"]) == (422, "Update is not a fast forward")
    assert (await twin.call("PATCH", path, {"sha": old, "force": True})).status == 200
    push, _suite = await twin.deliveries()
    payload = push["request"]["payload"]
    assert (payload["before"], payload["after"], payload["forced"]) == (new, old, True)
    assert (await twin.call("PATCH", path, {"sha": old})).status == 200
    assert await twin.events() == []
    assert (await twin.call("DELETE", path)).status == 422
    assert (await twin.call("PATCH", path, {"sha": "f" * 40})).status == 422


async def test_bad_refs_and_objects_are_refused(twin: Any) -> None:
    """Names git would not take, objects that are not there, paths that leave the tree."""
    sha = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    blob = (await twin.get(f"{GIT}/trees/{sha}"))["tree"][0]["sha"]
    for ref, target in (
        ("refs/heads/a b", sha),
        ("refs/heads/x\nupdate refs/heads/main", sha),
        ("refs/pull/1/head", sha),
        ("heads/x", sha),
        ("refs/heads/main", sha),
        ("refs/heads/x", "f" * 40),
        ("refs/heads/x", "--help"),
        ("refs/heads/x", blob),
    ):
        answer = await twin.call("POST", f"{GIT}/refs", {"ref": ref, "sha": target})
        assert answer.status == 422, ref
    for entry in (
        {"path": "../x", "content": ""},
        {"path": ".git/config", "content": ""},
        {"path": "/etc/x", "content": ""},
        {"path": "x", "mode": "777", "content": ""},
        {"path": "x", "sha": "zz"},
        {"path": "x", "sha": "f" * 40},
    ):
        answer = await twin.call("POST", f"{GIT}/trees", {"tree": [entry]})
        assert answer.status == 422, entry
    assert (await twin.call("GET", f"{GIT}/blobs/--batch")).status == 404
    assert (await twin.call("GET", f"{GIT}/ref/heads/none")).status == 404
    assert plumbing(twin, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


async def test_files_are_written_with_the_sha_of_what_they_replace(twin: Any) -> None:
    """Create, replace, delete; a missing sha is 422, a stale one 409; raw bytes come back."""
    path = f"{REPO}/contents/docs/a%20b.md"
    body = {"message": "m", "content": base64.b64encode(b"one\n").decode()}
    made = await twin.call("PUT", path, body, token=twin.token)
    assert (made.status, made.body["content"]["path"]) == (201, "docs/a b.md")
    assert (await twin.call("PUT", path, body)).status == 422
    assert (await twin.call("PUT", path, {**body, "sha": "0" * 40})).status == 409
    sha = made.body["content"]["sha"]
    second = {**body, "content": base64.b64encode(b"two\n").decode(), "sha": sha}
    assert (await twin.call("PUT", path, second)).status == 200
    raw = {"Accept": "application/vnd.github.raw"}
    assert (await twin.call("GET", path, headers=raw)).body == b"two\n"
    [entry] = await twin.get(f"{REPO}/contents/docs")
    assert (entry["type"], entry["size"]) == ("file", 4)
    gone = await twin.call("DELETE", path, {"message": "d", "sha": entry["sha"]})
    assert (gone.status, gone.body["content"]) == (200, None)
    assert (await twin.call("GET", path)).status == 404
    assert [c["commit"]["message"] for c in await twin.get(f"{REPO}/commits?path=docs")] == [
        "d",
        "m",
        "m",
    ]


async def test_comparisons_start_at_the_merge_base(twin: Any) -> None:
    """Ahead, behind, diverged and identical, with the files of one side only."""
    main = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{GIT}/refs", {"ref": "refs/heads/t", "sha": main})
    for branch, file in (("t", "t.py"), ("main", "m.py")):
        body = {"message": file, "content": "eA==", "branch": branch}
        await twin.call("PUT", f"{REPO}/contents/{file}", body)
    compared = await twin.get(f"{REPO}/compare/main...alice:t")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    assert [f["filename"] for f in compared["files"]] == ["t.py"]
    assert compared["merge_base_commit"]["sha"] == main
    assert (await twin.get(f"{REPO}/compare/main...main"))["status"] == "identical"
    assert (await twin.get(f"{REPO}/compare/{main}...main"))["status"] == "ahead"
    assert (await twin.call("GET", f"{REPO}/compare/main...none")).status == 404
    patch = {"Accept": "application/vnd.github.patch"}
    text = (await twin.call("GET", f"{REPO}/compare/main...t", headers=patch)).body
    assert b"Subject: [PATCH] t.py" in text


async def test_renames_binaries_and_odd_names_are_read_right(twin: Any) -> None:
    """What a change did to each file, however it is called."""
    tree = [
        {"path": "src/parcel.py", "sha": None},
        {"path": "src/quote\tü.py", "content": "def quote():\n    return 1\n"},
        {"path": "bin", "content": "\x00\x01"},
    ]
    sha = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    made = await twin.call("POST", f"{GIT}/trees", {"base_tree": sha, "tree": tree})
    body = {"message": "m", "tree": made.body["sha"], "parents": [sha]}
    commit = (await twin.call("POST", f"{GIT}/commits", body)).body["sha"]
    files = {f["filename"]: f for f in (await twin.get(f"{REPO}/commits/{commit}"))["files"]}
    assert files["src/quote\tü.py"]["previous_filename"] == "src/parcel.py"
    assert files["src/quote\tü.py"]["status"] == "renamed"
    assert (files["bin"]["status"], files["bin"]["additions"], "patch" in files["bin"]) == (
        "added",
        0,
        False,
    )


async def test_a_folder_may_be_asked_for_as_an_object(twin: Any) -> None:
    """With its entries below it; rendered pages are not modelled, and say so."""
    asked = {"Accept": "application/vnd.github.object+json"}
    for path in ("contents/src", "contents/"):
        listed = await twin.get(f"{REPO}/{path}")
        seen = await twin.get(f"{REPO}/{path}", headers=asked)
        assert ("dir", listed) == (seen["type"], seen["entries"])
    asked = {"Accept": "application/vnd.github.html+json"}
    assert 501 == (await twin.call("GET", f"{REPO}/contents/README.md", headers=asked)).status


async def test_a_committer_alone_is_the_author_too(twin: Any) -> None:
    """Of a file that is written or removed; an author who is named stays the author."""
    path, carol = f"{REPO}/contents/new.txt", {"name": "Carol", "email": "carol@example.org"}
    dave = {"name": "Dave", "email": "dave@example.org"}
    made = await twin.call("PUT", path, {"message": "m", "content": "eA==", "committer": carol})
    body = {"message": "m", "sha": made.body["content"]["sha"], "committer": carol}
    gone = await twin.call("DELETE", path, {**body, "author": dave})
    names = [
        (one.body["commit"]["author"]["name"], one.body["commit"]["committer"]["name"])
        for one in (made, gone)
    ]
    assert [("Carol", "Carol"), ("Dave", "Carol")] == names


async def test_the_commits_of_a_comparison_come_in_pages(twin: Any) -> None:
    """In order of time, the files on the first page alone; the totals are those of all."""
    main = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{GIT}/refs", {"ref": "refs/heads/t", "sha": main})
    for name in ("a", "b", "c"):
        body = {"message": name, "content": "eA==", "branch": "t"}
        await twin.call("PUT", f"{REPO}/contents/{name}", body)
    seen = []
    for page in (1, 2):
        answer = await twin.call("GET", f"{REPO}/compare/main...t?per_page=2&page={page}")
        commits = [one["commit"]["message"] for one in answer.body["commits"]]
        files = [one["filename"] for one in answer.body["files"]]
        seen.append((commits, files, answer.body["total_commits"]))
    assert [(["a", "b"], ["a", "b", "c"], 3), (["c"], [], 3)] == seen
    assert 'rel="first"' in answer.headers["link"]


async def test_the_head_of_a_pull_request_is_a_ref_to_read(twin: Any) -> None:
    """It is found by name and in lists, and nobody may move or remove it, not even the owner."""
    main = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{GIT}/refs", {"ref": "refs/heads/t", "sha": main})
    body = {"message": "m", "content": "eA==", "branch": "t"}
    head = (await twin.call("PUT", f"{REPO}/contents/a", body)).body["commit"]["sha"]
    opened = {"title": "T", "head": "t", "base": "main"}
    assert 201 == (await twin.call("POST", f"{REPO}/pulls", opened)).status
    name = "pull/1/head"
    found = await twin.get(f"{GIT}/ref/{name}")
    assert (f"refs/{name}", head) == (found["ref"], found["object"]["sha"])
    for path in ("matching-refs/pull/1", "matching-refs/pull"):
        assert [found] == await twin.get(f"{GIT}/{path}")
    assert found in await twin.get(f"{GIT}/matching-refs/")
    for method, body in (("PATCH", {"sha": main, "force": True}), ("DELETE", {})):
        assert 422 == (await twin.call(method, f"{GIT}/refs/{name}", body)).status
    assert found == await twin.get(f"{GIT}/ref/{name}")


async def test_an_empty_repository_has_no_git_data(twin: Any) -> None:
    """Refs, objects and history answer 409 until a first file is there."""
    vault, sha = "/repos/alice/vault", "f" * 40
    for path in (
        "git/ref/heads/main",
        "git/matching-refs/heads",
        "git/refs",
        f"git/trees/{sha}",
        f"git/commits/{sha}",
        "commits",
    ):
        answer = await twin.call("GET", f"{vault}/{path}")
        assert (409, "Git Repository is empty.") == (answer.status, answer.body["message"]), path
    ref = {"ref": "refs/heads/main", "sha": sha}
    for path, body in (("refs", ref), ("trees", {"tree": []}), ("blobs", {"content": "x"})):
        assert 409 == (await twin.call("POST", f"{vault}/git/{path}", body)).status, path
    body = {"message": "m", "content": "eA=="}
    assert 201 == (await twin.call("PUT", f"{vault}/contents/a", body)).status
    assert 200 == (await twin.call("GET", f"{vault}/git/ref/heads/main")).status


async def test_only_what_is_there_can_leave_a_tree(twin: Any) -> None:
    """A path that does not exist is 422; a folder goes with all it holds."""
    base = (await twin.get(f"{GIT}/ref/heads/main"))["object"]["sha"]

    async def without(path: str, **more: str) -> Any:
        entry = {"path": path, "mode": "100644", "type": "blob", "sha": None}
        return await twin.call("POST", f"{GIT}/trees", {"tree": [entry], **more})

    for path in ("none.txt", "src/none.py", "READ"):
        assert 422 == (await without(path, base_tree=base)).status
    assert 422 == (await without("README.md")).status
    left = await without("src", base_tree=base)
    assert ["README.md"] == [one["path"] for one in left.body["tree"]]


async def test_content_is_base64_or_refused(twin: Any) -> None:
    """Other letters, a missing end, or nothing at all; line breaks are fine."""
    for content in ("not base64!", "eA=", "ü"):
        answer = await twin.call("PUT", f"{REPO}/contents/x", {"message": "m", "content": content})
        assert (422, "content is not valid Base64") == (answer.status, answer.body["message"])
        blob = {"content": content, "encoding": "base64"}
        assert 422 == (await twin.call("POST", f"{GIT}/blobs", blob)).status
    assert 422 == (await twin.call("PUT", f"{REPO}/contents/x", {"message": "m"})).status
    made = await twin.call("PUT", f"{REPO}/contents/x", {"message": "m", "content": "eHh4\neA==\n"})
    assert (201, 4) == (made.status, made.body["content"]["size"])
