"""What base has shown decides what a scenario on head is worth."""

from bot.domain.verdict import FailureClass
from bot.policy.satisfaction import Standing
from bot.validator.checks import Finding
from bot.validator.exhibit import Exhibit
from bot.validator.ledger import Shown
from bot.validator.observation import Sighting
from bot.validator.scenario import Check, Kind, Scenario, ScenarioSet
from bot.validator.trajectories import Trajectory

CHECK = Check("exit", {"code": 0})
SCENARIO = Scenario("a", "f", Kind.CLI, ScenarioSet.GATE, (), (CHECK,), "A story.")


def run(score: float) -> Trajectory:
    """Return one run that came to this score."""
    found = Finding(CHECK, score >= 1, FailureClass.WRONG_OUTPUT, "")
    return Trajectory({}, Sighting(started=True), (found,), score)


def exhibit(*base: float, own: bool = False, foreign: bool = False) -> Exhibit:
    """Return a scenario of which base has shown this much."""
    return Exhibit(SCENARIO, own, foreign, Shown(base, started=True, seed="s"))


def test_mixed_runs_on_base_are_flaky() -> None:
    """For every kind of scenario, and whatever a confirmation says afterwards."""
    for mixed in (exhibit(1, 0), exhibit(0, 1, foreign=True), exhibit(1, 0, own=True)):
        mixed.confirmed = [run(1.0)]
        assert mixed.standing is Standing.FLAKY


def test_a_flaky_scenario_is_no_evidence() -> None:
    """Head is not even run, and it waits for nobody; the issue's own is run ten times."""
    assert (exhibit(1, 0).wanted, exhibit(1, 0, foreign=True).wanted) == (0, 0)
    assert exhibit(1, 0, foreign=True).result.quarantined
    assert exhibit(1, 0, own=True).wanted == 10


def test_a_failure_is_doubted_wherever_base_stands() -> None:
    """What base passes may be lost; what base fails on its own inputs may pass on these."""
    for base in (1.0, 0.0):
        found = exhibit(base)
        found.head = [run(1.0), run(0.0)]
        assert found.doubtful is found.head[1]
        found.confirmed = [run(1.0)] * 10
        assert found.result.newly_failing


def test_the_issues_own_failure_is_beyond_doubt() -> None:
    """It must pass, whatever base does: more runs cannot help it."""
    found = exhibit(0.0, own=True)
    found.head = [run(0.5)]

    assert found.lost
    assert found.doubtful is None
    assert not exhibit(1.0).lost


def test_only_wavering_and_agreement_are_remembered() -> None:
    """Base fails on other inputs than its own: that is a bug of base, not a flaky scenario."""
    for confirmed, learnt in (
        ((1.0, 0.0), (1.0, 1.0, 0.0)),
        ((1.0,), (1.0, 1.0)),
        ((0.0, 0.0), (1.0,)),
    ):
        found = exhibit(1.0)
        found.confirmed = [run(score) for score in confirmed]
        assert found.learnt.scores == learnt
