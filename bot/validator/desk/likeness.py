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
    """Write down what a scenario does and looks at, with every value left blank."""
    steps = [[step.verb, step.name, _blank(step.body)] for step in scenario.steps]
    checks = [[check.verb, check.must, _blank(check.body)] for check in scenario.checks]
    return _text([scenario.kind, steps, checks])


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
