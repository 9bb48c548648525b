"""Provide a jj that has passed its self-test, as `<tools>/jj/jj`."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.adapters.substrate.jj import LOWEST, parse_version
from bot.adapters.substrate.selftest import RECORD, digest, recall, remember, selftest
from bot.errors import EnvironmentProblem, NightshiftError, ToolMissing
from bot.provision import debian, release
from bot.provision.command import call

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
"""Where `make setup` puts what this checkout needs."""

_LOWEST_GIT = (2, 31)
_NEW, _OLD = "new-", "old-"
Say = Callable[[str], None]
Source = Callable[[Path], str]


def installed(tools: Path) -> Path | None:
    """Return the provided jj if this exact binary has passed its self-test."""
    jj = tools / "jj" / "jj"
    try:
        return jj if recall(jj.parent / RECORD, digest(jj)) else None
    except OSError:
        return None


def ensure(tools: Path, say: Say, sources: dict[str, Source] | None = None) -> Path:
    """Provide jj from the first source that works; nothing half-made is ever left in place."""
    found = installed(tools)
    if found:
        return found
    git = _git()
    tools.mkdir(parents=True, exist_ok=True)
    with _alone(tools):
        for left in [*tools.glob(f"{_NEW}*"), *tools.glob(f"{_OLD}*")]:
            shutil.rmtree(left, ignore_errors=True)  # of a set-up that was killed
        found = installed(tools)  # somebody else may have finished while we waited
        return found or _install(tools, git, say, sources or SOURCES)


def _git() -> Path:
    """Return a git that takes its settings from the environment, where no token is seen."""
    found = shutil.which("git")
    if found is None:
        raise ToolMissing("git is not on PATH", remedy="sudo apt-get install -y git")
    version = re.search(r"(\d+)\.(\d+)", call([found, "--version"], seconds=20))
    if version is None or (int(version[1]), int(version[2])) < _LOWEST_GIT:
        raise ToolMissing(f"{found} is older than 2.31", remedy="sudo apt-get install -y git")
    return Path(found)


def _install(tools: Path, git: Path, say: Say, sources: dict[str, Source]) -> Path:
    tried = []
    for name, fetch in sources.items():
        room = Path(tempfile.mkdtemp(prefix=_NEW, dir=tools))
        try:
            origin = fetch(room)
            passed = asyncio.run(selftest(room / "jj", git=git))
            remember(room / RECORD, passed)
            _open_to_all(room)
            _swap(room, tools / "jj")
        except (NightshiftError, OSError) as problem:
            what = problem.what if isinstance(problem, NightshiftError) else str(problem)
            tried.append(f"{name}: {what}")
            say(f"jj: not from {name} ({what})")
        else:
            say(f"jj {passed.version} from {origin}, self-test passed")
            return tools / "jj" / "jj"
        finally:
            shutil.rmtree(room, ignore_errors=True)
    wanted = ".".join(str(part) for part in LOWEST)
    raise ToolMissing(
        f"no jj >= {wanted} could be had",
        means="; ".join(tried),
        remedy=f"put a jj >= {wanted} on PATH (https://docs.jj-vcs.dev), then run `make setup`",
    )


def from_path(room: Path) -> str:
    """Copy the jj on PATH: every role can run it, and no upgrade slips in untested."""
    found = shutil.which("jj")
    if found is None:
        raise EnvironmentProblem("there is none")
    version = parse_version(call([found, "--version"], seconds=20))
    if version < LOWEST:
        raise EnvironmentProblem(f"{found} is {version[0]}.{version[1]}, too old")
    shutil.copyfile(found, room / "jj")
    (room / "jj").chmod(0o755)
    return found


SOURCES: dict[str, Source] = {
    "PATH": from_path,
    "the official release": release.fetch,
    "the Debian mirror": debian.fetch,
}


def _open_to_all(room: Path) -> None:
    """Let roles that run as other users read and traverse it, whatever the umask was."""
    room.chmod(0o755)
    for path in room.rglob("*"):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _swap(room: Path, place: Path) -> None:
    """Put a finished folder in its place; an older one is moved away first."""
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=_OLD, dir=place.parent))
        place.rename(old / "jj")
        room.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        room.rename(place)


@contextlib.contextmanager
def _alone(tools: Path) -> Iterator[None]:
    """Let one set-up work at a time; the lock dies with its process."""
    with (tools / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
