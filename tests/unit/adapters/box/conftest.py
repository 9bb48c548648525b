"""Real boxes for tests, as root and as an ordinary user alike."""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
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


def _pack(files: Mapping[str, bytes | str]) -> bytes:
    """Make a tar of files; a text value is a symlink's target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size, member.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _contents(tree: bytes) -> dict[str, tuple[str, int, str | bytes]]:
    """Return type, mode and content or target of every entry of a tar."""
    found: dict[str, tuple[str, int, str | bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(tree)) as tar:
        for member in tar:
            if member.issym():
                found[member.name] = ("link", 0, member.linkname)
            elif member.isdir():
                found[member.name] = ("folder", member.mode, b"")
            else:
                file = tar.extractfile(member)
                kind = "file" if member.isreg() else "other"
                found[member.name] = (kind, member.mode, file.read() if file else b"")
    return found


@pytest.fixture
def pack() -> Callable[[Mapping[str, bytes | str]], bytes]:
    """Give the maker of tars."""
    return _pack


@pytest.fixture
def contents() -> Callable[[bytes], dict[str, tuple[str, int, str | bytes]]]:
    """Give the reader of tars."""
    return _contents
