"""`nightshift scenario`: new, lint, run, show and stats, for the owner of a corpus."""

import asyncio
import difflib
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.domain.mission import Gate
from bot.errors import ScenarioError, UsageError
from bot.judging import open_judge
from bot.owner.workbench import Bench, bench
from bot.settings import JudgeSettings
from bot.validator.desk import vacuity
from bot.validator.desk.lint import Linted, lint
from bot.validator.desk.remark import Remark, Weight
from bot.validator.desk.skeleton import write_skeleton
from bot.validator.desk.stats import rows
from bot.validator.desk.survey import Survey, survey
from bot.validator.desk.telling import told_run, told_scenario
from bot.validator.drivers.tour import offered
from bot.validator.functions import ExpressionError
from bot.validator.scenario import Kind, Scenario, ScenarioSet
from bot.validator.trajectories import Runner, Trajectory
from bot.validator.variables import draw

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
_STEPS = 10
"""Lines of progress when nobody watches a terminal."""
_COLOUR = {Weight.NOTE: "dim", Weight.FINDING: "yellow", Weight.MISTAKE: "red"}


@dataclass(frozen=True, slots=True)
class On:
    """What scenarios are run on."""

    repository: Path
    ref: str = "HEAD"
    mission: Path | None = None


def new(folder: Path, name: str, kind: Kind, chosen: ScenarioSet, feature: str) -> int:
    """Write a skeleton and say where it is."""
    path = write_skeleton(folder, name, kind, chosen, feature)
    sys.stdout.write(f"{path}\n")
    return CLEAN


async def check(folder: Path, on: On | None, report: Path | None, console: Console) -> int:
    """Lint a corpus, on a repository too if one is named; return the exit code."""
    corpus = await asyncio.to_thread(survey, folder)
    if on is None:
        linted = lint(corpus, Gate().threshold)
        return _told(linted, [], report, console)
    async with (
        bench(on.repository, on.ref, on.mission, _say(console)) as place,
        open_judge(JudgeSettings.read()) as judge,
    ):
        linted = lint(corpus, place.mission.gate.threshold)
        tried = await _try_all(corpus, place, Runner(place.pool, judge), console)
        return _told(linted, vacuity.remarks(tried), report, console)


async def run(
    folder: Path, on: On, wanted: Sequence[str], repeats: int | None, console: Console
) -> int:
    """Run scenarios on a commit and tell what was seen; return the exit code."""
    corpus = await asyncio.to_thread(_readable, folder)
    chosen = [_repeated(scenario, repeats) for scenario in _selected(corpus, wanted)]
    failed = 0
    async with (
        bench(on.repository, on.ref, on.mission, _say(console)) as place,
        open_judge(JudgeSettings.read()) as judge,
    ):
        runner = Runner(place.pool, judge)
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
    _line(console, f"{len(chosen) - failed} of {len(chosen)} scenarios passed")
    return FINDINGS if failed else CLEAN


def show(folder: Path, name: str, console: Console) -> int:
    """Render one scenario with values drawn just now."""
    scenario = _selected(_readable(folder), [name])[0]
    try:
        names = draw(scenario.setup, random.SystemRandom())
        lines = list(told_scenario(scenario, names))
    except ExpressionError as error:
        raise ScenarioError(f"{scenario.file}: values cannot be drawn: {error}") from None
    for line in lines:
        _line(console, line)
    return CLEAN


def stats(folder: Path, report: Path | None, console: Console) -> int:
    """Print what a corpus consists of."""
    corpus = _readable(folder)
    listed = rows(corpus.scenarios)
    table = Table(box=None, pad_edge=False)
    for title in ("feature", "set"):
        table.add_column(title)
    for title in ("count", "weight", "must pass", "issue", "n_eff"):
        table.add_column(title, justify="right")
    for title in ("kinds", "origin"):
        table.add_column(title)
    for row in listed:
        table.add_row(*[str(value) for value in asdict(row).values()])
    console.print(table, highlight=False, markup=False)
    _line(console, f"corpus {corpus.digest}, {len(corpus.scenarios)} scenarios")
    if report is not None:
        _write(report, {"corpus": corpus.digest, "rows": [asdict(row) for row in listed]})
    return CLEAN


# What lint says


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
            _line(console, f"vacuity  {done}/{total}")

    status = console.status(f"vacuity  0/{total}") if console.is_terminal else None
    trying = vacuity.Vacuity(runner, place.stage, progress)
    if status is None:
        return await trying.try_all(corpus.scenarios)
    with status:
        return await trying.try_all(corpus.scenarios)


