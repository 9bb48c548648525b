"""Tasks are read whole, and what is wrong with them is said before anything is started."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.stage.panel.tasks import Task, of_folder, of_world
from tests.integration.panel_tasks import FIX, write_task


def read(tmp_path: Path) -> Task:
    """Write the task and read it."""
    (task,) = of_folder(write_task(tmp_path / "tasks"), tmp_path / "room")
    return task


def test_a_task_is_read(tmp_path: Path) -> None:
    """Its tree, its issue, its scenarios and its known fix are there."""
    task = read(tmp_path)
    assert ("till", (1,), "Ten pieces cost too much") == (
        task.name,
        task.numbers,
        task.issues[0].title,
    )
    assert 41 == len(task.scenarios)
    assert "- Prices of baskets, as the shop says them." == task.clause
    fixed = task.fixed(1)
    assert fixed is not None
    assert b"count >= FROM" in fixed["till.py"]
    assert b"count > FROM" in task.files["till.py"]


def test_a_fix_may_remove_a_file(tmp_path: Path) -> None:
    """The tree with the fix does not have it any more."""
    folder = write_task(tmp_path / "tasks")
    gone = FIX + (
        "diff --git a/mission.md b/mission.md\ndeleted file mode 100644\n--- a/mission.md\n"
        "+++ /dev/null\n"
    )
    mission = (folder / "till" / "repository" / "mission.md").read_text().splitlines()
    gone += f"@@ -1,{len(mission)} +0,0 @@\n" + "".join(f"-{line}\n" for line in mission)
    (folder / "till" / "fix.patch").write_text(gone)
    (task,) = of_folder(folder, tmp_path / "room")
    assert task.fixes[1]["mission.md"] is None
    assert "mission.md" not in (task.fixed(1) or {})


def test_a_mission_beside_the_repository_is_used(tmp_path: Path) -> None:
    """A repository without one can be a task."""
    folder = write_task(tmp_path / "tasks")
    text = (folder / "till" / "repository" / "mission.md").read_text()
    (folder / "till" / "mission.md").write_text(text.replace("lines: 60", "lines: 61"))
    (task,) = of_folder(folder, tmp_path / "room")
    assert 61 == task.mission.limits.diff_lines


def test_the_repository_is_not_touched(tmp_path: Path) -> None:
    """What belongs to somebody else stays as it was."""
    folder = write_task(tmp_path / "tasks")
    repository = folder / "till" / "repository"
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    of_folder(folder, tmp_path / "room")
    assert before == {path: path.stat().st_mtime_ns for path in repository.rglob("*")}


@pytest.mark.parametrize("world", ["parcel", "toolshed"])
def test_a_world_gives_the_issues_whose_answer_is_known(world: str, tmp_path: Path) -> None:
    """Those that are to land, each with its fix."""
    (task,) = of_world(world, tmp_path)
    assert (1, 3, 5) == task.numbers
    for number in task.numbers:
        assert task.fixed(number) not in (None, task.files)


def spoil(path: str, text: str | None) -> Callable[[Path], None]:
    """Return what overwrites, or removes, one file of the task."""

    def change(folder: Path) -> None:
        file = folder / "till" / path
        if text is None:
            file.unlink()
        else:
            file.write_text(text)

    return change


def rename(name: str) -> Callable[[Path], None]:
    """Return what gives the task another name."""
    return lambda folder: (folder / "till").rename(folder / name) and None


BAD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no issue": (spoil("issue.md", None), "issue.md", "name a Markdown file"),
    "no heading": (spoil("issue.md", "ten\n"), "issue.md has no heading", "begin it with `# `"),
    "fix does not apply": (
        spoil("fix.patch", FIX.replace("count > FROM", "count > TO")),
        "fix.patch does not apply",
        "git diff",
    ),
    "fix is no patch": (spoil("fix.patch", "hm"), "fix.patch does not apply", "git diff"),
    "bad scenario": (spoil("scenarios/gate/3.md", "x"), "gate/3.md", ""),
    "another issue": (
        lambda folder: _replace(folder / "till/scenarios/gate/10.md", "issue: 1", "issue: 7"),
        "`issue: 7`",
        "`issue: 1`",
    ),
    "bad mission": (spoil("mission.md", "---\nchecks: 3\n---\n"), "mission.md", ""),
    "bad name": (rename("Till House"), "Till House", "rename"),
    "no sealed set": (
        lambda folder: [f.unlink() for f in (folder / "till/scenarios/sealed").iterdir()] and None,
        "no scenario has `set: sealed`",
        "scenarios/README.md",
    ),
    "no repository": (
        lambda folder: (folder / "till/repository").rename(folder / "till/elsewhere") and None,
        "till/repository",
        "a git repository",
    ),
    "no task": (lambda folder: (folder / "till").rename(folder / ".till") and None, "no task", ""),
}


def _replace(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_task_is_refused(name: str, tmp_path: Path) -> None:
    """The message names the file and the mistake, and mostly a remedy."""
    change, what, remedy = BAD[name]
    folder = write_task(tmp_path / "tasks")
    change(folder)
    with pytest.raises(UsageError) as refused:
        of_folder(folder, tmp_path / "room")
    assert what in str(refused.value)
    assert remedy in refused.value.remedy


def test_a_folder_or_world_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Both say what there is to choose."""
    with pytest.raises(UsageError, match="no such folder"):
        of_folder(tmp_path / "nowhere", tmp_path)
    with pytest.raises(UsageError, match="parcel"):
        of_world("nowhere", tmp_path)
