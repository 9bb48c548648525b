"""The nouns of a hidden scenario, as read from its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.domain.verdict import FailureClass


class Kind(StrEnum):
    """How a scenario reaches the product."""

    CLI = "cli"
    HTTP = "http"
    LIB = "lib"
    FILE = "file"


class ScenarioSet(StrEnum):
    """Who may learn what of it: everything, one bit, nothing."""

    DEV = "dev"
    GATE = "gate"
    SEALED = "sealed"


class Origin(StrEnum):
    """Where a scenario came from."""

    HUMAN = "human"
    GENERATED = "generated"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Setup:
    """What stands before the first step; texts may hold `${...}`."""

    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    clock: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    compute: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One action on the product, and the name under which it is observed."""

    verb: str
    """run, call, request, write or wait"""
    body: Mapping[str, Any]
    name: str = ""
    """Empty for steps that observe nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One typed expectation. A `must` check zeroes the trajectory; the others weigh in."""

    verb: str
    body: Mapping[str, Any]
    must: bool = True
    weight: int = 1
    failure: FailureClass | None = None
    """The coarse class its failure belongs to, when the author says so."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One judged sentence of the rubric; it can only lower a score."""

    statement: str
    weight: int
    sees: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One hidden user story with its steps and expectations."""

    id: str
    feature: str
    kind: Kind
    set: ScenarioSet
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    story: str
    setup: Setup = field(default_factory=Setup)
    rubric: tuple[Statement, ...] = ()
    tags: tuple[str, ...] = ()
    weight: int = 1
    must_pass: bool = False
    repeats: int | None = None
    """K, when the author says so; otherwise `bot.policy.repeats` decides."""
    timeout_s: float = 10.0
    origin: Origin = Origin.HUMAN
    valid_from_commit: str = ""
    issue: int | None = None
    """The issue that asks for this behaviour: until the base shows it, other issues skip it."""
    file: str = ""

    @property
    def compares_with_base(self) -> bool:
        """Whether the base must be run on the very same inputs."""
        return any(check.verb == "differential-to-base" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Corpus:
    """All scenarios of one repository."""

    root: Path
    digest: str
    scenarios: tuple[Scenario, ...]

    def of_set(self, wanted: ScenarioSet) -> tuple[Scenario, ...]:
        """Return the scenarios of one set, in file order."""
        return tuple(scenario for scenario in self.scenarios if scenario.set is wanted)
