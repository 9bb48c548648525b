"""The loop as data: what workflows/issue.yaml says, and what a model call costs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which endpoint answers a step. Empty strings leave the choice to the builder's settings."""

    model: str = ""
    base_url: str = ""
    effort: str = "medium"


@dataclass(frozen=True, slots=True)
class ModelStep:
    """One kind of model call."""

    prompt: str
    model: ModelChoice
    max_tokens: int
    timeout_s: float
    turns: int = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """The workflow's own limits; a mission may only tighten them. Zero means forbidden."""

    attempts: int
    usd_per_issue: float
    usd_per_day: float
    minutes: float
    invalid_retries: int
    train_rounds: int


@dataclass(frozen=True, slots=True)
class Workflow:
    """One loop definition."""

    name: str
    version: str
    triage: ModelStep
    build: ModelStep
    bounds: Bounds
    threshold: float
    check_timeout_s: float
    tool_timeout_s: float
    validate_timeout_s: float


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float
    write_5m: float
    write_1h: float
    read: float
