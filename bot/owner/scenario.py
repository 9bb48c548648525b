"""`nightshift scenario` new, show, stats and lint: what reading a corpus tells."""

import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.domain.mission import Gate
from bot.errors import ScenarioError
from bot.owner.choice import readable, selected
from bot.owner.memory import opened
from bot.owner.paper import save, write
from bot.validator.burns import Burns
from bot.validator.desk.lint import Linted, lint
from bot.validator.desk.remark import Remark, Weight
from bot.validator.desk.skeleton import write_skeleton
from bot.validator.desk.spending import told_spending
from bot.validator.desk.stats import rows
from bot.validator.desk.survey import survey
from bot.validator.desk.telling import told_scenario
from bot.validator.functions import ExpressionError
from bot.validator.loader import corpora
from bot.validator.proposal import proposals
from bot.validator.scenario import Kind, ScenarioSet
from bot.validator.variables import draw

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
_COLOUR = {Weight.NOTE: "dim", Weight.FINDING: "yellow", Weight.MISTAKE: "red"}


def new(folder: Path, name: str, kind: Kind, chosen: ScenarioSet, feature: str) -> int:
    """Write a skeleton and say where it is."""
    path = write_skeleton(folder, name, kind, chosen, feature)
    sys.stdout.write(f"{path}\n")
    return CLEAN


def show(folder: Path, name: str, console: Console) -> int:
    """Render one scenario with values drawn just now."""
    scenario = selected(readable(folder), [name])[0]
    try:
        names = draw(scenario.setup, random.SystemRandom())
        lines = list(told_scenario(scenario, names))
    except ExpressionError as error:
        raise ScenarioError(f"{scenario.file}: values cannot be drawn: {error}") from None
    for line in lines:
        write(console, line)
    return CLEAN


def stats(folder: Path, state: Path | None, report: Path | None, console: Console) -> int:
    """Print what a corpus consists of; with a validator's state, also what was spent of it."""
    corpus = readable(folder)
    ledger = None if state is None else opened(state)
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
    write(console, f"corpus {corpus.digest}, {len(corpus.scenarios)} scenarios")
    body: dict[str, object] = {"corpus": corpus.digest, "rows": [asdict(row) for row in listed]}
    if ledger is not None:
        name = folder.resolve().name
        spending = [one for one in ledger.spending() if name in corpora(one.repo)]
        burnt = Burns(ledger.path).of(name)
        for line in told_spending(spending, ledger.budget, burnt):
            write(console, line)
        drafts = [str(path) for path in proposals(state, name)] if state else []
        for draft in drafts:
            write(console, f"proposal {draft}: complete it and move it into the corpus")
        body |= {
            "proposals": drafts,
            "spending": [asdict(one) for one in spending],
            "burnt": sorted(burnt.ids),
        }
    if report is not None:
        save(report, body)
    return CLEAN


def check(folder: Path, state: Path | None, report: Path | None, console: Console) -> int:
    """Lint a corpus by reading it; return the exit code."""
    linted = lint(survey(folder), Gate().threshold)
    return tell(linted, waiting(folder, state), report, console)


def waiting(folder: Path, state: Path | None) -> list[Remark]:
    """Remark on the drafts that a validator has written for a corpus."""
    drafts = proposals(state, folder.resolve().name) if state else ()
    what = "something landed was wrong: a draft of a scenario waits for a person"
    remedy = "complete its steps and checks, and move it into the corpus"
    return [Remark(Weight.NOTE, "proposal", str(path), what, remedy) for path in drafts]


def tell(linted: Linted, more: Sequence[Remark], report: Path | None, console: Console) -> int:
    """Print the remarks, heaviest first, and the sums; return the exit code."""
    corpus = linted.survey
    remarks = sorted([*linted.remarks, *more], key=lambda remark: -remark.weight)
    for remark in remarks:
        mark = remark.weight.name.lower()
        console.print(f"{mark:<8}", style=_COLOUR[remark.weight], end=" ")
        write(console, f"{remark.kind:<10} {remark.where}: {remark.what}")
        if remark.remedy:
            write(console, f"{'':<20}next: {remark.remedy}")
    sets = {chosen.value: len(corpus.of_set(chosen)) for chosen in ScenarioSet}
    counted = ", ".join(f"{name} {count}" for name, count in sets.items())
    write(console, f"{len(corpus.scenarios)} of {corpus.files} files can be read: {counted}")
    write(console, f"gate: effective n {linted.gate.n_effective:.1f}; {linted.gate.words}")
    heaviest = max((remark.weight for remark in remarks), default=Weight.NOTE)
    if not corpus.files:
        write(console, f"there is no scenario in {corpus.folder}")
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
        save(report, body)
    return {Weight.NOTE: CLEAN, Weight.FINDING: FINDINGS, Weight.MISTAKE: UNREADABLE}[heaviest]
