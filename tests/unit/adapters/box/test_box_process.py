"""Captured output."""

import asyncio
import os

import pytest

from bot.adapters.box.process import Capture


@pytest.mark.parametrize(
    ("written", "keep", "expected"),
    [
        (b"", 10, b""),
        (b"0123456789", 10, b"0123456789"),
        (b"0123456789A", 10, b"01234\n[... 1 bytes cut ...]\n6789A"),
        (b"0123456789A", 3, b"01\n[... 8 bytes cut ...]\nA"),
        (b"0123", 1, b"0\n[... 3 bytes cut ...]\n"),
    ],
)
async def test_head_and_tail_are_kept(written: bytes, keep: int, expected: bytes) -> None:
    """What fits is kept whole; else the middle goes, and its size is told."""
    reader, writer = os.pipe()
    capture = Capture(reader, keep)
    os.write(writer, written)
    os.close(writer)
    await asyncio.wait_for(capture.done, 5)
    assert capture.content() == expected
    assert capture.truncated is (len(written) > keep)


async def test_a_flood_is_never_held() -> None:
    """However much comes, no more than a few chunks are in memory."""
    reader, writer = os.pipe()
    capture = Capture(reader, 1000)
    most = 0
    for _ in range(300):
        os.write(writer, b"x" * 60_000)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        most = max(most, len(capture._head) + len(capture._tail))
    os.close(writer)
    await asyncio.wait_for(capture.done, 5)
    assert capture.total == 18_000_000
    assert most < 200_000
