"""One scenario in one judgement: what base showed, what head showed, and what follows."""

from dataclasses import dataclass, field, replace

from bot.policy.repeats import runs_wanted, settled
from bot.policy.satisfaction import ScenarioResult, Standing, standing
from bot.validator.ledger import Shown
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Trajectory


@dataclass(slots=True)
class Exhibit:
    """One scenario with everything that was seen of it."""

    scenario: Scenario
    own: bool
    foreign: bool
    before: Shown = field(default_factory=Shown)
    """All that base has shown: what the ledger knew, and what this judgement added."""
    base: list[Trajectory] = field(default_factory=list)
    head: list[Trajectory] = field(default_factory=list)
    confirmed: list[Trajectory] = field(default_factory=list)
    """Runs of base on the very inputs that head failed on."""
    invalid: bool = False

    @property
    def standing(self) -> Standing:
        """What base shows: mixed is flaky; else, on the inputs that head failed on, if asked."""
        known = standing(self.before.scores)
        if self.confirmed and known in {Standing.PASSES, Standing.FAILS}:
            return standing([run.score for run in self.confirmed])
        return known

    @property
    def wanted(self) -> int:
        """K: how often head has to be run; not at all for what waits or is quarantined."""
        result = self.result
        if self.invalid or result.pending or result.quarantined:
            return 0
        return runs_wanted(self.scenario.repeats, self.before.scores, own=self.own)

    @property
    def result(self) -> ScenarioResult:
        """The facts without the names."""
        result = ScenarioResult(
            scores=() if self.invalid else tuple(run.score for run in self.head),
            base=self.standing,
            weight=self.scenario.weight,
            must_pass=self.scenario.must_pass,
            own=self.own,
            foreign=self.foreign,
            started=any(run.seen.started for run in self.head),
            base_started=self.before.started,
        )
        failed = next((run.failure for run in self.head if run.score < 1), None)
        return replace(result, failure=failed)

    @property
    def lost(self) -> bool:
        """Whether head has failed what the issue itself asks for: no other run can mend that."""
        return self.own and not self.invalid and any(run.score < 1 for run in self.head)

    @property
    def doubtful(self) -> Trajectory | None:
        """The first failure on head that base may share; none for the issue's own scenarios."""
        if self.own or self.invalid or self.standing not in {Standing.PASSES, Standing.FAILS}:
            return None
        return next((run for run in self.head if run.score < 1), None)

    @property
    def unsettled(self) -> bool:
        """Whether more runs on base could still teach something.

        Where the author wrote K they change nothing, but for what waits for another issue: if it
        wavers, it must not wait in silence.
        """
        if self.invalid or (self.scenario.repeats is not None and not self.foreign):
            return False
        return not settled(self.before.scores)

    @property
    def learnt(self) -> Shown:
        """What the ledger should know of base from now on.

        A confirmation counts when it is mixed, and when it agrees; a different answer to other
        inputs is no wavering.
        """
        scores = [run.score for run in self.confirmed]
        now = standing(scores)
        if scores and now in {Standing.FLAKY, standing(self.before.scores)}:
            return self.before.plus(scores, started=self.before.started, seed=self.before.seed)
        return self.before
