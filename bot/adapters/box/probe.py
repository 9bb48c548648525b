"""Attacks from inside a box. Self-contained: its source is handed to the box's interpreter.

Reads the targets as JSON on standard input and prints, per check, what went through. An empty list
means that every attack of the check failed. Nothing here may be trusted but the absence of finds:
`selftest` compares with what it saw from outside.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

Finds = list[str]
Targets = dict[str, Any]

_CLONE_NEWUSER = 0x10000000
_AF_VSOCK = 40
_BUILDERS_WORDS = 3
"""`bwrap --args N`, and no more: options name directories of the host."""
_PR_GET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 39, 47
_CAPABILITY_V3, _CAPABILITY_SETS = 0x20080522, ("CapEff", "CapPrm", "CapInh")
_DENIED_CALLS: dict[str, tuple[int, ...]] = {
    "keyctl": (0, -3, 0),
    "add_key": (0, 0, 0, 0, 0),
    "io_uring_setup": (1, 0),
    "process_vm_readv": (1, 0, 0, 0, 0, 0),
    "userfaultfd": (0,),
    "ptrace": (0, 0, 0, 0),
    "bpf": (0, 0, 0),
}


def raw_root_uid(targets: Targets) -> Finds:
    """Be uid 0, inside; the other side of the channel looks at the uid outside."""
    finds = ["uid 0"] if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()) else []
    channel = targets["channel"]
    if channel is not None:
        with socket.socket(fileno=channel) as sock:
            sock.settimeout(10)
            sock.recv(1)
            sock.send(b"!")
    return finds


def core_pattern(_: Targets) -> Finds:
    """Write kernel settings back with their own value."""
    finds = []
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe"):
        with suppress(OSError):
            with open(path, "rb") as file:
                value = file.read()
            fd = os.open(path, os.O_WRONLY)
            finds.append(path)
            os.write(fd, value)
            os.close(fd)
    return finds


def environ_leak(targets: Targets) -> Finds:
    """Find a variable of the launcher."""
    unexpected = set(os.environ) - set(targets["variables"])
    finds = [f"own {name}" for name in sorted(unexpected - {"LC_CTYPE", "PWD"})]
    for pid in _pids():
        with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            content = file.read()
            if targets["variable"].encode() in content or (pid == 1 and content):
                finds.append(f"environment of process {pid}")
    return finds


def userns(targets: Targets) -> Finds:
    """Create a user namespace, in three ways."""
    libc = _libc()
    finds = []
    if _in_child(lambda: libc.unshare(_CLONE_NEWUSER)) == 0:
        finds.append("unshare")
    numbers = targets["numbers"]
    if "clone" in numbers and _clone(libc, numbers["clone"]):
        finds.append("clone")
    if "clone3" in numbers and _clone3(libc, numbers["clone3"]):
        finds.append("clone3")
    return finds


def keyctl(targets: Targets) -> Finds:
    """Get a denied system call past the filter: anything but its own refusal counts."""
    numbers = targets["numbers"]
    finds = [
        name
        for name, arguments in _DENIED_CALLS.items()
        if name in numbers and _in_child(partial(_refusal, numbers[name], arguments)) != errno.EPERM
    ]
    if numbers:
        with suppress(OSError):
            socket.socket(_AF_VSOCK, socket.SOCK_STREAM).close()
            finds.append("AF_VSOCK socket")
    return finds


def tcp(targets: Targets) -> Finds:
    """Reach the host's loopback. Datagrams are counted on the other side."""
    finds = []
    for address in targets["addresses"]:
        with suppress(OSError), socket.socket() as sock:
            sock.settimeout(0.5)
            sock.connect((address, targets["tcp"]))
            finds.append(f"tcp {address}")
        with suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"probe", (address, targets["udp"]))
    return finds


def abstract(targets: Targets) -> Finds:
    """Reach an abstract socket of the host."""
    return _connect("\0" + targets["abstract"])


def unix_path(targets: Targets) -> Finds:
    """Reach a socket in the host's file system."""
    paths = [targets["socket"], *(root + targets["socket"] for root in _roots())]
    return [find for path in paths for find in _connect(path)]


