"""A coloured word on an issue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a repository."""

    name: str
    color: str
    """Six hex digits, no `#`."""
    description: str
