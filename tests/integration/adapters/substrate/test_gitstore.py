"""The store: what goes in comes out, and nothing else gets in."""

import asyncio
import io
import os
import tarfile
from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from bot.domain.change import FileStatus
from bot.errors import Conflict, Gone, Rejected, Tampered, Unavailable, UsageError
from bot.policy.paths import first_unreadable
from tests.person import Clone


def files_of(tar: bytes) -> dict[str, bytes]:
    """Read the regular files of a tar."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {
            member.name: content.read()
            for member in archive
            if member.isfile() and (content := archive.extractfile(member)) is not None
        }


async def test_a_fetched_commit_is_read_back_whole(clone: Clone, store: GitStore) -> None:
    """Tree, parents, message, listing and file contents are those of the person's commit."""
    first = clone.commit({"a.py": b"one\n"})
    second = clone.commit({"b/c.sh": b"#!/bin/sh\n"}, "topic: why\n\nBecause.\n")
    assert await store.fetch(clone.url, "main") == second
    assert await store.tree(second) == clone.git("rev-parse", "HEAD^{tree}")
    assert await store.parents(second) == (first,)
    assert await store.message(second) == "topic: why\n\nBecause.\n"
    assert [(e.path, e.mode, e.size) for e in await store.ls(second)] == [
        ("a.py", "100644", 4),
        ("b/c.sh", "100644", 10),
    ]
    assert await store.read(second, "a.py") == b"one\n"
    assert await store.read(second, "b") is None
    assert await store.read(second, "absent") is None
    for path in ("../x", "/a.py", "", "b//c.sh"):
        with pytest.raises(UsageError):
            await store.read(second, path)
    assert await store.is_ancestor(first, second)
    assert not await store.is_ancestor(second, first)


async def test_a_name_that_is_no_text_is_listed_and_told(clone: Clone, store: GitStore) -> None:
    """Git keeps any bytes as a name; whoever lists them can see which ones jj could not keep."""
    commit = clone.commit({"caf\udce9.txt": b"x", "caf\u00e9.txt": b"y"})
    await store.fetch(clone.url, "main")
    odd = first_unreadable(entry.path for entry in await store.ls(commit))

    assert odd == "caf\udce9.txt"
    assert first_unreadable(["a.py", "caf\u00e9.txt"]) == ""


async def test_many_fetch_a_moving_branch_at_once(clone: Clone, store: GitStore) -> None:
    """Runs begin while main moves: none of them is refused for the others' sake."""
    clone.commit({"a.py": b"one\n"})
    await store.fetch(clone.url, "main")
    for number in range(3):
        tip = clone.commit({"a.py": b"%d\n" % number})
        seen = await asyncio.gather(*[store.fetch(clone.url, "main") for _ in range(8)])
        assert {tip} == set(seen)


async def test_the_locks_of_a_killed_git_are_removed(clone: Clone, tmp_path: Path) -> None:
    """Whoever was killed with a lock in hand does not stop the next life."""
    tip = clone.commit({"a.py": b"one\n"})
    first = await GitStore.open(tmp_path / "store")
    await first.fetch(clone.url, "main")
    locks = ("config.lock", "packed-refs.lock", "refs/nightshift/remote/main.lock")
    for name in locks:
        (first.directory / name).touch()
    second = await GitStore.open(tmp_path / "store")
    assert await second.fetch(clone.url, "main") == tip
    async with second.lent(tip):
        pass
    assert not [name for name in locks if (first.directory / name).exists()]


async def test_what_is_not_here_is_said(store: GitStore) -> None:
    """An unknown commit is Gone, a malformed one is never handed to git."""
    assert not await store.has("0" * 40)
    with pytest.raises(Gone):
        await store.archive("0" * 40)
    for odd in ("HEAD", "--all", "a" * 39, "a" * 40 + "\n"):
        with pytest.raises(UsageError):
            await store.has(odd)


async def test_an_archive_hides_and_rewrites_nothing(clone: Clone, store: GitStore) -> None:
    """Attributes of the tree cannot drop a test from an archive or change a byte of it."""
    clone.commit(
        {
            ".gitattributes": b"[attr]hide export-ignore\ntests export-ignore\ntests/** hide\n"
            b"sub hide\n*.txt eol=crlf text"
            b" ident\nv export-subst\n*.txt filter=evil\n",
            "sub/.gitattributes": b"* export-ignore\n",
            "sub/deep.py": b"deep\n",
            "tests/test_a.py": b"assert True\n",
            "crlf.txt": b"one\ntwo\n$Id$\n",
            "v": b"$Format:%H$\n",
        }
    )
    (clone.work / "link").symlink_to("/etc/passwd")
    (clone.work / "tool").write_bytes(b"x")
    (clone.work / "tool").chmod(0o755)
    commit = clone.commit({})
    await store.fetch(clone.url, "main")
    tar = await store.archive(commit)
    content = files_of(tar)
    assert content["tests/test_a.py"] == b"assert True\n"
    assert content["sub/deep.py"] == b"deep\n"
    assert content["crlf.txt"] == b"one\ntwo\n$Id$\n"
    assert content["v"] == b"$Format:%H$\n"
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        assert archive.getmember("link").linkname == "/etc/passwd"
        assert archive.getmember("tool").mode == 0o755
        assert archive.getmember("v").mode == 0o644
    assert set(content) | {"link"} == {e.path for e in await store.ls(commit)}


