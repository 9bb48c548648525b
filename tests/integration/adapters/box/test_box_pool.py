"""Boxes as the rest of Nightshift uses them: real ones."""

import asyncio
import os
import socket
import time
from pathlib import Path

import pytest

from bot.adapters.box import (
    BoxPool,
    BoxSettings,
    LauncherConfig,
    Layer,
    Limits,
    spawn_launcher,
)
from bot.errors import BoxUnavailable, Unavailable, UsageError
from tests.tars import contents_of, tar_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = os.geteuid() == 0


async def test_the_tier_tells_what_is_there_and_what_is_not(
    pool: BoxPool, config: LauncherConfig, scratch: Path
) -> None:
    """Root gets tier A, an ordinary user tier B with its missing parts, which a role may refuse."""
    assert len(pool.digest) == 64
    if ROOT:
        assert (pool.tier, pool.missing) == ("A", ())
        return
    assert pool.tier == "B"
    assert "a user of its own for each box" in pool.missing
    strict = BoxSettings(2, config.uid_base, require_tier_a=True, scratch=scratch)
    launcher = await spawn_launcher(config)
    with pytest.raises(BoxUnavailable, match="missing: a user of its own"):
        await BoxPool.open(strict, launcher)


async def test_a_tree_goes_in_is_changed_and_comes_out(pool: BoxPool) -> None:
    """Odd names, links, empty folders and modes survive; metadata and special files do not."""
    odd = {
        "-rf": b"1",
        "a b\n c": b"2",
        "ü/日本.txt": b"3",
        "x" * 200: b"4",
        "run.sh": b"#!/bin/sh\n",
    }
    script = (
        "mkdir -p empty .git sub/.jj; echo x > .git/config; echo y > sub/.jj/x; mkfifo pipe;"
        " chmod 4777 -- -rf; chmod 000 ü; ln -s /etc/passwd out; ln ./-rf hard; echo new > sub/new;"
        " printf r > $'raw\\xff'"
    )
    async with pool.box() as box:
        await box.put(tar_of({**odd, "link": "run.sh"}))
        assert (await box.run(["bash", "-c", script])).exit_code == 0
        tree = await box.get()
        again = await box.get()
    assert tree == again
    found = contents_of(tree)
    assert found == {
        "-rf": ("file", 0o755, b"1"),
        "a b\n c": ("file", 0o644, b"2"),
        "empty": ("folder", 0o755, b""),
        "hard": ("file", 0o755, b"1"),
        "link": ("link", 0, "run.sh"),
        "out": ("link", 0, "/etc/passwd"),
        "raw\udcff": ("file", 0o644, b"r"),
        "run.sh": ("file", 0o755, b"#!/bin/sh\n"),
        "sub": ("folder", 0o755, b""),
        "sub/new": ("file", 0o644, b"new\n"),
        "x" * 200: ("file", 0o644, b"4"),
        "ü": ("folder", 0o755, b""),
        "ü/日本.txt": ("file", 0o644, b"3"),
    }


async def test_a_file_is_read_inside_the_box(pool: BoxPool) -> None:
    """Absent and oversized files are None, and no link leads to a file of the host."""
    files = {"a.txt": b"hello", "big": b"x" * 2000, "link": "/proc/1/environ", "-n": b"dash"}
    async with pool.box() as box:
        await box.put(tar_of(files))
        assert await box.get_file("a.txt") == b"hello"
        assert await box.get_file("-n") == b"dash"
        assert await box.get_file("big", max_bytes=1999) is None
        assert await box.get_file("big", max_bytes=2000) == b"x" * 2000
        assert await box.get_file("none") is None
        assert not await box.get_file("link")


async def test_a_command_sees_a_small_and_fixed_world(pool: BoxPool) -> None:
    """Its variables are the documented ones and the caller's; nobody else's process or file."""
    script = "env | sort; id -un; ls /; ls /proc | grep -c '^[0-9]'; pwd; cat /proc/1/environ"
    async with pool.box() as box:
        result = await box.run(["bash", "-c", script], env={"NEW": "1 2"})
    lines = result.stdout.decode().splitlines()
    assert {"HOME=/tmp", "TZ=UTC", "NEW=1 2", "PYTHONPATH=/work/src:/work:/env/site"} <= set(lines)
    assert not [line for line in lines if "CANARY" in line or "NIGHTSHIFT" in line]
    assert lines[-2:] == ["5", "/work"] or lines[-1] == "/work"
    assert "box" in lines
    assert {"root", "home", "var", "srv"}.isdisjoint(lines)


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["no-such-command"], 127), (["/etc"], 126)],
)
async def test_the_exit_code_is_the_commands_own(pool: BoxPool, argv: list[str], code: int) -> None:
    """Exit codes come from the kernel, with the shell's own two for what cannot be run."""
    async with pool.box() as box:
        result = await box.run(argv)
    assert (result.exit_code, result.started, result.timed_out) == (code, True, False)


async def test_time_runs_out(pool: BoxPool) -> None:
    """The wall clock ends a command and its children, and the box can be used again."""
    async with pool.box() as box:
        started = time.monotonic()
        result = await box.run(
            ["sh", "-c", "echo a; sleep 50 & sleep 60"], limits=Limits(wall_s=0.3)
        )
        assert time.monotonic() - started < 5
        assert (result.exit_code, result.timed_out, result.stdout) == (None, True, b"a\n")
        assert (await box.run(["cat"], stdin=b"x" * 200_000)).stdout[:5] == b"xxxxx"


async def test_input_that_nobody_reads_does_not_block(pool: BoxPool) -> None:
    """A command may ignore its standard input, however long."""
    async with pool.box() as box:
        result = await box.run(["true"], stdin=b"x" * 3_000_000)
    assert result.exit_code == 0


