"""The system-call filter, assembled by hand so that the box needs no library for it.

What it denies is a second wall: the namespaces already refuse most of it. Four rules look at an
argument: `clone` (no new namespaces), `mknod` (no device nodes), `ioctl` (no keystrokes pushed into
a terminal) and `socket` (only families that a network namespace really separates: AF_VSOCK would
reach the hypervisor from any namespace).
"""

import errno
import struct
from collections.abc import Mapping

_LD_ABS, _JEQ, _JGE, _JSET, _AND, _RET = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARG0 = 0, 4, 16
_X32_BIT = 0x40000000

_AUDIT_ARCH: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86-64, aarch64); -1 where the architecture has no such call
_DENIED: Mapping[str, tuple[int, int]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "move_pages": (279, 239),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "vhangup": (153, 58),
    "iopl": (172, -1),
    "ioperm": (173, -1),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_IOCTL, _SOCKET = (16, 29), (41, 198)
_MKNOD, _MKNODAT = (133, -1), (259, 33)

_NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET and TIME."""
_TERMINAL_TRICKS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX."""
_FILE_TYPE, _DEVICE_TYPES = 0o170000, (0o020000, 0o060000)
_SOCKET_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK."""
_SOCKETPAIR, _CONNECT, _BIND = (53, 199), (42, 203), (49, 200)
_KIND_BITS, _DATAGRAM = 0xF, (2,)

_Step = tuple[int, int, int, int]


def supported(machine: str) -> bool:
    """Whether a program can be assembled for this architecture (`platform.machine()`)."""
    return machine in _AUDIT_ARCH


def numbers(machine: str) -> dict[str, int]:
    """Return the denied calls by name, for attacks on the filter."""
    column = list(_AUDIT_ARCH).index(machine)
    plain = {name: pair[column] for name, pair in _DENIED.items() if pair[column] >= 0}
    return {**plain, "clone": _CLONE[column], "clone3": _CLONE3[column]}


def program(machine: str, *, sockets: bool = True) -> bytes:
    """Assemble the filter as bubblewrap's `--seccomp FD` reads it.

    Without `sockets` none can be made, connected or bound, for a box that has no network namespace;
    pairs are left, but for datagrams, which could be sent to any address.
    """
    column = list(_AUDIT_ARCH).index(machine)
    steps: list[_Step] = [
        (_LD_ABS, 0, 0, _ARCH),
        (_JEQ, 1, 0, _AUDIT_ARCH[machine]),
        (_RET, 0, 0, _KILL),
        (_LD_ABS, 0, 0, _NR),
        (_JGE, 0, 1, _X32_BIT),
        (_RET, 0, 0, _KILL),
    ]
    for numbers in _DENIED.values():
        steps += _call(numbers[column], [_deny()])
    steps += _call(_CLONE3[column], [_deny(errno.ENOSYS)])  # libc then falls back to clone
    steps += _call(_CLONE[column], [_arg(0), (_JSET, 0, 1, _NEW_NAMESPACES), _deny(), _allow()])
    steps += _call(_IOCTL[column], [_arg(1), *_refuse(_TERMINAL_TRICKS), _allow()])
    for numbers, argument in ((_MKNOD, 1), (_MKNODAT, 2)):
        mode = [_arg(argument), (_AND, 0, 0, _FILE_TYPE)]
        steps += _call(numbers[column], [*mode, *_refuse(_DEVICE_TYPES), _allow()])
    families = [(_JEQ, len(_SOCKET_FAMILIES) - i, 0, f) for i, f in enumerate(_SOCKET_FAMILIES)]
    if sockets:
        steps += _call(_SOCKET[column], [_arg(0), *families, _deny(errno.EAFNOSUPPORT), _allow()])
    else:
        for numbers in (_SOCKET, _CONNECT, _BIND):
            steps += _call(numbers[column], [_deny(errno.EACCES)])
        kind = [_arg(1), (_AND, 0, 0, _KIND_BITS)]
        steps += _call(_SOCKETPAIR[column], [*kind, *_refuse(_DATAGRAM), _allow()])
    steps.append(_allow())
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _call(number: int, body: list[_Step]) -> list[_Step]:
    """Run `body`, which always returns, when the call has this number."""
    return [] if number < 0 else [(_JEQ, 0, len(body), number), *body]


def _refuse(values: tuple[int, ...]) -> list[_Step]:
    """Deny when the loaded value is one of these."""
    return [step for value in values for step in ((_JEQ, 0, 1, value), _deny())]


def _arg(index: int) -> _Step:
    """Load the low half of an argument; every value compared here fits into it."""
    return (_LD_ABS, 0, 0, _ARG0 + 8 * index)


def _deny(code: int = errno.EPERM) -> _Step:
    return (_RET, 0, 0, _ERRNO | code)


def _allow() -> _Step:
    return (_RET, 0, 0, _ALLOW)
