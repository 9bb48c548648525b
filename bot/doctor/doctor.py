"""Asks every part in turn. A part that cannot be looked at is a finding too, never a traceback."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from bot.doctor import app, machine, outside, repository
from bot.doctor.files import Files, files, verdict_key
from bot.doctor.part import Health, Part, broken, show
from bot.doctor.scenarios import scenarios
from bot.errors import EnvironmentProblem, NightshiftError
from bot.install.session import Credentials, Session

Look = Callable[[], Awaitable[list[Part]]]


@dataclass(frozen=True, slots=True)
class Scope:
    """How far to look: the machine alone, an installation of the App, one repository."""

    config: Path | None = None
    state: Path = Path("/var/lib/nightshift")
    repo: str = ""


async def doctor(console: Console, scope: Scope, *, as_json: bool) -> int:
    """Look at every part; exit 0 unless something that is needed is missing or broken.

    What keeps several parts from being looked at is told once.
    """
    parts: list[Part] = []
    for name, look in _looks(scope):
        told = {part.detail for part in parts if part.health.fatal}
        parts += [part for part in await _told(name, look) if part.detail not in told]
    if as_json:
        console.print_json(json.dumps([asdict(part) for part in parts]))
    else:
        for part in parts:
            show(console, part)
    return EnvironmentProblem.exit_code if any(part.health.fatal for part in parts) else 0


def _looks(scope: Scope) -> list[tuple[str, Look]]:
    looks: list[tuple[str, Look]] = [
        ("python", _one(machine.python)),
        ("git", _one(machine.git)),
        ("jj", _one(machine.jujutsu)),
        ("box", _one(machine.box)),
        ("disk", _one(machine.disk)),
    ]
    if scope.config is not None:
        found = Files(scope.config)
        looks += [
            ("files", _apart(lambda: files(found))),
            ("state", _apart(lambda: [machine.room_in("state", scope.state)])),
            ("verdict key", _apart(lambda: verdict_key(found, scope.state))),
            ("scenarios", _apart(lambda: scenarios(found, scope.repo))),
            ("model", lambda: outside.model(found)),
            ("clock", lambda: outside.clock(found)),
            ("app", _apart(lambda: _github(scope.config, scope.repo))),
        ]
    return looks


def _github(config: Path | None, repo: str) -> list[Part]:
    """Look at the App as GitHub sees it, then at one repository through it."""
    if config is None:
        return []
    with Session(Credentials.of(config)) as session:
        parts, us = app.looks(session)
        return parts + (repository.looks(session, us, repo) if us is not None and repo else [])


def _one(look: Callable[[], Awaitable[Part]]) -> Look:
    async def looked() -> list[Part]:
        return [await look()]

    return looked


def _apart(look: Callable[[], list[Part]]) -> Look:
    """Keep what blocks out of the event loop."""

    async def looked() -> list[Part]:
        return await asyncio.to_thread(look)

    return looked


async def _told(name: str, look: Look) -> list[Part]:
    try:
        return await look()
    except NightshiftError as error:
        return [broken(name, error)]
    except Exception as error:  # noqa: BLE001  whatever it is, the other parts are told too
        why = f"could not be looked at: {type(error).__name__}: {error}"[:300]
        return [Part(name, Health.BROKEN, why, "look at it by hand, and report this")]
