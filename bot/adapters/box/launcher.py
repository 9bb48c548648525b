"""The small process that builds boxes: the only part of Nightshift's execution that may be root.

    python -m bot.adapters.box.launcher --fd N --config JSON

It speaks `protocol.py` over an inherited socket, believes nothing it reads, and executes nothing
but the one command line that `argv.py` builds. It dies with its client, and every box with it.
As an ordinary user the same process gives the same boxes, less a user of its own for each.

It is two processes: one serves, and its parent only waits, to inherit whatever the first leaves
behind if it is killed. If the parent is killed, the child is told to clean up itself.
"""

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.box import argv as box_argv
from bot.adapters.box import fallback, peer, protocol, spawn, syscalls, waiter
from bot.adapters.box.limits import Limits
from bot.adapters.box.machine import Config, Machine, Slot
from bot.errors import BoxUnavailable


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
    """The jobs of a machine's slots, and the loop over them and the client."""

    def __init__(self, sock: socket.socket, machine: Machine) -> None:
        self._sock = sock
        self._machine = machine
        self._jobs: dict[int, Job] = {}
        self._next_job = 1

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
                self._make_ready()
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
                return self._machine.facts(peer.limits_or_default(message)), []
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

    def _lease(self, message: protocol.Message) -> protocol.Message:
        limits = Limits.checked(message["limits"])
        wanted = peer.layers(message["layers"])
        slot = next((s for s in self._machine.slots if not s.leased and not s.broken), None)
        if slot is None:
            raise protocol.Refused("no free slot")
        slot.leased = True
        slot.limits = limits
        try:
            slot.work = self._machine.rooms.open(slot.index, slot.identity, limits)
            slot.layers = tuple(
                box_argv.Bind(self._machine.rooms.layer(slot.index, index, path), inside)
                for index, (path, inside) in enumerate(wanted)
            )
            self._machine.furnish(slot)
            if slot.group is not None:
                slot.group.create()
                slot.group.limit(limits)
        except (OSError, ValueError):
            self._vacate(slot)
            raise
        slot.made_of = self._machine.made_of()
        return {
            "slot": slot.index,
            "uid": slot.identity.uid,
            "places": self._machine.places(slot),
            "made_of": slot.made_of,
        }

    def _spawn(
        self, message: protocol.Message, fds: Sequence[int]
    ) -> tuple[protocol.Message, list[int]]:
        slot = self._leased(message)
        limits = Limits.checked(message["limits"])
        if fds and self._machine.sandlock is not None:
            raise protocol.Refused(fallback.NO_LISTENING)
        if slot.made_of != self._machine.made_of():
            raise protocol.Refused("what boxes are made of has changed since this lease")
        plan = self._machine.plan(
            slot, peer.words(message["argv"]), peer.variables(message["env"]), limits
        )
        if slot.group is not None and limits != slot.limits:
            with contextlib.suppress(OSError):  # more is in use already: the lease's limits stay
                slot.group.limit(limits)
                slot.limits = limits
        cpu_before = slot.group.cpu_s() if slot.group is not None else None
        child = spawn.start(
            plan,
            command=self._machine.command,
            options=self._machine.options,
            seccomp=self._machine.seccomp,
            launch=lambda words, placement: self._launch(slot, words, placement),
            merge=message["merge"] is True,
            private=message["private"] is True,
            listen=peer.listening(fds),
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

    def _launch(self, slot: Slot, words: list[str], placement: Mapping[int, int]) -> int:
        """Let the slot's waiting child become the box, or fork one for it."""
        waiting, slot.waiter = slot.waiter, None
        if waiting is not None and waiting.hand_over(words, self._machine.environ(), placement):
            return waiting.pid
        joiners = slot.group.open_joiners() if slot.group is not None else []
        return spawn.fork(words, self._machine.environ(), placement, joiners)

    def _make_ready(self) -> None:
        """Have a child waiting in every leased slot whose groups have to be joined."""
        for slot in self._machine.slots:
            if slot.leased and slot.group is not None and slot.waiter is None:
                with contextlib.suppress(OSError):  # then the next command forks by itself
                    slot.waiter = waiter.ready(slot.group.open_joiners())

    def _waiting(self) -> set[int]:
        return {slot.waiter.pid for slot in self._machine.slots if slot.waiter is not None}

    def _leased(self, message: protocol.Message) -> Slot:
        index = message["slot"]
        if not isinstance(index, int) or not 0 <= index < len(self._machine.slots):
            raise protocol.Refused("slot")
        slot = self._machine.slots[index]
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
        if slot.waiter is not None:
            slot.waiter.dismiss()
            slot.waiter = None
        if slot.group is not None:
            slot.broken = not slot.group.kill() or slot.broken
            slot.group.remove()
        self._machine.rooms.close(slot.index)
        slot.leased, slot.layers, slot.work = False, (), ""

    def _status(self) -> protocol.Message:
        return {
            "leased": [slot.index for slot in self._machine.slots if slot.leased],
            "broken": [slot.index for slot in self._machine.slots if slot.broken],
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
            for slot in self._machine.slots:
                if slot.waiter is not None and slot.waiter.pid == pid:
                    slot.waiter.sock.close()
                    slot.waiter = None
            if pid in self._jobs:
                self._finish(self._jobs[pid], status, usage.ru_utime + usage.ru_stime)

    def _finish(self, job: Job, status: int, cpu: float) -> None:
        """Make sure that nothing of the job is left, then report its end."""
        del self._jobs[job.pid]
        dead, strays_cpu = spawn.bury_strays(self._waiting().union(self._jobs))
        if job.slot.group is not None and all(j.slot is not job.slot for j in self._jobs.values()):
            dead = job.slot.group.kill(spare=self._waiting()) and dead
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
        spawn.bury_strays(set())
        for slot in self._machine.slots:
            if slot.leased:
                self._vacate(slot)
        self._machine.close()


def main(arguments: Sequence[str], kind: type[Machine] = Machine) -> int:
    """Run a launcher over an inherited descriptor."""
    parser = argparse.ArgumentParser(prog="nightshift-box-launcher")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--config", required=True)
    options = parser.parse_args(arguments)
    sock = socket.socket(fileno=options.fd)
    os.set_inheritable(options.fd, False)  # noqa: FBT003  the parameter has no name
    try:
        machine = kind(Config.parse(options.config))
        machine.prepare()
    except BoxUnavailable as error:
        _explain(sock, {"what": error.what, "means": error.means, "remedy": error.remedy})
        return error.exit_code
    except OSError as error:
        _explain(sock, {"what": f"the launcher cannot start: {error}", "means": "", "remedy": ""})
        return BoxUnavailable.exit_code
    with sock:
        parent, child = os.getpid(), os.fork()
        if child == 0:
            os._exit(spawn.guarded(lambda: _serve(Launcher(sock, machine), parent)))
    return _outlive(child, machine)


def _serve(launcher: Launcher, parent: int) -> None:
    syscalls.become_subreaper()
    syscalls.die_with_parent(signal.SIGTERM)
    if os.getppid() == parent:
        launcher.serve()


def _outlive(child: int, machine: Machine) -> int:
    """Wait for the end of the serving process, however it comes, and clean up after it.

    Every process it leaves behind is ours then: this process is the next subreaper above it.
    """
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    _, status = os.waitpid(child, 0)
    spawn.bury_strays(set())
    machine.close()
    return max(0, os.waitstatus_to_exitcode(status))


def _explain(sock: socket.socket, reason: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        sock.send(protocol.encode({"event": "unavailable", **reason}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