async def test_a_diff_shows_every_path(clone: Clone, store: GitStore) -> None:
    """A rename is two paths, a hidden 'binary' is text, and odd names stay themselves."""
    base = clone.commit(
        {"old.py": b"same\n" * 20, "gone": b"x\n", "mode": b"m\n", "secret.py": b"1\n"}
    )
    (clone.work / "mode").chmod(0o755)
    (clone.work / "link").symlink_to("../outside")
    clone.git("mv", "old.py", "new.py")
    odd = 'tab\there "quoted"\nnewline -> x'
    commit = clone.commit(
        {
            "gone": None,
            odd: b"odd\n",
            "bin": b"\0\1\2",
            ".gitattributes": b"*.py -diff\n",
            "secret.py": b"2\n",
            "latin": b"caf\xe9\n",
            "large": b"y" * (1 << 20) + b"\n",
        }
    )
    await store.fetch(clone.url, "main")
    diff = await store.diff(base, commit)
    seen = {file.path: file for file in diff.files}
    assert seen["old.py"].status is FileStatus.DELETED
    assert seen["new.py"].status is FileStatus.ADDED
    assert (seen["new.py"].added, seen["old.py"].removed) == (20, 20)
    assert (seen["secret.py"].old, seen["secret.py"].new) == ("1\n", "2\n")
    assert not seen["secret.py"].binary
    assert seen[odd].new == "odd\n"
    assert seen["bin"].binary
    assert seen["bin"].new is None
    assert (seen["mode"].old_mode, seen["mode"].new_mode) == ("100644", "100755")
    assert seen["mode"].status is FileStatus.MODIFIED
    assert (seen["link"].new_mode, seen["link"].new) == ("120000", "../outside")
    assert (seen["gone"].old, seen["gone"].new, seen["gone"].new_mode) == ("x\n", None, "")
    assert seen["large"].new is None
    assert not seen["large"].binary
    assert seen["latin"].new == "caf\ufffd\n"
    assert "+2" in diff.text
    assert diff.lines == sum(file.added + file.removed for file in diff.files) > 0


async def test_an_equal_tree_has_no_diff(clone: Clone, store: GitStore) -> None:
    """No difference is an empty diff."""
    first = clone.commit({"a": b"1\n"})
    second = clone.commit({})
    await store.fetch(clone.url, "main")
    diff = await store.diff(first, second)
    assert (diff.files, diff.text) == ((), "")


async def test_a_bundle_carries_a_commit_across(
    clone: Clone, store: GitStore, tmp_path: Path
) -> None:
    """A second store takes in exactly what it lacked, twice without harm."""
    base = clone.commit({"a": b"1\n"})
    tip = clone.commit({"a": b"2\n"})
    await store.fetch(clone.url, "main")
    other = await GitStore.open(tmp_path / "other")
    await other.import_bundle(await store.bundle(base), wants=base)
    assert not await other.has(tip)
    thin = await store.bundle(tip, exclude=[base])
    await other.import_bundle(thin, wants=tip)
    await other.import_bundle(thin, wants=tip)
    assert await other.read(tip, "a") == b"2\n"
    with pytest.raises(UsageError):
        await store.bundle(base, exclude=[base])


async def test_a_bundle_that_lies_is_refused(clone: Clone, store: GitStore, tmp_path: Path) -> None:
    """Another commit, a missing base, a flipped byte, a cut pack, garbage: nothing gets in."""
    base = clone.commit({"a": b"1\n"})
    tip = clone.commit({"a": b"2\n"})
    await store.fetch(clone.url, "main")
    other = await GitStore.open(tmp_path / "other")
    whole = await store.bundle(tip)
    with pytest.raises(Tampered):
        await other.import_bundle(whole, wants=base)
    with pytest.raises(Rejected, match="builds on"):
        await other.import_bundle(await store.bundle(tip, exclude=[base]), wants=tip)
    header, pack = whole.split(b"\n\n", 1)
    flipped = bytearray(pack)
    flipped[len(pack) // 2] ^= 0xFF
    for bad in (pack[:-30], b"", bytes(flipped)):
        with pytest.raises(Rejected):
            await other.import_bundle(header + b"\n\n" + bad, wants=tip)
    for bad in (b"", b"not a bundle", b"# v2 git bundle\n--upload-pack\n\n" + pack):
        with pytest.raises(Rejected):
            await other.import_bundle(bad, wants=tip)
    assert not await other.has(tip)
    assert not await other.has(base)


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".."])
async def test_a_poisoned_tree_never_gets_in(clone: Clone, store: GitStore, name: str) -> None:
    """A tree that would write into a .git when checked out is refused on every way in."""
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"[core]\n")
    raw = b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob)
    tree = clone.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
    bad = clone.git("commit-tree", "-m", "bad", tree)
    clone.git("push", "-q", "-f", "origin", f"{bad}:refs/heads/main")
    with pytest.raises(Rejected):
        await store.fetch(clone.url, "main")
    clone.git("update-ref", "refs/heads/bad", bad)
    clone.git("bundle", "create", "-q", "--version=2", "../bad.bundle", "refs/heads/bad")
    data = (clone.work / "../bad.bundle").read_bytes()
    with pytest.raises(Rejected):
        await store.import_bundle(data, wants=bad)
    assert not await store.has(bad)


