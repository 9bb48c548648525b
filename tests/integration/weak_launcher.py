"""A launcher that builds the box wrongly, in one named way: the self-test has to notice.

python weak_launcher.py KIND --fd N --config JSON
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.adapters.box import argv, cgroup, fallback, rooms, seccomp
from bot.adapters.box.launcher import main
from bot.adapters.box.limits import Limits
from bot.adapters.box.machine import Machine, Slot
from bot.errors import BoxUnavailable

KIND = sys.argv[1]
NO_FILTER = ("--seccomp", 2, [])
NAMESPACES_AGAIN = ("--disable-userns", 1, [])
CHANGES = {
    "seccomp": [NO_FILTER],
    "seccomp-and-userns": [NO_FILTER, NAMESPACES_AGAIN],
    "network": [("--unshare-net", 1, [])],
    "peers": [("--unshare-pid", 1, []), ("--proc", 2, ["--ro-bind", "/proc", "/proc"])],
    "capabilities": [NO_FILTER, NAMESPACES_AGAIN, ("--cap-drop", 2, ["--cap-add", "ALL"])],
}
"""What is left out: an option, how many words it has, and what comes in its place."""
SIZELESS = {"shm": ["/dev/shm"], "tmp": ["/tmp"]}  # noqa: S108


class Unlimited(cgroup.Group):
    """A group that is made and never limited."""

    def limit(self, limits: Limits) -> None:
        """Set nothing."""


class Unsized(rooms.PrivateRooms):
    """Rooms that say they are sized."""

    def open(self, slot: int, owner: argv.Identity, limits: Limits) -> str:
        """Give far more than agreed."""
        return super().open(slot, owner, replace(limits, work_mb=16_000, work_inodes=4_000_000))


class WeakMachine(Machine):
    """The real machine, less one wall."""

    def prepare(self) -> None:
        """Spoil the filter."""
        super().prepare()
        program = self.seccomp or b""
        spoilt = {"empty-filter": b"", "cut-filter": program[:-4], "bad-filter": b"\xff" * 64}
        self.seccomp = spoilt.get(KIND, program)

    def environ(self) -> Mapping[str, str]:
        """Let bubblewrap inherit the launcher's variables."""
        return dict(os.environ) if KIND == "environ" else super().environ()

    def command(self, plan: argv.Plan, fds: argv.Descriptors) -> list[str]:
        """Leave out a step of the launch."""
        if KIND == "root":  # no setpriv at all: bubblewrap itself runs as root
            plan = replace(plan, identity=argv.Identity(1, 1, switch=True))
            words = argv.outer(plan, fds)
            return words[words.index("--") + 1 :]
        if KIND == "no-bwrap":
            plan = replace(plan, tools=replace(plan.tools, bwrap="/usr/bin/no-such-bwrap"))
        words = super().command(plan, fds)
        if KIND == "argv-options":
            place = words.index("--args")
            words[place : place + 2] = super().options(plan, fds)
        if KIND == "prlimit":
            start = words.index(plan.tools.prlimit)
            return words[:start] + words[words.index("--", start) + 1 :]
        return words

    def options(self, plan: argv.Plan, fds: argv.Descriptors) -> list[str]:
        """Leave out, or change, options of bubblewrap."""
        words = super().options(plan, fds)
        for option, count, instead in CHANGES.get(KIND, []):
            place = words.index(option)
            words[place : place + count] = instead
        for mount in SIZELESS.get(KIND, []):
            place = words.index(mount) - 3  # --size N --tmpfs MOUNT
            del words[place : place + 2]
        if KIND == "writable-dev":
            place = words.index("/dev", words.index("--dev") + 2)  # of --remount-ro /dev
            del words[place - 1 : place + 1]
        if KIND == "writable-root":
            return words[:-2]
        if KIND == "host-files":
            return [*words[:-2], "--bind", "/roots/1", self.config.scratch, *words[-2:]]
        return words

    def choose(self) -> fallback.Sandlock | None:
        """Have no fallback."""
        if KIND == "no-sandlock":
            return None
        if KIND == "no-builder":
            absent = BoxUnavailable(
                "bwrap is not installed", remedy="apt-get install -y bubblewrap"
            )
            self._host = replace(self._host, no_bwrap=absent)
            self._root = False  # then there is no fallback either
        found = super().choose()
        return replace(found, entry="") if found and KIND == "no-entry" else found

    def make_rooms(self) -> rooms.Rooms:
        """Keep a directory of the host at hand, where its files are to leak."""
        if KIND == "host-files":
            roots = (*self.config.roots, self.config.scratch)
            self.config = replace(self.config, roots=roots)
        if KIND == "unsized-work":
            super().make_rooms()
            return Unsized(self.config.roots)
        if KIND in ("plain", "no-mounts"):
            return self.plain_rooms()
        return super().make_rooms()

    @property
    def tools(self) -> argv.Tools:
        """Take bubblewrap from a place where the test can replace it."""
        if KIND == "replaceable":
            return replace(super().tools, bwrap="/roots/0/bwrap")
        return super().tools

    def find_groups(self) -> cgroup.Hierarchy | None:
        """Find none, where rlimits are to be all there is."""
        return None if KIND == "rlimits" else super().find_groups()

    def make_slot(self, index: int) -> Slot:
        """Give the work directory to root, where the box is to run as root."""
        slot = super().make_slot(0 if KIND == "one-user" else index)
        slot.index = index
        if KIND == "unlimited-group" and slot.group is not None:
            slot.group = Unlimited(slot.group.hierarchy, slot.group.name)
        if KIND == "root":
            slot.identity = argv.Identity(0, 0, switch=False)
        return slot


def refuse(names: Sequence[str], code: int) -> None:
    """Take these system calls away from this process and all that follow; an errno instead.

    `unshare` and `clone` are refused only where they would make a user namespace.
    """
    numbers = {**seccomp.numbers(platform.machine()), **LANDLOCK}
    steps = (
        (seccomp._LD_ABS, 0, 0, seccomp._NR),
        *[step for name in names for step in refusal(name, numbers[name], code)],
    )
    text = b"".join(struct.pack("<HBBI", *step) for step in (*steps, seccomp._allow()))
    program = struct.pack("@HxxxxxxP", len(text) // 8, ctypes.addressof(held(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")


LANDLOCK = {"landlock_create_ruleset": 444}
_HELD: list[ctypes.Array[ctypes.c_char]] = []


def held(text: bytes) -> ctypes.Array[ctypes.c_char]:
    """Keep the bytes where the kernel can read them."""
    _HELD.append(ctypes.create_string_buffer(text, len(text)))
    return _HELD[-1]


def refusal(name: str, number: int, code: int) -> list[tuple[int, int, int, int]]:
    """Return the steps that refuse one call."""
    deny = seccomp._deny(code)
    if name in ("unshare", "clone"):
        body = [seccomp._arg(0), (seccomp._JSET, 0, 1, 0x10000000), deny, seccomp._allow()]
        return seccomp._call(number, body)
    return seccomp._call(number, [deny])


if __name__ == "__main__":
    if KIND in ("no-userns", "no-landlock", "no-sandlock", "no-entry", "no-mounts"):
        refuse(["unshare", "clone"], errno.EPERM)
        refuse(["clone3"], errno.ENOSYS)
    if KIND == "no-landlock":
        refuse(["landlock_create_ruleset"], errno.ENOSYS)
    sys.exit(main(sys.argv[2:], WeakMachine))
