"""From seeded faults to a rate with its bounds, and the names of what a gate does not see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.calibration import Calibration, Fate, Trial
from bot.policy.satisfaction import wilson_lower_bound

Z_TWO_SIDED = 1.96
FEWEST = 10
"""Faults that must have come through the visible checks, or the rate says too little."""
NOWHERE = "(no scenario runs there)"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Rate:
    """Killed of asked, with a two-sided 95 % interval."""

    killed: int
    asked: int

    @property
    def share(self) -> float:
        """The point estimate; nothing asked is nothing noticed."""
        return self.killed / self.asked if self.asked else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson's interval."""
        if not self.asked:
            return 0.0, 1.0
        low = wilson_lower_bound(self.share, self.asked, Z_TWO_SIDED)
        return low, 1.0 - wilson_lower_bound(1.0 - self.share, self.asked, Z_TWO_SIDED)

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{self.killed}/{self.asked} = {self.share:.2f} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True, slots=True)
class FeatureRate:
    """What is noticed of the faults that one feature's scenarios run through."""

    feature: str
    rate: Rate
    blind: bool


def rate_of(trials: Iterable[Trial]) -> Rate:
    """Count: what could not be judged was asked and not killed."""
    counted = [trial for trial in trials if trial.counts]
    return Rate(sum(trial.fate is Fate.KILLED for trial in counted), len(counted))


def by_feature(trials: Sequence[Trial], wanted: float) -> list[FeatureRate]:
    """Give one rate per feature, the blindest first. A fault counts for every feature it touches.

    Faults in places that no scenario runs through stand under a name of their own.
    """
    counted = [trial for trial in trials if trial.counts]
    names = {name for trial in counted for name in trial.features or (NOWHERE,)}
    rates = {
        name: rate_of(trial for trial in counted if name in (trial.features or (NOWHERE,)))
        for name in names
    }
    found = [FeatureRate(name, rate, rate.share < wanted) for name, rate in rates.items()]
    return sorted(found, key=lambda one: (one.rate.share, one.feature))


def blind_files(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Name the product's files in which most faults went unnoticed: what may be said in public."""
    unseen: dict[str, int] = {}
    for trial in trials:
        if trial.counts and trial.fate is not Fate.KILLED:
            unseen[trial.path] = unseen.get(trial.path, 0) + 1
    return tuple(sorted(unseen, key=lambda path: (-unseen[path], path))[:_NAMED])


@dataclass(frozen=True, slots=True)
class Known:
    """What a verdict may say of a measurement."""

    at: str = ""
    """Empty when nothing was measured, or too little to say anything."""
    rate: Rate = Rate(0, 0)
    blind: tuple[str, ...] = ()


def known(measured: Calibration | None) -> Known:
    """Boil a measurement down to what may leave the validator."""
    if measured is None:
        return Known()
    rate = rate_of(measured.trials)
    if rate.asked < FEWEST:
        return Known()
    return Known(measured.at, rate, blind_files(measured.trials))


def verdict_on(calibration: Calibration, wanted: float) -> str:
    """Say in one sentence whether this gate may merge, and what to do next."""
    rate = rate_of(calibration.trials)
    if rate.asked < FEWEST:
        return (
            f"only {rate.asked} faults came through the visible checks, {FEWEST} are needed to say "
            "anything: seed more with --faults, or write scenarios for more of the product"
        )
    if rate.share < wanted:
        names = [one.feature for one in by_feature(calibration.trials, wanted) if one.blind]
        return f"too little is noticed: scenarios are missing for {', '.join(names)}"
    return "this gate may merge"
