"""The box under attack: wrong boxes are named, right ones hold, and nothing is left behind."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.box import (
    Box,
    BoxPool,
    BoxSettings,
    LauncherConfig,
    Limits,
    spawn_launcher,
)
from bot.adapters.box.argv import Bind, Descriptors, Identity, Plan, System, Tools, outer
from bot.errors import BoxUnavailable

pytestmark = pytest.mark.integration

ROOT = os.geteuid() == 0
UID_BASE = 800_000 + os.getpid() % 20_000 * 16
BWRAP = Path("/usr/bin/bwrap")
WEAK = str(Path(__file__).with_name("weak_launcher.py"))


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a directory that other users can walk, as canaries in it have to be reachable."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-box-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def config(scratch: Path) -> LauncherConfig:
    """Describe a launcher with five slots."""
    return LauncherConfig(5, UID_BASE, (scratch / "layers",), scratch / "work")


def settings(config: LauncherConfig) -> BoxSettings:
    """Accept either tier."""
    return BoxSettings(config.slots, config.uid_base, require_tier_a=False, scratch=config.scratch)


@pytest.fixture
async def pool(config: LauncherConfig) -> AsyncIterator[BoxPool]:
    """Open a proven pool."""
    opened = await BoxPool.open(settings(config), await spawn_launcher(config))
    yield opened
    await opened.close()


async def failures(config: LauncherConfig, kind: str) -> list[str]:
    """Open a pool on a launcher that is weak in this way; the checks named in the refusal."""
    launcher = await spawn_launcher(config, entry=(WEAK, kind))
    try:
        await BoxPool.open(settings(config), launcher)
    except BoxUnavailable as error:
        if ": " not in error.what or "self-test" not in error.what:
            raise
        return error.what.split(": ", 1)[1].split(", ")
    finally:
        await launcher.close()
    return []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("none", []),
        ("environ", ["environ_leak"]),
        ("seccomp", ["keyctl"]),
        ("seccomp-and-userns", ["userns", "keyctl"]),
        ("network", ["tcp", "abstract"]),
        ("shm", ["size_bounds"]),
        ("tmp", ["size_bounds"]),
        ("writable-root", ["outside_write"]),
        ("writable-dev", ["outside_write"]),
        ("prlimit", ["limits"]),
        ("unsized-work", ["size_bounds"]),
        ("argv-options", ["proc_peers"]),
    ],
)
async def test_a_wrong_box_fails_exactly_the_checks_for_its_fault(
    config: LauncherConfig, kind: str, expected: list[str]
) -> None:
    """Every misconfiguration is named by its checks and by no other; the right box by none."""
    assert await failures(config, kind) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("peers", {"proc_peers"}),
        ("host-files", {"outside_read", "unix_path"}),
        ("capabilities", {"mount_mknod", "userns", "keyctl"}),
    ],
)
async def test_a_very_wrong_box_fails_at_least_the_checks_for_its_faults(
    config: LauncherConfig, kind: str, expected: set[str]
) -> None:
    """A fault that opens several doors is named by every one of them."""
    assert expected <= set(await failures(config, kind))


@pytest.mark.parametrize("kind", ["no-bwrap", "empty-filter", "cut-filter", "bad-filter"])
async def test_a_box_that_cannot_be_built_runs_nothing(config: LauncherConfig, kind: str) -> None:
    """A missing program or a spoilt filter closes the box: it is never run without."""
    with pytest.raises(BoxUnavailable, match="does not start"):
        await BoxPool.open(settings(config), await spawn_launcher(config, entry=(WEAK, kind)))


@pytest.mark.skipif(not ROOT, reason="only root has groups and a user per box")
@pytest.mark.parametrize("kind", ["unlimited-group", "one-user"])
async def test_limits_that_only_look_like_limits_are_named(
    config: LauncherConfig, kind: str
) -> None:
    """A control group without a number in it, or one user for several slots, bounds nothing."""
    assert await failures(config, kind) == ["limits"]


async def test_rlimits_alone_are_tier_b_and_hold(config: LauncherConfig) -> None:
    """Without control groups the same attacks fail, and the missing part is named."""
    pool = await BoxPool.open(
        settings(config), await spawn_launcher(config, entry=(WEAK, "rlimits"))
    )
    assert (pool.tier, "cgroup limits" in pool.missing) == ("B", True)
    hog = "held = [bytearray(b'x' * 2**20) for _ in range(300)]; print('had it')"
    forks = "i=0; while sleep 9 & [ $i -lt 400 ]; do i=$((i+1)); done; echo all"
    async with pool.box(limits=Limits(memory_mb=96, pids=20, wall_s=20)) as box:
        hogged = await box.run(["python", "-I", "-S", "-c", hog])
        assert (hogged.exit_code, hogged.stdout) == (1, b"")
        if ROOT:  # an ordinary user's limit counts all that the user runs
            assert (await box.run(["sh", "-c", forks])).stdout == b""
        assert (await box.run(["echo", "still"])).stdout == b"still\n"
    await pool.close()


@pytest.mark.parametrize("kind", ["no-bwrap", "empty-filter", "no-sandlock"])
async def test_a_failed_start_is_never_tried_again_outside(
    config: LauncherConfig, scratch: Path, kind: str
) -> None:
    """Whatever goes wrong while a box is built, its command has run nowhere at all."""
    launcher = await spawn_launcher(config, entry=(WEAK, kind))
    mark = open_to_all(scratch) / "mark"
    lease, _ = await launcher.request("lease", limits=Limits().plain(), layers=[])
    box = Box(launcher, slot=lease["slot"], uid=lease["uid"], limits=Limits(), places={})
    result = await box.run(["touch", str(mark)])
    assert (result.exit_code, result.started, mark.exists()) == (None, False, False)
    await launcher.close()


async def test_other_parts_are_proven_before_the_next_box(config: LauncherConfig) -> None:
    """A new bubblewrap is attacked before it is used, and a wrong one closes the pool for good."""
    (layers,) = config.roots
    layers.mkdir()
    real, used = content_of(BWRAP), layers / "bwrap"
    replace_program(used, real)
    launcher = await spawn_launcher(config, entry=(WEAK, "replaceable"))
    pool = await BoxPool.open(settings(config), launcher)
    first = pool.digest
    async with pool.box() as box:
        replace_program(used, real)
        with pytest.raises(BoxUnavailable, match="has changed since this lease"):
            await box.run(["true"])
    async with pool.box() as box:
        assert (await box.run(["true"])).exit_code == 0
    assert pool.digest == first  # the same bytes: proven anew, with the same result
    replace_program(used, real + b"\0")
    async with pool.box() as box:
        assert (await box.run(["true"])).exit_code == 0
    assert pool.digest != first
    replace_program(used, b"#!/bin/sh\nexit 0\n")
    for _ in range(2):
        with pytest.raises(BoxUnavailable, match="does not start"):
            async with pool.box():
                pass
        replace_program(used, real)  # too late: what has been wrong once is looked at by a person
    await pool.close()


def content_of(path: Path) -> bytes:
    """Read a program."""
    return path.read_bytes()


def open_to_all(folder: Path) -> Path:
    """Let every user write here."""
    folder.chmod(0o777)
    return folder


def replace_program(path: Path, content: bytes) -> None:
    """Put another program in a program's place, as an upgrade does."""
    fresh = path.with_name("fresh")
    fresh.write_bytes(content)
    fresh.chmod(0o755)
    fresh.rename(path)


