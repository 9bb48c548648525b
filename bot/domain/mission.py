"""The target repository's own rules: the machine-readable part of mission.md, and its prose."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Product:
    """How scenarios reach the product; an empty command means that kind is not offered."""

    cli: str = ""
    http: str = ""
    lib: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the product needs, resolved outside the box from the base commit.

    `requirements` is a path in the repository; `packages` are requirement specifiers; `project`
    makes the repository's own name and version visible to `importlib.metadata`.
    """

    requirements: str = ""
    packages: tuple[str, ...] = ()
    project: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run. Zero means forbidden, never unlimited."""

    attempts: int = 5
    usd_per_issue: float = 3.0
    minutes: float = 45.0
    diff_lines: int = 600
    per_author: int = 3
    """Runs a day for one author, where issues are taken in without a label."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the hidden scenarios must prove before a merge."""

    threshold: float = 0.90
    min_kill_rate: float = 0.90
    """The share of seeded faults that the gate must have noticed before it may merge."""
    calibration_days: float = 30.0
    """How old that measurement may be."""
    same_family: bool = False
    """Whether a judge of the coder's own model family may decide."""


@dataclass(frozen=True, slots=True)
class Mission:
    """mission.md at one commit."""

    checks: tuple[str, ...]
    product: Product = field(default_factory=Product)
    environment: Environment = field(default_factory=Environment)
    protected: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    gate: Gate = field(default_factory=Gate)
    takes_all: bool = False
    """Whether issues are taken in that nobody with permission has labelled."""
    unattended: bool = False
    """Whether this word of the owners outweighs prose of theirs against unattended agents."""
    autonomy: int = 5
    """Shapiro's ladder: 3 = comment a plan, 4 = open the PR and stop, 5 = merge."""
    prose: str = ""
