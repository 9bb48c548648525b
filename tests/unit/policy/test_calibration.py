"""A gate is trusted for what it was seen to notice; what was not judged was not noticed."""

from dataclasses import replace

import pytest

from bot.domain.calibration import Calibration, Fate, Trial
from bot.policy.calibration import (
    NOWHERE,
    Rate,
    blind_files,
    by_feature,
    known,
    rate_of,
    verdict_on,
)

TRIAL = Trial("till.py:add", 3, "a + b", "a - b", Fate.KILLED, ("sums",))


def trials(**fates: int) -> list[Trial]:
    """Make so many trials of each fate."""
    return [
        replace(TRIAL, fate=Fate(name), where=f"{name}.py:f")
        for name, count in fates.items()
        for _ in range(count)
    ]


def measured(*made: Trial) -> Calibration:
    """Return a measurement of these."""
    return Calibration("acme/till", "c" * 64, "a" * 40, "2026-01-01T00:00:00+00:00", made)


def test_what_the_visible_checks_catch_says_nothing_about_the_gate() -> None:
    """It never reached the gate, so it is in no count."""
    assert Rate(3, 4) == rate_of(trials(caught=90, killed=3, survived=1))


def test_what_a_person_marked_as_equivalent_says_nothing_about_the_gate() -> None:
    """It changes nothing, so nothing could notice it."""
    assert Rate(9, 10) == rate_of(trials(killed=9, survived=1, equivalent=5))


def test_an_error_is_no_kill() -> None:
    """A fault that could not be judged lowers the rate as one that was missed."""
    assert Rate(9, 10) == rate_of(trials(killed=9, errored=1))


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [(Rate(0, 0), 0.0, 1.0), (Rate(9, 10), 0.596, 0.982), (Rate(50, 50), 0.929, 1.0)],
)
def test_a_rate_carries_its_interval(rate: Rate, low: float, high: float) -> None:
    """Wilson, 95 %, two-sided; nothing asked says nothing."""
    assert (low, high) == pytest.approx(rate.bounds, abs=0.001)


def test_a_feature_is_blind_when_faults_on_its_way_go_unnoticed() -> None:
    """The blindest stands first; places that no scenario runs through have a name of their own."""
    seen = [
        TRIAL,
        replace(TRIAL, features=("sums", "prints")),
        replace(TRIAL, features=("prints",), fate=Fate.SURVIVED),
        replace(TRIAL, features=(), fate=Fate.SURVIVED),
    ]
    told = [(one.feature, one.rate, one.blind) for one in by_feature(seen, 0.9)]

    assert [
        (NOWHERE, Rate(0, 1), True),
        ("prints", Rate(1, 2), True),
        ("sums", Rate(2, 2), False),
    ] == told


def test_in_public_only_files_of_the_product_are_named() -> None:
    """The worst first; no feature and no line, which are the owner's."""
    seen = [*trials(killed=5, errored=1, survived=2), replace(TRIAL, fate=Fate.CAUGHT)]

    assert ("survived.py", "errored.py") == blind_files(seen)


def test_too_few_faults_are_no_measurement() -> None:
    """Nine of nine may be luck; a verdict then says that nothing was measured."""
    few, enough = measured(*trials(killed=9)), measured(*trials(killed=10))

    assert known(few) == known(None)
    assert (enough.at, Rate(10, 10)) == (known(enough).at, known(enough).rate)
    assert "only 9 faults" in verdict_on(few, 0.9)
    assert "may merge" in verdict_on(enough, 0.9)


def test_a_weak_gate_is_told_what_it_lacks() -> None:
    """By feature: that is where scenarios are to be written."""
    weak = measured(*trials(killed=8, survived=4))

    assert "scenarios are missing for sums" in verdict_on(weak, 0.9)
    assert "may merge" in verdict_on(weak, 0.6)
