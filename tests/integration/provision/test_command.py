"""A child of the set-up ends in time, and says why it failed."""

import os
import subprocess
from pathlib import Path

import pytest

from bot.errors import EnvironmentProblem
from bot.provision.command import call


def test_the_output_is_returned(tmp_path: Path) -> None:
    """From the folder asked for, with what was added to the environment, in plain English."""
    said = call(
        ["sh", "-c", "pwd; echo $EXTRA $LC_ALL"], seconds=20, cwd=tmp_path, extra={"EXTRA": "more"}
    )

    assert f"{tmp_path}\nmore C.UTF-8\n" == said


def test_a_failure_carries_its_last_words() -> None:
    """Three lines of what it complained about, or of what it said when it did not complain."""
    with pytest.raises(EnvironmentProblem, match=r"sh ended with 3: b \| c \| d"):
        call(["sh", "-c", "printf 'a\\nb\\nc\\nd\\n' >&2; exit 3"], seconds=20)
    with pytest.raises(EnvironmentProblem, match="sh ended with 1: only"):
        call(["sh", "-c", "echo only; exit 1"], seconds=20)


def test_a_program_that_is_not_there_is_named() -> None:
    """With the reason of the system."""
    with pytest.raises(EnvironmentProblem, match="cannot start no-such-program: No such file"):
        call(["no-such-program"], seconds=20)


def test_a_late_child_is_ended_with_its_own_children(tmp_path: Path) -> None:
    """The whole group: nothing goes on behind our back."""
    note = tmp_path / "pid"
    with pytest.raises(EnvironmentProblem, match="sh took more than 1 s"):
        call(["sh", "-c", f"sleep 600 & echo $! > {note}; wait"], seconds=1)

    left = subprocess.run(
        ["ps", "-o", "stat=", "-p", note.read_text().strip()],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    assert left in {"", "Z"}


def test_it_never_waits_for_a_person() -> None:
    """Standard input is closed, so a question is answered by nobody at once."""
    with pytest.raises(EnvironmentProblem, match="ended with 1"):
        call(["sh", "-c", "read answer"], seconds=20)
