"""What a gate was seen to notice: faults are seeded into the product, and the gate is asked."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of one seeded fault."""

    CAUGHT = "caught"
    """A visible check is red: it would never reach the gate, and says nothing about it."""
    KILLED = "killed"
    """The visible checks are green and the gate says no."""
    SURVIVED = "survived"
    """The visible checks are green and the gate says yes: it would have been merged."""
    EQUIVALENT = "equivalent"
    """It survived, nothing was seen to differ, and a person says that nothing does."""
    MENDS = "mends"
    """It survived, it changes only what fails on main, and some of that holds with it: no fault."""
    ERRORED = "errored"
    """It could not be judged. That is no kill."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One seeded fault and what became of it. It holds hidden words: for the owner alone."""

    where: str
    """`path:function`, a place in the product."""
    line: int
    before: str
    after: str
    fate: Fate
    features: tuple[str, ...] = ()
    """Features of the scenarios that run through this place; empty: nothing hidden does."""
    differs: str = ""
    """For a survivor: what it does differently on fresh inputs; empty when nothing was seen."""
    excuse: str = ""
    """For a survivor: why a person says that it changes nothing. What differs is not excused."""

    @property
    def path(self) -> str:
        """The file of the product."""
        return self.where.partition(":")[0]

    @property
    def counts(self) -> bool:
        """Whether it says something about the gate."""
        return self.fate not in {Fate.CAUGHT, Fate.EQUIVALENT, Fate.MENDS}


@dataclass(frozen=True, slots=True)
class Calibration:
    """One measurement, as the ledger keeps it."""

    repo: str
    corpus: str
    """Digest of the scenario files that were measured: another corpus is another gate."""
    commit: str
    at: str
    """UTC, ISO 8601."""
    trials: tuple[Trial, ...]
