"""`nightshift scenario burn`: a scenario that somebody has seen becomes a dev one, file and all."""

import os
import re
from pathlib import Path

from bot.errors import UsageError
from bot.validator.loader import inspect_scenario
from bot.validator.scenario import Scenario, ScenarioSet

_FRONT = re.compile(r"\A---\n.*?^---\s*$", re.DOTALL | re.MULTILINE)
_SET = re.compile(r"^set:[ \t]*(['\"]?)(gate|sealed)\1", re.MULTILINE)


def moved_to_dev(folder: Path, scenario: Scenario) -> Path:
    """Rewrite the set in a scenario's file, and move it out of a folder named like its old set.

    Killed half-way, the file says `dev` and lies where it lay, which is true and can be repeated.
    """
    path = folder / scenario.file
    parts = [
        ScenarioSet.DEV.value if part == scenario.set.value else part
        for part in Path(scenario.file).parts[:-1]
    ]
    home = folder.joinpath(*parts)
    target = home / path.name
    if target != path and target.exists():
        raise UsageError(f"{target} exists already", remedy="rename one of the two files")
    try:
        text = path.read_text(encoding="utf-8")
        _replace(path, rewritten(text, scenario.file))
        if target != path:
            _folder_like(home, path.parent)
            path.rename(target)
    except OSError as error:
        raise UsageError(
            f"cannot rewrite {path}: {error.strerror}",
            remedy="run it as the owner of the scenarios, on a folder that can be written",
        ) from None
    return target


def rewritten(text: str, where: str) -> str:
    """Return a scenario's text with `set: dev`, every other byte as it was."""
    front = _FRONT.match(text)
    head, tail = (front[0], text[front.end() :]) if front else ("", text)
    changed, count = _SET.subn(f"set: {ScenarioSet.DEV.value}", head)
    found, _ = inspect_scenario(changed + tail, where)
    if count != 1 or found is None or found.set is not ScenarioSet.DEV:
        raise UsageError(
            f"{where}: its `set` line cannot be found", remedy="write `set: dev` there"
        )
    return changed + tail


def _replace(path: Path, text: str) -> None:
    """Put a new content in the place of a file, with its owner and mode, all or nothing."""
    known = path.stat()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(known.st_mode & 0o7777)
        if os.geteuid() == 0:
            os.chown(draft, known.st_uid, known.st_gid)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _folder_like(home: Path, like: Path) -> None:
    """Make a folder with the owner and mode of another one."""
    if home.is_dir():
        return
    _folder_like(home.parent, like)
    known = like.stat()
    home.mkdir(mode=known.st_mode & 0o7777)
    if os.geteuid() == 0:
        os.chown(home, known.st_uid, known.st_gid)
