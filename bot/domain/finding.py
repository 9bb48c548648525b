"""What deterministic code found wrong with a candidate change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken guard: the rule's name, where, and a sentence a coder can act on."""

    rule: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One visible check of the mission, run in the box."""

    command: str
    passed: bool
    exit_code: int | None
    """None: the box ended it (time, memory, processes)."""
    output: str
    """Tail of what it printed, cut to what a coder may read."""
    seconds: float
    collected: int | None = None
    """How many tests the runner says it ran, when it says so. Zero never counts as passed."""
