"""What a launcher has to build boxes with: rights, limits, rooms and slots."""

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.box import argv as box_argv
from bot.adapters.box import (
    cgroup,
    fallback,
    host,
    parts,
    protocol,
    rooms,
    seccomp,
    spawn,
    syscalls,
)
from bot.adapters.box.limits import Limits
from bot.adapters.box.waiter import Waiter
from bot.errors import BoxUnavailable

_LOWEST_UID, _HIGHEST_UID = 1000, 2_000_000_000
_NOBODY = 65_534
_MAX_SLOTS = 64
_SPARE_PROCESSES = 8
"""Bubblewrap's own, and a collector beside a server."""
_USERS_GROWTH = 64
"""How many more processes a user may start meanwhile whose boxes count together with them."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the starter of a launcher fixes for its whole life."""

    slots: int
    uid_base: int
    roots: tuple[str, ...]
    scratch: str

    @classmethod
    def parse(cls, text: str) -> "Config":
        """Read the command-line form."""
        values = json.loads(text)
        config = cls(
            int(values["slots"]), int(values["uid_base"]), tuple(values["roots"]), values["scratch"]
        )
        last = config.uid_base + config.slots - 1
        if not 1 <= config.slots <= _MAX_SLOTS:
            raise BoxUnavailable(f"{config.slots} box slots", remedy=f"choose 1 to {_MAX_SLOTS}")
        if config.uid_base < _LOWEST_UID or last > _HIGHEST_UID:
            raise BoxUnavailable(
                f"box users {config.uid_base} to {last} are not for this",
                remedy=f"choose a first uid from {_LOWEST_UID} up that no account uses",
            )
        if config.uid_base <= _NOBODY <= last:
            raise BoxUnavailable("box users would include nobody", remedy="choose another range")
        return config


@dataclass(slots=True)
class Slot:
    """One place for a box, leased to one at a time."""

    index: int
    identity: box_argv.Identity
    group: cgroup.Group | None
    leased: bool = False
    broken: bool = False
    """Something in it would not die: never used again."""
    limits: Limits = field(default_factory=Limits)
    work: str = ""
    tmp: str = ""
    shortcuts: str = ""
    made_of: str = ""
    """What its box was to be made of when it was leased."""
    layers: tuple[box_argv.Bind, ...] = ()
    waiter: Waiter | None = None
    """The child that becomes the next command, where control groups have to be joined first."""


