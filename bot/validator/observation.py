"""What was seen of the product from outside, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn


class Ended(StrEnum):
    """How a step came to its end."""

    NORMALLY = "normally"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    FLOODED = "flooded"
    """It said more than is read."""
    ABSENT = "absent"
    """What was to be run or called does not exist."""


class NotThere(LookupError):
    """The observation has nothing at this place, or nothing that can be read as asked."""

    def __init__(self, what: str, *, unreadable: bool = False) -> None:
        super().__init__(what)
        self.unreadable = unreadable


@dataclass(frozen=True, slots=True)
class Observation:
    """One step as it was seen; `fields` are those of the step's verb, absent ones left out."""

    fields: Mapping[str, Any]
    ended: Ended = Ended.NORMALLY
    seconds: float = 0.0

    def at(self, place: list[str | int]) -> Any:
        """Look up a place such as ["stdout", "json", "total"]; raises NotThere."""
        return walk(self.fields, place)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything one trajectory showed. `box_failed` means that nothing can be concluded."""

    steps: Mapping[str, Observation] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    started: bool = True
    """Whether the product came up in at least one step."""
    box_failed: bool = False
    trouble: str = ""
    """Why the box failed, for the owner."""
    seconds: float = 0.0


def walk(value: Any, place: list[str | int]) -> Any:
    """Follow keys and indexes; `json` and `lines` read a text that has no such key."""
    for part in place:
        match value, part:
            case str(), "json":
                value = strict_json(value)
            case str(), "lines":
                value = value.splitlines()
            case Mapping(), str() if part in value:
                value = value[part]
            case list(), int() if -len(value) <= part < len(value):
                value = value[part]
            case _:
                raise NotThere(f"nothing at {part!r}")
    return value


def strict_json(text: str) -> Any:
    """Parse JSON without NaN, infinities or repeated keys."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotThere("not JSON", unreadable=True) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object whose keys are unique."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("repeated key")
    return result


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and infinities."""
    raise ValueError(constant)
