"""What a set of scenarios shows on a head, beside its base: the facts that the gate rule weighs.

The cheap evidence comes first, the dear one only where an answer depends on it:

1. base once for what it has never shown, and head once for everything that counts;
2. base again on the very inputs that head failed on, before a failure is blamed on the change;
3. head again, up to K (`bot.policy.repeats`), while nothing has failed that decides already; what
   fails only now is asked of base as well. At most CONFIRM_BUDGET runs for both;
4. base again on its own inputs, to grow the profile where that may change something later: what
   waits for another issue comes first, then, where the author wrote no K, what fails, then what is
   nearest to its proof. At most PROFILE_BUDGET runs per judgement.

Steps 3 and 4 together make at most EXTRA_RUNS runs (a setting). What
the issue itself asks for and what must pass get their K outside of that; of the rest, those that
base has shown least come first, and what gets no more runs keeps the mean of those it had: one
run is a fair draw for a bound over scenarios, though a poor look for wavering.

Base is always run on the same inputs, drawn from a secret seed in the ledger: mixed answers are
wavering and nothing else. Ten equal answers are a proof, mixed ones a quarantine, and the ledger
keeps both for this very tree, corpus and environment.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.policy.repeats import PROOF_RUNS
from bot.policy.satisfaction import Standing
from bot.validator.drivers.visit import Stage
from bot.validator.exhibit import Exhibit
from bot.validator.ledger import Shown
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner, Trajectory

CONFIRM_BUDGET = 60
"""Runs of one judgement on base with the inputs that head failed on."""
SECOND_LOOKS = 3
"""Runs on head of one judgement that may be tried again because they ran out of time."""
PATIENCE = 4
"""Scenarios that decide and ran out of time on head; then the others have HURRIED_S at most."""
HURRIED_S = 1.0
PROFILE_BUDGET = 20
"""Runs of one judgement on base that only grow its profile."""
EXTRA_RUNS = 400
"""Repeats on head, and growth, of one judgement together; 0 forbids them."""


class Examination:
    """One judgement's runs."""

    def __init__(
        self,
        runner: Runner,
        head: Stage,
        base: Stage,
        issue: int,
        *,
        profile: int = PROFILE_BUDGET,
        most: int = PROOF_RUNS,
        extra: int = EXTRA_RUNS,
    ) -> None:
        self._runner = runner
        self._head = head
        self._base = base
        self._issue = issue
        self._profile = profile
        self._most = most
        self._extra = extra
        self._slow = 0
        self._hung = 0

    async def examine(
        self, scenarios: Sequence[Scenario], known: dict[str, Shown]
    ) -> list[Exhibit]:
        """Run everything that the answer depends on."""
        exhibits = await self.begin(scenarios, known)
        await self.end(exhibits)
        return exhibits

    async def begin(self, scenarios: Sequence[Scenario], known: dict[str, Shown]) -> list[Exhibit]:
        """Run base for what it has never shown: the same for everybody who asks about it."""
        exhibits = [
            Exhibit(
                scenario,
                own=scenario.issue == self._issue,
                foreign=scenario.issue not in {None, self._issue},
                before=known.get(scenario.id, Shown()),
            )
            for scenario in scenarios
        ]
        await self._each(exhibits, self._look_at_base)
        return exhibits

    async def end(self, exhibits: Sequence[Exhibit]) -> None:
        """Run head, and base again where that decides."""
        await self._each(exhibits, self._look_at_head)
        await self._confirm_doubts(exhibits)
        if not any(exhibit.lost or exhibit.result.newly_failing for exhibit in exhibits):
            await self._each(self._repeated(exhibits), self._repeat)
            await self._confirm_doubts(exhibits)
        await self._grow(exhibits)

    async def _each(
        self, exhibits: Iterable[Exhibit], work: Callable[[Exhibit], Coroutine[Any, Any, None]]
    ) -> None:
        """Do one thing to all of them, as many at a time as there are boxes."""
        turns = asyncio.Semaphore(self._runner.width)

        async def take(exhibit: Exhibit) -> None:
            async with turns:
                await work(exhibit)

        async with asyncio.TaskGroup() as group:
            for exhibit in exhibits:
                group.create_task(take(exhibit))

    async def _look_at_base(self, exhibit: Exhibit) -> None:
        if not exhibit.before.scores:
            await self._run_base(exhibit, min(exhibit.scenario.repeats or 1, self._most))

    async def _look_at_head(self, exhibit: Exhibit) -> None:
        if exhibit.wanted:
            await self._run_head(exhibit)

    async def _repeat(self, exhibit: Exhibit) -> None:
        """Run head until its mean may be believed."""
        while len(exhibit.head) < min(exhibit.wanted, self._most):
            await self._run_head(exhibit)

    def _repeated(self, exhibits: Sequence[Exhibit]) -> list[Exhibit]:
        """Choose what is run again on head, and pay for it."""
        chosen = [e for e in exhibits if e.own or e.scenario.must_pass or e.scenario.repeats]
        others = [e for e in exhibits if e not in chosen]
        for exhibit in sorted(others, key=lambda e: len(e.before.scores)):
            more = max(0, min(exhibit.wanted, self._most) - len(exhibit.head))
            if more <= self._extra:
                self._extra -= more
                chosen.append(exhibit)
        return chosen

    async def _run_head(self, exhibit: Exhibit) -> None:
        """Run head once, with fresh values; what ran out of time has one more chance on them.

        A busy machine is slow for a moment. A product that hangs does so again, and few are asked:
        the first of them decide, so nobody waits to the end for each of the others.
        """
        scenario = exhibit.scenario
        if self._hung >= PATIENCE:
            scenario = replace(scenario, timeout_s=min(scenario.timeout_s, HURRIED_S))
        run = await self._runner.run(self._head, scenario, base=self._base)
        if run.timed_out and self._slow < SECOND_LOOKS:
            self._slow += 1
            run = await self._runner.run(self._head, scenario, run.names, base=self._base)
        self._hung += run.timed_out and (exhibit.own or exhibit.standing is Standing.PASSES)
        exhibit.head.append(run)
        exhibit.invalid = exhibit.invalid or run.seen.box_failed

    async def _run_base(self, exhibit: Exhibit, runs: int) -> None:
        """Run base on its own inputs, until the answer is mixed."""
        seed = exhibit.before.seed or secrets.token_hex(16)
        names = self._runner.values(exhibit.scenario, seed)
        while runs > 0 and exhibit.standing is not Standing.FLAKY:
            asked = await self._ask_base(exhibit, names, min(runs, self._runner.width))
            if exhibit.invalid:
                return
            exhibit.base += asked
            runs -= len(asked)
            exhibit.before = exhibit.before.plus(
                [run.score for run in asked],
                started=any(run.seen.started for run in asked),
                seed=seed,
            )

    async def _ask_base(
        self, exhibit: Exhibit, names: dict[str, object], runs: int
    ) -> list[Trajectory]:
        """Run base some times on the same inputs."""
        asked = await asyncio.gather(
            *[self._runner.run(self._base, exhibit.scenario, names) for _ in range(runs)]
        )
        exhibit.invalid = exhibit.invalid or any(run.seen.box_failed for run in asked)
        return asked

    async def _confirm_doubts(self, exhibits: Sequence[Exhibit]) -> None:
        """Ask base about failures: of what it passes first, then of what it fails elsewhere."""
        budget = CONFIRM_BUDGET - sum(len(exhibit.confirmed) for exhibit in exhibits)
        doubts = [e for e in exhibits if e.doubtful and not e.confirmed]
        doubts.sort(key=lambda exhibit: exhibit.standing is not Standing.PASSES)
        for exhibit in doubts:
            if budget <= 0:
                return
            await self._confirm(exhibit, min(PROOF_RUNS, budget))
            budget -= len(exhibit.confirmed)
            if not exhibit.invalid and exhibit.result.newly_failing:
                return  # one certain loss decides; the others cannot change the answer

    async def _confirm(self, exhibit: Exhibit, runs: int) -> None:
        """Ask base about the very inputs on which head failed, until the answer is mixed."""
        doubt = exhibit.doubtful
        failing = exhibit.standing is Standing.FAILS
        while doubt and len(exhibit.confirmed) < runs and exhibit.standing is not Standing.FLAKY:
            more = min(self._runner.width, runs - len(exhibit.confirmed))
            asked = await self._ask_base(exhibit, dict(doubt.names), more)
            if exhibit.invalid:
                return
            exhibit.confirmed += asked
            if failing and exhibit.standing is Standing.FAILS:
                return  # it fails on base here as well: nothing was lost

    async def _grow(self, exhibits: Sequence[Exhibit]) -> None:
        """Learn more about base, within the budget, in the order of what matters most."""
        budget = min(self._profile, self._extra)
        for exhibit in sorted((e for e in exhibits if e.unsettled), key=_need):
            runs = min(budget, PROOF_RUNS - len(exhibit.before.scores))
            if runs <= 0:
                return
            before = len(exhibit.base)
            await self._run_base(exhibit, runs)
            budget -= len(exhibit.base) - before


def _need(exhibit: Exhibit) -> tuple[bool, bool, int]:
    """Order: what is silently pending, what fails, then what is nearest to its proof."""
    fails = exhibit.standing is Standing.FAILS
    return (not (fails and exhibit.foreign), not fails, -len(exhibit.before.scores))


def seen_in(runs: Sequence[Trajectory]) -> Shown:
    """Sum up what runs on one tree have shown."""
    return Shown(tuple(run.score for run in runs), started=any(run.seen.started for run in runs))
