"""Runs scenarios on trees: fresh values, a fresh box, checks outside, a score."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.adapters.box import BoxPool
from bot.domain.verdict import FailureClass
from bot.policy.satisfaction import CheckScore, trajectory_score
from bot.validator import checks
from bot.validator.checks import Finding
from bot.validator.drivers.tour import tour
from bot.validator.drivers.visit import Stage
from bot.validator.observation import Ended, Sighting
from bot.validator.rubric import Judge, Nobody, Opinion, lowered
from bot.validator.scenario import Scenario
from bot.validator.variables import draw


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One execution of one scenario, with all its evidence. Nothing of it leaves the validator."""

    names: Mapping[str, Any]
    seen: Sighting
    findings: tuple[Finding, ...]
    score: float
    opinions: tuple[Opinion, ...] = ()
    """Of the rubric; empty when a check had decided already."""

    @property
    def timed_out(self) -> bool:
        """Whether some step ran out of time."""
        return any(step.ended is Ended.TIMED_OUT for step in self.seen.steps.values())

    @property
    def failure(self) -> FailureClass | None:
        """The coarse class of the first check that failed, musts before the others."""
        failed = [finding for finding in self.findings if not finding.passed]
        failed.sort(key=lambda finding: not finding.check.must)
        return failed[0].failure if failed else None


class Runner:
    """Runs trajectories, as many at a time as there are boxes."""

    def __init__(self, pool: BoxPool, judge: Judge | None = None) -> None:
        self._pool = pool
        self._judge = judge or Nobody()
        self.width = pool.slots
        self._turns = asyncio.Semaphore(pool.slots)
        self._entropy = random.SystemRandom()

    def values(self, scenario: Scenario, seed: str = "") -> dict[str, Any]:
        """Draw the values of one execution: fresh ones, or always the same ones from a seed."""
        source = random.Random(seed) if seed else self._entropy  # noqa: S311  a secret seed
        return draw(scenario.setup, source)

    async def run(
        self,
        stage: Stage,
        scenario: Scenario,
        names: Mapping[str, Any] | None = None,
        *,
        base: Stage | None = None,
    ) -> Trajectory:
        """Run one trajectory on a stage, beside `base` when the scenario compares with it."""
        if names is None:
            names = self.values(scenario)
        seen = await self._tour(stage, scenario, names)
        before = None
        if scenario.compares_with_base:
            before = await self._tour(base, scenario, names) if base else seen
        if seen.box_failed or (before and before.box_failed):
            failed = seen if seen.box_failed or before is None else before
            return Trajectory(names, failed, (), 0.0)
        findings = checks.judge(scenario, names, seen, before)
        scores = [
            CheckScore(finding.passed, finding.check.must, finding.check.weight)
            for finding in findings
        ]
        opinions: tuple[Opinion, ...] = ()
        if trajectory_score(scores) > 0:
            opinions = await self._judge.judge(scenario, seen)
        score = trajectory_score(scores, lowered(opinions))
        if scenario.must_pass and any(one.score is None for one in opinions):
            score = 0.0  # a judged statement that nobody evaluated is not a passed one
        return Trajectory(names, seen, findings, score, opinions)

    async def _tour(self, stage: Stage, scenario: Scenario, names: Mapping[str, Any]) -> Sighting:
        async with self._turns:
            return await tour(self._pool, stage, scenario, names)
