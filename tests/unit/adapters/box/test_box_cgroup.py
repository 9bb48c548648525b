"""Control groups, as far as files tell."""

import os
from pathlib import Path

import pytest

from bot.adapters.box import Limits, cgroup

LIMITS = Limits(memory_mb=100, pids=20)


@pytest.mark.parametrize(
    ("hierarchy", "expected"),
    [
        (2, {"pids.max": "24", "memory.max": "104857600", "memory.swap.max": "0"}),
        (1, {"pids.max": "24", "memory.limit_in_bytes": "104857600"}),
    ],
)
def test_limits_are_written_where_each_version_reads_them(
    tmp_path: Path, hierarchy: int, expected: dict[str, str]
) -> None:
    """Processes, memory and swap are bounded in both versions."""
    names = ("",) if hierarchy == 2 else ("pids", "memory")
    group = cgroup.Group(
        cgroup.Hierarchy(hierarchy, dict.fromkeys(names, tmp_path)), cgroup.group_name(7, 1)
    )
    group.create()
    group.limit(LIMITS)
    folder = tmp_path / "nightshift-7-slot-01"
    assert {name: (folder / name).read_text() for name in expected} == expected


def test_a_real_group_can_be_made_or_is_known_to_be_missing() -> None:
    """Where a hierarchy is reported, a group with limits works in it and leaves no trace."""
    hierarchy = cgroup.resolve()
    if hierarchy is None:
        assert os.geteuid() != 0 or not Path("/sys/fs/cgroup").is_dir()
        return
    group = cgroup.Group(hierarchy, cgroup.group_name(os.getpid(), 99))
    group.create()
    group.limit(LIMITS)
    assert group.members() == set()
    assert group.kill()
    group.remove()
    assert not any(folder.exists() for folder in group.directories.values())


def test_groups_of_dead_launchers_are_swept() -> None:
    """What a power cut left is removed at the next start; what is alive stays."""
    hierarchy = cgroup.resolve()
    if hierarchy is None:
        assert os.geteuid() != 0
        return
    dead = cgroup.Group(hierarchy, cgroup.group_name(4_194_305, 0))  # above every possible pid
    alive = cgroup.Group(hierarchy, cgroup.group_name(os.getpid(), 98))
    dead.create()
    alive.create()
    cgroup.sweep(hierarchy)
    try:
        assert not any(folder.exists() for folder in dead.directories.values())
        assert all(folder.exists() for folder in alive.directories.values())
    finally:
        alive.remove()
