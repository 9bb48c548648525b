"""Boxes built by sandlock, where user namespaces are refused: the same walls, or nothing runs."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, Layer, Limits, spawn_launcher
from bot.adapters.box import fallback as box_fallback
from bot.errors import BoxUnavailable

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ROOT = os.geteuid() == 0
UID_BASE = 2_800_000 + os.getpid() % 20_000 * 16
WEAK = str(Path(__file__).with_name("weak_launcher.py"))
needs_root = pytest.mark.skipif(not ROOT, reason="the fallback needs users of its own: root")
needs_no_root = pytest.mark.skipif(ROOT, reason="as root there is a fallback")


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Give a directory that other users can walk."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-box-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def opened(scratch: Path, *entry: str, first: int = 0) -> BoxPool:
    """Open a pool on a launcher to which something was refused."""
    base = UID_BASE + first
    config = LauncherConfig(2, base, (scratch / "layers",), scratch / "work")
    launcher = await spawn_launcher(config, entry=(WEAK, *entry))
    return await BoxPool.open(BoxSettings(2, base, False, scratch / "own"), launcher)  # noqa: FBT003


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(scratch: Path) -> AsyncIterator[BoxPool]:
    """Open a proven pool of the fallback, for all tests of this file."""
    pool = await opened(scratch, "no-userns")
    yield pool
    await pool.close()


@needs_root
async def test_every_attack_fails_and_what_is_missing_is_named(pool: BoxPool) -> None:
    """The self-test passes whole: only comforts are missing, and tier B says which."""
    assert pool.tier == "B"
    assert set(box_fallback.MISSING) <= set(pool.missing)


@needs_no_root
async def test_an_ordinary_user_gets_no_fallback(scratch: Path) -> None:
    """Landlock lets a process change modes of its user's own files: such a box is not built."""
    with pytest.raises(BoxUnavailable, match="does not start"):
        await opened(scratch, "no-userns", first=4)


@needs_root
async def test_without_mounts_only_sizes_are_missing_more(scratch: Path) -> None:
    """In a container that may mount nothing every attack still fails; one more part is named."""
    pool = await opened(scratch, "no-mounts", first=8)
    assert {*box_fallback.MISSING, "a sized work directory"} <= set(pool.missing)
    async with pool.box() as box:
        assert (await box.run(["/bin/sh", "-c", "echo x > f; cat f"])).stdout == b"x\n"
    await pool.close()


@needs_root
async def test_a_tree_goes_in_and_comes_out(pool: BoxPool) -> None:
    """Files, streams, exit codes and the environment are as in any box."""
    script = "read word; mkdir -p a; printf $word > a/b; echo err >&2; echo $HOME; exit 7"
    async with pool.box() as box:
        result = await box.run(["/bin/sh", "-c", script], stdin=b"input\n")
        assert (result.exit_code, result.stderr, result.started) == (7, b"err\n", True)
        assert result.stdout.decode().strip() == box.places["/tmp"]  # noqa: S108
        assert await box.get_file("a/b") == b"input"
        tree = await box.get()
        assert await box.get_file("nothing") is None
        await box.put(tree)
    async with pool.box() as fresh:
        await fresh.put(tree)
        assert await fresh.get_file("a/b") == b"input"
        assert (await fresh.run(["no-such-command"])).exit_code == 127


@needs_root
async def test_a_private_channel_reaches_the_command(pool: BoxPool) -> None:
    """Descriptor 3 works, though sandlock itself passes none on: the lib driver runs."""
    server = "import os\nf = os.fdopen(3, 'r+b', buffering=0)\nf.write(b'got ' + f.readline())"
    async with pool.box() as box:
        process = await box.start(["python", "-I", "-S", "-c", server], private_fd=True)
        await process.feed(b"")
        await process.write(b"one\n")
        assert await process.readline() == b"got one\n"
        assert (await process.wait()).exit_code == 0


@needs_root
async def test_a_listening_socket_is_refused_with_the_reason(pool: BoxPool, scratch: Path) -> None:
    """The http driver cannot be served, and the message says so and what mends it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(scratch / "door"))
        listener.listen(1)
        async with pool.box() as box:
            with pytest.raises(BoxUnavailable, match=r"cannot serve a socket.*http"):
                await box.start(["true"], listen=listener)


@needs_root
async def test_no_socket_can_be_opened(pool: BoxPool) -> None:
    """The network is the host's, so no family of sockets is to be had; pairs of streams are."""
    tries = (
        "import socket\nfor family in (1, 2, 10, 16, 17, 40):\n"
        "  for kind in (1, 2, 3):\n"
        "    try: socket.socket(family, kind); print('opened', family, kind)\n"
        "    except OSError: pass\n"
        "try: socket.socketpair(type=socket.SOCK_DGRAM); print('datagrams')\n"
        "except OSError: pass\n"
        "a, b = socket.socketpair(); a.send(b'x'); print('pair', b.recv(1))"
    )
    async with pool.box() as box:
        result = await box.run(["python", "-I", "-S", "-c", tries])
    assert result.stdout == b"pair b'x'\n"


