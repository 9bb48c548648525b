"""Work directories and layers on the host's side."""

import os
from pathlib import Path

import pytest

from bot.adapters.box import Limits
from bot.adapters.box.argv import Identity
from bot.adapters.box.protocol import Refused
from bot.adapters.box.rooms import PlainRooms, remove_tree

ME = Identity(os.geteuid(), os.getegid(), switch=False)


def test_a_slot_is_made_empty_and_removed_whatever_is_in_it(tmp_path: Path) -> None:
    """Modes that forbid everything do not keep a tree alive, and links are not followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("1")
    rooms = PlainRooms([], tmp_path / "scratch")
    work = Path(rooms.open(3, ME, Limits()))
    assert work.stat().st_mode & 0o777 == 0o700
    (work / "a" / "b").mkdir(parents=True)
    (work / "a" / "b" / "c").write_text("x")
    (work / "a" / "link").symlink_to(outside)
    (work / "a" / "b").chmod(0)
    (work / "a").chmod(0)
    rooms.close(3)
    assert not work.exists()
    assert list(Path(rooms.open(3, ME, Limits())).iterdir()) == []
    rooms.remove()
    assert list((tmp_path / "scratch").iterdir()) == []
    assert (outside / "kept").read_text() == "1"


def test_removing_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    """A second removal is harmless."""
    remove_tree(tmp_path / "none")


@pytest.mark.parametrize("path", ["{}/../x", "{}/link", "{}/file", "{}/none", "/etc", "{}x", ""])
def test_a_layer_lies_below_its_root(tmp_path: Path, path: str) -> None:
    """Climbing, links, files and neighbours with a similar name are refused."""
    root = tmp_path / "root"
    (root / "good" / "deep").mkdir(parents=True)
    (root / "link").symlink_to("/etc")
    (root / "file").write_text("1")
    (tmp_path / "rootx").mkdir()
    rooms = PlainRooms([str(root)], tmp_path / "scratch")
    assert rooms.layer(0, 0, str(root / "good" / "deep")) == str(root / "good" / "deep")
    with pytest.raises(Refused):
        rooms.layer(0, 0, path.format(root))
