"""One issue revision on its way through the workflow."""

from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.finding import CheckResult, Finding
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.usage import Usage
from bot.domain.verdict import SignedVerdict


class RunState(StrEnum):
    """Where a run is. ARCHITECTURE.md draws the arrows; a test compares the two."""

    QUEUED = "queued"
    TRIAGING = "triaging"
    BUILDING = "building"
    PUBLISHING = "publishing"
    VALIDATING = "validating"
    SEALING = "sealing"
    TRAIN = "train"
    LANDED = "landed"
    OPENED = "opened"
    """A pull request stands, and a person decides: autonomy below 5, or nothing to judge by."""
    REJECTED = "rejected"
    NEEDS_INFO = "needs-info"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    DROPPED = "dropped"
    STOPPED = "stopped"
    """A person said so: closed, unlabelled, or pushed to the branch."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self in _ENDED


_ENDED = frozenset(
    {
        RunState.LANDED,
        RunState.OPENED,
        RunState.REJECTED,
        RunState.NEEDS_INFO,
        RunState.DUPLICATE,
        RunState.PARKED,
        RunState.DROPPED,
        RunState.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One candidate change of a run, and all that was found out about it."""

    index: int
    base: str
    change_id: str
    commit: str
    tree: str
    summary: str
    guards: tuple[Finding, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    verdicts: tuple[SignedVerdict, ...] = ()
    box_tier: str = ""
    """Of the box that it was built and checked in."""
    told: str = ""
    """What the coder heard of the hidden scenarios about it: the same words stand on the PR."""

    @property
    def visible_pass(self) -> bool:
        """Whether every guard is silent and at least one check ran and all passed."""
        return not self.guards and bool(self.checks) and all(c.passed for c in self.checks)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything about one issue revision that must survive a crash."""

    id: str
    """`owner/name#number@revision`"""
    issue: Issue
    base: str
    priority: Priority
    state: RunState
    reason: str = ""
    """Why it ended, a fixed slug."""
    detail: str = ""
    """One sentence for people."""
    clause: str = ""
    """The mission clause that triage cited."""
    pull: int | None = None
    landed_commit: str = ""
    approval: int = 0
    """The labelling that it began by: GitHub's number of the event; 0 when not known."""
    approved_by: str = ""
    """Login of the person who set that label."""
    model: str = ""
    """What answered the model calls, as the endpoint names it."""
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = field(default_factory=Usage)
