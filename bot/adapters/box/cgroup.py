"""Kernel limits on a whole box: cgroup v2 where a subtree is ours, else v1, else none."""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.box.limits import MIB, Limits

_PREFIX = "nightshift-"
_NEEDED = ("pids", "memory")
_OPTIONAL_V1 = ("cpu", "cpuacct")
_EMPTYING_S = 5.0
_LEAF = f"{_PREFIX}self"
"""Where our own processes go on v2, whose groups hold processes or groups, never both."""

Mount = tuple[str, str, Sequence[str]]
"""Kind, mount point and options."""
Write = Callable[[Path, str], object]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where groups can be made: one directory per controller (v2 has a single one)."""

    version: int
    bases: Mapping[str, Path]

    @property
    def kind(self) -> str:
        """How status messages call it."""
        return f"cgroup-v{self.version}"


@dataclass(frozen=True, slots=True)
class Group:
    """The control group of one slot."""

    hierarchy: Hierarchy
    name: str

    @property
    def directories(self) -> dict[str, Path]:
        """Return this group's directory for each controller."""
        return {key: base / self.name for key, base in self.hierarchy.bases.items()}

    def create(self) -> None:
        """Make the group."""
        for directory in self.directories.values():
            directory.mkdir(exist_ok=True)

    def limit(self, limits: Limits) -> None:
        """Set what the group may use, from now on."""
        memory = limits.memory_mb * MIB
        pids = limits.pids + 4  # bubblewrap's two, the one between them, and the next in waiting
        where = self.directories
        if self.hierarchy.version == 2:  # noqa: PLR2004
            (base,) = where.values()
            (base / "pids.max").write_text(str(pids))
            (base / "memory.max").write_text(str(memory))
            _write_optional(base / "memory.swap.max", "0")
            _write_optional(base / "cpu.weight", "50")
            return
        (where["pids"] / "pids.max").write_text(str(pids))
        plain = where["memory"] / "memory.limit_in_bytes"
        with_swap = where["memory"] / "memory.memsw.limit_in_bytes"
        if with_swap.exists() and int(with_swap.read_text()) < memory:
            with_swap.write_text(str(memory))  # may never be below the other
        plain.write_text(str(memory))
        _write_optional(with_swap, str(memory))
        if "cpu" in where:
            _write_optional(where["cpu"] / "cpu.shares", "512")

    def open_joiners(self) -> list[int]:
        """Return descriptors; a process that writes `0` to each is a member."""
        return [
            os.open(directory / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
            for directory in self.directories.values()
        ]

    def cpu_s(self) -> float | None:
        """Return the processor time the group has used, when the kernel counts it."""
        where = self.directories
        with contextlib.suppress(OSError, ValueError):
            if "cpuacct" in where:
                return int((where["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
            if self.hierarchy.version == 2:  # noqa: PLR2004
                (base,) = where.values()
                first = (base / "cpu.stat").read_text().splitlines()[0]
                return int(first.removeprefix("usage_usec ")) / 1e6
        return None

    def kill(self, spare: AbstractSet[int] = frozenset()) -> bool:
        """Kill every member but the spared until none is left; False when one would not die."""
        deadline = time.monotonic() + _EMPTYING_S
        while members := self.members() - spare:
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def members(self) -> set[int]:
        """Return the processes in the group."""
        found: set[int] = set()
        for directory in self.directories.values():
            with contextlib.suppress(FileNotFoundError):
                text = (directory / "cgroup.procs").read_text()
                found |= {int(line) for line in text.split() if line != "0"}
        return found

    def remove(self) -> None:
        """Kill the members, also those that join meanwhile, and delete the group."""
        deadline = time.monotonic() + _EMPTYING_S
        left = list(self.directories.values())
        while left and time.monotonic() < deadline:
            self.kill()
            left = [directory for directory in left if not _removed(directory)]
            if left:
                time.sleep(0.005)  # the last member is still on its way out


def _removed(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def resolve() -> Hierarchy | None:
    """Find a hierarchy in which this process can make groups with limits."""
    return choose(_mounts(), _own_groups())


def choose(
    mounts: Sequence[Mount], own: Mapping[str, str], write: Write = Path.write_text
) -> Hierarchy | None:
    """Take a delegated v2 subtree, else v1, else nothing: then rlimits are what is left."""
    return _v2(mounts, own, write) or _v1(mounts, own)


def group_name(owner: int, slot: int) -> str:
    """Name the group of a slot after the process that will remove it."""
    return f"{_PREFIX}{owner}-slot-{slot:02d}"


def sweep(hierarchy: Hierarchy) -> None:
    """Remove groups whose launcher is gone, as after a power cut."""
    base = next(iter(hierarchy.bases.values()))
    for directory in base.glob(f"{_PREFIX}*-slot-*"):
        owner = directory.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            Group(hierarchy, directory.name).remove()


def _mounts() -> list[Mount]:
    """Return (kind, mount point, options) of every cgroup mount."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [
        (kind, point, options.split(","))
        for _, point, kind, options, *_ in lines
        if kind.startswith("cgroup")
    ]


def _own_groups() -> dict[str, str]:
    """Return this process's group path for each v1 controller; v2 is under the empty name."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), path))
    return own


def _candidates(point: str, path: str) -> list[Path]:
    """Prefer a place below our own group, so that limits set on us keep holding."""
    mount = Path(point)
    own = mount / path.lstrip("/")
    if own.name == _LEAF:  # somebody of ours has made room before
        own = own.parent
    return [own, mount] if own != mount and own.is_dir() else [mount]


def _v1(mounts: Sequence[Mount], own: Mapping[str, str]) -> Hierarchy | None:
    bases: dict[str, Path] = {}
    for name in (*_NEEDED, *_OPTIONAL_V1):
        for kind, point, options in mounts:
            if kind == "cgroup" and name in options:
                usable = [base for base in _candidates(point, own.get(name, "/")) if _can(base)]
                if usable:
                    bases[name] = usable[0]
    return Hierarchy(1, bases) if all(name in bases for name in _NEEDED) else None


def _v2(mounts: Sequence[Mount], own: Mapping[str, str], write: Write) -> Hierarchy | None:
    for kind, point, _ in mounts:
        if kind == "cgroup2":
            for base in _candidates(point, own.get("", "/")):
                if _delegated(base, write):
                    return Hierarchy(2, {"": base})
    return None


def _delegated(base: Path, write: Write) -> bool:
    """Whether groups below `base` get the controllers; switches them on when that is allowed."""
    with contextlib.suppress(OSError):
        if not set(_NEEDED) <= set((base / "cgroup.controllers").read_text().split()):
            return False
        active = base / "cgroup.subtree_control"
        if not set(_NEEDED) <= set(active.read_text().split()):
            _switch_on(base, active, write)
        return _can(base)
    return False


def _switch_on(base: Path, active: Path, write: Write) -> None:
    """Give controllers to the groups below; where processes stand in the way, they step aside.

    They go into a leaf of the same group, so that whatever limits it keeps limiting them.
    """
    wanted = "+pids +memory"
    try:
        write(active, wanted)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        leaf = base / _LEAF
        leaf.mkdir(exist_ok=True)
        for pid in (base / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                write(leaf / "cgroup.procs", pid)
        write(active, wanted)


def _can(base: Path) -> bool:
    """Whether a group can be made below `base`."""
    probe = base / f"{_PREFIX}{os.getpid()}-probe"
    try:
        probe.mkdir()
    except OSError:
        return False
    probe.rmdir()
    return True


def _write_optional(path: Path, value: str) -> None:
    """Set a limit that not every kernel has."""
    with contextlib.suppress(OSError):
        path.write_text(value)
