"""Children end when they should, and a lock outlives us until they have."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from bot.adapters.substrate.lock import StoreLock
from bot.adapters.substrate.process import STANDARD_PATH, finish, run
from bot.errors import ToolMissing, Unavailable

ENV = {"PATH": STANDARD_PATH}
NEVER = "echo $$ > pid; sleep 60 & sleep 60"


async def gone(pid: int) -> bool:
    """Say whether every process of a group has ended, soon."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.01)
    return False


async def pid_in(room: Path) -> int:
    """Wait for a child to say who it is."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if (room / "pid").exists() and (text := (room / "pid").read_text()):
            return int(text)
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_input_output_and_code(tmp_path: Path) -> None:
    """Bytes go in and out as they are, the environment is only what was given."""
    script = "cat; env >&2; exit 3"
    done = await run(["sh", "-c", script], cwd=tmp_path, env=ENV, stdin=b"\0\xff", timeout=10)
    assert (done.code, done.out, done.text) == (3, b"\0\xff", "\0\udcff")
    assert {line.split("=")[0] for line in done.err.splitlines()} <= {"PATH", "PWD", "_"}
    with pytest.raises(ToolMissing):
        await run(["/absent"], cwd=tmp_path, env=ENV, timeout=10)


async def test_the_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    """A child that started others is killed with them."""
    with pytest.raises(Unavailable, match="did not end"):
        await run(["sh", "-c", NEVER], cwd=tmp_path, env=ENV, timeout=0.3)
    assert await gone(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_task_leaves_no_child(tmp_path: Path) -> None:
    """Cancellation, even twice, counts only once the child is dead."""
    task = asyncio.create_task(run(["sh", "-c", NEVER], cwd=tmp_path, env=ENV, timeout=60))
    pid = await pid_in(tmp_path)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(pid)


async def test_work_that_cannot_stop_is_waited_for() -> None:
    """A cancelled waiter hears of it after the work has ended."""
    ended = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.05)
        ended.set()

    task = asyncio.create_task(finish(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """Another holder of the file makes us wait, and waiting has an end."""
    one, two = StoreLock(tmp_path / "lock"), StoreLock(tmp_path / "lock", patience=0.1)
    async with one():
        for _ in range(2):
            with pytest.raises(Unavailable, match="held"):
                async with two():
                    pytest.fail("two writers at once")
    async with two():
        assert len(two.held) == 1
    assert two.held == ()


async def test_what_we_started_holds_the_lock_on(tmp_path: Path) -> None:
    """When the holder is killed, its jj still writes: nobody else may start before it ends."""
    one, two = StoreLock(tmp_path / "lock"), StoreLock(tmp_path / "lock", patience=0.1)
    async with one():
        child = await asyncio.create_subprocess_exec("sleep", "60", pass_fds=one.held)
    try:
        with pytest.raises(Unavailable):
            async with two():
                pytest.fail("the child still works")
    finally:
        child.kill()
        await child.wait()
    async with two():
        pass
