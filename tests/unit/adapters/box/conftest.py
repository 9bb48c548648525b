"""Real boxes for tests, as root and as an ordinary user alike."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher

UID_BASE = 400_000 + os.getpid() % 20_000 * 16


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a directory that other users can walk, as canaries in it have to be reachable."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-box-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def config(scratch: Path) -> LauncherConfig:
    """Describe a small launcher."""
    return LauncherConfig(
        slots=2, uid_base=UID_BASE, roots=(scratch / "layers",), scratch=scratch / "work"
    )


@pytest.fixture
async def pool(config: LauncherConfig, scratch: Path) -> AsyncIterator[BoxPool]:
    """Open a proven pool."""
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch)
    opened = await BoxPool.open(settings, await spawn_launcher(config))
    yield opened
    await opened.close()
