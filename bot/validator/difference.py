"""Whether two trees behave differently, as far as scenarios and freshly drawn values can show."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.validator.drivers.visit import Stage
from bot.validator.observation import Sighting
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner


@dataclass(frozen=True, slots=True)
class Difference:
    """What one tree does that another does not."""

    told: str = ""
    """The first place where they differ; empty when nothing was seen to."""
    mends: bool = False
    """Whether only scenarios that fail on the one tell them apart, and some hold on the other."""


async def difference(
    runner: Runner, one: Stage, other: Stage, scenarios: Sequence[Scenario], draws: int
) -> Difference:
    """Drive both with the very same inputs, and other ones in each draw.

    Everything seen is compared, not only what checks look at. A product that answers one input in
    two ways proves nothing: what differs has to differ from two runs of `one` that agree.
    """
    found: list[_Seen] = []
    for _ in range(draws):
        seen = await asyncio.gather(*[_differs(runner, one, other, each) for each in scenarios])
        found += filter(None, seen)
        held = next((each for each in found if each.held), None)
        if held is not None:
            return Difference(held.told)
    if not found:
        return Difference()
    return Difference(found[0].told, mends=any(each.holds for each in found))


@dataclass(frozen=True, slots=True)
class _Seen:
    """One scenario that told two trees apart."""

    told: str
    held: bool
    """On the one."""
    holds: bool
    """On the other."""


async def _differs(runner: Runner, one: Stage, other: Stage, scenario: Scenario) -> _Seen | None:
    names = runner.values(scenario)
    first = await runner.run(one, scenario, names, base=one)
    second = await runner.run(other, scenario, names, base=one)
    if _same(first.seen, second.seen) or first.seen.box_failed or second.seen.box_failed:
        return None
    again = await runner.run(one, scenario, names, base=one)
    if not _same(first.seen, again.seen):
        return None
    told = f"{scenario.id}: {_first(first.seen, second.seen)}"
    return _Seen(told, held=first.score == 1, holds=second.score == 1)


def _same(one: Sighting, other: Sighting) -> bool:
    return _shown(one) == _shown(other) and one.files == other.files


def _shown(seen: Sighting) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return what was observed, without how long it took."""
    return {name: (step.ended.value, _steady(step.fields)) for name, step in seen.steps.items()}


def _steady(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out what tells the time of day and not the product."""
    headers = fields.get("headers")
    if not isinstance(headers, Mapping):
        return fields
    return {**fields, "headers": {k: v for k, v in headers.items() if k != "date"}}


def _first(one: Sighting, other: Sighting) -> str:
    """Name the first step that differs."""
    before, after = _shown(one), _shown(other)
    for name in before:
        if before[name] != after.get(name):
            return f"step {name} shows something else"
    return "it leaves other files behind"
