"""Starts a role under its own OS user, seeing only the folders it needs. Needs root.

    python -m bot.enter '{"uid": .., "gid": .., "keep": {PATH: "ro"|"rw"}, "mask": [PATH]}' -- ARGV

In a private mount namespace every masked folder, and every folder on the way to a kept one that
the user could not pass, is covered by an empty file system in which only the kept folders stand
again, at their own paths. So a checkout below a closed home directory works, and the folders of
other roles (scenarios above all) are not there at all. Nothing on the host changes.
Standard library only, and no import of ours: it runs before anything else does.
"""

import ctypes
import json
import os
import stat
import sys
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, doing: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{doing}: {os.strerror(error)}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    result = _libc().mount(
        source.encode(), target.encode(), kind.encode(), flags, data.encode() or None
    )
    _checked(result, f"mount on {target}")


def _passable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXOTH)


def cover_points(keep: list[Path], mask: list[Path]) -> list[Path]:
    """Return the topmost folders to cover: masked ones, and closed ones above a kept folder."""
    points = set(mask)
    for path in keep:
        above = [p for p in reversed(path.parents) if not _passable(p)]
        points.update(above[:1])
    return sorted(p for p in points if not any(other in p.parents for other in points))


def arrange(keep: dict[Path, str], mask: list[Path]) -> None:
    """Cover, and put the kept folders back at their own paths."""
    _checked(_libc().unshare(_CLONE_NEWNS), "unshare")
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    points = cover_points(list(keep), mask)
    held = {path: os.open(path, os.O_PATH) for path in keep}
    for point in points:
        _mount("tmpfs", str(point), "tmpfs", _MS_NOSUID, "mode=0755,size=1m")
    for path, descriptor in sorted(held.items()):
        if any(point == path or point in path.parents for point in points):
            _put_back(path, descriptor, read_only=keep[path] == "ro")
        os.close(descriptor)


def _put_back(path: Path, descriptor: int, *, read_only: bool) -> None:
    source = f"/proc/self/fd/{descriptor}"
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    else:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.touch(mode=0o644)
    _mount(source, str(path), "", _MS_BIND | _MS_REC)
    if read_only:
        _mount("none", str(path), "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID)


def drop(uid: int, gid: int) -> None:
    """Become the role's user for good."""
    os.umask(0o007)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _checked(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no-new-privs")
    _checked(_libc().prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "die with the supervisor")


def main(arguments: list[str]) -> None:
    """Arrange, drop, exec."""
    plan = json.loads(arguments[0])
    argv = arguments[2:]
    arrange({Path(p): mode for p, mode in plan["keep"].items()}, [Path(p) for p in plan["mask"]])
    os.chdir("/")
    drop(plan["uid"], plan["gid"])
    os.execv(argv[0], argv)  # noqa: S606  a fixed argv from the supervisor


if __name__ == "__main__":
    main(sys.argv[1:])
