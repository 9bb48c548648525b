"""`nightshift scenario stats`: what a corpus consists of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.policy.satisfaction import effective_count
from bot.validator.scenario import Scenario, ScenarioSet


@dataclass(frozen=True, slots=True)
class Row:
    """The scenarios of one feature in one set."""

    feature: str
    set: str
    count: int
    weight: int
    must_pass: int
    tagged: int
    """Those that belong to an issue."""
    n_effective: float
    kinds: str
    origins: str


def rows(scenarios: Sequence[Scenario]) -> list[Row]:
    """Count per feature and set, with one sum per set at the end."""
    features = sorted({scenario.feature for scenario in scenarios})
    table = [
        _row(
            feature, chosen.value, [s for s in scenarios if (s.feature, s.set) == (feature, chosen)]
        )
        for feature in features
        for chosen in ScenarioSet
    ]
    sums = [
        _row("all features", chosen.value, [s for s in scenarios if s.set is chosen])
        for chosen in ScenarioSet
    ]
    return [row for row in table if row.count] + sums


def _row(feature: str, chosen: str, scenarios: Sequence[Scenario]) -> Row:
    weights = [scenario.weight for scenario in scenarios]
    return Row(
        feature=feature,
        set=chosen,
        count=len(scenarios),
        weight=sum(weights),
        must_pass=sum(scenario.must_pass for scenario in scenarios),
        tagged=sum(scenario.issue is not None for scenario in scenarios),
        n_effective=round(effective_count(weights), 2),
        kinds=_counted([scenario.kind.value for scenario in scenarios]),
        origins=_counted([scenario.origin.value for scenario in scenarios]),
    )


def _counted(words: Sequence[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(Counter(words).items()))
