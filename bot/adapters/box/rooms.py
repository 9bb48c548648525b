"""Where boxes keep their files on the host side: one work directory per slot, and its layers.

`PrivateRooms` lives in a mount namespace of the launcher's own, whose root holds nothing but what
boxes are made of. So a path that only root may walk (an interpreter below /root, a checkout in a
private directory) needs no wider permissions on the host, every source has a neutral name, work
directories are sized, and all of it vanishes with the launcher, however it dies. It works for an
ordinary user too, inside a user namespace. `PlainRooms` is what is left where that is refused.
"""

import os
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.adapters.box import syscalls
from bot.adapters.box.argv import PYTHON_PREFIX, Bind, Identity, System
from bot.adapters.box.limits import MIB, Limits
from bot.adapters.box.protocol import Refused

_FEW_INODES = 10_000


class Rooms(Protocol):
    """A place for slots."""

    sized: bool
    """Whether a work directory has a size and an inode limit."""

    def system(self, system: System) -> System:
        """Say where the parts that all boxes share are now."""

    def open(self, slot: int, owner: Identity, limits: Limits) -> str:
        """Make the empty work directory of a slot and return its path."""

    def beside(self, slot: int, name: str, owner: Identity | None, size_mb: int) -> str:
        """Make one more directory of the slot, for its owner, or for root to keep."""

    def layer(self, slot: int, index: int, host: str) -> str:
        """Return the path from which a box can bind this layer; raises Refused outside the roots.

        The path is walked without following symlinks.
        """

    def close(self, slot: int) -> None:
        """Remove what `open` and `layer` made."""


class PrivateRooms:
    """Rooms in a private mount namespace."""

    sized = True

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = {root: f"/roots/{index}" for index, root in enumerate(roots)}

    def system(self, system: System) -> System:
        """Name the interpreter's place in the private root."""
        return replace(
            system, binds=tuple(Bind(_place(bind), bind.target) for bind in system.binds)
        )

    def open(self, slot: int, owner: Identity, limits: Limits) -> str:
        """Mount a sized tmpfs."""
        return _tmpfs(slot, "work", owner, limits.work_mb, limits.work_inodes)

    def beside(self, slot: int, name: str, owner: Identity | None, size_mb: int) -> str:
        """Mount another one."""
        return _tmpfs(slot, name, owner, size_mb, _FEW_INODES)

    def layer(self, slot: int, index: int, host: str) -> str:
        """Bind the directory to a neutral path that the slot's user can walk."""
        fd = _walk(self._roots, host)
        try:
            target = f"{_slot(slot)}/layer-{index}"
            Path(target).mkdir(0o711, parents=True, exist_ok=True)
            syscalls.attach(f"/proc/self/fd/{fd}", target, None, syscalls.MS_BIND | syscalls.MS_REC)
        finally:
            os.close(fd)
        return target

    def close(self, slot: int) -> None:
        """Unmount and remove everything of this slot."""
        base = _slot(slot)
        with suppress(FileNotFoundError):
            for name in os.listdir(base):  # noqa: PTH208
                with suppress(OSError):  # not mounted: an earlier step failed
                    syscalls.detach(f"{base}/{name}")
                Path(f"{base}/{name}").rmdir()
            Path(base).rmdir()


class PlainRooms:
    """Rooms as directories below the scratch directory, without a size limit."""

    sized = False

    def __init__(self, roots: Sequence[str], scratch: Path) -> None:
        self._roots = {root: root for root in roots}
        self._base = scratch / f"slots-{os.getpid()}"
        self._base.mkdir(mode=0o711, parents=True, exist_ok=True)

    def system(self, system: System) -> System:
        """Nothing moves here."""
        return system

    def open(self, slot: int, owner: Identity, limits: Limits) -> str:  # noqa: ARG002
        """Make a directory."""
        self.close(slot)
        work = self._base / f"slot-{slot:02d}" / "work"
        work.parent.mkdir(mode=0o711)
        work.mkdir(mode=0o700)
        if owner.switch:
            os.chown(work, owner.uid, owner.gid)
        return str(work)

    def beside(self, slot: int, name: str, owner: Identity | None, size_mb: int) -> str:  # noqa: ARG002
        """Make another one."""
        path = self._base / f"slot-{slot:02d}" / name
        path.mkdir(mode=0o700 if owner else 0o755)
        if owner is not None and owner.switch:
            os.chown(path, owner.uid, owner.gid)
        return str(path)

    def layer(self, slot: int, index: int, host: str) -> str:  # noqa: ARG002
        """Bind straight from where it is."""
        os.close(_walk(self._roots, host))
        return host

    def close(self, slot: int) -> None:
        """Delete the directory tree, whatever modes were left in it."""
        remove_tree(self._base / f"slot-{slot:02d}")

    def copy(self, tree: Path) -> Path:
        """Copy a tree to where the users of boxes can walk: a checkout may be closed to them."""
        shelf = self._base / "shared"
        shelf.mkdir(mode=0o755)  # listed, too: Python finds a package by listing its folder
        return shutil.copytree(tree, shelf / tree.name)

    def remove(self) -> None:
        """Delete the whole place."""
        remove_tree(self._base)