async def test_a_push_needs_the_branch_as_it_was_read(clone: Clone, store: GitStore) -> None:
    """Create, repeat, move and lose a race: only a moved branch is a conflict."""
    base = clone.commit({"a": b"1\n"})
    one = clone.commit({"a": b"2\n"})
    two = clone.commit({"a": b"3\n"})
    await store.fetch(clone.url, "main")
    branch = "nightshift/issue-7"
    await store.push(clone.url, branch, one, expect=None)
    await store.push(clone.url, branch, one, expect=None)
    assert await store.ls_remote(clone.url, branch) == one
    with pytest.raises(Conflict):
        await store.push(clone.url, branch, two, expect=None)
    with pytest.raises(Conflict):
        await store.push(clone.url, branch, two, expect=base)
    await store.push(clone.url, branch, two, expect=one)
    assert await store.ls_remote(clone.url, branch) == two
    assert await store.ls_remote(clone.url, "absent") is None


async def test_a_landing_only_goes_forward(clone: Clone, store: GitStore) -> None:
    """A lease alone would let main lose commits; `forward` refuses that."""
    base = clone.commit({"a": b"1\n"})
    tip = clone.commit({"a": b"2\n"})
    await store.fetch(clone.url, "main")
    with pytest.raises(Conflict):
        await store.push(clone.url, "main", base, expect=tip, forward=True)
    assert await store.ls_remote(clone.url, "main") == tip


async def test_conflicts_and_nameless_commits_are_never_pushed(
    clone: Clone, store: GitStore
) -> None:
    """Plain git would publish both; the store does not."""
    conflicted = clone.commit({".jjconflict-base-0/a": b"1\n", "JJ-CONFLICT-README": b"x"})
    clone.git("rm", "-q", "-r", ".jjconflict-base-0")
    clone.git("commit", "-q", "--allow-empty-message", "-m", "")
    nameless = clone.commit({}, "fine\n") and clone.git("rev-parse", "HEAD^")
    await store.fetch(clone.url, "main")
    with pytest.raises(Rejected, match="conflicts"):
        await store.push(clone.url, "x", conflicted, expect=None)
    with pytest.raises(Rejected, match="message"):
        await store.push(clone.url, "x", nameless, expect=None)
    assert await store.ls_remote(clone.url, "x") is None


async def test_remote_problems_have_names(clone: Clone, store: GitStore, tmp_path: Path) -> None:
    """No branch, no repository, nobody listening, a refusing hook: each its own error."""
    base = clone.commit({"a": b"1\n"})
    await store.fetch(clone.url, "main")
    with pytest.raises(Gone):
        await store.fetch(clone.url, "absent")
    with pytest.raises(Gone):
        await store.fetch((tmp_path / "nowhere").as_uri(), "main")
    with pytest.raises(Unavailable):
        await store.fetch("http://127.0.0.1:9/x.git", "main", token="t")
    hook = clone.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Rejected):
        await store.push(clone.url, "x", base, expect=None)


async def test_names_that_git_could_misread_stay_out(store: GitStore) -> None:
    """Options, transports that run commands, ref tricks: refused before git starts."""
    for url in ("ext::sh -c id", "--upload-pack=id", "ssh://x/y", "git@host:x", "file://x/y"):
        with pytest.raises(UsageError):
            await store.ls_remote(url, "main")
    for branch in ("-x", "a..b", "+a", "a b", "a/.b", "x.lock", "", "/a", "a/", "a:b", "a~1"):
        with pytest.raises(UsageError):
            await store.ls_remote("file:///x", branch)


async def test_hooks_of_the_store_never_run(clone: Clone, store: GitStore, tmp_path: Path) -> None:
    """Even a planted hook in our own store stays dead."""
    base = clone.commit({"a": b"1\n"})
    hooks = store.directory / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-push", "reference-transaction", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    await store.fetch(clone.url, "main")
    await store.push(clone.url, "x", base, expect=None)
    assert not (tmp_path / "ran").exists()


async def test_a_token_is_nowhere_on_disk(clone: Clone, store: GitStore) -> None:
    """After a failed authenticated call the store holds no trace of the token."""
    clone.commit({"a": b"1\n"})
    with pytest.raises(Unavailable):
        await store.fetch("http://127.0.0.1:9/x.git", "main", token="canary-4711")
    for folder, _, names in os.walk(store.directory):
        for name in names:
            assert b"canary-4711" not in (Path(folder) / name).read_bytes()
