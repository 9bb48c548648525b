"""Bubblewrap is found, installed where we may, or asked for in so many words."""

from pathlib import Path

import pytest

from bot.errors import EnvironmentProblem, ToolMissing
from bot.provision import box


def tool(folder: Path, name: str, script: str = "") -> None:
    """Put a program on the path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_what_is_there_is_taken(path: Path) -> None:
    """Nothing is installed, and nothing is said."""
    tool(path, "bwrap")
    tool(path, "setpriv")  # the trial as an ordinary user: this machine lends its namespaces
    said: list[str] = []

    assert path / "bwrap" == box.ensure(said.append) == box.find()
    assert [] == said


def test_without_apt_a_person_is_told_the_command(path: Path) -> None:
    """What it is for, and what to type."""
    assert not list(path.iterdir())
    with pytest.raises(ToolMissing) as caught:
        box.ensure(lambda _: None)

    assert box.COMMAND in str(caught.value)
    assert "runs inside it" in caught.value.means


LISTS = """\
echo "$@" >> {log}
case "$*" in
  *update*) : > {log}.fresh ;;
  *install*) [ -e {log}.fresh ] || {{ echo "Unable to locate package" >&2; exit 100; }} ;;
esac
"""


def test_the_lists_are_refreshed_only_when_needed(path: Path, tmp_path: Path) -> None:
    """An unknown package is asked for again after an update; a known one at once."""
    log = tmp_path / "log"
    tool(path, "apt-get", LISTS.format(log=log))
    box.install([], "bubblewrap")
    first = [line.split()[0] for line in log.read_text().splitlines()]
    box.install([], "bubblewrap")
    second = [line.split()[0] for line in log.read_text().splitlines()]

    assert ["install", "update", "install"] == first
    assert [*first, "install"] == second


def test_what_apt_says_is_passed_on(path: Path) -> None:
    """A mirror that is down is the machine's problem, in apt's own words."""
    tool(path, "apt-get", "echo 'Could not resolve the mirror' >&2; exit 100")
    with pytest.raises(EnvironmentProblem, match="Could not resolve the mirror"):
        box.install([], "bubblewrap")
