"""The functions that scenarios may call: numbers, texts, lists and days. Each is bounded."""

import decimal
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

MAX_LENGTH = 65_536
MAX_MAGNITUDE = Decimal(10) ** 60
CONTEXT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_EVEN, Emax=999, Emin=-999)
_SPEC = re.compile(r"^(?:.?[<>^])?[+]?0?\d{0,2},?(?:\.\d{1,2})?[dfsxX%]?$")
_ROUNDINGS = {
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}


class ExpressionError(ValueError):
    """The expression is not of this language, or cannot be evaluated on these values."""


def number(value: Any) -> Decimal:
    """Read a number from an int, a float, a Decimal, a numeric text or {"$decimal": text}."""
    if isinstance(value, Mapping) and set(value) == {"$decimal"}:
        value = value["$decimal"]
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ExpressionError("not a number")
    try:
        result = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except decimal.InvalidOperation:
        raise ExpressionError("not a number") from None
    if not result.is_finite() or abs(result) > MAX_MAGNITUDE:
        raise ExpressionError("not a number of reasonable size")
    return result


def _quantize(value: Any, places: int = 2, mode: str = "half-up") -> Decimal:
    """Round to decimal places: half-up, half-even, half-down, up, down, ceiling, floor."""
    if mode not in _ROUNDINGS or not -20 <= places <= 20:  # noqa: PLR2004  sane range
        raise ExpressionError("quantize: unknown mode or too many places")
    exponent = Decimal(1).scaleb(-places)
    return number(value).quantize(exponent, rounding=_ROUNDINGS[mode], context=CONTEXT)


def _round(value: Any, places: int | None = None) -> Any:
    """Round half to even, to an int when no places are given."""
    return (
        int(_quantize(value, 0, "half-even"))
        if places is None
        else _quantize(value, places, "half-even")
    )


def _format(value: Any, spec: str = "") -> str:
    """Format one value by a short specification such as `.2f` or `,`."""
    if not isinstance(spec, str) or not _SPEC.match(spec):
        raise ExpressionError("format: this specification is not allowed")
    return format(value, spec)


def _lookup(container: Any, key: Any, default: Any = None) -> Any:
    """Find a key in a mapping or an index in a list, or give the default."""
    if isinstance(container, Mapping):
        return container.get(key, default)
    if (
        isinstance(container, list)
        and isinstance(key, int)
        and -len(container) <= key < len(container)
    ):
        return container[key]
    return default


def _total(values: Iterable[Any]) -> Any:
    """Add numbers up."""
    return sum(value if isinstance(value, int) else number(value) for value in values)


def _json(text: Any) -> Any:
    """Parse JSON text."""
    try:
        return json.loads(str(text), parse_float=number)
    except (ValueError, RecursionError):
        raise ExpressionError("not JSON") from None


def _add_days(day: str, count: int) -> str:
    """Move an ISO date by days."""
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": _round,
    "floor": lambda x: int(_quantize(x, 0, "floor")),
    "ceil": lambda x: int(_quantize(x, 0, "ceiling")),
    "quantize": _quantize,
    "number": number,
    "int": lambda x: int(number(x)),
    "float": lambda x: float(number(x)),
    "str": lambda x: str(x),  # noqa: PLW0108  a plain `str` would also be a type with attributes
    "len": len,
    "sum": _total,
    "any": any,
    "all": all,
    "sorted": sorted,
    "list": list,
    "range": lambda *a: bounded(max(map(abs, a))) and list(range(*a)),
    "format": _format,
    "lookup": _lookup,
    "keys": list,
    "values": lambda m: list(m.values()),
    "json": _json,
    "lower": lambda s: s.lower(),
    "upper": lambda s: s.upper(),
    "strip": lambda s: s.strip(),
    "lines": lambda s: s.splitlines(),
    "split": lambda s, sep=None: s.split(sep),
    "join": lambda sep, parts: bounded(len(sep) * len(parts)) and sep.join(parts),
    "replace": lambda s, old, new: bounded(len(s) * len(new)) and s.replace(old, new),
    "startswith": lambda s, p: s.startswith(p),
    "endswith": lambda s, p: s.endswith(p),
    "add_days": _add_days,
    "days_between": lambda a, b: (date.fromisoformat(b) - date.fromisoformat(a)).days,
    "weekday": lambda day: date.fromisoformat(day).weekday(),
}


def bounded(length: int) -> bool:
    """Refuse a length beyond the bound before anything of that length is built."""
    if length > MAX_LENGTH:
        raise ExpressionError("too long")
    return True
