"""What a proof's digest covers, and which weaknesses of an installation are named."""

from pathlib import Path

import pytest

from bot.adapters.box import PARTS, BoxSettings, fallback, parts
from bot.adapters.box.pool import weaknesses
from bot.adapters.box.selftest import NAMES, Finding, digest

FACTS = {
    "bwrap": "0.8.0",
    "programs": ["aa", "bb"],
    "template": ["setpriv", "--", "bwrap", "--unshare-net"],
    "seccomp": "00",
    "built_by": "bubblewrap",
    "limits_by": "cgroup-v1",
    "missing": [],
}


def test_the_same_box_has_the_same_digest() -> None:
    """A digest tells what was proven, not when or where."""
    assert digest(FACTS, []) == digest({**FACTS, "slots": 7}, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bwrap", "0.9.0"),
        ("programs", ["aa", "cc"]),
        ("template", ["setpriv", "--", "bwrap"]),
        ("seccomp", "01"),
        ("built_by", "sandlock"),
        ("limits_by", "rlimits"),
        ("missing", ["cgroup limits"]),
    ],
)
def test_whatever_a_box_is_made_of_changes_the_digest(name: str, value: object) -> None:
    """A program, an option, the filter, the limits, a missing part: none can change unseen."""
    assert digest(FACTS, []) != digest({**FACTS, name: value}, [])


def test_every_check_is_in_the_digest() -> None:
    """A check that did not hold gives another digest than any other, and than none."""
    stamps = {digest(FACTS, [Finding(name, ("x",))]) for name in NAMES}
    assert len(stamps | {digest(FACTS, [])}) == len(NAMES) + 1


@pytest.mark.parametrize(
    ("role", "peer", "own_users", "expected"),
    [
        (60_003, 60_860, True, ()),
        (None, None, True, ()),
        (0, 60_860, True, (parts.ROLE_USER,)),
        (60_003, 60_800, True, (parts.OWN_POOL,)),
        (60_003, 60_801, True, (parts.OWN_POOL,)),
        (60_003, 60_799, True, (parts.OWN_POOL,)),
        (60_003, 60_802, True, ()),
        (1000, 60_800, False, ()),  # all is one user there, which is a part of its own
        (0, 60_800, True, (parts.ROLE_USER, parts.OWN_POOL)),
    ],
)
def test_an_installations_weaknesses_are_parts_too(
    role: int | None,
    peer: int | None,
    expected: tuple[str, ...],
    *,
    own_users: bool,
) -> None:
    """A role that is root itself, and pools that share users, are never tier A."""
    settings = BoxSettings(2, 60_800, False, Path("/s"), role, peer)  # noqa: FBT003
    assert weaknesses(settings, own_users=own_users) == expected


def test_every_part_says_what_it_means_and_what_mends_it() -> None:
    """No part can be missing without a way out, and the fallback's are all in the table."""
    assert all(part.means and part.mend for part in PARTS.values())
    assert set(fallback.MISSING) <= set(PARTS)
