"""The machine: Python, git, jj, the box, the disk."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.adapters.box import PARTS, BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.doctor.part import Health, Lack, Part
from bot.errors import EnvironmentProblem
from bot.provision import jj as provided
from bot.supervise import CODE

_OLDEST_PYTHON = (3, 11)
_OLDEST_GIT = (2, 39)
_ROOM_GB = 2
_PROBE_UID = 60_900


async def python() -> Part:
    """Look at the interpreter."""
    found = sys.version.split()[0]
    if sys.version_info >= _OLDEST_PYTHON:
        return Part("python", Health.GOOD, found)
    return Part("python", Health.MISSING, found, "install Python 3.11 or newer; then `make setup`")


async def git() -> Part:
    """Look for git."""
    path = shutil.which("git")
    if path is None:
        return Part("git", Health.MISSING, "not on PATH", "sudo apt-get install -y git")
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    version = out.decode().split()[2]
    numbers = tuple(int(n) for n in version.split(".")[:2])
    if numbers < _OLDEST_GIT:
        return Part("git", Health.MISSING, version, "install git 2.39 or newer")
    return Part("git", Health.GOOD, version)


async def jujutsu() -> Part:
    """Look for jj."""
    found = await asyncio.to_thread(provided.installed, CODE / ".tools")
    if found is None:
        return Part(
            "jj", Health.MISSING, "not set up, or its self-test has not passed", "make setup"
        )
    return Part("jj", Health.GOOD, str(found))


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    """Make a folder that every box user can pass through, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="nightshift-doctor-") as room:
        path = Path(room)
        path.chmod(0o711)
        yield path


async def box() -> Part:
    """Build a box, attack it, and report its tier."""
    with _room() as scratch:
        uid = _PROBE_UID
        try:
            launcher = await spawn_launcher(
                LauncherConfig(slots=1, uid_base=uid, roots=(scratch,), scratch=scratch / "box")
            )
            pool = await BoxPool.open(
                BoxSettings(slots=1, uid_base=uid, require_tier_a=False, scratch=scratch / "own"),
                launcher,
            )
        except EnvironmentProblem as error:
            return Part("box", Health.MISSING, error.what, error.remedy or "make setup")
        try:
            return judged(pool.tier, pool.missing, pool.digest)
        finally:
            await pool.close()


def judged(tier: str, missing: tuple[str, ...], digest: str) -> Part:
    """Tell the tier, and of each missing part what it means and what mends it."""
    if not missing:
        return Part("box", Health.GOOD, f"tier {tier}, self-test {digest[:12]}")
    lacking = [PARTS[name] for name in missing]
    return Part(
        "box",
        Health.WEAK,
        f"tier {tier}, which does not merge unless allowed; self-test {digest[:12]}",
        "mend what is missing",
        tuple(Lack(part.name, part.means, part.mend) for part in lacking),
    )


async def disk() -> Part:
    """Measure the room for boxes and scratch."""
    return room_in("disk", Path(tempfile.gettempdir()))


def room_in(name: str, folder: Path) -> Part:
    """Measure the room of one folder, or of what it will be made in."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    detail = f"{free:.1f} GiB free in {folder}"
    if free < _ROOM_GB:
        return Part(name, Health.WEAK, detail, f"free some space: {_ROOM_GB} GiB are comfortable")
    return Part(name, Health.GOOD, detail)
