"""What one role asks of another. These travel between processes as JSON; blobs by their digest."""

from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.issue import Issue
from bot.domain.mission import Environment, Mission, Product
from bot.domain.run import Attempt
from bot.domain.usage import Usage
from bot.domain.verdict import Purpose


class TriageDecision(StrEnum):
    """What the mission says about an issue."""

    ACCEPT = "accept"
    REJECT = "reject"
    ASK = "ask"
    DUPLICATE = "duplicate"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another open issue of the repository, for the duplicate search."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class TriageRequest:
    """server -> builder: decide whether this issue is ours to do."""

    run_id: str
    issue: Issue
    mission: Mission
    base: str
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class TriageReply:
    """builder -> server. `clause` is a verbatim line of the mission."""

    decision: TriageDecision
    clause: str
    reason: str
    question: str = ""
    duplicate_of: int | None = None
    model: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """server -> builder: one attempt, fresh or as the continuation of an earlier conversation."""

    run_id: str
    index: int
    issue: Issue
    mission: Mission
    base: str
    bundle: str
    """Digest of a git bundle blob that holds `base`."""
    conversation: str = ""
    """Digest of the earlier conversation; empty for a fresh one."""
    clause: str = ""
    """The mission clause that triage cited, for the commit's trailers; the coder never sees it."""
    feedback: str = ""
    """What the coder hears about its last submission: the same words as stand on the PR."""
    examples: str = ""
    """The dev scenarios in full, with what became of them; empty when they are known already."""
    spent: Usage = field(default_factory=Usage)
    seconds_left: float = 0.0


class BuildEnd(StrEnum):
    """How an attempt ended on the builder's side."""

    SUBMITTED = "submitted"
    GAVE_UP = "gave-up"
    EXHAUSTED = "exhausted"
    """Turns, money or time ran out."""
    REFUSED = "refused"
    NO_RESULT = "no-result"
    STOPPED = "stopped"
    """People wanted it no more; why is on the run's record."""


@dataclass(frozen=True, slots=True)
class BuildReply:
    """builder -> server. `attempt` and `bundle` are set when something was submitted."""

    end: BuildEnd
    detail: str
    attempt: Attempt | None = None
    bundle: str = ""
    """Digest of a git bundle blob: the attempt's commit on top of the base."""
    conversation: str = ""
    model: str = ""
    box_tier: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """server -> validator: judge exactly this commit."""

    run_id: str
    purpose: Purpose
    repo: str
    issue: int
    base: str
    commit: str
    tree: str
    base_bundle: str
    """Digest of a git bundle blob that holds `base`."""
    bundle: str
    """Digest of a git bundle blob: `commit` on top of `base`."""
    product: Product
    environment: Environment
    threshold: float
    nonce: str
    submission: int = 1
    """Which gate consultation of the issue this is, from 1."""


@dataclass(frozen=True, slots=True)
class RehearseRequest:
    """server -> validator: try the dev scenarios, which coders may read, on this commit."""

    run_id: str
    repo: str
    issue: int
    base: str
    commit: str
    tree: str
    base_bundle: str
    bundle: str
    product: Product
    environment: Environment


@dataclass(frozen=True, slots=True)
class RehearseReply:
    """validator -> server. Nothing of a gate or sealed scenario is ever in here."""

    ran: int = 0
    failed: int = 0
    text: str = ""
    """Every dev scenario in full, failures first, with what was seen."""


@dataclass(frozen=True, slots=True)
class ProposeRequest:
    """server -> validator: something we landed was wrong; write a draft for a person."""

    repo: str
    issue: int
    title: str
    body: str
    landed: str
    run_id: str
    why: str
    verdicts: tuple[str, ...] = ()
