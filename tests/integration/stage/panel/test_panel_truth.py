"""The known fix is recognised byte for byte, and what never can be right is wrong by definition."""

import subprocess
from pathlib import Path

import pytest

from bot.stage.panel.cast import Casting, Coder, Part, cast
from bot.stage.panel.tasks import of_folder
from bot.stage.panel.truth import is_fix, truth
from tests.integration.panel_tasks import write_task

WHO = ("-c", "user.name=o", "-c", "user.email=o@till.example")


def part_of(tmp_path: Path, coder: Coder) -> Part:
    """Cast one coder for the small task."""
    (task,) = of_folder(write_task(tmp_path / "tasks"), tmp_path / "room")
    return cast([task], Casting((coder,)))[0]


def commit(part: Part, more: str) -> str:
    """Commit the known fix, and perhaps more, in the task's own clone of a moment."""
    copy = part.task.origin.parent / f"copy-{len(more)}"
    subprocess.run(["git", "clone", "-q", str(part.task.origin), str(copy)], check=True)
    for path, content in part.task.fixes[1].items():
        (copy / path).write_bytes((content or b"") + more.encode())
    subprocess.run(["git", *WHO, "commit", "-qam", "Fix"], cwd=copy, check=True)
    return str(copy)


@pytest.mark.parametrize(("more", "same"), [("", True), ("# and more\n", False)])
def test_only_the_very_fix_is_the_fix(tmp_path: Path, more: str, *, same: bool) -> None:
    """One comment more, and it has to be compared by what it does."""
    part = part_of(tmp_path, Coder.ORACLE)
    copy = Path(commit(part, more))
    assert same is is_fix(copy, "HEAD", part)


@pytest.mark.parametrize("coder", [Coder.NULL, Coder.FORGER, Coder.HOSTILE])
async def test_what_starts_from_the_wrong_base_is_wrong(tmp_path: Path, coder: Coder) -> None:
    """No run is needed to know that."""
    known = await truth(part_of(tmp_path, coder), tmp_path, "HEAD")
    assert ("by definition", True) == (known.basis, bool(known.wrong))
