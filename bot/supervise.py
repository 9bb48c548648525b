"""Starts and watches the three roles on one machine: `nightshift up`, and the stage of the demo.

As root each role is its own OS user and sees only its own folders (bot.enter), and the two roles
that use boxes get a root launcher of their own over an inherited socket. As an ordinary user all
share one user, which the box then reports as tier B. A role that dies is started again; one that
says the machine or its settings are wrong stops everything, because a restart would not help.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.box import LauncherConfig, LauncherHandle, spawn_launcher
from bot.domain.role import Role
from bot.errors import DiskFull, EnvironmentProblem, NightshiftError, PortInUse, UsageError

CODE = Path(__file__).resolve().parent.parent
_READY_S = 60.0
_STOP_S = 10.0
_STEADY_S = 30.0
_ROOM_TO_START = 200
"""Megabytes: an environment of wheels, a repository and the database of a first day."""
_MOST_RESTARTS = 8
"""In a row, none of which stood for long: then a person has to look."""
_FATAL = {2: UsageError, 4: EnvironmentProblem}
_SHARED_GID, _BOXES = 0, {Role.BUILDER: 20, Role.VALIDATOR: 60}
_USER = {Role.SERVER: 1, Role.BUILDER: 2, Role.VALIDATOR: 3}


@dataclass(frozen=True, slots=True)
class RolePlan:
    """One role as it is to be started. `environment` is all it will have."""

    role: Role
    environment: Mapping[str, str]
    reads: tuple[Path, ...] = ()
    """Folders beyond its own and the code that it may read."""
    slots: int = 2


@dataclass(frozen=True, slots=True)
class Users:
    """Numeric users of one installation: a block of a hundred ids; None for an ordinary user."""

    base: int

    @property
    def shared_gid(self) -> int:
        """The group that the shared database belongs to."""
        return self.base

    def uid(self, role: Role) -> int:
        """Return the role's own user."""
        return self.base + _USER[role]

    def boxes(self, role: Role) -> int:
        """Return the first user of the role's boxes; the two pools are disjoint."""
        return self.base + _BOXES[role]

    def peer_boxes(self, role: Role) -> int:
        """Return the first user of the other pool."""
        return next(self.boxes(other) for other in _BOXES if other is not role)


@dataclass(slots=True)
class _Running:
    plan: RolePlan
    process: asyncio.subprocess.Process
    launcher: LauncherHandle | None
    log: Path
    ready: dict[str, str] = field(default_factory=dict)


class _Died(EnvironmentProblem):
    """A role ended without saying that a person has to mend something."""


def need_room(state: Path, megabytes: int) -> None:
    """Refuse to go on where the next write might be half done."""
    free = shutil.disk_usage(state).free >> 20
    if free < megabytes:
        raise DiskFull(
            f"{free} MB are left on the disk of {state}; {megabytes} MB are needed",
            means="what was recorded before is intact",
            remedy="free some space, or name a roomier place (demo and try: TMPDIR; up: --state)",
        )


