"""`nightshift up`: the three roles of a real GitHub App on this machine."""

import asyncio
import contextlib
import json
import os
from pathlib import Path

from dotenv import dotenv_values
from rich.console import Console

from bot import settings
from bot.domain.role import Role
from bot.errors import SettingsError
from bot.signals import until_signal
from bot.supervise import CODE, RolePlan, Supervisor, Users
from bot.validator.service import KEY_FILE
from bot.validator.signing import open_signer

_FIRST_UID = 61_000
STORE = "scenarios"
"""The folder of hidden scenarios that `nightshift setup` makes in the state."""


async def up(config: Path, state: Path, console: Console) -> int:
    """Start the roles from their .env files and watch them until a signal."""
    own = {role: read_role(config / f"{role.value}.env") for role in Role}
    supervisor = installation(state)
    _hand_over(supervisor, own[Role.VALIDATOR])
    own[Role.SERVER].setdefault("NIGHTSHIFT_VERDICT_KEY", verdict_key(supervisor))
    async with until_signal() as stop:
        try:
            plans = [_plan(supervisor, role, own[role]) for role in Role]
            for role, ready in (await supervisor.start_all(plans)).items():
                facts = ", ".join(f"{k} {v}" for k, v in ready.items() if k != "ready" and v)
                console.print(f"{role.value:<10} ready  {facts}", highlight=False)
            watching = asyncio.create_task(supervisor.watch())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if watching.done():
                watching.result()
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        finally:
            await supervisor.stop()
    return 0


def _hand_over(supervisor: Supervisor, validator: dict[str, str]) -> None:
    """Give the validator the store that setup made: people write into it as root."""
    store = (supervisor.state / STORE).absolute()
    if validator.get("NIGHTSHIFT_SCENARIOS") == str(store) and store.is_dir():
        supervisor.give(Role.VALIDATOR, store)


def _users() -> Users | None:
    return Users(_FIRST_UID) if os.geteuid() == 0 else None


def role_user(role: Role) -> int:
    """Return the OS user that a role runs as when started from here."""
    users = _users()
    return users.uid(role) if users else os.geteuid()


def installation(state: Path) -> Supervisor:
    """Make the folders of an installation, or find them as they are."""
    supervisor = Supervisor(state, _users())
    supervisor.prepare()
    return supervisor


def read_role(path: Path) -> dict[str, str]:
    """Return the variables of one role; a file that others can read is refused."""
    if not _is_file(path):
        raise SettingsError(
            f"there is no {path}",
            means="each role has one file of NIGHTSHIFT_* variables",
            remedy="`nightshift setup` writes it (docs/install.md); or name the folder: --config",
        )
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            f"{path} can be read by others", remedy=f"chmod 600 {path}: it holds secrets"
        )
    return {
        key: value
        for key, value in dotenv_values(path, interpolate=False).items()
        if value is not None
    }


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:
        raise SettingsError(
            f"{path.parent} is closed to this user", remedy="run it with sudo, as `up` is run"
        ) from None


def verdict_key(supervisor: Supervisor) -> str:
    """Return the public half of the validator's key on this machine, made at first start."""
    path = supervisor.home(Role.VALIDATOR) / KEY_FILE
    public = open_signer(path).public_key
    supervisor.give(Role.VALIDATOR, path)
    return public


def _plan(supervisor: Supervisor, role: Role, own: dict[str, str]) -> RolePlan:
    """Give a role what its file says, what the machine needs, and nothing of the other roles."""
    machine = settings.handed_down()
    environment = {
        **{key: value for key, value in machine.items() if not key.startswith("PIP_")},
        "HOME": str(supervisor.home(role)),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CODE),
        "NIGHTSHIFT_STATE": str(supervisor.home(role)),
        "NIGHTSHIFT_DATABASE_URL": supervisor.database_url,
        "NIGHTSHIFT_JJ": str(CODE / ".tools" / "jj" / "jj"),
        "NIGHTSHIFT_RESOLVER_ENV": json.dumps(machine),
        **own,
    }
    return RolePlan(
        role, environment, reads=_reads(own), slots=int(own.get("NIGHTSHIFT_SLOTS", "2"))
    )


def _reads(own: dict[str, str]) -> tuple[Path, ...]:
    """List what a role has to see beside its own folder: scenarios, and the key to them."""
    scenarios = own.get("NIGHTSHIFT_SCENARIOS", "")
    key = own.get("NIGHTSHIFT_SCENARIOS_KEY", "")
    local = scenarios.removeprefix("file://")
    found = [local] if local and not settings.is_git_address(local) else []
    found += [key, f"{key}.known_hosts"] if key else []
    return tuple(Path(path) for path in found)
