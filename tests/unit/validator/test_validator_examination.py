"""What a scenario shows on head beside base, and what of it is written down for its owner."""

import json
from collections.abc import Sequence

import pytest

from bot.domain.verdict import FailureClass
from bot.policy.satisfaction import Standing
from bot.validator.checks import Finding
from bot.validator.examination import seen_in
from bot.validator.exhibit import Exhibit
from bot.validator.ledger import Shown
from bot.validator.observation import Observation, Sighting
from bot.validator.rubric import Opinion
from bot.validator.scenario import Check, Kind, Scenario, ScenarioSet
from bot.validator.trajectories import Trajectory
from bot.validator.transcript import KEPT, transcript

SCENARIO = Scenario(
    id="one",
    feature="f",
    kind=Kind.CLI,
    set=ScenarioSet.GATE,
    steps=(),
    checks=(),
    story="A clerk asks.",
    weight=3,
)
PASSES, FAILS = Shown((1.0,), started=True), Shown((0.0,), started=True)


def run(score: float, *findings: Finding, started: bool = True) -> Trajectory:
    """Make a trajectory that came to a score."""
    seen = Sighting({"step1": Observation({"stdout": "x" * 2 * KEPT})}, started=started)
    return Trajectory({"n": 7}, seen, findings, score)


def exhibit(
    before: Shown, head: Sequence[float], confirmed: Sequence[float] = (), *, own: bool = False
) -> Exhibit:
    """Make an exhibit of these scores."""
    return Exhibit(
        SCENARIO,
        own=own,
        foreign=False,
        before=before,
        head=[run(score) for score in head],
        confirmed=[run(score) for score in confirmed],
    )


@pytest.mark.parametrize(
    ("before", "confirmed", "standing"),
    [
        (Shown(), (), Standing.UNKNOWN),
        (PASSES, (), Standing.PASSES),
        (FAILS, (), Standing.FAILS),
        (Shown((0.5, 0.0), started=True), (), Standing.FAILS),
        (Shown((1.0, 0.5), started=True), (), Standing.FLAKY),
        (PASSES, (1.0, 1.0), Standing.PASSES),
        (PASSES, (1.0, 0.0), Standing.FLAKY),
        (PASSES, (0.0, 0.0), Standing.FAILS),
    ],
)
def test_the_inputs_that_head_failed_on_decide_what_base_shows(
    before: Shown, confirmed: Sequence[float], standing: Standing
) -> None:
    """When they were asked; else what base showed on inputs of its own."""
    assert standing is exhibit(before, (0.0,), confirmed).standing


@pytest.mark.parametrize(
    ("shown", "doubtful"),
    [
        (exhibit(PASSES, (1.0, 0.0)), True),
        (exhibit(PASSES, (1.0, 1.0)), False),
        (exhibit(FAILS, (0.0,)), True),
        (exhibit(Shown((1.0, 0.0), started=True), (0.0,)), False),
        (exhibit(Shown(), (0.0,)), False),
        (exhibit(PASSES, (0.0,), own=True), False),
        (exhibit(PASSES, (0.0,), (1.0, 0.0)), False),
        (exhibit(PASSES, (0.0,), (1.0, 1.0)), True),
    ],
)
def test_a_loss_on_head_is_doubted_while_base_may_share_it(
    shown: Exhibit, *, doubtful: bool
) -> None:
    """Never for the issue's own scenarios: what base shows of those excuses nothing."""
    assert doubtful is (shown.doubtful is not None)


def test_a_scenario_that_could_not_be_run_has_no_scores() -> None:
    """Whatever some of its repeats showed before the box failed."""
    shown = exhibit(PASSES, (1.0, 1.0))
    shown.invalid = True

    assert () == shown.result.scores
    assert shown.result.unseen
    assert shown.doubtful is None


def test_the_first_failed_must_check_gives_the_class() -> None:
    """Musts before the others, and the first trajectory that lost anything."""
    soft = Finding(Check("regex", {}, must=False), failure=FailureClass.WRONG_FORMAT)
    must = Finding(Check("exit", {}), failure=FailureClass.CRASH)
    held = Finding(Check("exit", {}), passed=True)
    shown = exhibit(FAILS, ())
    shown.head = [run(1.0, held), run(0.0, held, soft, must), run(0.5, soft)]

    assert FailureClass.CRASH is shown.result.failure
    assert FailureClass.WRONG_FORMAT is shown.head[2].failure
    assert shown.head[0].failure is None


def test_a_tree_that_came_up_once_has_started() -> None:
    """What is kept of a tree: every score, and whether it ever started."""
    assert Shown((0.0, 1.0), started=True) == seen_in([run(0.0, started=False), run(1.0)])
    assert Shown((0.0,), started=False) == seen_in([run(0.0, started=False)])


def test_the_owner_reads_everything_to_a_bounded_length() -> None:
    """Values, steps, checks and opinions are written down; a flood is cut, and that is said."""
    finding = Finding(Check("equals", {}), note="n" * 2 * KEPT)
    told = Trajectory(
        {"n": 7}, run(0.0).seen, (finding,), 0.0, (Opinion("It helps.", 1, 0.5, "w"),)
    )
    shown = exhibit(PASSES, ())
    shown.head = [told]
    (written,) = transcript([shown])

    (head,) = written["head"]
    assert ("one", "passes", {"n": "7"}) == (written["id"], written["base"], head["values"])
    assert [{"statement": "It helps.", "score": 0.5, "why": "w"}] == head["judged"]
    assert head["steps"]["step1"]["stdout"].endswith(f"[... {KEPT} more]")
    assert len(json.dumps(written)) < 3 * KEPT
