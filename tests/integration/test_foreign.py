"""Somebody else's repository is read, and nothing that it configures is ever run."""

import os
import subprocess
from pathlib import Path

import pytest

from bot.errors import RepositoryError
from bot.foreign import must_git, run_git
from tests.person import git

ARMED = (
    "core.fsmonitor",
    "filter.evil=x.clean",
    "filter.evil=x.smudge",
    "filter.evil=x.process",
    "diff.evil.textconv",
    "diff.evil.command",
    "core.pager",
    "core.editor",
    "core.sshCommand",
    "uploadpack.packObjectsHook",
    "credential.helper",
)
HOOKS = ("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-commit")


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Give the folder where whatever is run leaves its name."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def armed(tmp_path: Path, marks: Path) -> Path:
    """Give a repository whose configuration, attributes and hooks all name commands."""
    folder = tmp_path / "armed"
    folder.mkdir()

    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text("x")
    (folder / ".gitattributes").write_text("*.txt filter=evil=x diff=evil\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    (folder / ".git" / "more").write_text(
        f'[filter "evil=x"]\n\trequired = true\n\tclean = touch {marks}/included; cat\n'
    )
    git(folder, "config", "include.path", "more")
    for key in ARMED:
        git(folder, "config", key, f"sh -c 'touch {marks}/{key}; cat'")
    for hook in HOOKS:
        path = folder / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {marks}/{hook}\n")
        path.chmod(0o755)
    os.utime(folder / "a.txt", ns=(1, 1))  # git has to look into the file
    return folder


def test_what_a_repository_configures_is_not_run(armed: Path, marks: Path, tmp_path: Path) -> None:
    """Not its monitor, filters, drivers or hooks: by a look, a listing or a clone."""
    clean = must_git(armed, "status", "--porcelain", "--untracked-files=no")
    (armed / "a.txt").write_text("changed")
    changed = must_git(armed, "status", "--porcelain", "--untracked-files=no")
    must_git(armed, "ls-files", "--others", "--exclude-standard")
    must_git(tmp_path, "clone", "-q", "--no-local", str(armed), str(tmp_path / "copy"))

    assert ("", " M a.txt\n") == (clean, changed)
    assert [] == [mark.name for mark in marks.iterdir()]


def test_the_traps_are_real(armed: Path, marks: Path) -> None:
    """Plain git runs them: the test above can fail."""
    env = {"PATH": os.environ["PATH"], "HOME": str(armed)}
    look = ["git", "status", "--porcelain"]
    subprocess.run(look, cwd=armed, env=env, check=False, capture_output=True)

    assert {mark.name for mark in marks.iterdir()} & {"core.fsmonitor", "filter.evil=x.process"}


def test_a_failure_says_what_git_said(tmp_path: Path) -> None:
    """The last line of its complaint and the next step; `run_git` leaves that to its caller."""
    assert run_git(tmp_path, "rev-parse", "HEAD").returncode != 0
    with pytest.raises(RepositoryError, match=r"git rev-parse failed: .*not a git repository"):
        must_git(tmp_path, "rev-parse", "HEAD")


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    """A file name that is not UTF-8 comes through as Python's own names do."""
    must_git(tmp_path, "init", "-q")
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).write_text("")
    must_git(tmp_path, "add", "--all")

    assert name == must_git(tmp_path, "ls-files", "-z").rstrip("\0")
