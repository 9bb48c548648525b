"""How much of what users want was seen to work, and whether that is enough to merge.

The unit is the scenario, not the trajectory: repeats of one story are no new evidence. What could
not be observed is never counted as seen.

INVALID (nobody's fault, does not burn an attempt) or FAIL (the change's fault)?

| seen                                                            | outcome                      |
|-----------------------------------------------------------------|------------------------------|
| nothing to judge by, or nothing of it counts here               | INVALID no-scenarios         |
| a scenario could not be run, on head or on base                 | INVALID box-failed           |
| nothing starts, neither on base nor on head                     | INVALID product-does-not-start |
| more than a tenth of the weight is flaky on base                | INVALID too-flaky            |
| nothing starts on head, something did on base                   | FAIL newly-failing           |
| a must-pass scenario missed once, or one of the issue's own     | FAIL must-pass-failed        |
| a scenario that passes on base misses a must-check on head      | FAIL newly-failing           |
| bound below the threshold and something failed                  | FAIL bound-below-threshold   |
| everything passed, but too little to prove the threshold by     | INVALID too-few-scenarios    |
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.verdict import FailureClass, Outcome

Z = 1.645
"""One-sided 95 %."""
MIN_EFFECTIVE = 25.0
MAX_QUARANTINED = 0.10


class Standing(StrEnum):
    """What a scenario shows on the base commit."""

    PASSES = "passes"
    FAILS = "fails"
    FLAKY = "flaky"
    """Mixed on the very same inputs: it is set aside, unless it is what the issue asks for."""
    UNKNOWN = "unknown"
    """It could not be run."""


@dataclass(frozen=True, slots=True)
class CheckScore:
    """One check of one trajectory."""

    passed: bool
    must: bool = True
    weight: int = 1


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario on head, beside what it shows on base. It carries no name."""

    scores: tuple[float, ...]
    """One per trajectory; empty when it could not be run."""
    base: Standing
    weight: int = 1
    must_pass: bool = False
    own: bool = False
    """It describes what this very issue asks for."""
    foreign: bool = False
    """It describes what another issue asks for."""
    started: bool = True
    """Whether the product came up at all in any trajectory."""
    base_started: bool = True
    failure: FailureClass | None = None

    @property
    def satisfied(self) -> bool:
        """Whether every trajectory satisfied everything."""
        return bool(self.scores) and all(score >= 1 for score in self.scores)

    @property
    def mean(self) -> float:
        """The scenario's score: the mean over its repeats."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0

    @property
    def pending(self) -> bool:
        """Whether it waits for another, still open issue."""
        return self.foreign and self.base is Standing.FAILS

    @property
    def quarantined(self) -> bool:
        """Whether it wavers on base, so that nothing about a change can be learnt from it.

        Never the issue's own: a base that wavers may be the very thing to be mended.
        """
        return self.base is Standing.FLAKY and not self.own

    @property
    def unseen(self) -> bool:
        """Whether it should have been run and could not be."""
        if self.pending or self.quarantined:
            return False
        return not self.scores or self.base is Standing.UNKNOWN

    @property
    def newly_failing(self) -> bool:
        """Whether it passes on base and misses a must-check in some repeat on head.

        A lost soft check, or a score that is merely mixed above zero, counts as its mean instead.
        """
        return self.base is Standing.PASSES and any(score <= 0 for score in self.scores)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Counts and the answer."""

    outcome: Outcome
    reason: str
    n: int = 0
    k: int = 0
    n_effective: float = 0.0
    trajectories: int = 0
    mean: float = 0.0
    lower_bound: float = 0.0
    invalid: int = 0
    pending: int = 0
    quarantined: int = 0


def wilson_lower_bound(mean: float, n: float, z: float = Z) -> float:
    """Return the one-sided lower bound of a proportion seen as `mean` over `n` scenarios."""
    if n <= 0:
        return 0.0
    centre = mean + z * z / (2 * n)
    spread = z * math.sqrt(max(mean * (1 - mean), 0.0) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n))


