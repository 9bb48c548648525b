"""Who put which label on an issue, and who reviewed: what people's authority is read from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """An account. A login can be renamed and taken by somebody else; the number cannot."""

    login: str
    id: int


@dataclass(frozen=True, slots=True)
class Labelling:
    """One label that was put on or taken off, as GitHub's own history of the issue tells it."""

    id: int
    """GitHub's number of the event; later ones are larger."""
    label: str
    by: Person
    at: float = 0.0
    """When, in seconds of the epoch; GitHub keeps whole ones."""
    on: bool = True
    """Put on; else taken off."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a pull request, in GitHub's words for its state."""

    id: int
    by: Person
    state: str
