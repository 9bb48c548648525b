"""Scenarios from a git repository: fetched, laid out as plain files, kept when it is gone."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from bot.errors import EnvironmentProblem, Rejected, UsageError
from bot.validator.shelf import FRESH_S, Folder, Remote, Repository
from tests.person import Clone


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return an owner's clone with an empty remote."""
    return Clone(tmp_path)


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def shelf(clone: Clone, tmp_path: Path, clock: Clock) -> Repository:
    """Open a shelf over the remote."""
    return Repository(Remote(clone.url), tmp_path / "state", clock=clock)


async def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """No commit and no note."""
    stock = await Folder(tmp_path).stock()
    assert (stock.folder, stock.commit, stock.note) == (tmp_path, "", "")


async def test_a_commit_is_laid_out_and_the_next_one_is_found(
    clone: Clone, tmp_path: Path, clock: Clock
) -> None:
    """Asked once a minute; the commit names what is in force; nobody else can read it."""
    first = clone.commit({"parcel/gate/a.md": b"one", "notes.txt": b"no scenario"})
    found = shelf(clone, tmp_path, clock)
    stock = await found.stock()
    second = clone.commit({"parcel/gate/a.md": b"two"})

    assert (stock.commit, stock.note) == (first, "")
    assert (stock.folder / "parcel" / "gate" / "a.md").read_bytes() == b"one"
    assert not (stock.folder / "notes.txt").exists()
    assert (await found.stock()).commit == first
    clock.now += FRESH_S
    later = await found.stock()
    assert later.commit == second
    assert (later.folder / "parcel" / "gate" / "a.md").read_bytes() == b"two"
    assert (stock.folder / "parcel" / "gate" / "a.md").read_bytes() == b"one"
    modes = {p.stat().st_mode & 0o077 for p in (tmp_path / "state" / "trees").rglob("*")}
    assert modes == {0}
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


async def test_links_are_never_made(clone: Clone, tmp_path: Path, clock: Clock) -> None:
    """A link in the repository is left out, to a file as to a folder."""
    (clone.work / "parcel").mkdir(parents=True)
    (clone.work / "parcel" / "leak.md").symlink_to("/etc/hostname")
    (clone.work / "other").symlink_to("/etc")
    clone.commit({"parcel/a.md": b"one"})
    stock = await shelf(clone, tmp_path, clock).stock()

    assert [p.name for p in stock.folder.rglob("*")] == ["parcel", "a.md"]


async def test_what_is_out_of_reach_leaves_the_last_state(
    clone: Clone, tmp_path: Path, clock: Clock
) -> None:
    """Also after a restart, and it is said; with no state at all nothing starts."""
    commit = clone.commit({"parcel/a.md": b"one"})
    found = shelf(clone, tmp_path, clock)
    await found.stock()
    shutil.rmtree(clone.remote)
    clock.now += FRESH_S
    for asked in (found, shelf(clone, tmp_path, clock)):
        stock = await asked.stock()
        assert stock.commit == commit
        assert stock.note.startswith("the scenario repository was not reached (")
        assert (stock.folder / "parcel" / "a.md").read_bytes() == b"one"
    with pytest.raises(EnvironmentProblem, match="none were fetched before"):
        await Repository(Remote(clone.url), tmp_path / "fresh").stock()


async def test_ssh_takes_one_key_and_known_hosts_only(tmp_path: Path) -> None:
    """Git is handed exactly this ssh command; without a key, ssh is no address at all."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    (tools / "ssh").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\nexit 255\n')
    (tools / "ssh").chmod(0o755)
    store = await GitStore.open(tmp_path / "store", git=str(tools / "git"))
    key = tmp_path / "key"
    with pytest.raises(Rejected):
        await store.fetch("ssh://git@127.0.0.1:22/s.git", "main", ssh_key=key)
    said = (tmp_path / "said").read_text()

    assert f"-F none -i {key} -o BatchMode=yes -o IdentitiesOnly=yes" in said
    assert f"StrictHostKeyChecking=yes -o UserKnownHostsFile={key}.known_hosts" in said
    for url in ("ssh://-oProxyCommand=id/x", "ssh://git@host", "ssh://a b/x"):
        with pytest.raises(UsageError):
            await store.fetch(url, "main", ssh_key=key)
    with pytest.raises(UsageError):
        await store.fetch("ssh://git@127.0.0.1/s.git", "main")
