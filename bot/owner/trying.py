"""`nightshift scenario` run, and lint on a repository: what real boxes show."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.errors import ScenarioError, UsageError
from bot.judging import open_judge
from bot.owner.choice import readable, selected
from bot.owner.paper import write
from bot.owner.scenario import CLEAN, FINDINGS, tell, waiting
from bot.owner.workbench import Bench, bench
from bot.settings import JudgeSettings
from bot.validator.desk import vacuity
from bot.validator.desk.lint import lint
from bot.validator.desk.survey import Survey, survey
from bot.validator.desk.telling import told_run
from bot.validator.drivers.tour import offered
from bot.validator.functions import ExpressionError
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner, Trajectory

_STEPS = 10
"""Lines of progress when nobody watches a terminal."""


@dataclass(frozen=True, slots=True)
class On:
    """What scenarios are run on."""

    repository: Path
    ref: str = "HEAD"
    mission: Path | None = None


@asynccontextmanager
async def _at(on: On, console: Console) -> AsyncIterator[tuple[Bench, Runner]]:
    """Open what scenarios are run on, with the judge that the environment names."""
    async with (
        bench(on.repository, on.ref, on.mission, partial(write, console)) as place,
        open_judge(JudgeSettings.read()) as judge,
    ):
        yield place, Runner(place.pool, judge)


async def check(
    folder: Path, on: On, state: Path | None, report: Path | None, console: Console
) -> int:
    """Lint a corpus by reading it and by running it; return the exit code."""
    corpus = await asyncio.to_thread(survey, folder)
    async with _at(on, console) as (place, runner):
        linted = lint(corpus, place.mission.gate.threshold)
        tried = await _try_all(corpus, place, runner, console)
    remarks = [*vacuity.remarks(tried), *waiting(folder, state)]
    return await asyncio.to_thread(tell, linted, remarks, report, console)


async def run(
    folder: Path, on: On, wanted: Sequence[str], repeats: int | None, console: Console
) -> int:
    """Run scenarios on a commit and tell what was seen; return the exit code."""
    corpus = await asyncio.to_thread(readable, folder)
    chosen = [_repeated(scenario, repeats) for scenario in selected(corpus, wanted)]
    failed = 0
    async with _at(on, console) as (place, runner):
        missing = sorted({s.kind.value for s in chosen if not offered(place.stage, s.kind)})
        if missing:
            raise UsageError(
                f"the mission offers no product of kind {', '.join(missing)}",
                remedy="name its command under `product` in mission.md, or pass --mission",
            )
        tasks = [asyncio.create_task(_runs(runner, place, scenario)) for scenario in chosen]
        try:
            for scenario, task in zip(chosen, tasks, strict=True):
                failed += not _tell_runs(scenario, await task, console)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    write(console, f"{len(chosen) - failed} of {len(chosen)} scenarios passed")
    return FINDINGS if failed else CLEAN


async def _try_all(
    corpus: Survey, place: Bench, runner: Runner, console: Console
) -> list[vacuity.Tried]:
    """Run everything readable on the null products and on the reference, saying how far it is."""
    total, done = len(corpus.scenarios), 0

    def progress(_: vacuity.Tried) -> None:
        nonlocal done
        done += 1
        if status is not None:
            status.update(f"vacuity  {done}/{total}")
        elif done == total or done % max(1, total // _STEPS) == 0:
            write(console, f"vacuity  {done}/{total}")

    status = console.status(f"vacuity  0/{total}") if console.is_terminal else None
    trying = vacuity.Vacuity(runner, place.stage, progress)
    if status is None:
        return await trying.try_all(corpus.scenarios)
    with status:
        return await trying.try_all(corpus.scenarios)


async def _runs(runner: Runner, place: Bench, scenario: Scenario) -> list[Trajectory] | str:
    """Run one scenario as often as it asks for; a text when its values cannot be made."""
    try:
        return [
            await runner.run(place.stage, scenario, base=place.stage)
            for _ in range(scenario.repeats or 1)
        ]
    except (ScenarioError, ExpressionError) as error:
        return f"values cannot be drawn or filled in: {error}"


def _tell_runs(scenario: Scenario, runs: list[Trajectory] | str, console: Console) -> bool:
    """Tell a scenario in one line when it passed, and the first failure in full."""
    passed = not isinstance(runs, str) and all(run.score >= 1 for run in runs)
    console.print("passed " if passed else "FAILED ", style="green" if passed else "red", end="")
    about = f"{scenario.id}  ({scenario.set.value}, {scenario.feature}, {scenario.kind.value})"
    if isinstance(runs, str):
        write(console, f"{about}\n  {runs}")
        return passed
    scores = " ".join(f"{run.score:.2f}" for run in runs)
    seconds = sum(run.seen.seconds for run in runs)
    write(console, f"{about}  score {scores}, {seconds:.2f} s")
    first = next((run for run in runs if run.score < 1), None)
    if first is not None:
        for line in told_run(scenario, first):
            write(console, line)
    return passed


def _repeated(scenario: Scenario, repeats: int | None) -> Scenario:
    return scenario if repeats is None else replace(scenario, repeats=repeats)
