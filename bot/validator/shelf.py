"""Where the scenarios come from: a folder of this machine, or a git repository of their own.

A repository is cloned into the validator's own state and asked again before a judgement, at most
once a minute. Git runs no hook and no filter there and has no working tree; only regular `.md`
files are laid out, in a folder per commit, so that a judgement never sees half of a change. A
repository that cannot be reached leaves the last known state in force, and the evidence says so;
without any known state nothing is judged.
"""

import asyncio
import io
import logging
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.adapters.substrate.gitstore import GitStore
from bot.errors import EnvironmentProblem, NightshiftError
from bot.validator.loader import MAX_FILE

FETCH_S = 120.0
FRESH_S = 60.0
_MOST = 64 * 1024 * 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stock:
    """The scenarios as they are in force now."""

    folder: Path
    commit: str = ""
    """Of the repository they come from; empty for a folder."""
    note: str = ""
    """Why they may be out of date."""


class Shelf(Protocol):
    """Whoever has the scenarios."""

    async def stock(self) -> Stock:
        """Return what is in force; raises NightshiftError when there is nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that somebody else fills."""

    path: Path

    async def stock(self) -> Stock:
        """Return the folder as it lies there."""
        return Stock(self.path)


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository of scenarios, and what opens it."""

    url: str
    branch: str = "main"
    token: str = ""
    key: Path | None = None
    """An SSH key, with the host's own in the file of that name plus `.known_hosts`."""


class Repository:
    """Scenarios from a git repository, kept below `home`."""

    def __init__(
        self, remote: Remote, home: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._remote = remote
        self._home = home
        self._clock = clock
        self._alone = asyncio.Lock()
        self._known: Stock | None = None
        self._asked = 0.0

    async def stock(self) -> Stock:
        """Ask the repository, unless it was asked just now."""
        async with self._alone:
            if self._known is None or self._clock() - self._asked >= FRESH_S:
                self._known = await self._ask()
                self._asked = self._clock()
            return self._known

    async def _ask(self) -> Stock:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home.chmod(0o700)
        remote = self._remote
        try:
            async with asyncio.timeout(FETCH_S):
                git = await GitStore.open(self._home)
                commit = await git.fetch(
                    remote.url, remote.branch, token=remote.token or None, ssh_key=remote.key
                )
                tar = await git.archive(commit)
            folder = await asyncio.to_thread(_lay_out, tar, self._home, commit)
        except (NightshiftError, TimeoutError) as error:
            slug = error.slug if isinstance(error, NightshiftError) else "timeout"
            return self._last(slug, error)
        return Stock(folder, commit)

    def _last(self, slug: str, error: Exception) -> Stock:
        """Return what was in force when the repository was last reached."""
        known = self._known or _recorded(self._home)
        if known is None:
            raise EnvironmentProblem(
                f"the scenarios cannot be fetched ({slug}), and none were fetched before",
                remedy="check NIGHTSHIFT_SCENARIOS, _REF and _TOKEN of the validator",
            ) from error
        log.warning("scenarios not reached why=%s commit=%s", slug, known.commit)
        return replace(known, note=f"the scenario repository was not reached ({slug})")


def _recorded(home: Path) -> Stock | None:
    """Read which commit was laid out last."""
    try:
        commit = (home / "current").read_text(encoding="ascii").strip()
    except OSError:
        return None
    folder = home / "trees" / commit
    return Stock(folder, commit) if commit and folder.is_dir() else None


def _lay_out(tar: bytes, home: Path, commit: str) -> Path:
    """Write the scenario files of a commit, whole or not at all; the one before stays too."""
    trees = home / "trees"
    trees.mkdir(mode=0o700, exist_ok=True)
    folder = trees / commit
    before = _recorded(home)
    if not folder.is_dir():
        draft = trees / f"{commit}.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for name, content in _files(tar):
            path = draft / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(content)
        for path in draft.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        draft.rename(folder)
    note = home / "current.new"
    note.write_text(commit, encoding="ascii")
    note.replace(home / "current")
    kept = {commit} | ({before.commit} if before else set())
    for old in trees.iterdir():
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _files(tar: bytes) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the regular `.md` files of an archive: no link and no other thing is ever made."""
    left = _MOST
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            inside = not name.is_absolute() and ".." not in name.parts
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or not inside or name.suffix != ".md":
                continue
            left -= member.size
            if left < 0:
                raise EnvironmentProblem(
                    "the scenario repository is larger than 64 MB",
                    remedy="keep nothing but scenarios in it",
                )
            yield name, content.read(MAX_FILE + 1)