async def test_without_a_namespace_for_rooms_a_part_is_missing(config: LauncherConfig) -> None:
    """Plain directories give the same box but for its size: tier B, and nothing left behind."""
    launcher = await spawn_launcher(config, entry=(WEAK, "plain"))
    try:
        pool = await BoxPool.open(settings(config), launcher)
    except BoxUnavailable as error:
        assert ROOT
        assert "Permission denied" in error.what  # noqa: PT017  an interpreter below /root
        return
    assert "a sized work directory" in pool.missing
    async with pool.box() as box:
        await box.run(["sh", "-c", "mkdir -p a/b && touch a/b/c && chmod 0 a/b a"])
    await pool.close()
    assert list(config.scratch.iterdir()) == []


async def test_bubblewrap_is_never_started_as_root(config: LauncherConfig) -> None:
    """A box run as root is found out; and the command line for it is refused in the first place."""
    if ROOT:
        assert await failures(config, "root") == ["raw_root_uid", "core_pattern", "limits"]
    plan = Plan(
        tools=Tools("setpriv", "prlimit", "bwrap"),
        system=System((Bind("/usr", "/usr"),), (), "/usr/bin/python3"),
        identity=Identity(0, 0, switch=False),
        limits=Limits(),
        processes=10,
        memory_by_rlimit=False,
        work="/slots/00/work",
        layers=(),
        argv=("true",),
    )
    with pytest.raises(ValueError, match="never started as root"):
        outer(plan, Descriptors(10, 11, 12, {}))


