"""Real boxes for tests, as root and as an ordinary user alike."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher

UID_BASE = 400_000 + os.getpid() % 20_000 * 16


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Give a directory that other users can walk, as canaries in it have to be reachable."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-box-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _config(scratch: Path, first: int) -> LauncherConfig:
    return LauncherConfig(2, UID_BASE + first, (scratch / "layers",), scratch / "work")


@pytest.fixture
def config(scratch: Path) -> LauncherConfig:
    """Describe a launcher beside the pool's own."""
    return _config(scratch, 4)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(scratch: Path) -> AsyncIterator[BoxPool]:
    """Open a proven pool, for all tests of a file."""
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch)
    opened = await BoxPool.open(settings, await spawn_launcher(_config(scratch, 0)))
    yield opened
    await opened.close()
