"""The nouns of a world: a repository with a past, people, and the issues they file."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Permission = Literal["read", "triage", "write", "maintain", "admin"]
Ending = Literal["landed", "opened", "rejected", "needs-info", "duplicate", "parked", "dropped"]


class WorldError(ValueError):
    """A world is unknown, or its files contradict each other."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository as the GitHub twin shows it."""

    full_name: str
    default_branch: str = "main"
    description: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """The GitHub App that is installed on the repository."""

    slug: str
    permissions: dict[str, str]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, a token of the twin and a role on the repository."""

    login: str
    name: str
    email: str
    token: str
    permission: Permission = "read"


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the repository; the colour has six hex digits."""

    name: str
    color: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the past: who, when, why, and the files it wrote."""

    author: str
    date: datetime
    message: str
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Expectation:
    """How the story of an issue has to end for the world to hold."""

    outcome: Ending
    attempts: tuple[int, int]
    """The fewest and the most submissions to the hidden gate."""
    reasons: tuple[str, ...] = ()
    """The slugs that may stand as the reason; empty: any."""
    clause: str = ""
    """Words that the cited clause of the mission contains."""

    def unmet(self, outcome: str, attempts: int, reason: str = "", clause: str = "") -> str:
        """Say in one sentence what did not happen as expected; empty when all did."""
        fewest, most = self.attempts
        if outcome != self.outcome:
            return f"ended {outcome} instead of {self.outcome}"
        if not fewest <= attempts <= most:
            return f"took {attempts} attempts instead of {fewest} to {most}"
        if self.reasons and reason not in self.reasons:
            return f"ended for {reason!r} instead of {' or '.join(self.reasons)}"
        if self.clause not in clause:
            return f"cited {clause!r} instead of a clause with {self.clause!r}"
        return ""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that somebody will file; `number` is its place in the filing order, from 1."""

    number: int
    title: str
    body: str
    author: str
    labels: tuple[str, ...]
    story: str
    expect: Expectation

    @property
    def priority(self) -> str:
        """The value of its priority label: `P0` to `P3`, or nothing."""
        prefix = "priority:"
        found = (label.removeprefix(prefix) for label in self.labels if label.startswith(prefix))
        return next(found, "")


@dataclass(frozen=True, slots=True)
class World:
    """A seeded universe for the twins."""

    name: str
    repository: Repository
    app: App
    people: tuple[Person, ...]
    labels: tuple[Label, ...]
    commits: tuple[Commit, ...]
    issues: tuple[Issue, ...]
    corpus: str = ""
    """The folder of hidden scenarios; empty when there are none."""
    folder: Path | None = field(default=None, compare=False)

    def person(self, login: str) -> Person:
        """Return the person of a login."""
        for person in self.people:
            if person.login == login:
                return person
        raise WorldError(f"world {self.name}: nobody is called {login!r}")

    @property
    def maintainer(self) -> Person:
        """Return the first person who may do everything."""
        for person in self.people:
            if person.permission == "admin":
                return person
        raise WorldError(f"world {self.name}: nobody is an admin")
