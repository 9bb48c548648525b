"""Real repositories for the code store."""

from pathlib import Path

import pytest

from bot.adapters.substrate.gitstore import GitStore
from bot.adapters.substrate.substrate import Substrate
from bot.provision.jj import installed
from tests.person import Clone

CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a person's clone with an empty remote."""
    return Clone(tmp_path)


@pytest.fixture
async def store(tmp_path: Path) -> GitStore:
    """Return an empty store."""
    return await GitStore.open(tmp_path / "store")


@pytest.fixture(scope="session")
def jj() -> Path:
    """Return the provided jj."""
    found = installed(CHECKOUT / ".tools")
    if found is None:
        pytest.fail("no tested jj: run `make setup`")
    return found


@pytest.fixture
async def substrate(tmp_path: Path, jj: Path) -> Substrate:
    """Return an empty substrate."""
    return await Substrate.open(tmp_path / "substrate", jj=jj)
