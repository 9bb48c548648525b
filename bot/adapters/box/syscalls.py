"""The few Linux calls that Python does not offer: mount namespaces and process control."""

import ctypes
import functools
import os
import platform
from collections.abc import Mapping

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PIVOT_ROOT: Mapping[str, int] = {"x86_64": 155, "aarch64": 41}


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones."""
    _check(_libc().unshare(flags), "unshare")


def attach(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Attach a file system, bind a directory, or change how mounts propagate."""
    result = _libc().mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    _check(result, target)


def detach(target: str) -> None:
    """Detach a mount at once, whoever still uses it."""
    _check(_libc().umount2(os.fsencode(target), _MNT_DETACH), target)


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root of this mount namespace and put the former root at `old`."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(38, "pivot_root has no known number on this architecture")
    _check(_libc().syscall(ctypes.c_long(number), os.fsencode(new), os.fsencode(old)), new)


def become_subreaper() -> None:
    """Inherit orphaned descendants, so that none outlives its box unseen."""
    _check(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")


def die_with_parent(signal: int) -> None:
    """Be sent a signal when the parent ends. The caller checks that it has not ended before."""
    _check(_libc().prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0), "pdeathsig")
