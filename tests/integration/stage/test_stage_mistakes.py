"""Whoever tries Nightshift with a mistake is told so, and finds nothing left behind."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.__main__ import main
from bot.errors import UsageError
from bot.stage.trial import TrialOptions, trial


async def test_a_trial_with_a_mistake_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong issue, scenario folder or repository: one message, and no folder is left."""
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rooms))
    issue = tmp_path / "issue.md"
    issue.write_text("# Title\n")
    good = TrialOptions(tmp_path, issue)
    for options in (
        replace(good, issue=tmp_path / "none.md"),
        replace(good, scenarios=tmp_path / "none"),
        good,
    ):
        with pytest.raises(UsageError):
            await trial(options, Console(quiet=True))
    assert list(rooms.iterdir()) == []


def test_a_folder_without_git_is_a_sentence_and_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What happened and what to do next, and never a traceback."""
    issue = tmp_path / "issue.md"
    issue.write_text("# Title\n\nBody\n", encoding="utf-8")

    ended = main(["try", str(tmp_path), "--issue", str(issue)])
    page = "".join(capsys.readouterr())

    assert 2 == ended
    assert "is not a git repository" in page
    assert "next:" in page
    assert "Traceback" not in page
