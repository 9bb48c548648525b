"""What a set of scenarios shows on a head, beside its base: the facts that the gate rule weighs."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.policy.satisfaction import ScenarioResult, Standing, standing
from bot.validator.drivers.visit import Stage
from bot.validator.ledger import Shown
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner, Trajectory

CONFIRM_RUNS = 10
"""Runs on base, with the very same inputs, before a failure on head is blamed on the change."""
CONFIRM_BUDGET = 60
"""All such runs of one judgement together."""
KEPT = 4000
"""Characters of each field that evidence keeps."""


@dataclass(slots=True)
class Exhibit:
    """One scenario with everything that was seen of it."""

    scenario: Scenario
    own: bool
    foreign: bool
    before: Shown = field(default_factory=Shown)
    base: list[Trajectory] = field(default_factory=list)
    head: list[Trajectory] = field(default_factory=list)
    confirmed: list[Trajectory] = field(default_factory=list)
    invalid: bool = False

    @property
    def standing(self) -> Standing:
        """What base shows: on the inputs that head failed on, when that was asked."""
        if not self.before.scores:
            return Standing.UNKNOWN
        if self.confirmed:
            return standing([run.score for run in self.confirmed])
        passes = all(score >= 1 for score in self.before.scores)
        return Standing.PASSES if passes else Standing.FAILS

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
    def doubtful(self) -> Trajectory | None:
        """The first failure on head that base may share; none for the issue's own scenarios."""
        if self.own or self.invalid or self.standing is not Standing.PASSES:
            return None
        return next((run for run in self.head if run.score < 1), None)


class Examination:
    """One judgement's runs."""

    def __init__(self, runner: Runner, head: Stage, base: Stage, issue: int) -> None:
        self._runner = runner
        self._head = head
        self._base = base
        self._issue = issue

    async def examine(
        self, scenarios: Sequence[Scenario], known: dict[str, Shown]
    ) -> list[Exhibit]:
        """Run everything: base where it is not known yet, head, and base again on doubts."""
        exhibits = [
            Exhibit(
                scenario,
                own=scenario.issue == self._issue,
                foreign=scenario.issue not in {None, self._issue},
                before=known.get(scenario.id, Shown()),
            )
            for scenario in scenarios
        ]
        async with asyncio.TaskGroup() as group:
            for exhibit in exhibits:
                group.create_task(self._show(exhibit))
        budget = CONFIRM_BUDGET
        for exhibit in exhibits:
            if exhibit.doubtful and budget > 0:
                await self._confirm(exhibit, min(CONFIRM_RUNS, budget))
                budget -= len(exhibit.confirmed)
                if exhibit.doubtful and not exhibit.invalid:
                    break  # one certain loss decides; the others cannot change the answer
        return exhibits

    async def _show(self, exhibit: Exhibit) -> None:
        """Run one scenario on base, unless known, and on head, unless it waits for another."""
        scenario = exhibit.scenario
        if not exhibit.before.scores:
            for _ in range(scenario.repeats):
                exhibit.base.append(await self._runner.run(self._base, scenario))
            if any(run.seen.box_failed for run in exhibit.base):
                exhibit.invalid = True
                return
            exhibit.before = seen_in(exhibit.base)
        if exhibit.foreign and exhibit.standing is Standing.FAILS:
            return
        for _ in range(scenario.repeats):
            exhibit.head.append(await self._runner.run(self._head, scenario, base=self._base))
        exhibit.invalid = any(run.seen.box_failed for run in exhibit.head)

    async def _confirm(self, exhibit: Exhibit, runs: int) -> None:
        """Ask base about the very inputs on which head failed, until the answer is mixed."""
        doubt = exhibit.doubtful
        while doubt and len(exhibit.confirmed) < runs and exhibit.standing is not Standing.FLAKY:
            asked = await asyncio.gather(
                *[
                    self._runner.run(self._base, exhibit.scenario, doubt.names)
                    for _ in range(min(self._runner.width, runs - len(exhibit.confirmed)))
                ]
            )
            if any(run.seen.box_failed for run in asked):
                exhibit.invalid = True
                return
            exhibit.confirmed += asked


def seen_in(runs: Sequence[Trajectory]) -> Shown:
    """Sum up what runs on one tree have shown."""
    return Shown(tuple(run.score for run in runs), started=any(run.seen.started for run in runs))


def transcript(exhibits: Sequence[Exhibit]) -> list[dict[str, Any]]:
    """Write down all evidence, for the owner of the scenarios alone."""
    return [
        {
            "id": exhibit.scenario.id,
            "file": exhibit.scenario.file,
            "base": exhibit.standing.value,
            "pending": exhibit.result.pending,
            "invalid": exhibit.invalid,
            "head": [_told(run) for run in exhibit.head],
            "base_runs": [_told(run) for run in (*exhibit.base, *exhibit.confirmed)],
        }
        for exhibit in exhibits
    ]


def _told(run: Trajectory) -> dict[str, Any]:
    """Write down one trajectory."""
    return {
        "score": run.score,
        "values": {name: str(value) for name, value in run.names.items()},
        "trouble": run.seen.trouble,
        "seconds": round(run.seen.seconds, 3),
        "steps": {
            name: {"ended": step.ended.value, **{k: _short(v) for k, v in step.fields.items()}}
            for name, step in run.seen.steps.items()
        },
        "checks": [
            {"check": finding.check.verb, "passed": finding.passed, "note": finding.note[:KEPT]}
            for finding in run.findings
        ],
        "judged": [
            {"statement": one.statement, "score": one.score, "why": one.why} for one in run.opinions
        ],
    }


def _short(value: object) -> str:
    """Write down what a product said, however it is shaped, to a bounded length."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (ValueError, RecursionError):
        return "(cannot be written down)"
    return text if len(text) <= KEPT else f"{text[:KEPT]} [... {len(text) - KEPT} more]"