def outside_read(targets: Targets) -> Finds:
    """Read a file of the host: by name, by symlink, by another process's root, by hard link."""
    finds = []
    for path in targets["files"]:
        with _scratch_name(targets, "link") as link, suppress(OSError):
            os.symlink(path, link)
            finds += _read(link, targets["token"], f"symlink to {path}")
        with _scratch_name(targets, "hard") as link, suppress(OSError):
            os.link(path, link)
            finds += _read(link, targets["token"], f"hard link to {path}")
        finds += _read(path, targets["token"], path)
        for root in _roots():
            finds += _read(root + path, targets["token"], f"{root}{path}")
    return finds


def outside_write(targets: Targets) -> Finds:
    """Create a file anywhere but in /work, /tmp and /dev/shm; change one of the host's."""
    allowed = set(targets["places"].values())
    mounts: set[str] = set()
    with suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = {line.split()[4] for line in file}
    folders = mounts | {"/", "/tmp", "/dev/shm", "/work", "/slots", "/python"}
    folders |= {"/dev", "/usr", "/usr/bin", "/etc", "/opt", "/var", "/home", "/root"}
    folders |= {"/opt/python", "/env", "/proc/sys/kernel", "/run", targets["folder"]}
    finds = []
    for folder in sorted(folders - allowed):
        path = f"{folder.rstrip('/')}/nightshift-probe"
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
            os.unlink(path)
            finds.append(folder)
    for path in targets["files"]:
        with suppress(OSError):
            os.utime(path)
            finds.append(f"times of {path}")
        with suppress(OSError):
            os.chmod(path, 0o644)
            finds.append(f"mode of {path}")
    return finds


def proc_peers(targets: Targets) -> Finds:
    """See, signal or trace a process that is not of this box; see how the box is made."""
    ours = {1, os.getpid(), os.getppid()}
    finds = []
    with suppress(OSError), open("/proc/1/cmdline", "rb") as file:
        words = file.read(4096).split(b"\0")
        if len(words[: words.index(b"--") if b"--" in words else None]) > _BUILDERS_WORDS:
            finds.append("the options of the box")
    for pid in set(_pids()) - ours:
        with suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read(200)
            if command:
                finds.append(f"process {pid}")
    with suppress(OSError):
        os.kill(targets["pid"], 0)
        if targets["pid"] not in ours:
            finds.append("signal")
    return finds[:5]


def mount_mknod(targets: Targets) -> Finds:
    """Mount, make a device node, become root."""
    libc = _libc()
    finds = []
    with _scratch_name(targets, "mount") as folder:
        os.mkdir(folder)
        arguments = (b"none", folder.encode(), b"tmpfs", 0, None)
        if _in_child(lambda: libc.mount(*arguments)) == 0:
            finds.append("mount")
    for base in (targets["places"]["/work"], targets["places"]["/tmp"]):
        with suppress(OSError):
            os.mknod(f"{base}/nightshift-probe", stat.S_IFCHR | 0o600, os.makedev(1, 3))
            finds.append(f"device node in {base}")
            os.unlink(f"{base}/nightshift-probe")
    if os.getuid() != 0 and _in_child(lambda: libc.setresuid(0, 0, 0)) == 0:
        finds.append("setuid")
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITY_V3, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(ctypes.byref(header), ctypes.byref(sets)) != 0:
        finds.append("capabilities unknown")
    finds += [name for at, name in enumerate(_CAPABILITY_SETS) if sets[at] or sets[at + 3]]
    if any(libc.prctl(_PR_CAP_AMBIENT, 1, number, 0, 0) == 1 for number in range(64)):
        finds.append("CapAmb")
    if libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        finds.append("new privileges")
    return finds


def size_bounds(targets: Targets) -> Finds:
    """Find a writable place that is larger than agreed."""
    finds = []
    for folder, bound in targets["sizes"].items():
        room = os.statvfs(targets["places"][folder])
        if room.f_blocks * room.f_frsize > bound:
            finds.append(f"{folder} size")
    work = targets["places"]["/work"]
    if targets["inodes"] is not None and os.statvfs(work).f_files > targets["inodes"]:
        finds.append("/work inodes")
    return finds


