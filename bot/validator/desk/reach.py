"""What the gate set of a corpus could prove at best, told before anybody is disappointed by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.policy.satisfaction import MIN_EFFECTIVE, effective_count, wilson_lower_bound
from bot.validator.scenario import Scenario

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Reach:
    """The bound that n of n gives."""

    n: int
    n_effective: float
    lower_bound: float
    threshold: float

    @property
    def merges(self) -> bool:
        """Whether a change that satisfies all of it may merge."""
        return self.lower_bound >= self.threshold and self.n_effective >= MIN_EFFECTIVE

    @property
    def words(self) -> str:
        """Say it in plain words: `10/10, lower bound 0.79 < 0.90: opens the PR, does not merge`."""
        if not self.n:
            return "no gate scenario: nothing can merge"
        bound, bar = _two(self.lower_bound, self.threshold)
        sign = "<" if self.lower_bound < self.threshold else ">="
        told = f"{self.n}/{self.n}, lower bound {bound} {sign} {bar}"
        if self.merges:
            return f"{told}: can merge"
        few = f", effective n {self.n_effective:.1f} < {MIN_EFFECTIVE:.0f}"
        return f"{told}{few if sign == '>=' else ''}: opens the PR, does not merge"

    @property
    def missing(self) -> int:
        """Return how many scenarios of weight 1 more would do."""
        for more in range(_MOST):
            n = self.n_effective + more
            if n >= MIN_EFFECTIVE and wilson_lower_bound(1.0, n) >= self.threshold:
                return more
        return _MOST


def reach(scenarios: Sequence[Scenario], threshold: float) -> Reach:
    """Say what these scenarios prove when every one of them is satisfied."""
    n_effective = effective_count([scenario.weight for scenario in scenarios])
    bound = wilson_lower_bound(1.0, n_effective)
    return Reach(len(scenarios), n_effective, bound, threshold)


def _two(one: float, other: float) -> tuple[str, str]:
    """Write two numbers with as many places as tell them apart, at least two."""
    for places in (2, 3, 4):
        texts = f"{one:.{places}f}", f"{other:.{places}f}"
        if texts[0] != texts[1]:
            return texts
    return f"{one:.4f}", f"{other:.4f}"
