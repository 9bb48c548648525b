"""Anybody's repository is taken in as it stands, explained when it cannot be, and never touched."""

import hashlib
import os
from pathlib import Path

import pytest

from bot.errors import MissionError, RepositoryError, UsageError
from bot.stage.repository import patch_of, read_issue, take
from tests.person import git

MISSION = "---\nchecks: [python -m unittest]\n---\n# For sums\n\n## In scope\n\n- Sums.\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a repository with one commit on `trunk`."""
    folder = tmp_path / "my tool"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    (folder / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    return folder


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Return content and time of everything in a folder, git's own files too."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_branch_and_a_mission_are_taken(source: Path, tmp_path: Path) -> None:
    """Whatever the branch is called; a modest mission is added to the copy, and said."""
    taken = take(source, tmp_path / "copy", None)
    assert (taken.branch, taken.name) == ("trunk", "local/my-tool")
    assert "a modest one was written" in taken.note
    assert "checks:" in (taken.path / "mission.md").read_text()
    assert git(taken.path, "rev-parse", "HEAD^") == git(source, "rev-parse", "HEAD")


def test_the_original_is_never_touched(source: Path, tmp_path: Path) -> None:
    """Not a file, not an index, not a time stamp: even where git would refresh its notes."""
    (source / "loose.txt").write_text("untracked")
    os.utime(source / "sums.py", ns=(1, 1))  # git status would like to write this down
    before = fingerprint(source)
    taken = take(source, tmp_path / "copy", None)
    assert fingerprint(source) == before
    assert "untracked files left out: 1" in taken.note


def test_a_mission_of_its_own_is_kept(source: Path, tmp_path: Path) -> None:
    """No commit is added."""
    (source / "mission.md").write_text(MISSION)
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Mission")
    taken = take(source, tmp_path / "copy", None)
    assert taken.note == ""
    assert git(taken.path, "rev-parse", "HEAD") == git(source, "rev-parse", "HEAD")


def test_a_given_mission_wins(source: Path, tmp_path: Path) -> None:
    """It is committed to the copy."""
    given = tmp_path / "given.md"
    given.write_text(MISSION)
    taken = take(source, tmp_path / "copy", given)
    assert (taken.path / "mission.md").read_text() == MISSION
    assert str(given) in taken.note


def test_a_link_in_place_of_the_mission_leads_nowhere(source: Path, tmp_path: Path) -> None:
    """A hostile repository cannot have a file of ours overwritten."""
    treasure = tmp_path / "treasure"
    treasure.write_text("mine")
    (source / "mission.md").symlink_to(treasure)
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Link")
    given = tmp_path / "given.md"
    given.write_text(MISSION)
    take(source, tmp_path / "copy", given)
    take(source, tmp_path / "copy2", None)
    assert treasure.read_text() == "mine"
    assert not (tmp_path / "copy2" / "mission.md").is_symlink()


def test_a_broken_mission_names_the_key(source: Path, tmp_path: Path) -> None:
    """Before anything is started, with the nearest key that there is."""
    given = tmp_path / "given.md"
    given.write_text(MISSION.replace("checks:", "cheks:"))
    with pytest.raises(MissionError, match=r"cheks.*checks"):
        take(source, tmp_path / "copy", given)


def test_a_mission_that_is_not_there_is_named(source: Path, tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(UsageError, match="nowhere"):
        take(source, tmp_path / "copy", tmp_path / "nowhere.md")


def spoil(source: Path, how: str) -> Path:
    """Make a repository that cannot be taken."""
    match how:
        case "absent":
            return source / "nothing here"
        case "plain":
            (source.parent / "plain").mkdir()
            return source.parent / "plain"
        case "empty":
            (source.parent / "empty").mkdir()
            git(source.parent / "empty", "init", "-q")
            return source.parent / "empty"
        case "no-branch":
            git(source, "symbolic-ref", "HEAD", "refs/heads/gone")
        case "detached":
            git(source, "checkout", "-q", "--detach")
        case "dirty":
            (source / "sums.py").write_text("changed\n")
    return source


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("absent", "no folder"),
        ("plain", "not a git repository"),
        ("empty", "no commit"),
        ("no-branch", "no commit on its current branch"),
        ("detached", "detached"),
        ("dirty", "not committed"),
    ],
)
def test_what_cannot_be_taken_is_explained(
    source: Path, tmp_path: Path, how: str, words: str
) -> None:
    """One message with the next step, and no copy is made."""
    with pytest.raises(RepositoryError, match=words) as caught:
        take(spoil(source, how), tmp_path / "copy", None)
    assert caught.value.remedy
    assert not (tmp_path / "copy").exists()


def test_a_bare_repository_is_taken(source: Path, tmp_path: Path) -> None:
    """Its name is told without the ending."""
    git(tmp_path, "clone", "-q", "--bare", str(source), "tool.git")
    assert take(tmp_path / "tool.git", tmp_path / "copy", None).name == "local/tool"


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("# Wrong sum\n\nAdds badly.\n", "Wrong sum", "Adds badly."),
        ("Intro\n\n## Wrong sum ##\nmore", "Wrong sum", "Intro\n\n\nmore"),
        ("# `a` & <b>\n", "`a` & <b>", ""),
    ],
)
def test_an_issue_is_read(tmp_path: Path, text: str, title: str, body: str) -> None:
    """The first heading is the title, the rest the body."""
    file = tmp_path / "issue.md"
    file.write_text(text)
    filed = read_issue(file)
    assert (filed.title, filed.body) == (title, body)


@pytest.mark.parametrize("content", [b"no heading", b"", b"#no space", b"\xff\xfe"])
def test_what_is_no_issue_is_explained(tmp_path: Path, content: bytes) -> None:
    """Without a heading, or no text at all."""
    file = tmp_path / "issue.md"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="issue"):
        read_issue(file)
    with pytest.raises(UsageError, match=r"none\.md"):
        read_issue(tmp_path / "none.md")


def test_the_patch_applies(source: Path, tmp_path: Path) -> None:
    """What is left behind can be taken by `git am`."""
    taken = take(source, tmp_path / "copy", None)
    base = git(taken.path, "rev-parse", "HEAD")
    (taken.path / "sums.py").write_text("def add(a, b):\n    return b + a\n")
    git(taken.path, "commit", "-qam", "Turn it round")
    text = patch_of(taken.path, base, git(taken.path, "rev-parse", "HEAD"))
    (tmp_path / "p.patch").write_text(text)
    git(source, "am", "-q", str(tmp_path / "p.patch"))
    assert "b + a" in (source / "sums.py").read_text()


def test_a_name_that_is_no_text_is_named(source: Path, tmp_path: Path) -> None:
    """Nothing is started for a repository that jj could not keep."""
    (source / os.fsdecode(b"latin-\xe9.txt")).write_text("x")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "A name from elsewhere")

    with pytest.raises(RepositoryError, match=r"latin-\\xe9\.txt"):
        take(source, tmp_path / "copy", None)


def test_a_patch_keeps_the_line_ends_of_its_file(source: Path) -> None:
    """What was committed with CR LF can be patched again."""
    (source / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "From DOS")
    (source / "dos.txt").write_bytes(b"one\r\nthree\r\n")
    git(source, "commit", "-q", "-a", "-m", "Change")
    patch = source.parent / "dos.patch"
    patch.write_text(patch_of(source, "HEAD~1", "HEAD"), encoding="utf-8")
    git(source, "reset", "-q", "--hard", "HEAD~1")
    git(source, "am", "-q", "--keep-cr", str(patch))

    assert b"one\r\nthree\r\n" == (source / "dos.txt").read_bytes()
