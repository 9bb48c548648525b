"""What goes into a box and how an end is read."""

import io
import tarfile

import pytest

from bot.validator.drivers.visit import ended, joined, pack
from bot.validator.observation import Ended


def test_files_are_appended_to_a_tree() -> None:
    """One archive with both, the later file last, also behind content that ends in zeros."""
    tree = pack({"a.txt": b"a", "zeros.bin": b"x" + bytes(5000)})
    with tarfile.open(fileobj=io.BytesIO(joined(tree, {"b.txt": b"b", "a.txt": b"new"}))) as tar:
        names = tar.getnames()
        zeros = tar.extractfile("zeros.bin")
        assert zeros is not None
        content = zeros.read()

    assert names == ["a.txt", "zeros.bin", "b.txt", "a.txt"]
    assert content == b"x" + bytes(5000)
    assert joined(tree, {}) is tree


def test_a_packed_file_tells_nothing_of_its_maker() -> None:
    """No user, no time."""
    with tarfile.open(fileobj=io.BytesIO(pack({"a": b""}))) as tar:
        info = tar.getmember("a")

    assert (info.uid, info.uname, info.mtime) == (0, "", 0)


@pytest.mark.parametrize(
    ("code", "stderr", "end"),
    [
        (0, b"", Ended.NORMALLY),
        (2, b"usage", Ended.NORMALLY),
        (1, b"error: no such zone", Ended.NORMALLY),
        (1, b"Traceback (most recent call last):\n  ...\nKeyError: 1", Ended.CRASHED),
        (1, b"/usr/bin/python: No module named parcel", Ended.CRASHED),
        (1, b"Error: Cannot find module 'x'\n    at a.js:1:1\n\nNode.js v20.1.0\n", Ended.CRASHED),
        (1, b"error: needs Node.js v20.1.0 or newer", Ended.NORMALLY),
        (127, b"", Ended.ABSENT),
        (139, b"", Ended.CRASHED),
        (-9, b"", Ended.CRASHED),
        (None, b"", Ended.CRASHED),
    ],
)
def test_how_a_program_ended(code: int | None, stderr: bytes, end: Ended) -> None:
    """Signals and exceptions that nobody caught are crashes, a refusal is an ordinary end."""
    assert ended(code, stderr, timed_out=False, truncated=False) is end


def test_time_and_floods_come_first() -> None:
    """A program that was ended by force says nothing with its exit code."""
    assert ended(0, b"", timed_out=True, truncated=True) is Ended.TIMED_OUT
    assert ended(0, b"", timed_out=False, truncated=True) is Ended.FLOODED
