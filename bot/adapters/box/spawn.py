"""Start one box process, and see to it that nothing of it is left: the launcher's hands."""

import contextlib
import fcntl
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.box import syscalls
from bot.adapters.box.argv import LISTEN_FD, PRIVATE_FD, Descriptors, Plan, etc_files

_BURIAL_S = 5.0
_FIRST_FREE_FD = 10
"""Descriptors below are the box's own."""

Builder = Callable[[Plan, Descriptors], list[str]]
Launch = Callable[[list[str], dict[int, int]], int]
"""Takes a command line and which descriptor goes where; gives the process."""


@dataclass(frozen=True, slots=True)
class Child:
    """A started box: its outermost process, and our ends of its streams."""

    pid: int
    status_fd: int
    streams: list[int]
    """stdin, stdout, then stderr unless merged, then the private channel when asked for."""


def start(
    plan: Plan,
    *,
    command: Builder,
    options: Builder,
    seccomp: bytes | None,
    launch: Launch,
    merge: bool,
    private: bool,
    listen: int | None,
) -> Child:
    """Make the descriptors of a box and launch its command line."""
    with contextlib.ExitStack() as ours:
        theirs: dict[int, int] = {}
        streams: list[int] = []
        in_r, in_w = _pipe(plan)
        out_r, out_w = _pipe(plan)
        theirs |= {0: in_r, 1: out_w}
        streams += [in_w, out_r]
        if merge:
            theirs[2] = fcntl.fcntl(out_w, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
        else:
            err_r, theirs[2] = _pipe(plan)
            streams.append(err_r)
        if private:
            here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            streams.append(here.detach())
            theirs[PRIVATE_FD] = there.detach()
        if listen is not None:
            theirs[LISTEN_FD] = fcntl.fcntl(listen, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
        status_r, status_w = os.pipe()
        fds = _descriptors(plan, options, seccomp, status_w, frozenset(theirs) - {0, 1, 2})
        kept = [fds.options, fds.status, *fds.files.values()]
        kept += [] if fds.seccomp is None else [fds.seccomp]
        for fd in (*theirs.values(), *kept, status_w):
            ours.callback(os.close, fd)
        pid = launch(command(plan, fds), theirs | {fd: fd for fd in kept})
    os.set_blocking(status_r, False)
    return Child(pid, status_r, streams)


def fork(
    words: list[str], environ: Mapping[str, str], placement: Mapping[int, int], joiners: list[int]
) -> int:
    """Start the command line as a new child that first joins the control groups."""
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        stay_with(parent)
        os._exit(guarded(lambda: _join_and_become(joiners, words, environ, placement)))
    for fd in joiners:
        os.close(fd)
    return pid


def stay_with(parent: int) -> None:
    """Die with the launcher from the first moment on; setpriv repeats it for the slot's user."""
    syscalls.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(125)


def join(joiners: Sequence[int]) -> None:
    """Enter the control groups behind these descriptors."""
    for fd in joiners:
        os.write(fd, b"0")


def _join_and_become(
    joiners: list[int], words: list[str], environ: Mapping[str, str], placement: Mapping[int, int]
) -> None:
    join(joiners)
    become(words, environ, placement)


def become(words: list[str], environ: Mapping[str, str], placement: Mapping[int, int]) -> None:
    """Turn this child into the box: place the descriptors at their numbers and execute."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)  # Python ignores two of them, and that is inherited
    high = {target: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for target, fd in placement.items()}
    for target, fd in high.items():
        os.dup2(fd, target)
    os.chdir("/")
    os.execve(words[0], words, dict(environ))  # noqa: S606  the one command line of this package


def guarded(work: Callable[[], object]) -> int:
    """Run the life of a forked child; its exit code, and never a return into the parent's code."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001  a forked child must not unwind the parent's stack
        with contextlib.suppress(OSError):
            os.write(2, f"box: {type(error).__name__}: {error}\n".encode())
        return 125
    return 0


def _pipe(plan: Plan) -> tuple[int, int]:
    """Make a pipe that the box's user may also open by name, as `/dev/stdout`."""
    reader, writer = os.pipe()
    if plan.identity.switch:
        os.fchown(reader, plan.identity.uid, plan.identity.gid)
    return reader, writer


def _descriptors(
    plan: Plan,
    options: Builder,
    seccomp: bytes | None,
    status: int,
    channels: frozenset[int],
) -> Descriptors:
    files = {path: _memory(content) for path, content in etc_files(plan.identity).items()}
    fds = Descriptors(
        options=_memory(b""),
        status=fcntl.fcntl(status, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD),
        seccomp=None if seccomp is None else _memory(seccomp),
        files=files,
        channels=channels,
    )
    text = "".join(f"{word}\0" for word in options(plan, fds))
    os.pwrite(fds.options, os.fsencode(text), 0)
    return fds


def _memory(content: bytes) -> int:
    """Return a descriptor to read these bytes from."""
    first = os.memfd_create("box", os.MFD_CLOEXEC)
    try:
        os.pwrite(first, content, 0)
        return fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
    finally:
        os.close(first)


def read_status(fd: int) -> int | None:
    """Return the command's exit code as bubblewrap reported it; None when it never began."""
    text = b""
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(fd, 4096):
            text += chunk
    os.close(fd)
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            code = json.loads(line).get("exit-code")
            if isinstance(code, int):
                return code
    return None


def bury_strays(known: set[int]) -> tuple[bool, float]:
    """Kill and reap every child that is not known: orphans of a dead box that came to us.

    Returns whether none is left, and the processor time they had used.
    """
    deadline = time.monotonic() + _BURIAL_S
    cpu = 0.0
    while strays := _children() - known:
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                found, _, usage = os.wait4(pid, os.WNOHANG)
                cpu += usage.ru_utime + usage.ru_stime if found else 0.0
        if time.monotonic() > deadline:
            return False, cpu
        time.sleep(0.0005)
    return True, cpu


def _children() -> set[int]:
    with contextlib.suppress(FileNotFoundError):
        path = Path(f"/proc/self/task/{os.getpid()}/children")
        return {int(pid) for pid in path.read_text(encoding="utf-8").split()}
    return {pid for pid in _all() if _parent(pid) == os.getpid()}  # a kernel without that file


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[1])
    return 0


def hard_limits() -> dict[str, int]:
    """Return the limits that this process may not exceed, by the names of prlimit."""
    names = {
        "nproc": resource.RLIMIT_NPROC,
        "nofile": resource.RLIMIT_NOFILE,
        "fsize": resource.RLIMIT_FSIZE,
        "cpu": resource.RLIMIT_CPU,
        "data": resource.RLIMIT_DATA,
    }
    hard = {name: resource.getrlimit(number)[1] for name, number in names.items()}
    return {name: value for name, value in hard.items() if value != resource.RLIM_INFINITY}


def tasks_of(uid: int) -> int:
    """Count the threads that a user runs now, for a process limit that leaves room for a box."""
    total = 0
    for pid in _all():
        with contextlib.suppress(OSError):
            folder = Path(f"/proc/{pid}")
            if folder.stat().st_uid == uid:
                total += sum(1 for _ in (folder / "task").iterdir())
    return total
