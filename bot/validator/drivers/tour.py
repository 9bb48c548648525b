"""Takes a scenario through a fresh box and comes back with what was seen, whatever happens."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.adapters.box import BoxPool
from bot.errors import NightshiftError
from bot.validator.drivers import cli, http, lib
from bot.validator.drivers.visit import LIMITS, Stage, Visit, filled, joined
from bot.validator.observation import Ended, Observation, Sighting
from bot.validator.scenario import Kind, Scenario
from bot.validator.template import fill_text

_DRIVERS: Mapping[Kind, Callable[[Visit], Awaitable[dict[str, Observation]]]] = {
    Kind.CLI: cli.drive,
    Kind.FILE: cli.drive,
    Kind.LIB: lib.drive,
    Kind.HTTP: http.drive,
}


def offered(stage: Stage, kind: Kind) -> bool:
    """Whether the mission and this validator can reach a product in this way."""
    return kind in _DRIVERS and bool(stage.command(kind))


async def tour(
    pool: BoxPool, stage: Stage, scenario: Scenario, names: Mapping[str, Any]
) -> Sighting:
    """Run one trajectory; a box that fails is a sighting of nothing, never an exception."""
    begun = time.monotonic()
    tree = joined(stage.tree, filled(scenario.setup.files, names))
    try:
        async with pool.box(layers=stage.layers, limits=LIMITS) as box:
            await box.put(tree)
            visit = Visit(
                scenario,
                names,
                box,
                stage.command(scenario.kind),
                time.monotonic() + scenario.timeout_s,
            )
            steps = await _DRIVERS[scenario.kind](visit)
            files = await _collect(visit)
    except (NightshiftError, OSError, TimeoutError) as error:
        return Sighting(box_failed=True, trouble=_trouble(error), seconds=time.monotonic() - begun)
    started = any(step.ended not in {Ended.ABSENT, Ended.CRASHED} for step in steps.values())
    return Sighting(steps, files, started=started, seconds=time.monotonic() - begun)


async def _collect(visit: Visit) -> dict[str, bytes]:
    """Fetch the files that some check looks at."""
    found: dict[str, bytes] = {}
    for check in visit.scenario.checks:
        if check.verb.startswith("file-"):
            path = fill_text(check.body["path"], visit.names)
            content = await visit.box.get_file(path)
            if content is not None:
                found[path] = content
    return found


def _trouble(error: BaseException) -> str:
    """Name a failure of the box, for the evidence."""
    if isinstance(error, NightshiftError):
        return f"{error.slug}: {error.what}"
    return type(error).__name__