def limits(targets: Targets) -> Finds:
    """Take more processes, memory, or file size than agreed."""
    finds = []
    for name, bound in targets["rlimits"].items():
        value = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1]
        if value == resource.RLIM_INFINITY or value > bound:
            finds.append(name)
    if _forks(targets["forks"]):
        finds.append("processes")
    if _in_child(lambda: _fill(targets["memory"])) == 0:
        finds.append("memory")
    return finds


CHECKS: tuple[Callable[[Targets], Finds], ...] = (
    raw_root_uid,
    core_pattern,
    environ_leak,
    userns,
    keyctl,
    tcp,
    abstract,
    unix_path,
    outside_read,
    outside_write,
    proc_peers,
    mount_mknod,
    size_bounds,
    limits,
)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _refusal(number: int, arguments: tuple[int, ...]) -> int:
    """Make a raw system call; its errno, 0 when it went through."""
    words = [ctypes.c_long(argument) for argument in arguments]
    result = _libc().syscall(ctypes.c_long(number), *words)
    return ctypes.get_errno() if result == -1 else 0


def _clone(libc: ctypes.CDLL, number: int) -> bool:
    """Fork into a new user namespace."""
    words = [ctypes.c_long(_CLONE_NEWUSER | signal.SIGCHLD), *[ctypes.c_long(0)] * 4]
    pid = libc.syscall(ctypes.c_long(number), *words)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    return bool(pid > 0)


def _clone3(libc: ctypes.CDLL, number: int) -> bool:
    """Fork into a new user namespace by the newer call."""
    words = (ctypes.c_uint64 * 8)(_CLONE_NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = libc.syscall(ctypes.c_long(number), ctypes.byref(words), ctypes.c_size_t(64))
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    return bool(pid > 0)


def _in_child(attack: Callable[[], object]) -> int:
    """Run an attack in a child, where it can change nothing here; its small result, -1 if killed.

    A libc function that returns -1 counts as its errno.
    """
    pid = os.fork()
    if pid == 0:
        code = 255
        with suppress(BaseException):
            result = attack()
            code = ctypes.get_errno() or 254 if result == -1 else int(result or 0)  # type: ignore[call-overload]
        os._exit(code)
    status = os.waitpid(pid, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1


def _fill(megabytes: int) -> int:
    """Touch that much memory; 0 when it was to be had."""
    held = [bytearray(b"x" * (1 << 20)) for _ in range(megabytes)]
    return 0 if held else 1


def _forks(count: int) -> bool:
    """Whether that many processes can live at once."""
    pids: list[int] = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            pids.append(pid)
    except OSError:
        return False
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return count > 0


def _pids() -> list[int]:
    """List the processes; where /proc is closed, the likeliest, to be tried all the same."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return [1, os.getpid(), os.getppid(), *range(2, 400)]


def _roots() -> list[str]:
    return [f"/proc/{pid}/root" for pid in _pids()]


def _connect(path: str) -> Finds:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(0.5)
        sock.connect(path)
        return [path.replace("\0", "@")]
    return []


def _read(path: str, token: str, name: str) -> Finds:
    with suppress(OSError), open(path, "rb") as file:
        if token.encode() in file.read(4096):
            return [name]
    return []


@contextmanager
def _scratch_name(targets: Targets, name: str) -> Iterator[str]:
    path = f"{targets['places']['/work']}/nightshift-probe-{name}"
    try:
        yield path
    finally:
        with suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)


def main() -> None:
    """Run every check and print what went through."""
    targets = json.load(sys.stdin)
    report: dict[str, Any] = {"nonce": targets["nonce"]}
    for check in CHECKS:
        try:
            report[check.__name__] = check(targets)
        except Exception as error:  # noqa: BLE001  a check that breaks has proven nothing
            report[check.__name__] = [f"broken: {type(error).__name__}: {error}"]
    print(json.dumps(report))  # noqa: T201  the answer


if __name__ == "__main__":
    main()
