"""kill -9 in every window, with real processes on one SQLite file.

The file is its own worker: `python test_engine_crash.py worker APP EXECUTOR DIR` serves a role.
Workers write what they really did into `log`, one line per event; a step holds while `hold-NAME`
exists. What counts is that log, never what the engine says of itself.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.adapters.engine import Engine, EngineSettings, Json, Queue, WorkState
from bot.errors import Gone, NightshiftError

pytestmark = pytest.mark.integration

_QUEUES = {"lead": [Queue("issue")], "hand": [Queue("agent", worker_concurrency=4)]}


class Worker:
    """The workflows of both roles, and the log of what was really done."""

    def __init__(self, app: str, executor: str, room: Path) -> None:
        self.room = room
        url = f"sqlite:///{room}/db/n.db"
        settings = EngineSettings(app, "1", executor, url, 0.1, lease_beat_s=0.3, lease_dead_s=1.5)
        self.engine = Engine(settings)
        if app == "lead":
            self.engine.workflow("issue")(self.issue)
        elif app == "hand":
            self.engine.workflow("build")(self.build)

    def log(self, text: str) -> None:
        """Append a line in one write, so that lines of several processes never mix."""
        with (self.room / "log").open("a") as file:
            file.write(f"{text}\n")

    async def step(self, name: str) -> str:
        """Run a step that logs itself and holds while it is told to."""

        async def body() -> str:
            self.log(f"begin {name}")
            while (self.room / f"hold-{name}").exists():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            self.log(f"end {name}")
            return name

        return await self.engine.step(name, body, kind=str, timeout_s=60)

    async def issue(self, payload: Json) -> Json:
        """Do a step, wait for a child of the other app, see its error, do a last step."""
        sight = [await self.step("first")]
        self.log("after first")
        await self.engine.sleep(payload["pause"])
        answer = await self.engine.child(
            "agent", "build", {}, id="run:1", priority=10, timeout_s=60, app="hand"
        )
        try:
            await self.engine.child(
                "agent", "build", {"fail": True}, id="run:2", priority=10, timeout_s=60, app="hand"
            )
        except NightshiftError as error:
            sight.append(f"{type(error).__name__}: {error.what} / {error.remedy}")
        self.log(f"saw {sight}")
        sight.append(await self.step("last"))
        return [answer, *sight]

    async def build(self, payload: Json) -> Json:
        """Do a step, or fail, or answer at once."""
        if payload.get("quick"):
            return "quick"
        if payload.get("fail"):
            raise Gone("no such branch", remedy="none")
        return await self.step("built")

    async def serve(self) -> None:
        """Serve until told to end."""
        await self.engine.launch(_QUEUES.get(self.engine.settings.app, []))
        self.log(f"up {self.engine.settings.executor}")
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await self.engine.close()


class Stage:
    """The processes of one test, and what their log says."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        (room / "log").touch()

    def start(self, app: str, executor: str) -> None:
        """Start a role and wait until it serves."""
        ups = self.lines().count(f"up {executor}")
        with (self.room / f"{executor}.err").open("ab") as err:
            self.processes[executor] = subprocess.Popen(
                [sys.executable, __file__, "worker", app, executor, str(self.room)], stderr=err
            )
        self.until(lambda: self.lines().count(f"up {executor}") > ups)

    def kill(self, executor: str) -> None:
        """End a process without a chance to tidy up."""
        process = self.processes.pop(executor)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def lines(self) -> list[str]:
        """Return the log so far."""
        return (self.room / "log").read_text().splitlines()

    def hold(self, name: str) -> Path:
        """Make a step hold until the returned file is removed."""
        path = self.room / f"hold-{name}"
        path.touch()
        return path

    def until(self, condition: object, seconds: float = 20) -> None:
        """Wait for a condition, given as a callable or as a log line."""
        deadline = time.monotonic() + seconds
        while not (condition() if callable(condition) else condition in self.lines()):
            if time.monotonic() > deadline:
                errors = "\n".join(p.read_text() for p in self.room.glob("*.err"))
                raise AssertionError(f"never {condition}: {self.lines()}\n{errors}")
            time.sleep(0.01)

    def end(self) -> None:
        """End what still runs."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a test its processes, and end them."""
    stage = Stage(tmp_path)
    yield stage
    stage.end()


async def _client(room: Path) -> Engine:
    """Launch an engine of a third app in this process: it starts work and reads results."""
    engine = Worker("eyes", "eyes-0", room).engine
    await engine.launch([])
    return engine


_ANSWER = ["built", "first", "Gone: no such branch / none", "last"]