@needs_root
async def test_nothing_survives_its_command(pool: BoxPool) -> None:
    """Daemons die with the command, and time ends a box that would not end by itself."""
    daemon = "(setsid sleep 300 & setsid nohup sleep 300 >/dev/null 2>&1 &); echo left"
    async with pool.box() as box:
        result = await box.run(["/bin/bash", "-c", daemon])
        assert result.stdout == b"left\n"
        assert running_as(box.uid) == set()
        late = await box.run(["sleep", "300"], limits=Limits(wall_s=1.0))
        assert (late.exit_code, late.timed_out) == (None, True)
        assert running_as(box.uid) == set()


@needs_root
async def test_a_killed_command_is_not_a_success(pool: BoxPool) -> None:
    """Sandlock says -1 for a signal as for a box it could not build; here the two differ."""
    async with pool.box() as box:
        killed = await box.run(["/bin/sh", "-c", "kill -9 $$"])
    assert (killed.exit_code, killed.started) == (137, True)


@needs_root
async def test_two_boxes_do_not_reach_each_other(pool: BoxPool) -> None:
    """A box cannot read, write or list what belongs to its neighbour."""
    async with pool.box() as one, pool.box() as two:
        await one.run(["/bin/sh", "-c", "echo x > left; chmod 777 . left"])
        there = one.places["/work"]
        script = f"ls {there}; cat {there}/left; echo y > {there}/new; chmod 700 {there}/left"
        result = await two.run(["/bin/sh", "-c", script])
        assert (result.stdout, one.uid != two.uid) == (b"", True)
        assert (await one.run(["/bin/sh", "-c", "ls; cat left"])).stdout == b"left\nx\n"


@needs_root
async def test_a_layer_is_read_only_and_found_by_its_name(pool: BoxPool, scratch: Path) -> None:
    """An environment's packages are imported from /env as in any box, and take no writes."""
    site = scratch / "layers" / "one" / "site"
    site.mkdir(parents=True)
    (site / "thing.py").write_text("X = 5\n")
    async with pool.box([Layer(site.parent, "/env")]) as box:
        result = await box.run(["python", "-c", "import thing; print(thing.X)"])
        assert (result.stdout, result.stderr) == (b"5\n", b"")
        assert (await box.run(["touch", "/env/site/new"])).exit_code == 1


@needs_root
@pytest.mark.parametrize("kind", ["no-landlock", "no-entry"])
async def test_without_its_walls_nothing_runs(scratch: Path, kind: str) -> None:
    """No Landlock, or no word from inside: sandlock's answer is an object, the box is closed."""
    with pytest.raises(BoxUnavailable, match="does not start: sandlock") as caught:
        await opened(scratch, kind, first=4)
    assert "user namespaces" in caught.value.remedy


async def test_without_bubblewrap_and_without_sandlock_nothing_runs(scratch: Path) -> None:
    """There is no tier C: the error names both ways out."""
    with pytest.raises(BoxUnavailable, match="does not start: bwrap") as caught:
        await opened(scratch, "no-sandlock", first=4)
    assert "requirements/sandlock.txt" in caught.value.remedy
    with pytest.raises(BoxUnavailable, match="bwrap is not installed") as caught:
        await opened(scratch, "no-builder", first=4)
    assert "apt-get install -y bubblewrap" in caught.value.remedy
    assert "requirements/sandlock.txt" in caught.value.remedy


@needs_root
@pytest.mark.parametrize("uid", [0, 61_500])
async def test_sandlocks_refusals_are_no_exceptions(
    tmp_path: Path, scratch: Path, uid: int
) -> None:
    """The keeper reports no exit code as root, nor for a box that sandlock could not build."""
    plan = {
        "library": str(await asyncio.to_thread(sandlock_library, scratch / f"library-{uid}")),
        "descriptors": [0, 1, 2],
        "argv": ["/usr/bin/true"],
        "policy": {"fs_readable": ["/nonexistent"]},
    }
    code, status = await asyncio.to_thread(keep, plan, uid, tmp_path)
    assert (code, status) == (125, b"")


def sandlock_library(folder: Path) -> Path:
    """Copy the package to where every user can read it: the checkout may be closed to them."""
    found = box_fallback.find()
    assert found is not None
    shutil.copytree(found.package, folder / "sandlock")
    return folder


def keep(plan: dict[str, object], uid: int, folder: Path) -> tuple[int, bytes]:
    """Run the keeper as this user; its exit code, and what it reported."""
    found = box_fallback.find()
    assert found is not None
    (folder / "options").write_text(json.dumps(plan | {"seccomp": 9}))
    status_r, status_w = os.pipe()
    options = os.open(folder / "options", os.O_RDONLY)
    python = os.path.realpath(sys.executable)
    placed = f'exec 9</dev/null; exec {python} -I -S -c "$KEEPER" {options} {status_w}'
    who: Sequence[str] = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    done = subprocess.run(
        [*who, "/bin/sh", "-c", placed],
        env={"KEEPER": found.keeper, "HOME": "/nonexistent"},
        pass_fds=[options, status_w],
        check=False,
        capture_output=True,
    )
    for fd in (options, status_w):
        os.close(fd)
    with os.fdopen(status_r, "rb") as report:
        return done.returncode, report.read()


def running_as(uid: int) -> set[int]:
    """Return the processes of a user."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found |= {int(entry.name)} if entry.stat().st_uid == uid else set()
            except OSError:
                continue
    return found
