"""jj out of a Debian archive: here a folder on this disk with packages made for the day."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bot.errors import EnvironmentProblem
from bot.provision import debian

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no Debian tools here")


def package(work: Path, name: str, files: dict[str, str]) -> Path:
    """Build a package."""
    tree = work / f"{name}-tree"
    for path, text in {
        **files,
        "DEBIAN/control": f"Package: {name}\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Ann <ann@example.invalid>\nDescription: x\n",
    }.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    deb = work / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True)
    return deb


LIBC = {
    "usr/lib/x/ld-linux-x.so.2": "loader",
    "usr/lib/x/libc.so.6": "library",
    "usr/lib/x/gconv/EBCDIC.so": "no",
    "usr/share/doc/libc/README": "no",
}


def test_binary_loader_and_libraries_are_kept(tmp_path: Path) -> None:
    """And nothing else; the wrapper starts the one through the other, wherever the folder is."""
    work, room = tmp_path / "work", tmp_path / "room"
    work.mkdir()
    room.mkdir()
    (room / debian.PRIVATE).mkdir()
    (room / debian.PRIVATE / "old.so.1").write_text("of an earlier set-up")
    debs = [package(work, "jujutsu", {"usr/bin/jj": "jj"}), package(work, "libc6", LIBC)]
    debian._assemble(work, debs, room)

    kept = {path.name for path in (room / debian.PRIVATE).iterdir()}
    assert {"jj", "ld-linux-x.so.2", "libc.so.6"} == kept
    wrapper = (room / "jj").read_text()
    assert f"here=${{0%/*}}/{debian.PRIVATE}\n" in wrapper
    assert '"$here/ld-linux-x.so.2" --library-path "$here" "$here/jj" "$@"' in wrapper
    assert (room / "jj").stat().st_mode & 0o111


@pytest.mark.parametrize("files", [{"usr/bin/jj": "jj"}, LIBC])
def test_half_of_it_is_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    """A binary without a loader, or a loader without a binary."""
    with pytest.raises(EnvironmentProblem, match="no jj or no loader"):
        debian._assemble(tmp_path, [package(tmp_path, "x", files)], tmp_path)


def test_an_archive_without_jj_says_so_for_every_suite(tmp_path: Path) -> None:
    """Each suite was tried, its work folder is gone, and the machine's own apt was not asked."""
    etc = tmp_path / "apt"
    (etc / "sources.list.d").mkdir(parents=True)
    mirror = f"file://{tmp_path}/debian"
    (etc / "sources.list").write_text(f"deb {mirror} bookworm main\n")
    room = tmp_path / "room"
    room.mkdir()
    with pytest.raises(EnvironmentProblem) as caught:
        debian.fetch(room, etc)

    for suite in debian.SUITES:
        assert f"{suite}: " in caught.value.what
    assert [] == list(room.iterdir())


def test_without_a_mirror_nothing_is_tried(tmp_path: Path) -> None:
    """A machine whose sources name no Debian."""
    with pytest.raises(EnvironmentProblem, match="no Debian mirror"):
        debian.fetch(tmp_path, tmp_path)