async def test_a_fork_bomb_stops_at_the_limit_and_leaves_nothing(pool: BoxPool) -> None:
    """A bomb never holds more processes than agreed, and none outlives its box."""
    bomb = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"
    async with pool.box(limits=Limits(pids=40, wall_s=1.0)) as box:
        running = asyncio.create_task(box.run(["python", "-I", "-S", "-c", bomb]))
        most = 0
        while not running.done():
            most = max(most, len(processes_of(pool)))
            await asyncio.sleep(0.05)
        result = await running
        assert result.timed_out
        assert 10 < most <= (60 if ROOT else 400)
        assert processes_of(pool) == set()


async def test_a_memory_hog_dies(pool: BoxPool) -> None:
    """Memory beyond the limit is not to be had, and the machine does not notice."""
    hog = "held = [bytearray(b'x' * 2**20) for _ in range(600)]; print('had it')"
    async with pool.box(limits=Limits(memory_mb=128)) as box:
        result = await box.run(["python", "-I", "-S", "-c", hog])
    assert result.exit_code not in (0, None)
    assert b"had it" not in result.stdout


async def test_a_command_may_have_other_limits_than_its_box(pool: BoxPool) -> None:
    """More memory for one command, less for the next, and less than is in use already."""
    hog = "held = [bytearray(b'x' * 2**20) for _ in range(150)]; print('had it')"
    command = ["python", "-I", "-S", "-c", hog]
    async with pool.box(limits=Limits(memory_mb=100)) as box:
        assert (await box.run(command)).exit_code != 0
        assert (await box.run(command, limits=Limits(memory_mb=300))).exit_code == 0
        assert (await box.run(command, limits=Limits(memory_mb=100))).exit_code != 0
        fill = ["sh", "-c", "for i in 1 2 3; do head -c 60000000 /dev/zero > f$i; done; echo ok"]
        assert (await box.run(fill, limits=Limits(memory_mb=500))).stdout == b"ok\n"
        assert (await box.run(["echo", "still"], limits=Limits(memory_mb=64))).stdout == b"still\n"


async def test_the_work_directory_fills_up_to_its_size_and_inodes(pool: BoxPool) -> None:
    """A disk fill ends in an error inside, at the agreed size; so does a flood of small files."""
    fill = (
        "i=0; while head -c 1000000 /dev/zero > f$i; do i=$((i+1)); done 2>&1; du -sm . | cut -f1"
    )
    many = "mkdir m && cd m && i=0; while : > f$i; do i=$((i+1)); done 2>/dev/null; ls | wc -l"
    limits = Limits(work_mb=32, work_inodes=500)
    async with pool.box(limits=limits) as box:
        result = await box.run(["bash", "-c", fill])
        assert b"No space left" in result.stdout
        assert 20 <= int(result.stdout.split()[-1]) <= 32
        assert (await box.run(["bash", "-c", "rm -rf ./*"])).exit_code == 0
        assert int((await box.run(["bash", "-c", many])).stdout) < 500


async def test_a_single_file_ends_at_its_limit(pool: BoxPool) -> None:
    """No file grows beyond the limit, sparse or not."""
    async with pool.box(limits=Limits(file_mb=4)) as box:
        result = await box.run(["bash", "-c", "truncate -s 100M a; head -c 9000000 /dev/zero > b"])
        sizes = await box.run(["stat", "-c", "%s", "a", "b"])
    assert result.exit_code != 0
    assert max(int(size) for size in sizes.stdout.split()) <= 4 << 20


async def test_an_output_flood_is_cut_while_it_is_read(pool: BoxPool) -> None:
    """Of 300 MB on each stream only head and tail are kept, with a line that says so."""
    flood = "printf first; head -c 300M /dev/zero; printf last; head -c 30M /dev/zero >&2"
    async with pool.box() as box:
        result = await box.run(["bash", "-c", flood])
    assert result.truncated
    assert result.stdout.startswith(b"first")
    assert result.stdout.endswith(b"last")
    assert b" bytes cut ..." in result.stdout
    assert len(result.stdout) < 66_000
    assert len(result.stderr) < 66_000


