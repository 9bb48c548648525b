"""What a pool and its launcher say to each other: one JSON object per packet, plus descriptors.

    hello   {}                                        what this launcher can do
    lease   {limits, layers: [[host, inside]]}        -> {slot}
    spawn   {slot, argv, env, limits, merge, private} -> {job} + [stdin, stdout, stderr?, private?]
            + at most one listening socket for the box
    kill    {job}
    release {slot}                                    kills, unmounts, removes
    status  {}

Every request carries `id`; its answer repeats it, with `error` when it was refused. When a job
ends, the launcher sends an `exit` event of its own accord. The end of either process ends all.
"""

import json
import socket
from typing import Any

MAX_PACKET = 160 * 1024
MAX_DESCRIPTORS = 4
_BUFFER = 1 << 20

Message = dict[str, Any]


class Refused(ValueError):  # a rule was broken by the peer, not by the world
    """A packet that breaks the protocol."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Make the two ends of a conversation."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return ends


def encode(message: Message) -> bytes:
    """Turn a message into one packet; raises Refused when it is too large."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > MAX_PACKET:
        raise Refused("message too large")
    return data


def receive(sock: socket.socket) -> tuple[Message, list[int]] | None:
    """Read one packet and the descriptors that came with it; None at the end.

    Raises BlockingIOError when a non-blocking socket has nothing to read.
    """
    data, fds, flags, _ = socket.recv_fds(
        sock, MAX_PACKET + 1, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
    )
    if not data:
        return None
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise Refused("packet cut")
    try:
        message = json.loads(data)
    except ValueError as error:
        raise Refused("no JSON") from error
    if not isinstance(message, dict):
        raise Refused("no object")
    return message, fds