def effective_count(weights: Sequence[int]) -> float:
    """Return how many equal scenarios unequal weights are worth: (sum w)^2 / sum w^2."""
    squares = sum(weight * weight for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def trajectory_score(checks: Sequence[CheckScore], judged: Sequence[float] = ()) -> float:
    """Product of the must-checks times the weighted mean of the rest; judging only lowers it."""
    if not checks or not all(check.passed for check in checks if check.must):
        return 0.0
    soft = [check for check in checks if not check.must]
    weight = sum(check.weight for check in soft)
    reached = sum(check.weight for check in soft if check.passed)
    score = reached / weight if weight else 1.0
    for statement in judged:
        score *= min(1.0, max(0.0, statement))
    return score


def standing(scores: Sequence[float]) -> Standing:
    """Say what repeated runs of one scenario on base, with the very same inputs, show."""
    if not scores:
        return Standing.UNKNOWN
    passed = sum(score >= 1 for score in scores)
    if passed == len(scores):
        return Standing.PASSES
    return Standing.FLAKY if passed else Standing.FAILS


def assess_gate(results: Sequence[ScenarioResult], threshold: float) -> Assessment:
    """Apply the merge rule to the gate set."""
    if not 0 < threshold <= 1:
        return Assessment(Outcome.INVALID, "internal")
    counted, seen = _count(results)
    problem = _unjudgeable(results, counted)
    if problem:
        return replace(seen, outcome=Outcome.INVALID, reason=problem)
    if _lost(counted):
        return replace(seen, outcome=Outcome.FAIL, reason="newly-failing")
    if not all(result.satisfied for result in counted if result.must_pass or result.own):
        return replace(seen, outcome=Outcome.FAIL, reason="must-pass-failed")
    if any(result.newly_failing for result in counted):
        return replace(seen, outcome=Outcome.FAIL, reason="newly-failing")
    if seen.lower_bound >= threshold and seen.n_effective >= MIN_EFFECTIVE:
        return replace(seen, outcome=Outcome.PASS, reason="passed")
    if seen.k < seen.n:
        return replace(seen, outcome=Outcome.FAIL, reason="bound-below-threshold")
    return replace(seen, outcome=Outcome.INVALID, reason="too-few-scenarios")


def assess_sealed(results: Sequence[ScenarioResult], threshold: float) -> Assessment:
    """Apply the sealed rule: at least one scenario counts, and every one that counts passes fully.

    The bound is reported but not required: a third of an honest corpus is too small to prove .90
    by itself (19 of 19 gives .875), and the set is asked once, so it cannot be climbed.
    """
    if not 0 < threshold <= 1:
        return Assessment(Outcome.INVALID, "internal")
    counted, seen = _count(results)
    problem = _unjudgeable(results, counted)
    if problem:
        return replace(seen, outcome=Outcome.INVALID, reason=problem)
    if not all(result.satisfied for result in counted):
        return replace(seen, outcome=Outcome.FAIL, reason="sealed-failed")
    return replace(seen, outcome=Outcome.PASS, reason="passed")


def _count(results: Sequence[ScenarioResult]) -> tuple[list[ScenarioResult], Assessment]:
    """Leave out what is pending or flaky, and count the rest."""
    counted = [r for r in results if not r.pending and not r.quarantined]
    weights = [result.weight for result in counted]
    total = sum(weights)
    by_scenario = sum(r.weight * r.mean for r in counted) / total if total else 0.0
    runs = [(r.weight, score) for r in counted for score in r.scores]
    weight_of_runs = sum(weight for weight, _ in runs)
    seen = Assessment(
        outcome=Outcome.INVALID,
        reason="internal",
        n=len(counted),
        k=sum(result.satisfied for result in counted),
        n_effective=effective_count(weights),
        trajectories=sum(len(result.scores) for result in results),
        mean=sum(w * score for w, score in runs) / weight_of_runs if weight_of_runs else 0.0,
        lower_bound=wilson_lower_bound(by_scenario, effective_count(weights)),
        invalid=sum(result.unseen for result in results),
        pending=sum(result.pending for result in results),
        quarantined=sum(result.quarantined for result in results),
    )
    return counted, seen


def _unjudgeable(results: Sequence[ScenarioResult], counted: Sequence[ScenarioResult]) -> str:
    """Return why nothing can be said about the change, or nothing."""
    if any(result.unseen for result in results):
        return "box-failed"
    relevant = [result for result in results if not result.pending]
    flaky = sum(result.weight for result in relevant if result.quarantined)
    if flaky > MAX_QUARANTINED * sum(result.weight for result in relevant):
        return "too-flaky"
    if not counted:
        return "no-scenarios"
    if not any(result.started or result.base_started for result in counted):
        return "product-does-not-start"
    return ""


def _lost(counted: Sequence[ScenarioResult]) -> bool:
    """Whether the product came up on base and nowhere on head."""
    return not any(r.started for r in counted) and any(r.base_started for r in counted)
