"""`nightshift doctor`: what is missing on this machine, and the command that mends it."""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from bot.adapters.box import PARTS, BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.errors import EnvironmentProblem
from bot.provision import jj
from bot.supervise import CODE

_OLDEST_PYTHON = (3, 11)
_OLDEST_GIT = (2, 39)
_ROOM_GB = 2
_PROBE_UID = 60_900


class Health(StrEnum):
    """How one part is."""

    GOOD = "good"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the machine; `remedy` is a command or a sentence, empty when all is well."""

    name: str
    health: Health
    detail: str
    remedy: str = ""
    lacks: tuple["Lack", ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a weak part is without."""

    name: str
    means: str
    remedy: str


async def doctor(console: Console, *, as_json: bool) -> int:
    """Look at every part; exit 0 unless something that is needed is missing."""
    looks: list[Callable[[], Awaitable[Part]]] = [_python, _git, _jj, _box, _disk]
    parts = [await look() for look in looks]
    if as_json:
        console.print_json(json.dumps([asdict(part) for part in parts]))
    else:
        for part in parts:
            _print(console, part)
    return EnvironmentProblem.exit_code if any(p.health is Health.MISSING for p in parts) else 0


def _print(console: Console, part: Part) -> None:
    colour = {Health.GOOD: "green", Health.WEAK: "yellow", Health.MISSING: "red"}[part.health]
    console.print(f"[{colour}]{part.health.value:<8}[/] {part.name:<10} ", end="")
    console.print(part.detail, markup=False, highlight=False)
    if part.remedy:
        console.print(f"{'':<20}next: {part.remedy}", markup=False, highlight=False)
    for lack in part.lacks:
        console.print(f"{'':<20}missing: {lack.name}: {lack.means}", markup=False, highlight=False)
        console.print(f"{'':<22}next: {lack.remedy}", markup=False, highlight=False)


async def _python() -> Part:
    found = sys.version.split()[0]
    if sys.version_info >= _OLDEST_PYTHON:
        return Part("python", Health.GOOD, found)
    return Part("python", Health.MISSING, found, "install Python 3.11 or newer; then `make setup`")


async def _git() -> Part:
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


async def _jj() -> Part:
    found = await asyncio.to_thread(jj.installed, CODE / ".tools")
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


async def _box() -> Part:
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
            return _tier(pool.tier, pool.missing, pool.digest)
        finally:
            await pool.close()


def _tier(tier: str, missing: tuple[str, ...], digest: str) -> Part:
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


async def _disk() -> Part:
    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    detail = f"{free:.1f} GiB free in {tempfile.gettempdir()}"
    if free < _ROOM_GB:
        return Part("disk", Health.WEAK, detail, f"free some space: {_ROOM_GB} GiB are comfortable")
    return Part("disk", Health.GOOD, detail)
