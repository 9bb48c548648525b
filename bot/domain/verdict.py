"""What the hidden validator says about exactly one commit."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Three values. Only PASS ever merges; INVALID means it could not be checked."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"


class Purpose(StrEnum):
    """Which question was asked."""

    GATE = "gate"
    """The gate set on a coder's attempt. Answering it spends one consultation."""
    SEALED = "sealed"
    """The sealed set, once per change."""
    TRAIN = "train"
    """The gate set on a tree that the train is about to land. Nothing of it reaches a coder."""


class FailureClass(StrEnum):
    """The most a coder may learn, and only after a second failure."""

    CRASH = "crash"
    WRONG_OUTPUT = "wrong output"
    WRONG_FORMAT = "wrong format"
    ERROR_HANDLING = "error handling"
    STATE = "state or persistence"
    PERFORMANCE = "performance"
    REGRESSION = "regression of existing behaviour"
    CONTRACT = "contract or API"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over one corpus for one commit; no scenario name, input or output is in here."""

    id: str
    outcome: Outcome
    purpose: Purpose
    reason: str
    """A fixed slug: `passed`, `bound-below-threshold`, `must-pass-failed`, `newly-failing`,
    `too-few-scenarios`, `too-flaky`, `sealed-failed`, `no-scenarios`, `product-does-not-start`,
    `box-failed`, `tree-mismatch`, `budget-spent`, `burnt-unreplaced`, `history-unknown`,
    `internal`."""
    repo: str
    issue: int
    commit: str
    tree: str
    base: str
    corpus: str
    """Digest of the scenario files that were judged by."""
    box_tier: str
    box_digest: str
    nonce: str
    """The request's own, so that an old verdict cannot answer a new question."""
    n: int
    """Distinct scenarios that counted."""
    k: int
    """Of those, how many satisfied every check in every repeat."""
    n_effective: float
    trajectories: int
    mean: float
    lower_bound: float
    threshold: float
    invalid: int
    """Scenarios that could not be run."""
    pending: int
    """Scenarios of other, still open issues, left out."""
    seconds: float
    issued_at: str
    """UTC, ISO 8601."""
    quarantined: int = 0
    """Scenarios that waver on base, left out."""
    hint: FailureClass | None = None
    """The one coarse class that a coder may hear beside the bit; rarely any."""
    box_missing: tuple[str, ...] = ()
    """What the validator's box lacks for tier A."""
    judge: str = ""
    """The model that judges rubrics here; empty when there is none."""
    calibrated_at: str = ""
    """When faults were last seeded to measure this very corpus, UTC; empty: never."""
    kill_rate: float = 0.0
    """The share of those faults that the gate noticed."""
    blind: tuple[str, ...] = ()
    """Files of the product in which faults went unnoticed: public names, no scenario's words."""


@dataclass(frozen=True, slots=True)
class SignedVerdict:
    """A verdict as it travels: canonical JSON, and an Ed25519 signature over those very bytes."""

    payload: str
    signature: str
    """Hex."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the validator returns, and all it returns."""

    signed: SignedVerdict