async def test_a_daemon_does_not_survive_its_command(pool: BoxPool) -> None:
    """What a command leaves running is dead when its result is there."""
    daemon = "(setsid sleep 300 & setsid nohup sleep 300 >/dev/null 2>&1 &) ; echo left"
    async with pool.box() as box:
        result = await box.run(["bash", "-c", daemon])
        assert result.stdout == b"left\n"
        assert processes_of(pool) == set()


async def test_a_background_child_that_holds_the_output_does_not_delay_the_end(
    pool: BoxPool,
) -> None:
    """The command's own end is the end, even while a child of it keeps the pipes open."""
    async with pool.box() as box:
        started = time.monotonic()
        result = await box.run(["bash", "-c", "sleep 60 & echo done"])
    assert result.stdout == b"done\n"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("which", ["serving", "waiting"])
@pytest.mark.parametrize("delay_s", [0.0, 0.005, 0.02, 1.0])
async def test_killing_the_launcher_leaves_nothing(
    config: LauncherConfig, which: str, delay_s: float
) -> None:
    """Kill -9 of either process ends every box, at whatever moment, and removes its groups."""
    launcher = await spawn_launcher(config)
    pool = await BoxPool.open(settings(config), launcher)
    pid = launcher.pid or 0
    serving = children_of(pid)[0]
    command = f"sleep 300.{os.getpid()}"

    async def run_and_kill() -> None:
        async with pool.box() as box:
            running = asyncio.create_task(box.run(command.split()))
            await asyncio.sleep(delay_s)
            os.kill(serving if which == "serving" else pid, signal.SIGKILL)
            await running

    with pytest.raises(BoxUnavailable, match="launcher"):
        await run_and_kill()
    await until(lambda: not processes_with(command))
    await until(lambda: not groups_of(pid))
    await until(lambda: not Path(f"/proc/{serving}").exists())
    await pool.close()


async def test_boxes_side_by_side_do_not_share_a_process_limit(pool: BoxPool) -> None:
    """Five boxes at once each get the processes they were promised."""
    fork = (
        "import os, time\npids = []\nfor _ in range(20):\n  pid = os.fork()\n"
        "  if pid == 0: time.sleep(30)\n  pids.append(pid)\ntime.sleep(0.5)\nprint(len(pids))"
    )

    async def one() -> bytes:
        async with pool.box(limits=Limits(pids=30)) as box:
            return (await box.run(["python", "-I", "-S", "-c", fork])).stdout

    assert await asyncio.gather(*[one() for _ in range(5)]) == [b"20\n"] * 5


async def test_sixty_runs_leave_no_zombie(config: LauncherConfig) -> None:
    """The launcher reaps what it starts and what is orphaned to it."""
    launcher = await spawn_launcher(config)
    pool = await BoxPool.open(settings(config), launcher)
    async with pool.box() as box:
        for _ in range(60):
            assert (await box.run(["bash", "-c", "sleep 30 & exit 3"])).exit_code == 3
    assert children_of(children_of(launcher.pid or 0)[0]) == []
    await pool.close()


async def test_a_cancelled_run_is_dead_at_once(pool: BoxPool) -> None:
    """Cancelling the caller ends the box's processes, and the box goes on working."""
    async with pool.box() as box:
        running = asyncio.create_task(box.run(["sleep", "300"]))
        await until(lambda: bool(processes_of(pool)))
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await until(lambda: not processes_of(pool))
        assert (await box.run(["true"])).exit_code == 0


def processes_of(pool: BoxPool) -> set[int]:
    """Return what runs for the pool's boxes now: whatever descends from its serving process."""
    generation = children_of(pool._launcher.pid or 0)
    found: set[int] = set()
    while generation := [child for pid in generation for child in children_of(pid)]:
        found |= set(generation)
    return {pid for pid in found if not waits(pid)}


def waits(pid: int) -> bool:
    """Whether this is a launcher's child that no command has been given to yet."""
    with contextlib.suppress(OSError):
        return b"--config" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def children_of(pid: int) -> list[int]:
    """Return a process's living and unreaped children."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def processes_with(words: str) -> list[int]:
    """Return the processes whose command line ends with these words."""
    wanted = words.replace(" ", "\0").encode() + b"\0"
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().endswith(wanted):
                found.append(int(entry.name))
    return found


def groups_of(launcher: int) -> list[Path]:
    """Return the control groups that a launcher made; others may vanish while we look."""
    return [
        Path(place) / name
        for place, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if name.startswith(f"nightshift-{launcher}-")
    ]


async def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  the kernel has no event for it
            await asyncio.sleep(0.02)