async def test_both_streams_can_be_one(pool: BoxPool) -> None:
    """Merged output keeps the order in which it was written."""
    async with pool.box() as box:
        result = await box.run(["sh", "-c", "echo 1; echo 2 >&2; echo 3"], merge_stderr=True)
    assert (result.stdout, result.stderr) == (b"1\n2\n3\n", b"")


async def test_a_private_channel_speaks_in_lines(pool: BoxPool) -> None:
    """Descriptor 3 talks to us alone; output goes its own way, and a silent peer is a timeout."""
    server = (
        "import os\nf = os.fdopen(3, 'r+b', buffering=0)\nprint('out', flush=True)\n"
        "for line in iter(f.readline, b''):\n  if line == b'silence\\n': continue\n"
        "  f.write(b'got ' + line)\n"
    )
    async with pool.box() as box:
        process = await box.start(["python", "-I", "-S", "-c", server], private_fd=True)
        await process.feed(b"")
        await process.write(b"one\n")
        assert await process.readline() == b"got one\n"
        await process.write(b"silence\n")
        with pytest.raises(TimeoutError):
            await process.readline(timeout_s=0.1)
        await process.kill()
        assert await process.readline() == b""
        result = await process.wait()
    assert (result.stdout, result.exit_code) == (b"out\n", None)


async def test_a_server_in_the_box_answers_on_an_inherited_socket(
    pool: BoxPool, scratch: Path
) -> None:
    """Descriptor 4 is our listening socket: no network in there, and we reach it all the same."""
    server = (
        "import socket\ns = socket.socket(fileno=4)\nc, _ = s.accept()\n"
        "c.sendall(b'hello ' + c.recv(10))\n"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(scratch / "door"))
        listener.listen(1)
        async with pool.box() as box:
            process = await box.start(["python", "-I", "-S", "-c", server], listen=listener)
            reader, writer = await asyncio.open_unix_connection(str(scratch / "door"))
            writer.write(b"you")
            assert await asyncio.wait_for(reader.read(100), 10) == b"hello you"
            writer.close()
            assert (await process.wait()).exit_code == 0


async def test_layers_are_read_only_and_come_from_allowed_places(
    pool: BoxPool, scratch: Path
) -> None:
    """A layer shows at its place and takes no writes; other directories and links are refused."""
    good = scratch / "layers" / "one"
    (good / "site").mkdir(parents=True)
    (good / "site" / "thing.py").write_text("X = 5\n")
    (scratch / "layers" / "link").symlink_to("/etc")
    async with pool.box([Layer(good, "/env")]) as box:
        result = await box.run(["python", "-c", "import thing; print(thing.X)"])
        assert result.stdout == b"5\n"
        assert (await box.run(["touch", "/env/site/new"])).exit_code == 1
    for host, inside in (
        (Path("/etc"), "/env"),
        (scratch / "layers" / "link", "/env"),
        (scratch / "layers" / ".." / "work", "/env"),
        (good, "/work"),
        (good, "/usr"),
        (good, "/env/../usr"),
    ):
        with pytest.raises(BoxUnavailable, match="refused to lease"):
            async with pool.box([Layer(host, inside)]):
                pass
    async with pool.box() as first, pool.box() as second:  # nothing leaked a slot
        assert first.slot != second.slot


async def test_boxes_share_nothing(pool: BoxPool) -> None:
    """A new lease of a slot is empty, and two boxes do not see each other's files."""
    async with pool.box() as one:
        await one.run(["sh", "-c", "echo x > /work/left; echo x > /tmp/left"])
        async with pool.box() as two:
            assert (await two.run(["sh", "-c", "ls -A . $HOME"])).stdout == b".:\n\n/tmp:\n"
        assert (await one.run(["ls", "-A", "/work"])).stdout == b"left\n"
        assert (await one.run(["sh", "-c", "ls -A $HOME"])).stdout == b""
        if ROOT:
            assert one.uid != two.uid
    async with pool.box() as again:
        assert (await again.run(["ls", "-A", "/work"])).stdout == b""


async def test_a_lease_waits_its_turn_but_not_for_ever(pool: BoxPool) -> None:
    """With every slot taken, the next lease waits, and says so when it waited too long."""
    async with pool.box(), pool.box():
        with pytest.raises(Unavailable, match="no box became free"):
            async with pool.box(wait_s=0.05):
                pass
    async with pool.box(wait_s=5) as box:
        assert (await box.run(["true"])).exit_code == 0


async def test_a_tree_that_is_too_large_is_refused(pool: BoxPool) -> None:
    """Neither way does a tree beyond its bounds pass, and the message says what to do."""
    async with pool.box(limits=Limits(work_mb=2)) as box:
        with pytest.raises(UsageError, match="does not unpack"):
            await box.put(tar_of({"big": b"x" * 3_000_000}))
    async with pool.box() as box:
        await box.run(["sh", "-c", "head -c 3000000 /dev/zero > big"])
        with pytest.raises(UsageError, match="larger than"):
            await box.get(max_bytes=2_000_000)


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        ([], {}),
        ([""], {}),
        (["A=1"], {}),
        (["a\0b"], {}),
        (["true"], {"A-B": "1"}),
        (["true"], {"A": "x\0y"}),
        (["x" * 200_000], {}),
    ],
)
async def test_what_cannot_be_a_command_is_refused(
    pool: BoxPool, argv: list[str], env: dict[str, str]
) -> None:
    """The launcher believes nothing, and goes on serving."""
    async with pool.box() as box:
        with pytest.raises((BoxUnavailable, UsageError)):
            await box.run(argv, env=env)
        assert (await box.run(["true"])).exit_code == 0
