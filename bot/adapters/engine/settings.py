"""What an engine is told at its birth."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """One role's engine. `app` and `version` are pinned by hand: work in flight depends on them."""

    app: str
    """`server`, `builder` or `validator`: who owns a workflow. Never shared by two roles."""
    version: str
    """Of the workflow code; raise it only with a plan to drain, else patch."""
    executor: str
    """Unique per running process and stable over restarts, so that it finds its own work again."""
    url: str
    poll_s: float = 0.25
    lease_beat_s: float = 10.0
    lease_dead_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of this app. Parent and child on one limited queue deadlock: use two."""

    name: str
    worker_concurrency: int | None = None
    """How many at a time in this process. Without it the first process takes the whole queue."""
    partitioned: bool = False
    """One at a time per partition; every enqueue must then name its partition."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How a step repeats after a Retryable error, all within the step's own time."""

    attempts: int
    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 60.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        return min(self.longest_s, self.first_s * self.factor ** (attempt - 1))
