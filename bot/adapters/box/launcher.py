"""The small process that builds boxes: the only part of Nightshift's execution that may be root.

    python -m bot.adapters.box.launcher --fd N --config JSON

It speaks `protocol.py` over an inherited socket, believes nothing it reads, and executes nothing
but the one command line that `argv.py` builds. It dies with its client, and every box with it.
As an ordinary user the same process gives the same boxes, less a user of its own for each.
"""

import argparse
import contextlib
import fcntl
import json
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.adapters.box import argv as box_argv
from bot.adapters.box import cgroup, host, protocol, rooms, seccomp, spawn, syscalls
from bot.adapters.box.limits import Limits
from bot.errors import BoxUnavailable

_LOWEST_UID, _HIGHEST_UID = 1000, 2_000_000_000
_NOBODY = 65_534
_USERS_GROWTH = 64
"""How many more processes a user may start meanwhile whose boxes count together with them."""
_MAX_SLOTS = 64
_MAX_LAYERS = 16
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_INSIDE = re.compile(r"/(env|wheels|layers)(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""Where layers may appear. Names are neutral: a box can read them in its mount table."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the starter of a launcher fixes for its whole life."""

    slots: int
    uid_base: int
    roots: tuple[str, ...]
    scratch: str

    @classmethod
    def parse(cls, text: str) -> "Config":
        """Read the command-line form."""
        values = json.loads(text)
        config = cls(
            int(values["slots"]), int(values["uid_base"]), tuple(values["roots"]), values["scratch"]
        )
        last = config.uid_base + config.slots - 1
        if not 1 <= config.slots <= _MAX_SLOTS:
            raise BoxUnavailable(f"{config.slots} box slots", remedy=f"choose 1 to {_MAX_SLOTS}")
        if config.uid_base < _LOWEST_UID or last > _HIGHEST_UID:
            raise BoxUnavailable(
                f"box users {config.uid_base} to {last} are not for this",
                remedy=f"choose a first uid from {_LOWEST_UID} up that no account uses",
            )
        if config.uid_base <= _NOBODY <= last:
            raise BoxUnavailable("box users would include nobody", remedy="choose another range")
        return config


@dataclass(slots=True)
class Slot:
    """One place for a box, leased to one at a time."""

    index: int
    identity: box_argv.Identity
    group: cgroup.Group | None
    leased: bool = False
    broken: bool = False
    """Something in it would not die: never used again."""
    limits: Limits = field(default_factory=Limits)
    work: str = ""
    layers: tuple[box_argv.Bind, ...] = ()


@dataclass(slots=True)
class Job:
    """One running command."""

    id: int
    slot: Slot
    pid: int
    status_fd: int
    started: float
    deadline: float
    cpu_before: float | None
    timed_out: bool = False
    killed: bool = False


class Launcher:
    """Slots, jobs and the loop over both."""

    def __init__(self, sock: socket.socket, config: Config) -> None:
        self._sock = sock
        self._config = config
        self._jobs: dict[int, Job] = {}
        self._next_job = 1
        self._undertaker = 0
        self._locks: list[socket.socket] = []

    def prepare(self) -> None:
        """Take possession of the machine's means; raises BoxUnavailable."""
        os.umask(0o022)
        syscalls.become_subreaper()
        self._root = os.geteuid() == 0
        self._host = host.inspect()
        self._locks = _claim(self._config) if self._root else []
        self._hierarchy = cgroup.resolve()
        if self._hierarchy is not None:
            cgroup.sweep(self._hierarchy)
        self._seccomp = (
            seccomp.program(self._host.machine) if seccomp.supported(self._host.machine) else None
        )
        self._users_tasks = 0 if self._root else spawn.tasks_of(os.geteuid())
        self._ceilings = spawn.hard_limits()
        self._plain: rooms.PlainRooms | None = None
        self._rooms = self._make_rooms()
        self._system = self._rooms.system(self._host.system)
        self._slots = [self._make_slot(index) for index in range(self._config.slots)]
        self._bury_with_us()

    def _make_rooms(self) -> rooms.Rooms:
        pid = os.fork()  # tried in a child first: half a change of namespace cannot be undone
        if pid == 0:
            os._exit(spawn.guarded(lambda: rooms.enter(self._host.system, self._config.roots)))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            return rooms.enter(self._host.system, self._config.roots)
        self._plain = rooms.PlainRooms(self._config.roots, Path(self._config.scratch))
        return self._plain

    def _make_slot(self, index: int) -> Slot:
        if self._root:
            uid = self._config.uid_base + index
            identity = box_argv.Identity(uid, uid, switch=True)
        else:
            identity = box_argv.Identity(os.geteuid(), os.getegid(), switch=False)
        group = None
        if self._hierarchy is not None:
            group = cgroup.Group(self._hierarchy, cgroup.group_name(os.getpid(), index))
        return Slot(index, identity, group)

    def _bury_with_us(self) -> None:
        """Start a process that outlives this one just long enough to remove groups and files."""
        alive, keep = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(spawn.guarded(lambda: self._undertake(alive)))
        os.close(alive)
        self._undertaker = pid
        self._keep = keep

    def _undertake(self, alive: int) -> None:
        os.setsid()
        for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208
            if int(fd) not in (alive, 2):
                with contextlib.suppress(OSError):
                    os.close(int(fd))
        os.read(alive, 1)  # returns when the launcher is gone, however it went
        self._clear()

    def _clear(self) -> None:
        for slot in self._slots:
            if slot.group is not None:
                slot.group.remove()
        if self._plain is not None:
            self._plain.remove()

    def serve(self) -> None:
        """Answer until the client goes away or somebody ends us, then end every box."""
        wake_r, wake_w = os.pipe()
        os.set_blocking(wake_r, False)
        os.set_blocking(wake_w, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        stopping: list[int] = []
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
        self._sock.settimeout(0)
        try:
            while not stopping:
                watched: list[socket.socket | int] = [self._sock, wake_r]
                ready, _, _ = select.select(watched, [], [], self._patience())
                if wake_r in ready:
                    os.read(wake_r, 4096)
                self._reap()
                self._enforce_deadlines()
                if self._sock in ready and not self._answer():
                    break
        finally:
            self._end()

    def _patience(self) -> float:
        deadlines = [job.deadline for job in self._jobs.values() if not job.timed_out]
        return max(0.0, min([*deadlines, time.monotonic() + 5.0]) - time.monotonic())

    def _answer(self) -> bool:
        """Handle one packet; False when the client is gone."""
        try:
            received = protocol.receive(self._sock)
        except BlockingIOError:
            return True
        except (protocol.Refused, ConnectionError):
            return False
        if received is None:
            return False
        message, fds = received
        reply: protocol.Message = {"id": message.get("id")}
        passed: list[int] = []
        try:
            fields, passed = self._handle(message, fds)
            reply |= fields
        except (ValueError, KeyError, TypeError, OSError) as error:
            reply["error"] = f"{type(error).__name__}: {error}"
        finally:
            for fd in fds:
                os.close(fd)
        return self._send(reply, passed)

    def _send(self, message: protocol.Message, fds: Sequence[int] = ()) -> bool:
        """Send and close the descriptors; False when the client does not take it."""
        self._sock.settimeout(10)
        try:
            socket.send_fds(self._sock, [protocol.encode(message)], list(fds))
        except OSError:
            return False
        finally:
            self._sock.settimeout(0)
            for fd in fds:
                os.close(fd)
        return True

    def _handle(
        self, message: protocol.Message, fds: Sequence[int]
    ) -> tuple[protocol.Message, list[int]]:
        match message.get("verb"):
            case "hello":
                return self._hello(message), []
            case "lease":
                return self._lease(message), []
            case "spawn":
                return self._spawn(message, fds)
            case "kill":
                return self._kill(message), []
            case "release":
                return self._release(message), []
            case "status":
                return self._status(), []
            case _:
                raise protocol.Refused("unknown verb")

    def _hello(self, message: protocol.Message) -> protocol.Message:
        limits = Limits.checked(message["limits"]) if "limits" in message else Limits()
        plan = self._plan(replace_work(self._slots[0]), ("true",), {}, limits)
        files = box_argv.etc_files(plan.identity)
        fds = box_argv.Descriptors(
            10, 11, None if self._seccomp is None else 12, dict.fromkeys(sorted(files), 13)
        )
        return {
            "slots": len(self._slots),
            "uid_base": self._config.uid_base,
            "missing": self.missing(),
            "limits_by": self._hierarchy.kind if self._hierarchy else "rlimits",
            "sized": self._rooms.sized,
            "own_users": self._root,
            "bwrap": self._host.bwrap_version,
            "template": self.command(plan, fds) + self.options(plan, fds),
            "machine": self._host.machine,
            "seccomp": "" if self._seccomp is None else self._seccomp.hex(),
            "processes": plan.processes,
        }

    def missing(self) -> list[str]:
        """Name the parts of tier A that this machine or user does not give."""
        absent = {
            "a user of its own for each box": not self._root,
            "cgroup limits": self._hierarchy is None,
            "a sized work directory": not self._rooms.sized,
            "a system-call filter": self._seccomp is None,
        }
        return [part for part, is_absent in absent.items() if is_absent]

    def _lease(self, message: protocol.Message) -> protocol.Message:
        limits = Limits.checked(message["limits"])
        wanted = message["layers"]
        if not isinstance(wanted, list) or len(wanted) > _MAX_LAYERS:
            raise protocol.Refused("layers")
        slot = next((s for s in self._slots if not s.leased and not s.broken), None)
        if slot is None:
            raise protocol.Refused("no free slot")
        slot.leased = True
        slot.limits = limits
        try:
            slot.work = self._rooms.open(slot.index, slot.identity, limits)
            slot.layers = tuple(
                self._layer(slot, index, entry) for index, entry in enumerate(wanted)
            )
            if slot.group is not None:
                slot.group.create()
                slot.group.limit(limits)
        except (OSError, ValueError):
            self._vacate(slot)
            raise
        return {"slot": slot.index, "uid": slot.identity.uid}

    def _layer(self, slot: Slot, index: int, entry: object) -> box_argv.Bind:
        match entry:
            case [str(path), str(inside)] if _INSIDE.fullmatch(inside):
                return box_argv.Bind(self._rooms.layer(slot.index, index, path), inside)
            case _:
                raise protocol.Refused("layer")

    def _spawn(
        self, message: protocol.Message, fds: Sequence[int]
    ) -> tuple[protocol.Message, list[int]]:
        slot = self._leased(message)
        limits = Limits.checked(message["limits"])
        plan = self._plan(slot, _words(message["argv"]), _variables(message["env"]), limits)
        if slot.group is not None and limits != slot.limits:
            slot.group.limit(limits)
            slot.limits = limits
        cpu_before = slot.group.cpu_s() if slot.group is not None else None
        child = spawn.start(
            plan,
            command=self.command,
            options=self.options,
            seccomp=self._seccomp,
            joiners=slot.group.open_joiners() if slot.group is not None else [],
            merge=message["merge"] is True,
            private=message["private"] is True,
            listen=_listening(fds),
            environ=self.environ(),
        )
        now = time.monotonic()
        job = Job(
            id=self._next_job,
            slot=slot,
            pid=child.pid,
            status_fd=child.status_fd,
            started=now,
            deadline=now + limits.wall_s,
            cpu_before=cpu_before,
        )
        self._next_job += 1
        self._jobs[child.pid] = job
        return {"job": job.id}, child.streams

    def command(self, plan: box_argv.Plan, fds: box_argv.Descriptors) -> list[str]:
        """Return the outer command line."""
        return box_argv.outer(plan, fds)

    def options(self, plan: box_argv.Plan, fds: box_argv.Descriptors) -> list[str]:
        """Return bubblewrap's options."""
        return box_argv.options(plan, fds)

    def environ(self) -> Mapping[str, str]:
        """Return bubblewrap's own environment: nothing, for PID 1 of the box shows it."""
        return {}

    def _plan(
        self, slot: Slot, words: tuple[str, ...], env: Mapping[str, str], limits: Limits
    ) -> box_argv.Plan:
        spare = 8  # bubblewrap's own processes, and a collector beside a server
        others = (len(self._slots) - 1) * (limits.pids + spare)
        shared = self._users_tasks + _USERS_GROWTH + others
        return box_argv.Plan(
            tools=self._host.tools,
            system=self._system,
            identity=slot.identity,
            limits=limits,
            processes=limits.pids + spare + (0 if self._root else shared),
            memory_by_rlimit=self._hierarchy is None,
            work=slot.work,
            layers=slot.layers,
            argv=words,
            env=env,
            ceilings=self._ceilings,
        )

    def _leased(self, message: protocol.Message) -> Slot:
        index = message["slot"]
        if not isinstance(index, int) or not 0 <= index < len(self._slots):
            raise protocol.Refused("slot")
        slot = self._slots[index]
        if not slot.leased:
            raise protocol.Refused("slot is not leased")
        return slot

    def _kill(self, message: protocol.Message) -> protocol.Message:
        wanted = message["job"]
        for job in self._jobs.values():
            if job.id == wanted:
                job.killed = True
                os.kill(job.pid, signal.SIGKILL)
        return {}

    def _release(self, message: protocol.Message) -> protocol.Message:
        slot = self._leased(message)
        for job in [job for job in self._jobs.values() if job.slot is slot]:
            job.killed = True
            os.kill(job.pid, signal.SIGKILL)
            _, status, usage = os.wait4(job.pid, 0)
            self._finish(job, status, usage.ru_utime + usage.ru_stime)
        self._vacate(slot)
        return {}

    def _vacate(self, slot: Slot) -> None:
        if slot.group is not None:
            slot.broken = not slot.group.kill() or slot.broken
            slot.group.remove()
        self._rooms.close(slot.index)
        slot.leased, slot.layers, slot.work = False, (), ""

    def _status(self) -> protocol.Message:
        return {
            "leased": [slot.index for slot in self._slots if slot.leased],
            "broken": [slot.index for slot in self._slots if slot.broken],
            "jobs": len(self._jobs),
        }

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        for job in self._jobs.values():
            if now >= job.deadline and not job.timed_out:
                job.timed_out = True
                os.kill(job.pid, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._jobs:
                self._finish(self._jobs[pid], status, usage.ru_utime + usage.ru_stime)

    def _finish(self, job: Job, status: int, cpu: float) -> None:
        """Make sure that nothing of the job is left, then report its end."""
        del self._jobs[job.pid]
        known = {self._undertaker, *self._jobs}
        dead, strays_cpu = spawn.bury_strays(known)
        if job.slot.group is not None and all(j.slot is not job.slot for j in self._jobs.values()):
            dead = job.slot.group.kill() and dead
        job.slot.broken = job.slot.broken or not dead
        exit_code = spawn.read_status(job.status_fd)
        after = job.slot.group.cpu_s() if job.slot.group is not None else None
        if after is not None and job.cpu_before is not None:
            cpu, strays_cpu = after - job.cpu_before, 0.0
        forced = job.timed_out or job.killed
        self._send(
            {
                "event": "exit",
                "job": job.id,
                "exit_code": None if forced else exit_code,
                "started": exit_code is not None or forced or os.WIFSIGNALED(status),
                "timed_out": job.timed_out,
                "wall_s": time.monotonic() - job.started,
                "cpu_s": cpu + strays_cpu,
            }
        )

    def _end(self) -> None:
        for job in list(self._jobs.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL)
        spawn.bury_strays({self._undertaker})
        for slot in self._slots:
            if slot.leased:
                self._vacate(slot)
        self._clear()
        os.kill(self._undertaker, signal.SIGKILL)


def replace_work(slot: Slot) -> Slot:
    """Return the slot as an example of any: for the self-test's digest."""
    return replace(slot, work="/slots/00/work", layers=())


def _claim(config: Config) -> list[socket.socket]:
    """Hold a name per user, so that no two launchers of a machine share one."""
    locks = []
    for uid in range(config.uid_base, config.uid_base + config.slots):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0nightshift-box-user-{uid}")
        except OSError as error:
            raise BoxUnavailable(
                f"box user {uid} is taken by another launcher",
                means="Two pools on one machine must not share users: their boxes could meet.",
                remedy="give each pool a uid range of its own, or stop the other Nightshift",
            ) from error
        locks.append(lock)
    return locks


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise protocol.Refused("argv")
    if not all(isinstance(word, str) and "\0" not in word for word in value):
        raise protocol.Refused("argv")
    if not value[0] or "=" in value[0]:
        raise protocol.Refused("argv: no such command name")
    return tuple(value)


def _variables(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise protocol.Refused("env")
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(text, str) or "\0" in text:
            raise protocol.Refused("env")
    return value


def _listening(fds: Sequence[int]) -> int | None:
    """Accept at most one listening Unix socket from the client, and nothing else."""
    if not fds:
        return None
    if len(fds) > 1:
        raise protocol.Refused("descriptors")
    with socket.socket(fileno=fcntl.fcntl(fds[0], fcntl.F_DUPFD_CLOEXEC, 10)) as sock:
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if sock.family != socket.AF_UNIX or not listening:
            raise protocol.Refused("descriptors")
    return fds[0]


def main(arguments: Sequence[str], kind: type[Launcher] = Launcher) -> int:
    """Run a launcher over an inherited descriptor."""
    parser = argparse.ArgumentParser(prog="nightshift-box-launcher")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--config", required=True)
    options = parser.parse_args(arguments)
    sock = socket.socket(fileno=options.fd)
    os.set_inheritable(options.fd, False)  # noqa: FBT003  the parameter has no name
    try:
        launcher = kind(sock, Config.parse(options.config))
        launcher.prepare()
    except BoxUnavailable as error:
        _explain(sock, {"what": error.what, "means": error.means, "remedy": error.remedy})
        return error.exit_code
    except OSError as error:
        _explain(sock, {"what": f"the launcher cannot start: {error}", "means": "", "remedy": ""})
        return BoxUnavailable.exit_code
    launcher.serve()
    return 0


def _explain(sock: socket.socket, reason: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        sock.send(protocol.encode({"event": "unavailable", **reason}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
