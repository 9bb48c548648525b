"""Eight numbers and what they add up to.

C coverage, S shape, P parity, B behaviour, E errors, W events, K clients, M strength of the suite.
The score is 0 unless every client reaches its goal; else the geometric mean of the 95 % lower
bounds of C, S, P, B, E and W, times M (full marks from 0.9 on).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Z = 1.96
STRONG = 0.9
BOUNDED = ("C", "S", "P", "B", "E", "W")


@dataclass(frozen=True, slots=True)
class Measure:
    """A share and how many pieces of evidence it rests on."""

    value: float
    evidence: int

    @property
    def bound(self) -> float:
        """Return the lower end of the 95 % Wilson interval; without evidence, 0."""
        n, p = self.evidence, self.value
        if n == 0:
            return 0.0
        middle = p + Z * Z / (2 * n)
        spread = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + Z * Z / n))

    def as_json(self) -> dict[str, float | int]:
        """Return the measure as it is committed."""
        bound = round(self.bound, 4)
        return {"value": round(self.value, 4), "evidence": self.evidence, "bound": bound}


def share(good: int, of: int) -> Measure:
    """Return a count as a measure."""
    return Measure(good / of if of else 0.0, of)


def joined(measures: Iterable[Measure]) -> float:
    """Return the geometric mean of the lower bounds; 0 when one of them is."""
    bounds = [one.bound for one in measures]
    return math.exp(sum(map(math.log, bounds)) / len(bounds)) if all(bounds) else 0.0


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What came back from the rows that nobody who writes the twin looks at: no names."""

    measures: dict[str, Measure]
    sha256: str
    material: dict[str, str]

    @property
    def score(self) -> float:
        """Return the one number."""
        return joined(self.measures.values())

    def as_json(self) -> dict[str, Any]:
        """Return the member of the card."""
        return {
            "score": round(self.score, 4),
            "measures": {name: one.as_json() for name, one in self.measures.items()},
            "sha256": self.sha256,
            "material": self.material,
        }


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The measures by letter, with what keeps them down and what they were measured with."""

    twin: str
    measures: dict[str, Measure]
    holds_down: dict[str, list[str]]
    measured_with: dict[str, Any]
    holdout: HoldOut

    @property
    def score(self) -> float:
        """Return the one number."""
        if self.measures["K"].value < 1:
            return 0.0
        mean = joined(self.measures[one] for one in BOUNDED)
        return mean * min(1.0, self.measures["M"].value / STRONG)

    def as_json(self) -> dict[str, Any]:
        """Return the card as it is committed."""
        return {
            "twin": self.twin,
            "score": round(self.score, 4),
            "measures": {name: one.as_json() for name, one in self.measures.items()},
            "holds_down": self.holds_down,
            "measured_with": self.measured_with,
            "holdout": self.holdout.as_json(),
        }
