"""The pool's end of the conversation with its launcher."""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bot
from bot.adapters.box import protocol
from bot.errors import BoxUnavailable, UsageError

_ANSWER_S = 30.0
CANARY = "NIGHTSHIFT_CANARY"
"""A variable of the launcher that must never be seen from a box."""


@dataclass(frozen=True, slots=True)
class LauncherConfig:
    """What a launcher is held to. `roots` are the only directories layers may come from."""

    slots: int
    uid_base: int
    roots: tuple[Path, ...]
    scratch: Path


@dataclass(frozen=True, slots=True)
class Exit:
    """How a job ended, as the launcher saw it."""

    exit_code: int | None
    started: bool
    timed_out: bool
    wall_s: float
    cpu_s: float


class LauncherHandle:
    """A connection to a launcher; whoever holds it may build boxes in that launcher's slots."""

    def __init__(self, sock: socket.socket, process: subprocess.Popen[bytes] | None = None) -> None:
        self._sock = sock
        self._process = process
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[protocol.Message, list[int]]]] = {}
        self._exits: dict[int, asyncio.Future[Exit]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: BoxUnavailable | None = None

    @classmethod
    def adopt(cls, fd: int) -> "LauncherHandle":
        """Take over a connection that the supervisor passed down as a descriptor."""
        try:
            sock = socket.socket(fileno=fd)
        except OSError as error:
            raise BoxUnavailable(
                f"descriptor {fd} is no launcher connection",
                remedy="let `nightshift up` start the roles, or leave the descriptor unset",
            ) from error
        os.set_inheritable(fd, False)  # noqa: FBT003  the parameter has no name
        return cls(sock)

    def fileno(self) -> int:
        """Return the descriptor, to be passed to a role; call `surrender` afterwards."""
        return self._sock.fileno()

    @property
    def pid(self) -> int | None:
        """The launcher's process, when this side started it."""
        return self._process.pid if self._process is not None else None

    def surrender(self) -> None:
        """Close this copy of the connection: from now on the launcher lives with the role."""
        self._sock.close()

    async def request(
        self, verb: str, *, fds: Sequence[int] = (), **fields: object
    ) -> tuple[protocol.Message, list[int]]:
        """Ask, and wait for the answer; raises BoxUnavailable when it is refused or never comes."""
        loop = self._listen()
        number = next(self._ids)
        packet = _packet({"id": number, "verb": verb, **fields})
        future: asyncio.Future[tuple[protocol.Message, list[int]]] = loop.create_future()
        self._answers[number] = future
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._send(packet, fds)
                message, passed = await future
        except TimeoutError as error:
            raise BoxUnavailable(f"the launcher does not answer to {verb}") from error
        finally:
            self._answers.pop(number, None)
        if "error" in message:
            raise BoxUnavailable(f"the launcher refused to {verb}: {message['error']}")
        return message, passed

    async def _send(self, packet: bytes, fds: Sequence[int]) -> None:
        while True:
            if self._ended is not None:
                raise self._ended
            try:
                socket.send_fds(self._sock, [packet], list(fds))
            except BlockingIOError:
                await asyncio.sleep(0.005)
            except OSError:
                self._readable()  # its last words, when it could not start
                self._end(self._ended or _gone())
            else:
                return

    def exit_of(self, job: int) -> "asyncio.Future[Exit]":
        """Return the future that the end of a job resolves."""
        return self._exits[job]

    def forget(self, job: int) -> None:
        """Stop remembering a job, ended or not."""
        self._exits.pop(job, None)

    def _waits(self, number: int) -> bool:
        return number in self._answers and not self._answers[number].done()

    def _listen(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._sock.settimeout(0)
            self._loop.add_reader(self._sock.fileno(), self._readable)
        return self._loop

    def _readable(self) -> None:
        while self._ended is None:
            try:
                received = protocol.receive(self._sock)
            except BlockingIOError:
                return
            except ConnectionResetError:  # told once, and before what it said last
                continue
            except (protocol.Refused, OSError):
                received = None
            if received is None:
                self._end(_gone())
            else:
                self._take(*received)

    def _take(self, message: protocol.Message, fds: list[int]) -> None:
        match message:
            case {"event": "exit", "job": int(job)}:
                future = self._exits.get(job)
                if future is not None and not future.done():
                    future.set_result(_exit(message))
            case {"event": "unavailable"}:
                reason = {key: str(message[key]) for key in ("what", "means", "remedy")}
                self._end(BoxUnavailable(**reason))
            case {"id": int(number)} if self._waits(number):
                if "job" in message:
                    self._exits[message["job"]] = self._listen().create_future()
                self._answers[number].set_result((message, fds))
                return
            case {"job": int(job)}:  # whoever asked for it was cancelled meanwhile
                with contextlib.suppress(OSError):
                    self._sock.send(_packet({"id": 0, "verb": "kill", "job": job}))
            case _:
                pass
        for fd in fds:
            os.close(fd)

    def _end(self, error: BoxUnavailable) -> None:
        """Fail everything that still waits."""
        self._ended = error
        if self._loop is not None and self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
        waiting: list[asyncio.Future[Any]] = [*self._answers.values(), *self._exits.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # counts as seen: not everybody still waits

    async def close(self) -> None:
        """End the launcher, and with it every box."""
        self._end(_gone())
        self._sock.close()
        if self._process is not None:
            await asyncio.to_thread(_wait, self._process)


def _packet(message: protocol.Message) -> bytes:
    try:
        return protocol.encode(message)
    except protocol.Refused as error:
        raise UsageError(
            "the command is too long for a box",
            remedy="put long data into a file or on standard input",
        ) from error


def _exit(message: protocol.Message) -> Exit:
    return Exit(
        exit_code=message["exit_code"],
        started=message["started"],
        timed_out=message["timed_out"],
        wall_s=message["wall_s"],
        cpu_s=message["cpu_s"],
    )


def _gone() -> BoxUnavailable:
    return BoxUnavailable(
        "the box launcher has ended",
        means="Every box ended with it; nothing is lost but the commands that ran.",
        remedy="restart the role; its launcher is started with it",
    )


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait for the launcher to clean up; it has seen the connection close."""
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait(timeout=5)


async def spawn_launcher(
    config: LauncherConfig, *, entry: Sequence[str] = ("-m", "bot.adapters.box.launcher")
) -> LauncherHandle:
    """Start a launcher with this process's rights: as root it gives every slot its own user."""
    for path in (*config.roots, config.scratch):
        await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
    ours, theirs = protocol.pair()
    text = json.dumps(_plain(config))
    with theirs:
        process = await asyncio.to_thread(_start, [*entry], theirs, text)
    return LauncherHandle(ours, process)


def _plain(config: LauncherConfig) -> dict[str, Any]:
    return {
        "slots": config.slots,
        "uid_base": config.uid_base,
        "roots": [str(root.resolve()) for root in config.roots],
        "scratch": str(config.scratch.resolve()),
    }


def _start(entry: list[str], theirs: socket.socket, config: str) -> subprocess.Popen[bytes]:
    checkout = str(Path(bot.__file__).resolve().parent.parent)
    return subprocess.Popen(
        [sys.executable, *entry, "--fd", str(theirs.fileno()), "--config", config],
        env={"PYTHONPATH": checkout, "LANG": "C.UTF-8", CANARY: secrets.token_hex(8)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
