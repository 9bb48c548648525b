"""Workspaces and changes with the real jj."""

from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from bot.adapters.substrate.substrate import Substrate, Workspace
from bot.adapters.substrate.tree import Refused
from bot.errors import Gone, Rejected, Tampered, ToolMissing, UsageError
from tests.person import Clone
from tests.tars import tar_of

BOT = "nightshift[bot] <nightshift[bot]@users.noreply.github.com>"


async def start(substrate: Substrate, clone: Clone, name: str = "issue-1") -> Workspace:
    """Open a workspace on the remote's main."""
    base = await substrate.git.fetch(clone.url, "main")
    return await substrate.create(name, base, "a title")


async def test_a_change_goes_from_tar_to_pull_request(
    clone: Clone, substrate: Substrate, tmp_path: Path
) -> None:
    """The commit of a workspace is the App's, has a change id, and reaches a person by git."""
    base = clone.commit({"a.py": b"1\n", "gone": b"x"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n", "new/b.py": b"3\n", "link": "a.py"}))
    recorded = await substrate.snapshot(ws)
    described = await substrate.describe(ws, "fix: the a\n\nCloses #1\n")
    assert recorded.change_id == described.change_id
    assert recorded.tree == described.tree
    assert described.parents == (base,)
    assert described.description == "fix: the a\n\nCloses #1\n"
    assert not described.empty
    assert not described.conflict
    server = await GitStore.open(tmp_path / "server")
    await server.fetch(clone.url, "main")
    bundle = await substrate.git.bundle(described.commit, exclude=[base])
    await server.import_bundle(bundle, wants=described.commit)
    await server.push(clone.url, "nightshift/issue-1", described.commit, expect=None)
    clone.git("fetch", "-q", "origin", "nightshift/issue-1")
    clone.git("-c", "fetch.fsckObjects=true", "fsck", "--strict")
    raw = clone.git("cat-file", "commit", "FETCH_HEAD")
    assert f"change-id {described.change_id}" in raw
    assert f"author {BOT}" in raw
    assert f"committer {BOT}" in raw
    names = clone.git("ls-tree", "-r", "--name-only", "FETCH_HEAD").split("\n")
    assert names == ["a.py", "link", "new/b.py"]


async def test_snapshots_are_one_change_and_nothing_new_is_no_operation(
    clone: Clone, substrate: Substrate
) -> None:
    """Every batch moves the same change; a batch without an edit leaves no trace."""
    clone.commit({"a.py": b"1\n"})
    ws = await start(substrate, clone)
    seen = []
    for content in (b"2\n", b"3\n", b"3\n"):
        await substrate.replace(ws, tar_of({"a.py": content}))
        seen.append(await substrate.snapshot(ws))
    assert len({change.change_id for change in seen}) == 1
    assert seen[0].commit != seen[1].commit == seen[2].commit
    assert await substrate.change(ws) == seen[2]
    assert await substrate.change(seen[0].commit) != seen[2]
    before = len(await substrate.operations(100))
    await substrate.snapshot(ws)
    assert len(await substrate.operations(100)) == before
    assert (await substrate.operations(1))[0].user == "bot/issue-1"


async def test_a_rollback_brings_every_file_back(clone: Clone, substrate: Substrate) -> None:
    """Edited, new and deleted files are as they were recorded; the change stays the same."""
    clone.commit({"a.py": b"1\n", "b.py": b"1\n"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n", "b.py": b"1\n"}))
    good = await substrate.snapshot(ws)
    await substrate.replace(ws, tar_of({"a.py": b"9\n", "c.py": b"9\n", "d": "/etc/passwd"}))
    back = await substrate.rollback(ws, good.commit)
    assert (back.tree, back.change_id) == (good.tree, good.change_id)
    names = sorted(path.name for path in ws.path.iterdir())
    assert names == [".jj", "a.py", "b.py"]
    assert (ws.path / "a.py").read_bytes() == b"2\n"


async def test_a_rebase_is_computed_and_not_published(clone: Clone, substrate: Substrate) -> None:
    """Clean or conflicted, again and again, and no operation of it is seen by anybody."""
    clone.commit({"a.py": b"1\n", "b.py": b"1\n"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n", "b.py": b"1\n"}))
    await substrate.snapshot(ws)
    mine = await substrate.describe(ws, "mine")
    clone.commit({"b.py": b"7\n"})
    clean = await substrate.git.fetch(clone.url, "main")
    clone.commit({"a.py": b"8\n"})
    clash = await substrate.git.fetch(clone.url, "main")
    for _ in range(2):
        moved = await substrate.rebase(mine.commit, clean)
        assert (moved.parents, moved.conflict, moved.change_id) == (
            (clean,), False, mine.change_id,
        )  # fmt: skip
        assert await substrate.git.read(moved.commit, "a.py") == b"2\n"
        assert await substrate.git.read(moved.commit, "b.py") == b"7\n"
    bad = await substrate.rebase(mine.commit, clash)
    assert bad.conflict
    assert bad.conflicted_files == ("a.py",)
    with pytest.raises(Rejected, match="conflicts"):
        await substrate.git.push(clone.url, "x", bad.commit, expect=None)
    assert await substrate.rebase(mine.commit, mine.parents[0]) == mine
    assert await substrate.change(ws) == mine
    assert not any(op.description.startswith("rebase") for op in await substrate.operations(50))


async def test_a_forged_change_id_changes_nothing(clone: Clone, substrate: Substrate) -> None:
    """A commit on main that claims our change id neither stops nor rewrites our work."""
    base = clone.commit({"a.py": b"1\n", "b.py": b"1\n"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n", "b.py": b"1\n"}))
    mine = await substrate.snapshot(ws)
    clone.commit({"b.py": b"5\n"})
    raw = clone.git("cat-file", "commit", "HEAD")
    head, message = raw.split("\n\n", 1)
    forged = f"{head}\nchange-id {mine.change_id}\n\n{message}\n".encode()
    claim = clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=forged)
    clone.git("push", "-q", "-f", "origin", f"{claim}:refs/heads/main")
    tip = await substrate.git.fetch(clone.url, "main")
    assert tip == claim
    assert (await substrate.change(claim)).change_id == mine.change_id
    other = await substrate.create("issue-2", tip, "on top")
    await substrate.replace(ws, tar_of({"a.py": b"3\n", "b.py": b"1\n"}))
    mine = await substrate.snapshot(ws)
    assert mine.parents == (base,)
    moved = await substrate.rebase(mine.commit, tip)
    assert (moved.parents, moved.conflict) == ((tip,), False)
    await substrate.resume("issue-1", mine.commit)
    assert (await substrate.change(other)).parents == (tip,)


async def test_a_name_is_used_again(clone: Clone, substrate: Substrate) -> None:
    """A leftover of any kind gives way to a fresh workspace."""
    clone.commit({"a.py": b"1\n"})
    first = await start(substrate, clone)
    old = await substrate.change(first)
    (first.path / "left.py").write_text("left")
    second = await start(substrate, clone)
    assert not (second.path / "left.py").exists()
    assert (await substrate.change(second)).change_id != old.change_id
    for name in ("default", "../x", "", "-x", "A", "x" * 64, "a/b"):
        with pytest.raises(UsageError):
            await substrate.create(name, old.parents[0], "t")
    with pytest.raises(Gone):
        await substrate.create("issue-2", "0" * 39 + "1", "t")


async def test_a_planted_jj_folder_stops_everything(
    clone: Clone, substrate: Substrate, tmp_path: Path
) -> None:
    """Configuration in `.jj` would run as us; another store would take our writes."""
    clone.commit({"a.py": b"1\n"})
    ws = await start(substrate, clone)
    planted = ws.path / ".jj" / "workspace-config.toml"
    planted.write_text(f'git.executable-path = "{tmp_path}/evil"\n')
    with pytest.raises(Tampered):
        await substrate.snapshot(ws)
    planted.unlink()
    (ws.path / ".jj" / "repo").write_text(str(tmp_path))
    with pytest.raises(Tampered):
        await substrate.snapshot(ws)


async def test_what_jj_would_lose_without_a_word_is_refused(
    clone: Clone, substrate: Substrate
) -> None:
    """A nested .git, odd names and large new files never turn into silent deletions."""
    clone.commit({"pkg/a.py": b"1\n"})
    ws = await start(substrate, clone)
    good = await substrate.change(ws)
    nested = ws.path / "pkg" / ".git"
    nested.mkdir()
    with pytest.raises(Refused, match="version control"):
        await substrate.snapshot(ws)
    nested.rmdir()
    latin = ws.path / b"caf\xe9".decode("utf-8", "surrogateescape")
    latin.write_text("x")
    with pytest.raises(Refused, match="UTF-8"):
        await substrate.snapshot(ws)
    latin.unlink()
    await substrate.replace(ws, tar_of({"pkg/a.py": b"1\n", "large": b"x" * (3 << 20)}))
    with pytest.raises(Refused, match="large"):
        await substrate.snapshot(ws)
    back = await substrate.rollback(ws, good.commit)
    assert (back.change_id, back.tree) == (good.change_id, good.tree)
    await substrate.replace(ws, tar_of({"pkg/a.py": b"2\n"}))
    change = await substrate.snapshot(ws)
    assert [e.path for e in await substrate.git.ls(change.commit)] == ["pkg/a.py"]


async def test_odd_but_honest_names_are_recorded(clone: Clone, substrate: Substrate) -> None:
    """Newlines, quotes and leading dashes are just names; caches are nobody's change."""
    clone.commit({"a.py": b"1\n"})
    ws = await start(substrate, clone)
    files: dict[str, bytes | str] = {
        "a.py": b"1\n", "new\nline": b"1", 'quo"te': b"2", "-r": b"3", "__pycache__/a.pyc": b"4",
        ".env": b"SECRET=1", "link": "/etc/passwd", "up": "../../../..",
    }  # fmt: skip
    await substrate.replace(ws, tar_of(files))
    change = await substrate.snapshot(ws)
    names = {entry.path for entry in await substrate.git.ls(change.commit)}
    assert names == {"a.py", "new\nline", 'quo"te', "-r", "link", "up"}
    assert await substrate.git.read(change.commit, "link") == b"/etc/passwd"


async def test_attributes_and_submodules_pass_through(clone: Clone, substrate: Substrate) -> None:
    """No filter runs, line ends stay, and a submodule survives an edit elsewhere."""
    clone.commit({".gitattributes": b"* text eol=lf filter=evil\n", "crlf": b"1\r\n"})
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/sub")
    clone.git("commit", "-q", "-m", "submodule")
    clone.git("push", "-q", "origin", "HEAD:main")
    ws = await start(substrate, clone)
    base = await substrate.git.fetch(clone.url, "main")
    tar = await substrate.git.archive(base)
    await substrate.replace(ws, tar)
    assert (await substrate.snapshot(ws)).empty
    await substrate.replace(ws, tar_of({".gitattributes": b"x\n", "crlf": b"2\r\n"}))
    change = await substrate.snapshot(ws)
    assert await substrate.git.read(change.commit, "crlf") == b"2\r\n"
    assert "vendor/sub" in {entry.path for entry in await substrate.git.ls(change.commit)}


async def test_no_jj_is_one_clear_message(tmp_path: Path) -> None:
    """A missing binary, and one that is no jj, are said with the remedy."""
    with pytest.raises(ToolMissing, match="make setup"):
        await Substrate.open(tmp_path / "s", jj=tmp_path / "absent")
    fake = tmp_path / "jj"
    fake.write_text("#!/bin/sh\necho 'jj 0.12.0'\n")
    fake.chmod(0o755)
    with pytest.raises(ToolMissing, match=r"too old"):
        await Substrate.open(tmp_path / "s", jj=fake)
