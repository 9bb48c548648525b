"""Seeds faults into a product at main and asks the real gate which of them it notices.

The visible checks are asked first: a fault that they catch would never reach the gate and says
nothing about it. For the others the gate decides exactly as it does for a change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.calibration import Fate, Trial
from bot.domain.verdict import Outcome
from bot.errors import ScenarioError, UsageError
from bot.policy.repeats import PROOF_RUNS
from bot.policy.satisfaction import assess_gate
from bot.validator.difference import Difference, difference
from bot.validator.drivers.visit import Stage, joined
from bot.validator.equivalent import Equivalent, ambiguous
from bot.validator.examination import EXTRA_RUNS, Examination
from bot.validator.exhibit import Exhibit
from bot.validator.faults import Fault
from bot.validator.footprints import Copy, copy_of
from bot.validator.functions import ExpressionError
from bot.validator.ledger import Shown
from bot.validator.scenario import Corpus, Scenario, ScenarioSet
from bot.validator.trajectories import Runner

_NO_ISSUE = 0
"""No scenario belongs to it: those of open issues wait, as they do for any other change."""
_DRAWS = 3
Checks = Callable[[bytes], Awaitable[bool]]
"""Runs the visible checks on the tar of a tree; whether all of them are green."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is measured: a product at its main, and the corpus that guards it."""

    stage: Stage
    sources: Mapping[str, bytes]
    """The product's own Python files, tests left out."""
    corpus: Corpus
    threshold: float
    equivalent: tuple[Equivalent, ...] = ()
    """Faults that a person found to be none."""

    @property
    def gate(self) -> tuple[Scenario, ...]:
        """The scenarios that decide about a merge."""
        return self.corpus.of_set(ScenarioSet.GATE)

    def faulty(self, fault: Fault) -> Stage:
        """Return the product with one fault in it."""
        return replace(self.stage, tree=joined(self.stage.tree, {fault.path: fault.content}))


class Calibrator:
    """Measures one ground."""

    def __init__(
        self, ground: Ground, runner: Runner, checks: Checks, progress: Callable[[str], None]
    ) -> None:
        self._ground = ground
        self._runner = runner
        self._checks = checks
        self._progress = progress
        self._base: dict[str, Shown] = {}
        self._reach: dict[str, frozenset[str]] = {}
        self._excuses: dict[tuple[str, str, str], str] = {}

    async def measure(self, faults: Sequence[Fault], wanted: int) -> list[Trial]:
        """Try faults in their order until `wanted` of them have come through the visible checks.

        Raises UsageError when main itself does not stand its own checks and gate.
        """
        doubtful = {mark.key for mark in ambiguous(self._ground.equivalent, faults)}
        self._excuses = {
            mark.key: mark.why for mark in self._ground.equivalent if mark.key not in doubtful
        }
        await self._look_at_main()
        self._reach = await self._footprints()
        trials: list[Trial] = []
        waiting = iter(faults)

        async def work() -> None:
            for fault in waiting:
                trial = await self._trial(fault)
                trials.append(trial)
                self._progress(f"{trial.fate.value:<8} {fault.where}:{fault.line}  {fault.after}")
                if sum(one.counts for one in trials) >= wanted:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(self._runner.width):
                group.create_task(work())
        return sorted(trials, key=lambda trial: (trial.where, trial.line, trial.after))

    async def _look_at_main(self) -> None:
        """Learn what main shows; nothing can be measured against a product that fails its gate."""
        if not self._ground.gate:
            raise UsageError("the corpus has no gate scenario", remedy="nightshift scenario new")
        if not await self._checks(self._ground.stage.tree):
            raise UsageError(
                "the visible checks are red on this commit itself",
                means="every fault would look as if the checks had caught it",
                remedy="mend the product or the mission's checks first",
            )
        try:
            proof = 2 * PROOF_RUNS * len(self._ground.gate)
            exhibits = await self._examined(self._ground.stage, {}, proof)
        except* (ScenarioError, ExpressionError) as errors:
            raise UsageError(
                f"values of a scenario cannot be drawn or filled in: {errors.exceptions[0]}"
            ) from None
        seen = assess_gate([exhibit.result for exhibit in exhibits], self._ground.threshold)
        if seen.outcome is not Outcome.PASS and seen.reason != "too-few-scenarios":
            raise UsageError(
                f"this commit does not pass its own gate ({seen.reason}, {seen.k}/{seen.n})",
                means="a fault can only be noticed by a scenario that holds without it",
                remedy="nightshift scenario run DIR --repo REPO shows which ones fail",
            )
        self._base = {exhibit.scenario.id: exhibit.before for exhibit in exhibits}
        self._progress(f"main     {seen.k}/{seen.n} gate scenarios hold")

    async def _examined(
        self, head: Stage, known: dict[str, Shown], proof: int = 0
    ) -> Sequence[Exhibit]:
        """Examine a head; `proof` runs prove main once, so that every fault is run once."""
        base = self._ground.stage
        examination = Examination(
            self._runner, head, base, _NO_ISSUE, profile=proof, extra=proof or EXTRA_RUNS
        )
        return await examination.examine(self._ground.gate, known)

    async def _footprints(self) -> dict[str, frozenset[str]]:
        """Find out where each scenario of the corpus goes."""
        copy: Copy = copy_of(self._ground.stage, self._ground.sources)
        scenarios = self._ground.corpus.scenarios
        walks = await asyncio.gather(*[copy.walked(self._runner, one) for one in scenarios])
        return {one.id: walk for one, walk in zip(scenarios, walks, strict=True)}

    async def _trial(self, fault: Fault) -> Trial:
        head = self._ground.faulty(fault)
        trial = Trial(
            where=fault.where,
            line=fault.line,
            before=fault.before,
            after=fault.after,
            fate=Fate.CAUGHT,
            features=self._features(fault),
        )
        if not await self._checks(head.tree):
            return trial
        exhibits = await self._examined(head, self._base)
        seen = assess_gate([exhibit.result for exhibit in exhibits], self._ground.threshold)
        if seen.outcome is Outcome.FAIL:
            return replace(trial, fate=Fate.KILLED)
        if seen.outcome is Outcome.PASS or seen.reason == "too-few-scenarios":
            excuse = self._excuses.get((fault.where, fault.before, fault.after), "")
            other = await self._difference(head, fault)
            return replace(trial, fate=_survived(other, excuse), differs=other.told, excuse=excuse)
        return replace(trial, fate=Fate.ERRORED)

    def _features(self, fault: Fault) -> tuple[str, ...]:
        """Name the features whose gate scenarios run through a place."""
        gate = [one for one in self._ground.gate if fault.where in self._reach.get(one.id, ())]
        return tuple(sorted({one.feature for one in gate}))

    async def _difference(self, head: Stage, fault: Fault) -> Difference:
        """Look whether a survivor does anything else than main, on inputs drawn anew."""
        there = [
            one
            for one in self._ground.corpus.scenarios
            if fault.where in self._reach.get(one.id, ())
        ]
        return await difference(self._runner, self._ground.stage, head, there, _DRAWS)


def _survived(seen: Difference, excuse: str) -> Fate:
    """Say what a fault that the gate let pass was."""
    if seen.told:
        return Fate.MENDS if seen.mends else Fate.SURVIVED
    return Fate.EQUIVALENT if excuse else Fate.SURVIVED
