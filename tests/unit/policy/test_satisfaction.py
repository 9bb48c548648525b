"""The merge rule: what counts, what is believed, what is nobody's fault."""

import random
from dataclasses import replace

import pytest

from bot.domain.verdict import Outcome
from bot.policy.satisfaction import (
    CheckScore,
    ScenarioResult,
    Standing,
    assess_gate,
    assess_sealed,
    effective_count,
    standing,
    trajectory_score,
    wilson_lower_bound,
)

HELD = CheckScore(passed=True)
BROKEN = CheckScore(passed=False)
GOOD = ScenarioResult((1.0,), Standing.PASSES)
NEW = ScenarioResult((1.0,), Standing.FAILS)
BAD = ScenarioResult((0.0,), Standing.FAILS)


def gate(*results: ScenarioResult, threshold: float = 0.90) -> tuple[Outcome, str]:
    """Assess and keep the answer."""
    seen = assess_gate(results, threshold)
    return seen.outcome, seen.reason


@pytest.mark.parametrize(
    ("passed", "n", "bound"),
    [(10, 10, 0.787), (20, 20, 0.881), (30, 30, 0.917), (38, 40, 0.860), (58, 60, 0.904)],
)
def test_the_bound_has_the_published_values(passed: int, n: int, bound: float) -> None:
    """The Wilson bound is the one-sided 95 % one, to three places."""
    assert round(wilson_lower_bound(passed / n, n), 3) == bound


def test_the_bound_of_nothing_is_nothing() -> None:
    """No scenarios prove nothing, however well they went."""
    assert wilson_lower_bound(1.0, 0) == 0.0


def test_heavy_scenarios_count_as_fewer() -> None:
    """Five of weight 3 and 25 of weight 1 are worth 22.9 equal ones, not 30."""
    assert round(effective_count([3] * 5 + [1] * 25), 1) == 22.9
    assert effective_count([]) == 0.0


def test_the_bound_covers_the_truth_when_repeats_are_correlated() -> None:
    """Over 2000 simulated corpora the bound lies below the true satisfaction in >= 95 %."""
    source = random.Random(7)  # noqa: S311  a simulation
    truth, covered = 0.875, 0
    for _ in range(2000):
        means = [1.0 if source.random() < truth else 0.0 for _ in range(40)]
        covered += wilson_lower_bound(sum(means) / 40, 40) <= truth

    assert covered / 2000 >= 0.95


def test_a_failed_must_check_zeroes_a_trajectory() -> None:
    """Soft checks make a mean, a must-check makes or breaks it."""
    soft = [replace(HELD, must=False, weight=3), replace(BROKEN, must=False)]

    assert trajectory_score([HELD, *soft]) == 0.75
    assert trajectory_score([BROKEN, *soft]) == 0.0
    assert trajectory_score([HELD]) == 1.0
    assert trajectory_score([]) == 0.0


def test_a_judge_can_only_lower() -> None:
    """A statement judged above 1 adds nothing, and none rescues a failure."""
    assert trajectory_score([HELD], [5.0, 0.5]) == 0.5
    assert trajectory_score([BROKEN], [1.0]) == 0.0


def test_thirty_good_scenarios_pass() -> None:
    """Enough evidence, nothing lost: PASS, with its counts."""
    seen = assess_gate([GOOD] * 30, 0.90)

    assert (seen.outcome, seen.reason) == (Outcome.PASS, "passed")
    assert (seen.n, seen.k, seen.trajectories, seen.mean) == (30, 30, 30, 1.0)
    assert round(seen.lower_bound, 3) == 0.917


@pytest.mark.parametrize("count", [0, 1, 24])
def test_a_small_corpus_is_told_the_truth(count: int) -> None:
    """All passed, yet too few to prove it: INVALID, never PASS."""
    assert gate(*[GOOD] * count)[0] is Outcome.INVALID


def test_unequal_weights_do_not_make_enough_scenarios() -> None:
    """Thirty scenarios worth fewer than 25 are too few even at a low threshold."""
    heavy = [replace(GOOD, weight=3)] * 5 + [GOOD] * 25

    assert gate(*heavy, threshold=0.5) == (Outcome.INVALID, "too-few-scenarios")


def test_failures_below_the_threshold_fail() -> None:
    """Five old failures among forty are too many."""
    assert gate(*[GOOD] * 35, *[BAD] * 5) == (Outcome.FAIL, "bound-below-threshold")


def test_old_failures_may_stay_while_the_bound_holds() -> None:
    """Two of sixty that fail on base as well do not block: the bound is .904."""
    assert gate(*[GOOD] * 58, *[BAD] * 2) == (Outcome.PASS, "passed")


def test_a_must_pass_scenario_passes_every_repeat() -> None:
    """Two of three is not K of K."""
    flaw = ScenarioResult((1.0, 1.0, 0.5), Standing.FAILS, must_pass=True)

    assert gate(*[GOOD] * 60, flaw) == (Outcome.FAIL, "must-pass-failed")


def test_what_the_issue_asks_for_must_pass() -> None:
    """A change that leaves the issue's own scenario failing never merges: the null change."""
    assert gate(*[GOOD] * 60, replace(BAD, own=True)) == (Outcome.FAIL, "must-pass-failed")


def test_a_must_pass_scenario_that_is_foreign_and_pending_is_left_out() -> None:
    """Another open issue's demand cannot block this one."""
    seen = assess_gate([GOOD] * 30 + [ScenarioResult((), Standing.FAILS, foreign=True)], 0.9)

    assert (seen.outcome, seen.n, seen.pending, seen.invalid) == (Outcome.PASS, 30, 1, 0)


