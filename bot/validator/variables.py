"""Generated values: fresh for every run, so that a memorised answer fails the next one."""

import random
import string
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.errors import ScenarioError
from bot.validator import expression
from bot.validator.scenario import Setup
from bot.validator.template import fill


def draw(setup: Setup, entropy: random.Random) -> dict[str, Any]:
    """Draw every variable and compute every derived one, in the order written."""
    source = random.Random(setup.seed) if setup.seed is not None else entropy  # noqa: S311
    names: dict[str, Any] = {"clock": setup.clock, "seed": setup.seed or 0}
    for name, shape in setup.vars.items():
        names[name] = _value(shape, source, names)
    for name, text in setup.compute.items():
        names[name] = expression.parse(str(text)).evaluate(names)
    return names


def _value(shape: Mapping[str, Any], source: random.Random, names: Mapping[str, Any]) -> Any:
    """Draw one value by its shape."""
    match next(iter(shape.items())):
        case ("choice", options):
            return fill(source.choice(options), names)
        case ("int", [low, high]):
            return source.randint(low, high)
        case ("decimal", [low, high, places]):
            scale = Decimal(10) ** places
            steps = source.randint(int(Decimal(str(low)) * scale), int(Decimal(str(high)) * scale))
            return Decimal(steps).scaleb(-places)
        case ("string", length):
            return "".join(source.choices(string.ascii_lowercase, k=length))
        case ("date", [first, last]):
            start, end = date.fromisoformat(first), date.fromisoformat(last)
            return (start + timedelta(days=source.randint(0, (end - start).days))).isoformat()
        case ("list", {"of": inner, "length": [low, high]}):
            return [_value(inner, source, names) for _ in range(source.randint(low, high))]
        case (kind, _):
            raise ScenarioError(f"unknown kind of variable {kind!r}")