class Machine:
    """Everything that boxes of this launcher have in common."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.slots: list[Slot] = []
        self.seccomp: bytes | None = None
        self.sandlock: fallback.Sandlock | None = None
        """The fallback, where boxes are built with it."""
        self._plain: rooms.PlainRooms | None = None
        self._locks: list[socket.socket] = []

    def prepare(self) -> None:
        """Take possession of the machine's means; raises BoxUnavailable."""
        os.umask(0o022)
        syscalls.become_subreaper()
        self._root = os.geteuid() == 0
        self._host = host.inspect()
        self._locks = _claim(self.config) if self._root else []
        self._hierarchy = self.find_groups()
        if self._hierarchy is not None:
            cgroup.sweep(self._hierarchy)
        self.sandlock = self.choose()
        if seccomp.supported(self._host.machine):
            sockets = self.sandlock is None
            self.seccomp = seccomp.program(self._host.machine, sockets=sockets)
        self._users_tasks = 0 if self._root else spawn.tasks_of(os.geteuid())
        self._ceilings = spawn.hard_limits()
        self.rooms = self.make_rooms()
        self._system = self.rooms.system(self._host.system)
        self.slots = [self.make_slot(index) for index in range(self.config.slots)]

    def find_groups(self) -> cgroup.Hierarchy | None:
        """Find where control groups can be made; None leaves rlimits."""
        return cgroup.resolve()

    def choose(self) -> fallback.Sandlock | None:
        """Decide what builds boxes: None for bubblewrap, else the fallback.

        Without either nothing runs. Where only its namespaces are refused, and there is no
        fallback, bubblewrap stays: the self-test then fails with its complaint.
        """
        problem = self._host.no_bwrap
        first = self.config.uid_base if self._root else os.geteuid()
        if problem is None:
            refused = host.refuses_namespaces(self._host.tools, first, switch=self._root)
            spawn.bury_strays(set())  # the trial's init is ours now: a zombie would stay for ever
            if not refused:
                return None
        found = fallback.find() if self._root and self._has_filter() else None
        if found is None and problem is not None:
            raise BoxUnavailable(
                problem.what,
                means=f"{problem.means} {fallback.WHY_NOT}".strip(),
                remedy=f"{problem.remedy}; {fallback.MEND}",
            )
        return found

    def _has_filter(self) -> bool:
        return seccomp.supported(self._host.machine)

    def make_rooms(self) -> rooms.Rooms:
        """Move into a private mount namespace, or stay and make do with directories."""
        system, pid = self._parts(), os.fork()
        if pid == 0:  # tried in a child first: half a change of namespace cannot be undone
            os._exit(spawn.guarded(lambda: rooms.enter(system, self.config.roots)))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            return rooms.enter(system, self.config.roots)
        return self.plain_rooms()

    def plain_rooms(self) -> rooms.Rooms:
        """Make do with directories, and put beside them what the fallback has to reach."""
        self._plain = rooms.PlainRooms(self.config.roots, Path(self.config.scratch))
        if self.sandlock is not None:
            package = self._plain.copy(self.sandlock.package)
            self.sandlock = replace(self.sandlock, package=package)
        return self._plain

    def _parts(self) -> box_argv.System:
        """Name what the launcher itself has to reach: the parts of boxes, and of the keeper."""
        own = self._host.system
        if self.sandlock is None:
            return own
        package = str(self.sandlock.package)
        return replace(own, binds=(*own.binds, box_argv.Bind(package, package)))

    def furnish(self, slot: Slot) -> None:
        """Make what a box of the fallback needs beside its work directory."""
        if self.sandlock is None:
            return
        slot.tmp = self.rooms.beside(slot.index, "tmp", slot.identity, slot.limits.tmp_mb)
        slot.shortcuts = self.rooms.beside(slot.index, "bin", None, 1)
        plan = self.plan(slot, ("true",), {}, slot.limits)
        fallback.make_shortcuts(plan)

    def places(self, slot: Slot) -> dict[str, str]:
        """Say where a box's directories are, as the box itself sees them."""
        names = {name: name for name in (box_argv.WORK, "/tmp", "/dev/shm")}  # noqa: S108
        if self.sandlock is None:
            return names
        where = fallback.places(self.plan(slot, ("true",), {}, slot.limits))
        return {name: where[name] for name in names if name in where}

    def make_slot(self, index: int) -> Slot:
        """Give a slot its user and its control group."""
        if self._root:
            uid = self.config.uid_base + index
            identity = box_argv.Identity(uid, uid, switch=True)
        else:
            identity = box_argv.Identity(os.geteuid(), os.getegid(), switch=False)
        group = None
        if self._hierarchy is not None:
            group = cgroup.Group(self._hierarchy, cgroup.group_name(os.getpid(), index))
        return Slot(index, identity, group)

    def facts(self, limits: Limits) -> protocol.Message:
        """Tell what boxes are made of here, for tier and digest."""
        example = Slot(0, self.slots[0].identity, None, work="/slots/00/work")
        if self.sandlock is not None:
            example.tmp, example.shortcuts = "/slots/00/tmp", "/slots/00/bin"
        plan = self.plan(example, ("true",), {}, limits)
        files = dict.fromkeys(sorted(box_argv.etc_files(plan.identity)), 13)
        fds = box_argv.Descriptors(10, 11, None if self.seccomp is None else 12, files)
        return {
            "slots": len(self.slots),
            "uid_base": self.config.uid_base,
            "missing": self.missing(),
            "built_by": "bubblewrap" if self.sandlock is None else "sandlock",
            "limits_by": self._hierarchy.kind if self._hierarchy else "rlimits",
            "sized": self.rooms.sized,
            "own_users": self._root,
            "bwrap": self._host.bwrap_version,
            "programs": self._programs(),
            "made_of": self.made_of(),
            "template": self.command(plan, fds) + self.options(plan, fds),
            "machine": self._host.machine,
            "seccomp": "" if self.seccomp is None else self.seccomp.hex(),
            "processes": plan.processes,
        }

    def made_of(self) -> str:
        """Stamp what the next box would be made of, cheaply: it is asked at every command."""
        identity = self.slots[0].identity
        example = Slot(0, identity, None, work="/work", tmp="/tmp", shortcuts="/bin")  # noqa: S108
        files = dict.fromkeys(sorted(box_argv.etc_files(identity)), 13)
        fds = box_argv.Descriptors(10, 11, 12, files)
        plan = self.plan(example, ("true",), {}, Limits())
        words = self.command(plan, fds) + self.options(plan, fds)
        files_now = [_stamp(path) for path in self._builders()]
        text = repr((files_now, self.seccomp, words))
        return hashlib.sha256(text.encode()).hexdigest()

    def _builders(self) -> list[str]:
        """Name the programs that build a box."""
        tools = self.tools
        if self.sandlock is None:
            return [tools.setpriv, tools.prlimit, tools.bwrap]
        native = sorted(str(path) for path in self.sandlock.package.glob("*.so"))
        return [tools.setpriv, tools.prlimit, *native]

    def _programs(self) -> list[str]:
        """Return the digests of those programs, for the proof's own."""
        return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in self._builders()]

    @property
    def tools(self) -> box_argv.Tools:
        """Where the programs of the launch are."""
        return self._host.tools

    def missing(self) -> list[str]:
        """Name the parts of tier A that this machine or user does not give."""
        absent = {
            parts.USER_PER_BOX: not self._root,
            parts.CGROUPS: self._hierarchy is None,
            parts.SIZED: not self.rooms.sized,
            parts.FILTER: self.seccomp is None,
            **dict.fromkeys(fallback.MISSING, self.sandlock is not None),
        }
        return [part for part, is_absent in absent.items() if is_absent]

    def plan(
        self, slot: Slot, words: tuple[str, ...], env: Mapping[str, str], limits: Limits
    ) -> box_argv.Plan:
        """Describe one command in one slot."""
        others = (len(self.slots) - 1) * (limits.pids + _SPARE_PROCESSES)
        shared = self._users_tasks + _USERS_GROWTH + others
        return box_argv.Plan(
            tools=self.tools,
            system=self._system,
            identity=slot.identity,
            limits=limits,
            processes=limits.pids + self._spare() + (0 if self._root else shared),
            memory_by_rlimit=self._hierarchy is None,
            work=slot.work,
            layers=slot.layers,
            argv=words,
            env=env,
            ceilings=self._ceilings,
            tmp=slot.tmp,
            shortcuts=slot.shortcuts,
        )

    def _spare(self) -> int:
        return _SPARE_PROCESSES if self.sandlock is None else _SPARE_PROCESSES + fallback.THREADS

    def command(self, plan: box_argv.Plan, fds: box_argv.Descriptors) -> list[str]:
        """Return the outer command line."""
        if self.sandlock is not None:
            return fallback.outer(self.sandlock, plan, fds)
        return box_argv.outer(plan, fds)

    def options(self, plan: box_argv.Plan, fds: box_argv.Descriptors) -> list[str]:
        """Return what the builder of the box reads: bubblewrap's options, or the keeper's."""
        if self.sandlock is not None:
            return fallback.options(self.sandlock, plan, fds)
        return box_argv.options(plan, fds)

    def environ(self) -> Mapping[str, str]:
        """Return the builder's own environment: nothing, for PID 1 of a box shows it."""
        return {} if self.sandlock is None else fallback.environ(self._system)

    def close(self) -> None:
        """Remove every control group and directory; may be done twice."""
        for slot in self.slots:
            if slot.group is not None:
                slot.group.remove()
        if self._plain is not None:
            self._plain.remove()


def _stamp(path: str) -> tuple[int, ...]:
    """Tell one file from another that took its name, or was written into it."""
    found = os.stat(path)  # noqa: PTH116  a plain string out of an argv
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def _claim(config: Config) -> list[socket.socket]:
    """Hold a name per user, so that no two launchers of a machine share one."""
    locks = []
    for uid in range(config.uid_base, config.uid_base + config.slots):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0nightshift-box-user-{uid}")
        except OSError as error:
            raise BoxUnavailable(
                f"box user {uid} is taken by another launcher",
                means="Two pools on one machine must not share users: their boxes could meet.",
                remedy="give each pool a uid range of its own, or stop the other Nightshift",
            ) from error
        locks.append(lock)
    return locks