@pytest.mark.parametrize(
    ("window", "hold", "victims"),
    [
        ("begin first", "first", ["lead-0"]),
        ("after first", None, ["lead-0"]),
        ("begin built", "built", ["lead-0"]),
        ("begin built", "built", ["hand-0"]),
        ("begin built", "built", ["lead-0", "hand-0"]),
        ("begin last", "last", ["lead-0"]),
    ],
    ids=[
        "in-a-step",
        "between-steps",
        "parent-while-its-child-runs",
        "child-in-a-step",
        "both",
        "in-the-last-step",
    ],
)
async def test_kill_9(stage: Stage, window: str, hold: str | None, victims: list[str]) -> None:
    """Whoever dies where: the answer is right, no finished step repeats, errors stay typed."""
    stage.start("lead", "lead-0")
    stage.start("hand", "hand-0")
    held = stage.hold(hold) if hold else None
    client = await _client(stage.room)
    try:
        pause = 0 if hold else 1.0  # between the steps there is time to be killed in
        await client.enqueue("issue", "issue", {"pause": pause}, id="run", priority=10, app="lead")
        await asyncio.to_thread(stage.until, window)
        for victim in victims:
            await asyncio.to_thread(stage.kill, victim)
        if held:
            held.unlink()
        for victim in victims:
            await asyncio.to_thread(stage.start, victim.split("-")[0], victim)
        assert await client.result("run", 30) == _ANSWER
    finally:
        await client.close()
    lines = stage.lines()
    for name in ("first", "built", "last"):
        assert lines.count(f"end {name}") == 1, lines
        owner = "hand-0" if name == "built" else "lead-0"
        cut_off = name == hold and owner in victims
        assert lines.count(f"begin {name}") == 1 + cut_off, lines
    assert len({line for line in lines if line.startswith("saw")}) == 1


async def test_a_living_executor_takes_over(stage: Stage) -> None:
    """Work of a dead executor that never comes back is done by another of the same role."""
    stage.start("hand", "hand-0")
    held = stage.hold("built")
    client = await _client(stage.room)
    try:
        await client.enqueue("agent", "build", {}, id="b", priority=10, app="hand")
        await asyncio.to_thread(stage.until, "begin built")
        await asyncio.to_thread(stage.start, "hand", "hand-1")
        await asyncio.to_thread(stage.kill, "hand-0")
        held.unlink()
        assert await client.result("b", 20) == "built"
        work = await client.status("b")
    finally:
        await client.close()
    assert work is not None
    assert (work.executor, work.state) == ("hand-1", WorkState.DONE)
    assert stage.lines().count("begin built") == 2


async def test_a_name_is_held_by_one_process(stage: Stage) -> None:
    """A second process with the same executor name ends with the reason; after kill -9 it may."""
    stage.start("hand", "hand-0")
    command = [sys.executable, __file__, "worker", "hand", "hand-0", str(stage.room)]
    refused = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=20)
    holder = stage.processes["hand-0"].pid
    assert refused.returncode == 4
    assert f"process {holder} already runs as 'hand-0'" in refused.stderr.decode()
    stage.kill("hand-0")
    stage.start("hand", "hand-0")


async def test_a_child_of_another_app_answers_soon(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A round trip over two processes costs a poll of the queue, and little more."""
    stage.start("hand", "hand-0")
    client = await _client(stage.room)
    took = []
    try:
        for number in range(20):
            start = time.monotonic()
            await client.enqueue(
                "agent", "build", {"quick": True}, id=f"q{number}", priority=10, app="hand"
            )
            assert await client.result(f"q{number}", 10) == "quick"
            took.append(time.monotonic() - start)
    finally:
        await client.close()
    with capsys.disabled():
        print(f" round trip p50 {statistics.median(took) * 1000:.0f} ms", end=" ")  # noqa: T201
    assert statistics.median(took) < 0.5


_THREE_USERS = """
import asyncio, os, sys
from bot.adapters.store import Store

async def main(path):
    async with Store("sqlite:///" + path) as store:
        for number in range(5):
            await store.record_event("r", "k", number)
        print(len(await store.events()), flush=True)

path, users, group = sys.argv[1], [int(user) for user in sys.argv[2].split(",")], int(sys.argv[3])
asyncio.run(main(path + ".warm"))  # load everything while the interpreter can still be read
for user in users:
    os.umask(0o077)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
        asyncio.run(main(path))
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_three_users_share_the_file(tmp_path: Path) -> None:
    """As root: three OS users of one group write one file. Else: its modes would let them."""
    root = os.geteuid() == 0
    users, group = ([64101, 64102, 64103], 64100) if root else ([os.geteuid()] * 3, os.getegid())
    room = tmp_path / "db"
    room.mkdir()
    if root:
        os.chown(room, 0, group)
        for path in (tmp_path, *tmp_path.parents):
            if path.is_relative_to(tempfile.gettempdir()) and path.stat().st_uid == 0:
                path.chmod(path.stat().st_mode | 0o011)
    room.chmod(0o2770)
    done = subprocess.run(
        [sys.executable, "-c", _THREE_USERS, f"{room}/n.db", ",".join(map(str, users)), str(group)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.decode().split() == ["5", "5", "10", "15"], done.stderr.decode()
    status = (room / "n.db").stat()
    assert (status.st_mode & 0o777, status.st_gid) == (0o660, group)
    assert not root or status.st_uid == users[0]


def _main(argv: list[str]) -> int:
    worker = Worker(argv[2], argv[3], Path(argv[4]))
    try:
        asyncio.run(worker.serve())
    except NightshiftError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv))