def remove_tree(path: Path) -> None:
    """Delete a tree that a box could write to: never through a symlink, and despite any mode."""
    for _ in range(3):
        if not path.exists():
            return
        for _, folders, _, fd in os.fwalk(path):
            for name in folders:
                with suppress(OSError):
                    if stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                        os.chmod(name, stat.S_IRWXU, dir_fd=fd)
        shutil.rmtree(path, ignore_errors=True)


def enter(system: System, roots: Sequence[str]) -> PrivateRooms:
    """Move this process into a private mount namespace that holds only these; raises OSError.

    The process must be single-threaded.
    """
    _detach_namespaces()
    places = {bind.source: _place(bind) for bind in system.binds}
    places |= {path: path for path in ("/proc", "/dev", "/sys/fs/cgroup") if os.path.isdir(path)}  # noqa: PTH112
    places |= {root: f"/roots/{index}" for index, root in enumerate(roots)}
    base = "/tmp"  # noqa: S108  any directory will do: it is covered for a moment, here alone
    fds = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in places}
    syscalls.attach("box", base, "tmpfs", syscalls.MS_NOSUID, "mode=0755,size=16m")
    for source, place in places.items():
        _bind(fds[source], base + place)
        os.close(fds[source])
    _link_system_dirs(base)
    Path(base, "slots").mkdir(0o711)
    Path(base, "tmp").mkdir(exist_ok=True)  # where bubblewrap assembles the box's root
    Path(base, "old").mkdir()
    syscalls.pivot_root(base, f"{base}/old")
    os.chdir("/")
    syscalls.detach("/old")
    Path("/old").rmdir()
    _keep_importing()
    return PrivateRooms(roots)


def _detach_namespaces() -> None:
    if os.geteuid() == 0:
        syscalls.unshare(syscalls.CLONE_NEWNS)
    else:
        uid, gid = os.geteuid(), os.getegid()
        syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="utf-8")
    syscalls.attach("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)


def _keep_importing() -> None:
    """Let the standard library be found at its new place: some of it is imported on first use."""
    prefix = os.path.realpath(sys.base_prefix)
    for entry in list(sys.path):
        real = os.path.normpath(entry)
        if entry and real.startswith((prefix, sys.base_prefix)):
            sys.path.append(real.replace(sys.base_prefix, "/python").replace(prefix, "/python"))


def _bind(fd: int, target: str) -> None:
    """Bind an open directory or file to a path that is made for it."""
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        Path(target).mkdir(0o755, parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(0o755, parents=True, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    syscalls.attach(f"/proc/self/fd/{fd}", target, None, syscalls.MS_BIND | syscalls.MS_REC)


def _link_system_dirs(base: str) -> None:
    """Repeat the host's /bin, /lib... links, which the programs in /usr need to start."""
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):  # noqa: PTH114
            os.symlink(os.readlink(f"/{name}"), f"{base}/{name}")  # noqa: PTH115, PTH211


def _place(bind: Bind) -> str:
    """Say where a source is found in the private root."""
    return "/python" if bind.target == PYTHON_PREFIX else bind.source


def _tmpfs(slot: int, name: str, owner: Identity | None, size_mb: int, inodes: int) -> str:
    """Mount a sized tmpfs at a neutral path."""
    path = f"{_slot(slot)}/{name}"
    Path(path).mkdir(0o711, parents=True, exist_ok=True)
    whose = f"mode=0700,uid={owner.uid},gid={owner.gid}" if owner else "mode=0755"
    syscalls.attach(
        name,
        path,
        "tmpfs",
        syscalls.MS_NOSUID | syscalls.MS_NODEV,
        f"size={size_mb * MIB},nr_inodes={inodes},{whose}",
    )
    return path


def _slot(slot: int) -> str:
    return f"/slots/{slot:02d}"


def _walk(roots: Mapping[str, str], host: str) -> int:
    """Open a directory below one of the roots, one component at a time."""
    wanted = PurePosixPath(host)
    for root, place in roots.items():
        if wanted.is_relative_to(root) and ".." not in wanted.parts:
            fd = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            for name in wanted.relative_to(root).parts:
                fd = _step(fd, name, host)
            return fd
    raise Refused(f"layer outside the allowed roots: {host}")


def _step(parent: int, name: str, host: str) -> int:
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        raise Refused(f"no such layer: {host}") from error
    finally:
        os.close(parent)
