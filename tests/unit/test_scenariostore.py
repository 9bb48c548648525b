"""A folder of scenarios that others could read or write is not gone by."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.scenariostore import check_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Make a store that is closed all the way down."""
    folder = tmp_path / "store"
    for part in (folder, folder / "parcel", folder / "parcel" / "gate"):
        part.mkdir(mode=0o700)
    (folder / "parcel" / "gate" / "a.md").write_text("x")
    (folder / "parcel" / "gate" / "a.md").chmod(0o644)
    return folder


def test_a_closed_store_is_accepted(store: Path) -> None:
    """Folders for the owner alone; what files say does not matter behind them."""
    check_store(store)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o710, 0o720])
@pytest.mark.parametrize("place", [".", "parcel", "parcel/gate"])
def test_a_folder_that_others_can_enter_is_refused(store: Path, place: str, mode: int) -> None:
    """However deep it lies: bind mounts and later moves would open it."""
    (store / place).chmod(mode)
    with pytest.raises(SettingsError, match="can be read by others") as told:
        check_store(store)
    assert "chmod -R go=" in told.value.remedy


def _link(store: Path) -> None:
    (store / "parcel" / "b.md").symlink_to("/etc/hostname")


def _link_of_folder(store: Path) -> None:
    (store / "other").symlink_to(store / "parcel")


def _writable(store: Path) -> None:
    (store / "parcel" / "gate" / "a.md").chmod(0o622)


def _foreign(store: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(store / "parcel" / "gate" / "a.md", 4711, 4711)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link, "is a link"),
        (_link_of_folder, "is a link"),
        (_writable, "can be written"),
        (_foreign, "belongs to user 4711"),
    ],
)
def test_what_somebody_else_could_change_is_refused(
    store: Path, spoil: Callable[[Path], None], words: str
) -> None:
    """Links, foreign owners and files that others can write."""
    spoil(store)
    with pytest.raises(SettingsError, match=words):
        check_store(store)


def test_no_folder_at_all(tmp_path: Path) -> None:
    """It is said which user cannot read what."""
    with pytest.raises(SettingsError, match="cannot read"):
        check_store(tmp_path / "nowhere")


def test_who_looks_need_not_be_who_reads(store: Path) -> None:
    """Root looks for the validator: what root alone can open is closed to it."""
    if os.geteuid():
        pytest.skip("only root can look for somebody else")
    os.chown(store, 4711, 4711)
    with pytest.raises(SettingsError, match="is closed to user 4711") as told:
        check_store(store, 4711)
    assert "chown -R 4711" in told.value.remedy

    for path in store.rglob("*"):
        os.chown(path, 4711, 4711)

    check_store(store, 4711)
