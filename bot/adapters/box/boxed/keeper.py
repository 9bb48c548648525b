"""Runs outside the box, as the slot's user: builds one box with sandlock and waits for its end.

The fallback's counterpart of the `bwrap` program. Its source is handed to an interpreter; it reads
what to build from one descriptor and reports the command's exit code on another, in the words of
bubblewrap. Sandlock answers a box that could not be built with a result object like any other, so
an exit code is reported only after `entry.py`, from inside, has said that the walls stand.
"""

import contextlib
import fcntl
import json
import os
import socket
import sys
from typing import Any

_KILLED = 137
"""Sandlock tells that a signal ended a command, but not which."""
_NOT_BUILT = 125


def main(options: int, status: int) -> int:
    """Build, run, report."""
    if 0 in (os.geteuid(), os.getuid()):
        return _refuse("sandlock is never started as root")
    plan = _read(options)
    ours, theirs = socket.socketpair()
    placement = {number: _high(number) for number in plan["descriptors"]}
    filter_fd = _high(plan["seccomp"])
    fds = [filter_fd, *placement.values()]
    message = json.dumps({"targets": list(placement), "root": "/"}).encode()
    socket.send_fds(ours, [message], fds)
    os.dup2(theirs.fileno(), 0)
    theirs.close()
    passed_on = set(placement) - {0, 1, 2}
    for fd in (*fds, *passed_on, plan["seccomp"], options):
        with contextlib.suppress(OSError):
            os.close(fd)
    code, complaint = _run(plan)
    ours.settimeout(0)
    if _answer(ours) != b"walls stand":
        return _refuse(complaint or "sandlock did not build the box")
    os.write(status, json.dumps({"exit-code": code}).encode() + b"\n")
    return code


def _run(plan: dict[str, Any]) -> tuple[int, str]:
    """Run the command to its end; its exit code, and what sandlock complained of."""
    sys.path.insert(0, plan["library"])
    import sandlock  # type: ignore[import-untyped] # noqa: PLC0415  never in a process of root's

    try:
        result = sandlock.Sandbox(**plan["policy"]).run(plan["argv"])
    except Exception as error:  # noqa: BLE001  whatever it is: nothing ran
        return _NOT_BUILT, f"{type(error).__name__}: {error}"
    said = (result.stderr or b"").decode(errors="replace").strip()
    if result.reason is not None and result.reason.name != "EXITED":
        return _KILLED, said
    return (result.exit_code, said) if result.exit_code >= 0 else (_NOT_BUILT, result.error or said)


def _read(fd: int) -> dict[str, Any]:
    text = b""
    while chunk := os.read(fd, 1 << 16):
        text += chunk
    plan: dict[str, Any] = json.loads(text.rstrip(b"\0"))
    return plan


def _high(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)


def _answer(sock: socket.socket) -> bytes:
    try:
        return sock.recv(100)
    except OSError:
        return b""


def _refuse(why: str) -> int:
    os.write(2, f"sandlock: {why}\n".encode())
    return _NOT_BUILT


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
