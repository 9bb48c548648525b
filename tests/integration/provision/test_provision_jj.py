"""A tested jj is put in place whole, or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import EnvironmentProblem, ToolMissing
from bot.provision import jj

CHECKOUT = Path(__file__).resolve().parents[3]
TOOLS = CHECKOUT / ".tools"


@pytest.fixture(scope="module")
def real() -> Path:
    """Return the folder of the provided jj."""
    found = jj.installed(TOOLS)
    if found is None:
        pytest.fail("no tested jj: run `make setup`")
    return found.parent


def test_the_first_source_that_works_is_taken(real: Path, tmp_path: Path) -> None:
    """Failed sources are named, the good one is tested, recorded and readable by everybody."""
    said: list[str] = []

    def absent(_room: Path) -> str:
        raise EnvironmentProblem("not today")

    def half_made(room: Path) -> str:
        (room / "jj").write_text("#!/bin/sh\nexit 1\n")
        (room / "jj").chmod(0o755)
        return "nowhere"

    def good(room: Path) -> str:
        shutil.copytree(real, room, dirs_exist_ok=True)
        (room / jj.RECORD).unlink()
        return "a test"

    sources = {"one": absent, "two": half_made, "three": good, "four": absent}
    old = os.umask(0o077)
    try:
        found = jj.ensure(tmp_path / "tools", said.append, sources)
    finally:
        os.umask(old)
    assert jj.installed(tmp_path / "tools") == found
    assert [line.split("(")[0].strip() for line in said[:2]] == [
        "jj: not from one", "jj: not from two",
    ]  # fmt: skip
    assert "self-test passed" in said[2]
    assert len(said) == 3
    assert sorted(path.name for path in (tmp_path / "tools").iterdir()) == ["jj", "lock"]
    for path in [found.parent, *found.parent.rglob("*")]:
        assert path.stat().st_mode & 0o044 == 0o044, path
    assert jj.ensure(tmp_path / "tools", said.append, {}) == found
    assert len(said) == 3


def test_nothing_works(tmp_path: Path) -> None:
    """The error says what was tried and what to do; nothing is left behind."""

    def broken(room: Path) -> str:
        (room / "jj").write_text("#!/bin/sh\necho jj 0.30.0\n")
        (room / "jj").chmod(0o755)
        return "here"

    (tmp_path / "new-killed").mkdir()
    with pytest.raises(ToolMissing) as missing:
        jj.ensure(tmp_path, lambda _: None, {"one": broken, "two": lambda _: "nothing"})
    assert "one: jj 0.30 is too old" in missing.value.means
    assert "two:" in missing.value.means
    assert "PATH" in missing.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_moved_or_changed_jj(real: Path, tmp_path: Path) -> None:
    """It runs wherever the folder is moved; one changed byte and it is unknown again."""
    moved = tmp_path / "with space" / "jj"
    shutil.copytree(real, moved)
    assert jj.installed(moved.parent) == moved / "jj"
    done = subprocess.run([moved / "jj", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("jj ")
    with (moved / "jj").open("ab") as file:
        file.write(b"\n")
    assert jj.installed(moved.parent) is None
    (moved / "jj").unlink()
    assert jj.installed(moved.parent) is None


def provision(*words: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the Makefile does, on a machine with only some tools."""
    return subprocess.run(
        [sys.executable, "-m", "bot.provision", *words], cwd=CHECKOUT, timeout=30,
        env={"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_bare_machine_is_told_what_to_do(tmp_path: Path) -> None:
    """Each missing tool is one message with the command that mends it, and exit code 4."""
    done = provision("--check", "--tools", str(tmp_path), path=str(tmp_path))
    assert done.returncode == 4
    assert "make setup" in done.stderr
    assert "apt-get install -y bubblewrap" in done.stderr
    assert "Traceback" not in done.stderr
    assert provision("--only", "jj", "--tools", str(tmp_path), path=str(tmp_path)).returncode == 4
    assert provision("--nonsense", path=str(tmp_path)).returncode == 2


def test_a_jj_on_path_is_copied(real: Path, tmp_path: Path) -> None:
    """The copy is ours: it stays when the one on PATH goes, and an old one is passed over."""
    theirs = tmp_path / "bin" / "jj"
    theirs.parent.mkdir()
    theirs.write_text(f'#!/bin/sh\nexec "{real / "jj"}" "$@"\n')
    theirs.chmod(0o755)
    path = f"{theirs.parent}:/usr/bin:/bin"
    done = provision("--only", "jj", "--tools", str(tmp_path / "tools"), path=path)
    assert f"from {theirs}, self-test passed" in done.stdout
    theirs.write_text("#!/bin/sh\necho jj 0.45.9\n")
    again = provision("--only", "jj", "--tools", str(tmp_path / "tools"), path=path)
    assert again.stdout == f"jj: {tmp_path / 'tools' / 'jj' / 'jj'}\n"


def test_what_is_there_is_found(real: Path) -> None:
    """With everything in place the command only names it."""
    done = provision("--only", "jj", path=os.environ["PATH"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"jj: {real / 'jj'}\n"
