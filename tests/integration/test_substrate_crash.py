"""The code store loses nothing: killed at any moment, raced, broken, rebuilt."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from bot.adapters.substrate.substrate import Substrate, Workspace
from bot.provision.jj import installed
from tests.person import Clone
from tests.tars import tar_of

pytestmark = pytest.mark.integration
CHECKOUT = Path(__file__).resolve().parents[2]

WORKER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.substrate.substrate import Substrate
from tests.tars import tar_of

async def work(root, jj, base):
    substrate = await Substrate.open(Path(root), jj=Path(jj))
    ws = substrate._workspace("issue-1")
    print("ready", flush=True)
    for number in range(1000):
        files = {f"pkg/m{n}.py": f"{number}\\n".encode() for n in range(60)}
        await substrate.replace(ws, tar_of(files))
        change = await substrate.snapshot(ws)
        await substrate.describe(ws, f"state {number}")
        other = await substrate.create("issue-2", base, "second")
        await substrate.rebase(change.commit, base)
        await substrate.forget(other)

asyncio.run(work(*sys.argv[1:]))
"""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a person's clone with an empty remote."""
    return Clone(tmp_path)


@pytest.fixture(scope="module")
def jj() -> Path:
    """Return the provided jj."""
    found = installed(CHECKOUT / ".tools")
    if found is None:
        pytest.fail("no tested jj: run `make setup`")
    return found


@pytest.fixture
async def substrate(tmp_path: Path, jj: Path) -> Substrate:
    """Return an empty substrate."""
    return await Substrate.open(tmp_path / "substrate", jj=jj)


async def start(substrate: Substrate, clone: Clone, name: str = "issue-1") -> Workspace:
    """Open a workspace on the remote's main."""
    base = await substrate.git.fetch(clone.url, "main")
    return await substrate.create(name, base, "a title")


async def test_a_lost_workspace_is_resumed_on_the_same_change(
    clone: Clone, substrate: Substrate, jj: Path
) -> None:
    """Deleted, half-deleted or unknown to a new process: the recorded state comes back."""
    clone.commit({"a.py": b"1\n"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n"}))
    good = await substrate.snapshot(ws)
    await substrate.replace(ws, tar_of({"a.py": b"3\n"}))
    later = await substrate.snapshot(ws)
    shutil.rmtree(ws.path)
    again = await Substrate.open(substrate.git.directory.parent, jj=jj)
    for target in (good, later, good):
        ws = await again.resume("issue-1", target.commit)
        change = await again.change(ws)
        assert (change.change_id, change.tree) == (good.change_id, target.tree)
        (ws.path / ".jj" / "repo").unlink()
    assert (await again.resume("issue-1", later.commit)).path == ws.path


async def test_a_broken_store_is_made_anew(clone: Clone, substrate: Substrate, jj: Path) -> None:
    """All that counts is in git: change ids and recorded states survive the loss of jj's own."""
    clone.commit({"a.py": b"1\n"})
    ws = await start(substrate, clone)
    await substrate.replace(ws, tar_of({"a.py": b"2\n"}))
    good = await substrate.snapshot(ws)
    root = substrate.git.directory.parent
    shutil.rmtree(root / "ctl" / ".jj" / "repo" / "op_store")
    again = await Substrate.open(root, jj=jj)
    ws = await again.resume("issue-1", good.commit)
    assert (await again.change(ws)).change_id == good.change_id
    assert (ws.path / "a.py").read_bytes() == b"2\n"


async def test_the_servers_store_takes_attempts_of_one_change(
    clone: Clone, substrate: Substrate, tmp_path: Path, jj: Path
) -> None:
    """Two attempts with one change id, and a forged third, can each be rebased by commit id."""
    base = clone.commit({"a.py": b"1\n", "b.py": b"1\n"})
    ws = await start(substrate, clone)
    server = await Substrate.open(tmp_path / "server", jj=jj)
    await server.git.fetch(clone.url, "main")
    attempts = []
    for content in (b"2\n", b"3\n"):
        await substrate.replace(ws, tar_of({"a.py": content, "b.py": b"1\n"}))
        await substrate.snapshot(ws)
        change = await substrate.describe(ws, f"attempt {content!r}")
        bundle = await substrate.git.bundle(change.commit, exclude=[base])
        await server.git.import_bundle(bundle, wants=change.commit)
        attempts.append(change)
    clone.commit({"b.py": b"5\n"})
    tip = await server.git.fetch(clone.url, "main")
    for change, content in zip(attempts, (b"2\n", b"3\n"), strict=True):
        assert await server.change(change.commit) == change
        moved = await server.rebase(change.commit, tip)
        assert (moved.change_id, moved.parents) == (change.change_id, (tip,))
        assert await server.git.read(moved.commit, "a.py") == content
        assert await server.change(moved.commit) == moved
        again = await server.rebase(change.commit, tip)
        assert again.tree == moved.tree
    await server.pin("attempts/1/2", attempts[1].commit)
    await server.gc()
    assert await server.git.has(attempts[1].commit)


async def test_workspaces_side_by_side(clone: Clone, substrate: Substrate) -> None:
    """Many at once behind the lock: no two changes get mixed up."""
    clone.commit({"a.py": b"1\n"})
    base = await substrate.git.fetch(clone.url, "main")

    async def work(number: int) -> str:
        ws = await substrate.create(f"issue-{number}", base, f"title {number}")
        await substrate.replace(ws, tar_of({"a.py": f"{number}\n".encode()}))
        await substrate.snapshot(ws)
        change = await substrate.describe(ws, f"change {number}")
        assert await substrate.git.read(change.commit, "a.py") == f"{number}\n".encode()
        await substrate.forget(ws)
        assert not ws.path.exists()
        return change.change_id

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(number)) for number in range(6)]
    assert len({task.result() for task in tasks}) == 6


async def test_kill_9_at_any_moment(clone: Clone, substrate: Substrate, jj: Path) -> None:
    """A process killed in the middle of its work leaves a store the next one goes on with."""
    files = {f"pkg/m{number}.py": b"0\n" for number in range(60)}
    base = clone.commit(files)
    root = substrate.git.directory.parent
    await substrate.git.fetch(clone.url, "main")
    ws = await substrate.create("issue-1", base, "title")
    good = await substrate.snapshot(ws)
    for number in range(10):
        await kill_a_worker(root, jj, base, after=0.05 * number, children=number % 2 == 0)
        again = await Substrate.open(root, jj=jj)
        ws = await again.resume("issue-1", good.commit)
        change = await again.change(ws)
        assert (change.change_id, change.tree) == (good.change_id, good.tree)
        await again.replace(ws, tar_of({**files, "round": str(number).encode()}))
        good = await again.snapshot(ws)
        assert len(await again.git.ls(good.commit)) == 61
        await again.forget(await again.create("issue-2", base, "other"))
    clone.git("--git-dir", str(again.git.directory), "fsck", "--connectivity-only")


async def kill_a_worker(root: Path, jj: Path, base: str, *, after: float, children: bool) -> None:
    """Start a process that works on the store and kill it, with or without its jj."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(root), str(jj), base, cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stdout is not None
    async with asyncio.timeout(30):
        assert await worker.stdout.readline() == b"ready\n"
    await asyncio.sleep(after)
    started = children_of(worker.pid) if children else []
    worker.kill()
    for child in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    assert await worker.wait() == -signal.SIGKILL


def children_of(pid: int) -> list[int]:
    """List the direct children of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]
