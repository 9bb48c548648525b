"""What a coder may hear of the hidden gate: one bit, and rarely one of eight coarse words.

Every answer leaks a little of the corpus, and an adaptive coder uses all of it, so answers are
counted per issue and per corpus, and anything finer than the bit has to be earned twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.verdict import FailureClass, Outcome

CONSULTATIONS_PER_ISSUE = 5
CONSULTATIONS_PER_CORPUS = 100
SEALED_COMMITS_PER_RUN = 2
SHARED_BY = 2
"""Failing gate scenarios that must agree on a class before it is said."""
LADDER_STEP = 2
"""Scenarios by which a submission must beat the best one before it."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """One answered question about the gate set, as the ledger keeps it."""

    outcome: Outcome
    k: int
    """Scenarios that were satisfied."""


def may_consult(of_issue: int, of_corpus: int, budget: int = CONSULTATIONS_PER_CORPUS) -> bool:
    """Whether one more answer may go back to a coder. A budget of 0 forbids all."""
    return of_issue < CONSULTATIONS_PER_ISSUE and of_corpus < budget


def may_seal(earlier: Sequence[tuple[str, Outcome]], commit: str) -> bool:
    """Whether the sealed set may be asked about this commit of a run.

    Once per change; once more for another commit when conflict repair rewrote it. After a no there
    is never another question: a person decides.
    """
    if any(outcome is not Outcome.PASS for _, outcome in earlier):
        return False
    return len({known for known, _ in earlier} | {commit}) <= SEALED_COMMITS_PER_RUN


def coarse_class(
    earlier: Sequence[Consultation], now: Consultation, failures: Sequence[FailureClass]
) -> FailureClass | None:
    """Return the one class that may be said beside the bit, or None.

    `earlier` are the answered consultations of the same issue, `failures` one class for each
    failing gate scenario of this one.
    """
    failed_before = [past for past in earlier if past.outcome is Outcome.FAIL]
    if now.outcome is not Outcome.FAIL or not failed_before:
        return None
    if now.k < max(past.k for past in failed_before) + LADDER_STEP:
        return None
    counts = Counter(failures)
    common = max(FailureClass, key=lambda failure: counts[failure])
    return common if counts[common] >= SHARED_BY else None
