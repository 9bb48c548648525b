"""Real repositories for the code store."""

from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from tests.unit.adapters.substrate.person import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a person's clone with an empty remote."""
    return Clone(tmp_path)


@pytest.fixture
async def store(tmp_path: Path) -> GitStore:
    """Return an empty store."""
    return await GitStore.open(tmp_path / "store")

    """Return a maker of folders beside each other."""

    def make(name: str) -> Path:
        room = tmp_path / name
        room.mkdir()
        return room

    return make
