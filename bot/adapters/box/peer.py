"""What a client may say: every value from it is checked here, and nothing is corrected."""

import fcntl
import re
import socket
from collections.abc import Sequence

from bot.adapters.box.limits import Limits
from bot.adapters.box.protocol import Message, Refused

_MAX_LAYERS = 16
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_INSIDE = re.compile(r"/(env|wheels|layers)(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""Where layers may appear. Names are neutral: a box can read them in its mount table."""


def limits_or_default(message: Message) -> Limits:
    """Accept limits where they may be left out."""
    return Limits.checked(message["limits"]) if "limits" in message else Limits()


def layers(value: object) -> list[tuple[str, str]]:
    """Accept pairs of a host path, checked later against the roots, and a place in the box."""
    if not isinstance(value, list) or len(value) > _MAX_LAYERS:
        raise Refused("layers")
    return [_layer(entry) for entry in value]


def _layer(entry: object) -> tuple[str, str]:
    match entry:
        case [str(path), str(inside)] if _INSIDE.fullmatch(inside):
            return path, inside
        case _:
            raise Refused("layer")


def words(value: object) -> tuple[str, ...]:
    """Accept a command: a name that cannot be taken for a variable, and arguments."""
    if not isinstance(value, list) or not value:
        raise Refused("argv")
    if not all(isinstance(word, str) and "\0" not in word for word in value):
        raise Refused("argv")
    if not value[0] or "=" in value[0]:
        raise Refused("argv: no such command name")
    return tuple(value)


def variables(value: object) -> dict[str, str]:
    """Accept variables for the command."""
    if not isinstance(value, dict):
        raise Refused("env")
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(text, str) or "\0" in text:
            raise Refused("env")
    return value


def listening(fds: Sequence[int]) -> int | None:
    """Accept at most one listening Unix socket from the client, and nothing else."""
    if not fds:
        return None
    if len(fds) > 1:
        raise Refused("descriptors")
    with socket.socket(fileno=fcntl.fcntl(fds[0], fcntl.F_DUPFD_CLOEXEC, 10)) as sock:
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if sock.family != socket.AF_UNIX or not listening:
            raise Refused("descriptors")
    return fds[0]