def test_a_foreign_scenario_counts_once_base_shows_it() -> None:
    """What another issue brought must not be lost again."""
    lost = ScenarioResult((0.0,), Standing.PASSES, foreign=True)

    assert gate(*[GOOD] * 60, lost) == (Outcome.FAIL, "newly-failing")


@pytest.mark.parametrize("scores", [(0.0,), (1.0, 0.0, 1.0)])
def test_nothing_that_passes_on_base_fails_now(scores: tuple[float, ...]) -> None:
    """One regression blocks, however good the mean."""
    lost = ScenarioResult(scores, Standing.PASSES)

    assert gate(*[GOOD] * 100, lost) == (Outcome.FAIL, "newly-failing")


def test_a_lost_soft_check_counts_as_its_mean() -> None:
    """Worse, but no failed must-check: it lowers the mean and does not block by itself."""
    assert gate(*[GOOD] * 60, ScenarioResult((0.9,), Standing.PASSES))[0] is Outcome.PASS


def test_flaky_scenarios_are_set_aside_up_to_a_tenth() -> None:
    """They neither help nor hurt; above a tenth of the weight nothing is believed."""
    flaky = ScenarioResult((0.0,), Standing.FLAKY)
    seen = assess_gate([GOOD] * 30 + [flaky] * 3, 0.9)

    assert (seen.outcome, seen.n, seen.quarantined) == (Outcome.PASS, 30, 3)
    assert gate(*[GOOD] * 30, *[flaky] * 4) == (Outcome.INVALID, "too-flaky")


def test_a_quarantined_scenario_need_not_run() -> None:
    """One of another issue that wavers on base is neither pending nor missing."""
    flaky = ScenarioResult((), Standing.FLAKY, foreign=True)
    seen = assess_gate([GOOD] * 30 + [flaky], 0.9)

    assert (seen.outcome, seen.n, seen.quarantined, seen.pending, seen.invalid) == (
        *(Outcome.PASS, 30, 1),
        *(0, 0),
    )


def test_what_the_issue_asks_for_is_never_quarantined() -> None:
    """A base that wavers may be the bug: the issue's own scenario counts, and has to pass."""
    own = ScenarioResult((1.0, 0.0), Standing.FLAKY, own=True)

    assert gate(*[GOOD] * 60, own) == (Outcome.FAIL, "must-pass-failed")
    assert gate(*[GOOD] * 60, replace(own, scores=(1.0,) * 10)) == (Outcome.PASS, "passed")


@pytest.mark.parametrize(
    "unseen", [ScenarioResult((), Standing.PASSES), ScenarioResult((1.0,), Standing.UNKNOWN)]
)
def test_what_could_not_be_run_is_not_counted_as_seen(unseen: ScenarioResult) -> None:
    """One scenario that no box could run makes the whole verdict INVALID."""
    seen = assess_gate([GOOD] * 60 + [unseen], 0.9)

    assert (seen.outcome, seen.reason, seen.invalid) == (Outcome.INVALID, "box-failed", 1)


def test_a_product_that_starts_nowhere_is_nobodys_fault() -> None:
    """Base does not come up either: the set-up is broken, not the change."""
    dead = replace(BAD, started=False, base_started=False)

    assert gate(*[dead] * 30) == (Outcome.INVALID, "product-does-not-start")


def test_a_product_that_no_longer_starts_is_the_changes_fault() -> None:
    """Base comes up, head does not: FAIL."""
    dead = ScenarioResult((0.0,), Standing.PASSES, started=False)

    assert gate(*[dead] * 30) == (Outcome.FAIL, "newly-failing")


def test_a_first_product_may_land() -> None:
    """Base has nothing that starts, head satisfies everything: that is positive evidence."""
    assert gate(*[replace(NEW, base_started=False)] * 30) == (Outcome.PASS, "passed")


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01, float("nan")])
def test_a_threshold_outside_its_range_forbids(threshold: float) -> None:
    """Zero means forbidden, never 'anything passes'."""
    assert assess_gate([GOOD] * 60, threshold).outcome is Outcome.INVALID
    assert assess_sealed([GOOD] * 60, threshold).outcome is Outcome.INVALID


def test_nothing_to_judge_by_is_invalid() -> None:
    """An empty set, or one where all is pending, proves nothing."""
    pending = ScenarioResult((), Standing.FAILS, foreign=True)

    assert gate() == (Outcome.INVALID, "no-scenarios")
    assert gate(pending) == (Outcome.INVALID, "no-scenarios")
    assert assess_sealed([pending], 0.9).reason == "no-scenarios"


def test_one_sealed_failure_is_enough() -> None:
    """Every sealed scenario that counts passes fully, and there is at least one."""
    assert assess_sealed([GOOD], 0.9).outcome is Outcome.PASS
    assert assess_sealed([GOOD] * 18 + [BAD], 0.9).reason == "sealed-failed"
    assert assess_sealed([GOOD, ScenarioResult((0.9,), Standing.PASSES)], 0.9).k == 1
    assert assess_sealed([], 0.9).outcome is Outcome.INVALID


def test_standing_is_mixed_only_on_mixed_runs() -> None:
    """Passing, failing, flaky, unknown."""
    assert [standing(s) for s in ([1.0, 1.0], [0.0, 0.5], [1.0, 0.0], [])] == [
        Standing.PASSES,
        Standing.FAILS,
        Standing.FLAKY,
        Standing.UNKNOWN,
    ]
