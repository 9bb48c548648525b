"""A child that has already joined its slot's control groups and waits to become a box.

Joining costs a grace period of the kernel, 1 to 20 ms on a busy machine, and so it is done while
nobody waits for it. The child holds nothing but its end of a socket, over which it is handed the
command line and the descriptors. It dies with the launcher like a box.
"""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.adapters.box import protocol, spawn

_MAX_WORDS = 1 << 19
_MAX_FDS = 32
_HIGHEST_FD = 4096


@dataclass(frozen=True, slots=True)
class Waiter:
    """The child, and how to reach it."""

    pid: int
    sock: socket.socket

    def hand_over(
        self, words: list[str], environ: Mapping[str, str], placement: Mapping[int, int]
    ) -> bool:
        """Make it the box; False when it is not there any more."""
        message = {"words": words, "environ": dict(environ), "targets": list(placement)}
        with self.sock, contextlib.suppress(OSError):
            socket.send_fds(self.sock, [json.dumps(message).encode()], list(placement.values()))
            return True
        return False

    def dismiss(self) -> None:
        """End it, unused."""
        self.sock.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def ready(joiners: Sequence[int]) -> Waiter:
    """Fork a child that joins and waits; the joiners are closed here."""
    here, there = protocol.pair()
    with there:
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            spawn.stay_with(parent)
            os._exit(spawn.guarded(lambda: _wait(there, joiners)))
    for fd in joiners:
        os.close(fd)
    return Waiter(pid, here)


def _wait(sock: socket.socket, joiners: Sequence[int]) -> None:
    signal.set_wakeup_fd(-1)
    spawn.join(joiners)
    own = sock.fileno()
    os.closerange(3, own)
    os.closerange(own + 1, _HIGHEST_FD)
    data, fds, _, _ = socket.recv_fds(sock, _MAX_WORDS, _MAX_FDS, socket.MSG_CMSG_CLOEXEC)
    if data:
        message = json.loads(data)
        placement = dict(zip(message["targets"], fds, strict=True))
        spawn.become(message["words"], message["environ"], placement)
