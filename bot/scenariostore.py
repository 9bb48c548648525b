"""Looks at a folder of scenarios before a validator goes by it: it has to be closed to others."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.errors import SettingsError


def check_store(scenarios: Path, me: int | None = None) -> None:
    """Refuse a store that this role cannot read, or that others can, however deep.

    `me` is the user who will read it, when that is not who asks.
    """
    me = os.geteuid() if me is None else me
    if not _readable(scenarios, me):
        raise SettingsError(
            f"NIGHTSHIFT_SCENARIOS: user {me}, who runs the validator, cannot read {scenarios}",
            remedy=f"chown -R {me} {scenarios} && chmod 700 {scenarios}",
        )
    for path in (scenarios, *_below(scenarios)):
        what = _wrong(path.lstat(), me)
        if what:
            raise SettingsError(
                f"NIGHTSHIFT_SCENARIOS: {path} {what}",
                means="a scenario that a coder could read or write proves nothing",
                remedy=f"chown -R {me} {scenarios} && chmod -R go= {scenarios}",
            )


def _readable(folder: Path, me: int) -> bool:
    if not folder.is_dir():
        return False
    if me == os.geteuid():
        return os.access(folder, os.R_OK | os.X_OK)
    return folder.stat().st_uid == me


def _below(folder: Path) -> Iterator[Path]:
    """Walk everything; a folder that cannot be read is one that others have closed to us."""
    for home, folders, files in os.walk(folder):
        yield from (Path(home) / name for name in (*folders, *files))


def _wrong(found: os.stat_result, me: int) -> str:
    """Say what is wrong with one thing of a store, or nothing.

    A file may be readable by its mode: the folders around it are closed.
    """
    if stat.S_ISLNK(found.st_mode):
        return "is a link: what it names may lie where others can read"
    if found.st_uid not in {me, 0}:
        return f"belongs to user {found.st_uid}, not to the validator"
    if stat.S_ISDIR(found.st_mode) and found.st_mode & 0o077:
        return "can be read by others than the validator"
    if me not in {found.st_uid, 0} and not found.st_mode & 0o004:
        return f"is closed to user {me}, who runs the validator"
    return "can be written by others than the validator" if found.st_mode & 0o022 else ""
