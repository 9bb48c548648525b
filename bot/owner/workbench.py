"""One commit of a local repository, its mission and proven boxes: what scenarios are run on.

The repository is only read. Everything made here lies in one folder that goes away at the end.
"""

import asyncio
import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot import settings
from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, environment, spawn_launcher
from bot.adapters.missionfile import parse_mission, suggest_mission
from bot.adapters.substrate.gitstore import GitStore
from bot.domain.mission import Mission
from bot.errors import MissionError, RepositoryError, UsageError
from bot.foreign import must_git, run_git
from bot.validator.drivers.visit import Stage

_SLOTS = 2
_MISSION = "mission.md"
_FIRST_UID, _BLOCK, _BLOCKS = 100_000, 16, 20_000
"""Users of the boxes made here; a block per process, so that two commands do not share any."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A commit that scenarios can be run on."""

    commit: str
    mission: Mission
    mission_from: str
    """Where the mission comes from, for the person to know."""
    stage: Stage
    pool: BoxPool


@contextlib.asynccontextmanager
async def bench(
    repository: Path, ref: str, mission: Path | None, say: Callable[[str], None]
) -> AsyncIterator[Bench]:
    """Copy one commit in, resolve what it needs, open boxes; close and remove all of it."""
    given = await asyncio.to_thread(_given, mission)
    with _room() as home:
        git, commit = await asyncio.to_thread(_copy, repository, ref, home)
        store = await GitStore.open(git)
        tree = await store.archive(commit)
        chosen, source = given or await _mission(store, commit, tree)
        say(f"commit   {commit[:12]} of {repository}, mission: {source}")
        async with _boxes(home) as pool:
            missing = f"; missing: {', '.join(pool.missing)}" if pool.missing else ""
            say(f"box      tier {pool.tier}{missing}")
            layers = await environment.layers(
                chosen.environment,
                read=lambda path: store.read(commit, path),
                cache=home / "environments",
                pool=pool,
                pip_env=settings.handed_down(),
            )
            stage = Stage(tree, layers, chosen.product)
            yield Bench(commit, chosen, source, stage, pool)


@contextlib.asynccontextmanager
async def _boxes(home: Path) -> AsyncIterator[BoxPool]:
    """Open boxes of whatever strength this machine gives: the tier is shown, not demanded."""
    uid = _FIRST_UID + os.getpid() % _BLOCKS * _BLOCK
    scratch = home / "boxes"
    launcher = await spawn_launcher(
        LauncherConfig(slots=_SLOTS, uid_base=uid, roots=(home,), scratch=scratch)
    )
    pool = await BoxPool.open(
        BoxSettings(slots=_SLOTS, uid_base=uid, require_tier_a=False, scratch=scratch), launcher
    )
    try:
        yield pool
    finally:
        await pool.close()


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    """Make a folder that every box user can pass through, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as room:
        Path(room).chmod(0o711)
        yield Path(room)


def _given(mission: Path | None) -> tuple[Mission, str] | None:
    """Read the mission that was named on the command line."""
    if mission is None:
        return None
    try:
        return parse_mission(mission.read_text(encoding="utf-8"), source=str(mission)), str(mission)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the mission {mission}: {error}") from None


async def _mission(store: GitStore, commit: str, tree: bytes) -> tuple[Mission, str]:
    """Read the commit's own mission, or assume a modest one."""
    own = await store.read(commit, _MISSION)
    if own is None:
        files = await asyncio.to_thread(files_of, tree)
        return parse_mission(suggest_mission(files)), "none at this commit; a modest one is assumed"
    try:
        return parse_mission(own.decode()), f"{_MISSION} at this commit"
    except UnicodeDecodeError:
        raise MissionError(f"{_MISSION} is not UTF-8 at {commit}") from None


def files_of(tree: bytes) -> dict[str, bytes]:
    """List the regular files of a tree."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                found[member.name.removeprefix("./")] = content.read()
    return found


def _copy(repository: Path, ref: str, home: Path) -> tuple[Path, str]:
    """Copy a commit and its history into a store of our own; return the store's folder and it."""
    if not repository.is_dir():
        raise RepositoryError(f"{repository} is no folder", remedy="name a local git repository")
    source = repository.resolve()
    wanted = f"{ref}^{{commit}}"
    found = run_git(source, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    commit = found.stdout.strip()
    if found.returncode:
        if run_git(source, "rev-parse", "--git-dir").returncode:
            raise RepositoryError(f"{repository} is not a git repository")
        raise RepositoryError(
            f"{repository} has no commit {ref!r}", remedy="name a commit, branch or tag of it"
        )
    store = home / "store"
    bare = store / "git"
    bare.mkdir(parents=True)
    for words in (
        ("init", "--quiet", "--bare", "--template=", "."),
        ("fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--update-shallow",
         source.as_uri(), f"{commit}:refs/nightshift/keep/{commit}"),
    ):  # fmt: skip
        must_git(bare, *words)
    return store, commit