class Supervisor:
    """All roles of one installation."""

    def __init__(self, state: Path, users: Users | None, *, pause_s: float = 0.5) -> None:
        self._state = state
        self._users = users
        self._pause_s = pause_s
        self._running: dict[Role, _Running] = {}
        self._restarts: dict[Role, int] = {}

    @property
    def state(self) -> Path:
        """The installation's folder."""
        return self._state

    def home(self, role: Role) -> Path:
        """Return the role's own folder, closed to the others."""
        return self._state / role.value

    @property
    def database_url(self) -> str:
        """The database that the roles share when no other is given."""
        return f"sqlite:///{self._state / 'shared' / 'nightshift.db'}"

    def prepare(self) -> None:
        """Make the folders with their owners and modes. Idempotent."""
        self._state.mkdir(parents=True, exist_ok=True)
        need_room(self._state, _ROOM_TO_START)
        shared = self._state / "shared"
        shared.mkdir(exist_ok=True)
        (self._state / "logs").mkdir(exist_ok=True, mode=0o700)
        for role in Role:
            self.home(role).mkdir(exist_ok=True, mode=0o700)
        if self._users is None:
            return
        self._state.chmod(0o711)
        os.chown(shared, 0, self._users.shared_gid)
        shared.chmod(0o2770)
        for role in Role:
            os.chown(self.home(role), self._users.uid(role), self._users.shared_gid)

    def give(self, role: Role, path: Path) -> None:
        """Make a file or tree inside a role's home belong to that role."""
        if self._users is None:
            return
        owner = self._users.uid(role)
        for entry in [path, *path.rglob("*")] if path.is_dir() else [path]:
            os.chown(entry, owner, self._users.shared_gid, follow_symlinks=False)

    async def start(self, plan: RolePlan) -> dict[str, str]:
        """Start one role and wait until it says it is ready; return what it says."""
        return (await self.start_all([plan]))[plan.role]

    async def start_all(self, plans: Sequence[RolePlan]) -> dict[Role, dict[str, str]]:
        """Start roles side by side and wait for all of them; raise what the first one died of."""
        for plan in plans:
            self._running[plan.role] = await self._spawn(plan)
        begun = [self._running[plan.role] for plan in plans]
        ends = await asyncio.gather(*map(self._ready, begun), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return {running.plan.role: running.ready for running in begun}

    async def _ready(self, running: _Running) -> None:
        try:
            async with asyncio.timeout(_READY_S):
                running.ready = await self._until_ready(running)
        except TimeoutError:
            raise EnvironmentProblem(
                f"the {running.plan.role} did not get ready within {_READY_S:.0f} s",
                remedy=f"read {running.log}",
            ) from None

    def remember(self, role: Role, name: str, value: str) -> None:
        """Give a role a variable for every time that it is started again."""
        running = self._running[role]
        environment = {**running.plan.environment, name: value}
        running.plan = replace(running.plan, environment=environment)

    async def watch(self) -> None:
        """Restart what dies, with growing pauses; raise when a restart cannot help."""
        async with asyncio.TaskGroup() as group:
            for role in list(self._running):
                group.create_task(self._watch(role), name=f"watch-{role}")

    async def stop(self) -> None:
        """End every role and launcher: politely first."""
        for running in self._running.values():
            if running.process.returncode is None:
                running.process.terminate()
        for running in self._running.values():
            try:
                async with asyncio.timeout(_STOP_S):
                    await running.process.wait()
            except TimeoutError:
                running.process.kill()
                await running.process.wait()
            if running.launcher is not None:
                await running.launcher.close()
        self._running.clear()

    def environment(self, role: Role) -> Mapping[str, str]:
        """Return all the variables that a running role has."""
        return self._running[role].plan.environment

    def pid(self, role: Role) -> int:
        """Return the process id of a running role."""
        return self._running[role].process.pid

    async def _watch(self, role: Role) -> None:
        while True:
            running = self._running[role]
            began = asyncio.get_running_loop().time()
            drained = asyncio.create_task(_drain(running))
            code = await running.process.wait()
            await drained
            if code in _FATAL:
                raise _explained(running, code)
            if asyncio.get_running_loop().time() - began > _STEADY_S:
                self._restarts[role] = 0
            await self._again(running, _explained(running, code))

    async def _again(self, ended: _Running, why: NightshiftError) -> None:
        """Start a role anew until it stands; dying on the way is like dying a little later."""
        role = ended.plan.role
        while self._restarts.get(role, 0) < _MOST_RESTARTS:
            launcher = self._running[role].launcher
            if launcher is not None:
                await launcher.close()
            self._restarts[role] = self._restarts.get(role, 0) + 1
            await asyncio.sleep(min(30.0, self._pause_s * 2 ** self._restarts[role]))
            try:
                await self.start(ended.plan)
            except _Died as again:
                why = again
            else:
                return
        raise why

    async def _spawn(self, plan: RolePlan) -> _Running:
        log = self._state / "logs" / f"{plan.role}.log"
        environment = dict(plan.environment)
        launcher = None
        if plan.role in _BOXES and self._users is not None:
            config = LauncherConfig(
                slots=plan.slots,
                uid_base=self._users.boxes(plan.role),
                roots=(self.home(plan.role),),
                scratch=self._state / "boxes" / plan.role.value,
            )
            launcher = await spawn_launcher(config)
            environment["NIGHTSHIFT_LAUNCHER_FD"] = str(launcher.fileno())
            environment["NIGHTSHIFT_BOX_UID"] = str(config.uid_base)
            environment["NIGHTSHIFT_PEER_BOX_UID"] = str(self._users.peer_boxes(plan.role))
        argv = [sys.executable, "-m", "bot", "role", plan.role.value]
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *self._entered(plan, argv),
                env=environment,
                cwd=CODE,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
                pass_fds=[launcher.fileno()] if launcher else [],
                start_new_session=True,
            )
        if launcher is not None:
            launcher.surrender()
        return _Running(plan, process, launcher, log)

    def _entered(self, plan: RolePlan, argv: list[str]) -> list[str]:
        if self._users is None:
            return argv
        keep = {str(path): "ro" for path in (*_code(plan.role), *plan.reads) if path.exists()}
        keep[str(self.home(plan.role))] = "rw"
        keep[str(self._state / "shared")] = "rw"
        closed = {
            "uid": self._users.uid(plan.role),
            "gid": self._users.shared_gid,
            "keep": keep,
            "mask": [str(CODE), str(self._state)],
        }
        return [sys.executable, "-m", "bot.enter", json.dumps(closed), "--", *argv]

    async def _until_ready(self, running: _Running) -> dict[str, str]:
        stdout = running.process.stdout
        while stdout is not None and (line := await stdout.readline()):
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("ready") == running.plan.role.value:
                    return {str(key): str(value) for key, value in said.items()}
        code = await running.process.wait()
        raise _explained(running, code)


def _code(role: Role) -> list[Path]:
    """Name what every role needs to run, and nothing of the scenarios."""
    shown = [Path(sys.base_prefix), Path(sys.prefix), CODE / ".tools", CODE / "bot"]
    shown.append(CODE / "prompts")
    if role is not Role.VALIDATOR:
        shown.append(CODE / "workflows")
    return [path for path in shown if not path.is_relative_to("/usr")]


def _explained(running: _Running, code: int) -> NightshiftError:
    """Make the role's own last words into an error of the same class of exit code."""
    text = running.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = "\n".join(text[-6:]) or "it said nothing"
    kind = _FATAL.get(code, _Died)
    if "port-in-use" in said:
        kind = PortInUse
    return kind(f"the {running.plan.role} ended with exit code {code}\n{said}")


async def _drain(running: _Running) -> None:
    stdout = running.process.stdout
    while stdout is not None and await stdout.readline():
        pass
