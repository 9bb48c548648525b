"""Every error says what happened, what it means and what to do, and has its exit code."""

import errno

import pytest

from bot import errors
from bot.errors import DiskFull, NightshiftError, Retryable


def tree(root: type[NightshiftError]) -> list[type[NightshiftError]]:
    """Return a class of error and all below it."""
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


OURS = [kind for kind in tree(NightshiftError) if kind.__module__ == errors.__name__]


def test_the_drawing_names_every_error() -> None:
    """The tree in the module's docstring is the tree of the classes, with their exit codes."""
    drawn = dict(
        line.strip("│├└─ ").split()[:2]
        for line in (errors.__doc__ or "").splitlines()
        if "──" in line
    )
    assert drawn == {kind.__name__: str(kind.exit_code) for kind in OURS[1:]}


def test_slugs_are_unique() -> None:
    """A slug that travels between processes names one class."""
    slugs = [kind.slug for kind in OURS]
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("kind", OURS)
def test_the_message_is_what_a_person_needs(kind: type[NightshiftError]) -> None:
    """One line each: what, what it means, what to do next; absent parts leave no empty line."""
    full = kind("it broke", means="a thing is off", remedy="mend it")
    lines = [f"{kind.slug}: it broke", "  a thing is off", "  next: mend it"]
    assert str(full).splitlines() == lines
    assert str(kind("it broke")) == lines[0]


def test_a_retryable_says_when() -> None:
    """The time is kept, and may be unknown."""
    assert Retryable("x", retry_at=12.5).retry_at == 12.5
    assert Retryable("x").retry_at is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_recognised(number: int) -> None:
    """Whatever call ran into it."""
    told = DiskFull.from_os(OSError(number, "no space", "/data/x"))
    assert told is not None
    assert "/data/x" in told.what


def test_other_failures_are_not_a_full_disk() -> None:
    """A permission problem stays what it is."""
    assert DiskFull.from_os(OSError(errno.EACCES, "no")) is None
