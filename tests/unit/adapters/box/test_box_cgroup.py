"""Control groups, as far as files tell."""

import errno
import os
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Kernel:
    """A cgroup v2 file system as far as `choose` sees it: files, and the rule about processes."""

    group: Path

    def write(self, path: Path, text: str) -> None:
        """Write as the kernel does: no controllers below a group that holds processes."""
        procs = self.group / "cgroup.procs"
        if path.name == "cgroup.subtree_control" and procs.read_text().split():
            raise OSError(errno.EBUSY, "busy")
        if path.name == "cgroup.procs":
            procs.write_text(procs.read_text().replace(f"{text}\n", ""))
            with path.open("a") as members:
                members.write(f"{text}\n")
            return
        path.write_text(text.replace("+", ""))


def version_two(mount: Path, *, members: str = "", controllers: str = "cpu memory pids") -> Kernel:
    """Make our own group in a v2 hierarchy."""
    group = mount / "service"
    group.mkdir(parents=True)
    for folder in (mount, group):
        (folder / "cgroup.controllers").write_text(controllers if folder == group else "")
        (folder / "cgroup.subtree_control").write_text("")
        (folder / "cgroup.procs").write_text(members)
    return Kernel(group)


def version_one(mount: Path, *names: str) -> list[cgroup.Mount]:
    """Make v1 hierarchies and return their mounts."""
    for name in names:
        (mount / name).mkdir(parents=True)
    return [("cgroup", str(mount / name), ("rw", name)) for name in names]


OWN = {"": "/service", "pids": "/", "memory": "/", "cpu": "/"}


def test_a_delegated_subtree_comes_first(tmp_path: Path) -> None:
    """Version 2 is taken where it is ours, though version 1 would do as well."""
    kernel = version_two(tmp_path / "two")
    mounts = [
        *version_one(tmp_path / "one", "pids", "memory"),
        ("cgroup2", kernel.group.parent, ()),
    ]
    found = cgroup.choose([(k, str(p), o) for k, p, o in mounts], OWN, kernel.write)
    assert found == cgroup.Hierarchy(2, {"": kernel.group})


def test_version_one_comes_second(tmp_path: Path) -> None:
    """Where version 2 has not the controllers, version 1 is taken, with what it offers."""
    kernel = version_two(tmp_path / "two", controllers="")
    mounts = [("cgroup2", str(kernel.group.parent), ()), *version_one(tmp_path, "pids", "memory")]
    found = cgroup.choose(mounts, OWN, kernel.write)
    assert found == cgroup.Hierarchy(1, {name: tmp_path / name for name in ("pids", "memory")})


@pytest.mark.parametrize("names", [(), ("pids",), ("memory", "cpu")])
def test_half_of_the_controllers_is_none(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Without both processes and memory there is no hierarchy: rlimits are what is left."""
    assert cgroup.choose(version_one(tmp_path, *names), OWN) is None


def test_our_own_processes_step_aside(tmp_path: Path) -> None:
    """A group that holds processes gives no controllers: they move into a leaf of it first."""
    kernel = version_two(tmp_path, members="11\n12\n")
    mounts: list[cgroup.Mount] = [("cgroup2", str(tmp_path), ())]
    expected = cgroup.Hierarchy(2, {"": kernel.group})
    assert cgroup.choose(mounts, OWN, kernel.write) == expected
    assert (kernel.group / "nightshift-self" / "cgroup.procs").read_text() == "11\n12\n"
    assert (kernel.group / "cgroup.subtree_control").read_text() == "pids memory"
    moved = {"": "/service/nightshift-self"}  # the next launcher starts where the first one went
    assert cgroup.choose(mounts, moved, kernel.write) == expected


def test_a_subtree_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """Any other refusal than that of processes in the way means: not delegated."""
    kernel = version_two(tmp_path)

    def refuse(path: Path, text: str) -> None:
        raise PermissionError(errno.EACCES, text, str(path))

    assert cgroup.choose([("cgroup2", str(tmp_path), ())], OWN, refuse) is None
    assert not (kernel.group / "nightshift-self").exists()