def _told(linted: Linted, more: Sequence[Remark], report: Path | None, console: Console) -> int:
    """Print the remarks, heaviest first, and the sums; return the exit code."""
    corpus = linted.survey
    remarks = sorted([*linted.remarks, *more], key=lambda remark: -remark.weight)
    for remark in remarks:
        mark = remark.weight.name.lower()
        console.print(f"{mark:<8}", style=_COLOUR[remark.weight], end=" ")
        _line(console, f"{remark.kind:<10} {remark.where}: {remark.what}")
        if remark.remedy:
            _line(console, f"{'':<20}next: {remark.remedy}")
    sets = {chosen.value: len(corpus.of_set(chosen)) for chosen in ScenarioSet}
    counted = ", ".join(f"{name} {count}" for name, count in sets.items())
    _line(console, f"{len(corpus.scenarios)} of {corpus.files} files can be read: {counted}")
    _line(console, f"gate: effective n {linted.gate.n_effective:.1f}; {linted.gate.words}")
    heaviest = max((remark.weight for remark in remarks), default=Weight.NOTE)
    if not corpus.files:
        _line(console, f"there is no scenario in {corpus.folder}")
    if report is not None:
        gate = {**asdict(linted.gate), "merges": linted.gate.merges, "words": linted.gate.words}
        body = {
            "corpus": corpus.digest,
            "files": corpus.files,
            "scenarios": len(corpus.scenarios),
            "sets": sets,
            "gate": gate,
            "remarks": [asdict(r) | {"weight": r.weight.name.lower()} for r in remarks],
        }
        _write(report, body)
    return {Weight.NOTE: CLEAN, Weight.FINDING: FINDINGS, Weight.MISTAKE: UNREADABLE}[heaviest]


# What run says


async def _runs(runner: Runner, place: Bench, scenario: Scenario) -> list[Trajectory] | str:
    """Run one scenario as often as it asks for; a text when its values cannot be made."""
    try:
        return [
            await runner.run(place.stage, scenario, base=place.stage)
            for _ in range(scenario.repeats)
        ]
    except (ScenarioError, ExpressionError) as error:
        return f"values cannot be drawn or filled in: {error}"


def _tell_runs(scenario: Scenario, runs: list[Trajectory] | str, console: Console) -> bool:
    """Tell a scenario in one line when it passed, and the first failure in full."""
    passed = not isinstance(runs, str) and all(run.score >= 1 for run in runs)
    console.print("passed " if passed else "FAILED ", style="green" if passed else "red", end="")
    about = f"{scenario.id}  ({scenario.set.value}, {scenario.feature}, {scenario.kind.value})"
    if isinstance(runs, str):
        _line(console, f"{about}\n  {runs}")
        return passed
    scores = " ".join(f"{run.score:.2f}" for run in runs)
    seconds = sum(run.seen.seconds for run in runs)
    _line(console, f"{about}  score {scores}, {seconds:.2f} s")
    first = next((run for run in runs if run.score < 1), None)
    if first is not None:
        for line in told_run(scenario, first):
            _line(console, line)
    return passed


# Choosing


def _readable(folder: Path) -> Survey:
    """Read a corpus of which every file can be read."""
    corpus = survey(folder)
    for remark in corpus.remarks:
        raise ScenarioError(
            f"{remark.where}: {remark.what}", remedy=f"nightshift scenario lint {folder}"
        )
    if not corpus.scenarios:
        raise UsageError(
            f"there is no scenario in {folder}", remedy="nightshift scenario new writes one"
        )
    return corpus


def _selected(corpus: Survey, wanted: Sequence[str]) -> list[Scenario]:
    """Choose scenarios by id, in the order asked for; all of them when none is named."""
    known = {scenario.id: scenario for scenario in corpus.scenarios}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(
            f"there is no scenario {unknown[0]!r} in {corpus.folder}",
            remedy=_near(unknown[0], known),
        )
    return [known[name] for name in wanted] or list(corpus.scenarios)


def _near(name: str, known: dict[str, Scenario]) -> str:
    """Name the id that was probably meant."""
    found = [one for one in known if name in one] or difflib.get_close_matches(name, known, n=1)
    return f"did you mean {found[0]}?" if found else "nightshift scenario stats lists what is there"


def _repeated(scenario: Scenario, repeats: int | None) -> Scenario:
    return scenario if repeats is None else replace(scenario, repeats=repeats)


# Writing


def _say(console: Console) -> Callable[[str], None]:
    return lambda text: _line(console, text)


def _line(console: Console, text: str) -> None:
    """Write one line as it is: what a product said is no markup and is never wrapped."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _write(path: Path, body: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
