"""The command line: every verb teaches, every mistake is a sentence and an exit code."""

import errno
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.errors import DiskFull, Tampered, Unavailable, UsageError

VERBS = ["demo", "try", "up", "role", "doctor", "scenario", "gate", "verdict"]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return everything that was printed."""
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends well and says more than the options' names."""
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])

    assert left.value.code == 0
    assert len(told(capsys).split()) > 10


def test_the_first_page_names_every_verb_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer finds the four things to do, and what the exit codes mean."""
    with pytest.raises(SystemExit):
        main(["--help"])
    page = told(capsys)

    assert [verb for verb in VERBS if verb not in page] == []
    assert "exit codes" in page


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["try", "{here}", "--issue", "{here}/none.md"], 2, "cannot read the issue"),
        (["try", "{here}/absent", "--issue", "{issue}"], 2, "is no folder"),
        (["try", "{here}", "--issue", "{issue}", "--model", "x"], 2, "nor a URL"),
        (["try", "{here}", "--issue", "{issue}", "--scenarios", "{here}/no"], 2, "is no folder"),
        (["demo", "--world", "nowhere"], 2, "there is no world"),
        (["up", "--config", "{here}/etc"], 2, "server.env"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_code(
    argv: list[str], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What happened and what to do next, and never a traceback."""
    issue = tmp_path / "issue.md"
    issue.write_text("# Title\n\nBody\n", encoding="utf-8")

    ended = main([word.format(here=tmp_path, issue=issue) for word in argv])
    page = told(capsys)

    assert code == ended
    assert words in page
    assert "next:" in page
    assert "Traceback" not in page


def test_a_full_disk_has_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    """An OSError of no space is recognised; every other one is not."""
    full = DiskFull.from_os(OSError(errno.ENOSPC, "No space left", "/var/x"))

    assert full is not None
    assert "/var/x" in str(full)
    assert DiskFull.from_os(OSError(errno.EACCES, "no")) is None
    assert told(capsys) == ""


def test_exit_codes_tell_the_kinds_apart() -> None:
    """A script can act on the code alone."""
    codes = {kind.exit_code for kind in (DiskFull, Tampered, UsageError, Unavailable)}

    assert len(codes | {0}) == 5
