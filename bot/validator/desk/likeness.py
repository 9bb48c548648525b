"""Finds scenarios that ask the same thing with other values."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.validator.scenario import Scenario

_PLACE = re.compile(r"\$\{[^{}]*\}")
_VALUE = re.compile(r"\b\w*\d[\w.:-]*")


@dataclass(frozen=True, slots=True)
class Alike:
    """Scenarios with the same steps and checks."""

    scenarios: tuple[Scenario, ...]
    same_values: bool
    """Whether two of them make their values in the same way too: one story told twice."""


def alike(scenarios: Sequence[Scenario]) -> list[Alike]:
    """Group the scenarios whose steps and checks are the same up to values."""
    groups: defaultdict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        groups[_deeds(scenario)].append(scenario)
    return [
        Alike(tuple(group), len({_values(scenario) for scenario in group}) < len(group))
        for group in groups.values()
        if len(group) > 1
    ]


def _deeds(scenario: Scenario) -> str:
    """Write down what a scenario does and looks at, with every value and name left blank."""
    names = {step.name: f"@{place}" for place, step in enumerate(scenario.steps) if step.name}
    steps = [[step.verb, _blank(_unnamed(step.body, names))] for step in scenario.steps]
    checks = [
        [check.verb, check.must, _blank(_unnamed(check.body, names))] for check in scenario.checks
    ]
    return _text([scenario.kind, steps, checks])


def _unnamed(value: Any, names: Mapping[str, str]) -> Any:
    """Put places for the names of observations, which are nobody's business but the file's own."""
    if isinstance(value, Mapping):
        return {key: _unnamed_item(key, item, names) for key, item in value.items()}
    return [_unnamed(item, names) for item in value] if isinstance(value, list | tuple) else value


def _unnamed_item(key: str, item: Any, names: Mapping[str, str]) -> Any:
    if key in {"of", "on", "$ref"} and isinstance(item, str):
        return names.get(item, item)
    if key == "that":
        return re.sub(r"\b[a-z]\w*\b", lambda found: names.get(found[0], found[0]), item)
    return _unnamed(item, names)


def _values(scenario: Scenario) -> str:
    """Write down how its values are made, with every number left blank."""
    setup = scenario.setup
    return _text(_blank([setup.files, setup.env, list(setup.vars.items()), setup.compute]))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _blank(value: Any) -> Any:
    """Leave numbers, filled-in values and words that hold digits blank."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            return "#"
        case str():
            return _VALUE.sub("#", _PLACE.sub("#", value))
        case Mapping():
            return {_blank(str(key)): _blank(item) for key, item in value.items()}
        case list() | tuple():
            return [_blank(item) for item in value]
        case _:
            return value
