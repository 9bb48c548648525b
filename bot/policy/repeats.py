"""How often a scenario runs on a changed product before its mean is believed.

| the author wrote `repeats: K`                                  | K  |
| proven on base: ten runs there, and all ended alike            | 1  |
| the issue's own, and it wavers on base                         | 10 |
| everything else                                                | 3  |

Only a proof on the very base commit saves runs: until there is one, one lucky run is no evidence.
"""

from collections.abc import Sequence

from bot.policy.satisfaction import Standing, standing

PROOF_RUNS = 10
"""Runs on base, with the very same inputs, that prove a scenario deterministic or flaky."""
UNPROVEN_RUNS = 3


def proven(base: Sequence[float]) -> bool:
    """Whether what base has shown so far proves a scenario deterministic."""
    return len(base) >= PROOF_RUNS and standing(base) is not Standing.FLAKY


def settled(base: Sequence[float]) -> bool:
    """Whether more runs on base could teach nothing: proven, or mixed already."""
    return len(base) >= PROOF_RUNS or standing(base) is Standing.FLAKY


def runs_wanted(written: int | None, base: Sequence[float], *, own: bool) -> int:
    """Return K, the runs on head over which the mean is taken."""
    if written is not None:
        return written
    if own and standing(base) is Standing.FLAKY:
        return PROOF_RUNS
    return 1 if proven(base) else UNPROVEN_RUNS
