"""What a new engine does with the work of the one before it, within one process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.database import open_database
from bot.adapters.engine import Engine, EngineSettings, Json, Queue, WorkState
from bot.errors import EnvironmentProblem, Gone, NightshiftError, RateLimited


def _settings(path: Path, executor: str = "x-0") -> EngineSettings:
    return EngineSettings(
        "x", "1", executor, f"sqlite:///{path}/n.db", 0.01, lease_beat_s=0.05, lease_dead_s=0.25
    )


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110  another process may change it
            await asyncio.sleep(0.01)


async def test_a_replay_sees_what_the_first_run_saw(tmp_path: Path) -> None:
    """Values and errors of steps and children are the same after a restart; no step runs again."""
    seen: list[list[str]] = []
    bodies: list[str] = []

    def build() -> Engine:
        engine = Engine(_settings(tmp_path))

        async def good() -> tuple[int, ...]:
            bodies.append("good")
            return (1, 2)

        async def limited() -> int:
            bodies.append("limited")
            raise RateLimited("slow down", retry_at=123.5, means="m", remedy="r")

        @engine.workflow("leaf")
        async def leaf(_payload: Json) -> Json:
            bodies.append("leaf")
            raise Gone("away", remedy="none")

        @engine.workflow("main")
        async def main(_payload: Json) -> Json:
            sight: list[str] = [
                repr(await engine.step("g", good, kind=tuple[int, ...], timeout_s=1))
            ]
            try:
                await engine.step("l", limited, kind=int, timeout_s=1)
            except RateLimited as error:
                sight.append(f"{error!r} {error.retry_at} {error}")
            try:
                await engine.child("leaves", "leaf", {}, id="m:l", priority=1, timeout_s=5)
            except NightshiftError as error:
                sight.append(f"{error!r} {error}")
            seen.append(sight)
            return await engine.recv("go", 20)

        return engine

    queues = [Queue("work"), Queue("leaves")]
    first = build()
    await first.launch(queues)
    await first.enqueue("work", "main", {}, id="m", priority=1)
    await _until(lambda: _true(len(seen) == 1))
    await first.close()
    second = build()
    await second.launch(queues)
    await second.send("m", "go", "home", key="1")
    assert await second.result("m", 5) == "home"
    await second.close()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3
    assert "123.5" in seen[0][1]
    assert bodies == ["good", "limited", "leaf"]


async def _true(value: bool) -> bool:  # noqa: FBT001
    return value


async def test_one_name_one_process(tmp_path: Path) -> None:
    """A second engine with the same executor name is refused, and the first is unharmed."""
    first = Engine(_settings(tmp_path))

    @first.workflow("hello")
    async def hello(_payload: Json) -> Json:
        return "hello"

    await first.launch([Queue("work")])
    try:
        with pytest.raises(EnvironmentProblem, match="already runs as 'x-0'"):
            await asyncio.to_thread(_launch_elsewhere, tmp_path)
        await first.enqueue("work", "hello", {}, id="h", priority=1)
        assert await first.result("h", 5) == "hello"
    finally:
        await first.close()


def _launch_elsewhere(path: Path) -> None:
    leases_of_another = Engine(_settings(path))
    leases_of_another._open()
    try:
        leases_of_another._prepare([])
    finally:
        leases_of_another._database.dispose()
        leases_of_another._system.dispose()


@pytest.mark.parametrize("executor", ["x-0", "x-dead"])
async def test_work_left_behind_is_taken_up(tmp_path: Path, executor: str) -> None:
    """Work of a dead executor, or of ours that lost its task, is queued again and ends."""
    engine = Engine(_settings(tmp_path))
    runs: list[str] = []

    @engine.workflow("hello")
    async def hello(_payload: Json) -> Json:
        runs.append("hello")
        return "hello"

    await engine.launch([Queue("work")])
    try:
        await engine.enqueue("work", "hello", {}, id="h", priority=1)
        await engine.result("h", 5)
        database = open_database(engine.settings.url)
        with database.begin() as connection:
            connection.execute(
                sa.text("UPDATE workflow_status SET status='PENDING', executor_id=:e, output=NULL"),
                {"e": executor},
            )
        database.dispose()

        async def done() -> bool:
            work = await engine.status("h")
            return work is not None and work.state == WorkState.DONE

        await _until(done)
        assert len(runs) == 2
    finally:
        await engine.close()


async def test_the_file_is_for_the_group(tmp_path: Path) -> None:
    """Directory, database and companions are open to the group and to nobody else."""
    engine = Engine(_settings(tmp_path / "new"))
    await engine.launch([Queue("work")])
    try:
        modes = {
            path.name: oct(path.stat().st_mode & 0o7777) for path in (tmp_path / "new").iterdir()
        }
        assert modes["n.db"] == modes["n.db-wal"] == modes["n.db-shm"] == "0o660"
        assert modes[".x-0.lock"] == "0o660"
        assert oct((tmp_path / "new").stat().st_mode & 0o7777) == "0o2770"
    finally:
        await engine.close()


async def test_a_full_disk_interrupts_and_fails_nothing(tmp_path: Path) -> None:
    """A checkpoint that cannot be written leaves the run to be taken up when there is space."""
    engine = Engine(_settings(tmp_path))
    space: list[bool] = []
    runs: list[bool] = []

    def limit_pages(limit: int) -> None:
        with engine._system.connect() as one, engine._system.connect() as two:
            for connection in (one, two):
                connection.exec_driver_sql(f"PRAGMA max_page_count={limit}")

    @engine.workflow("big")
    async def big(_payload: Json) -> Json:
        async def body() -> str:
            runs.append(bool(space))
            if not space:
                await asyncio.to_thread(limit_pages, 1)  # no page more than there are
            return "x" * 2_000_000

        return len(await engine.step("big", body, kind=str, timeout_s=5))

    await engine.launch([Queue("work")])
    try:
        await engine.enqueue("work", "big", {}, id="b", priority=1)

        await _until(lambda: _true(runs == [False] and not engine._running))
        work = await engine.status("b")
        assert work is not None
        assert work.state == WorkState.RUNNING
        space.append(True)
        await asyncio.to_thread(limit_pages, 1_000_000)
        assert await engine.result("b", 10) == 2_000_000
        assert runs == [False, True]
    finally:
        await engine.close()
