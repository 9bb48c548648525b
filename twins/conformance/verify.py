"""One whole measurement of the GitHub twin."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twins.conformance import errors, events, parity, strength
from twins.conformance.behaviour import ROWS
from twins.conformance.clients import CLIENTS, ClientScript
from twins.conformance.clients.stage import staged
from twins.conformance.holdout import AREAS, measurement
from twins.conformance.record import Record
from twins.conformance.rows import Row
from twins.conformance.scope import Scope
from twins.conformance.score import HoldOut, Measure, Scorecard, share
from twins.conformance.suite import Run, play
from twins.contract.contract import Contract
from twins.contract.fetch import EVERYTHING

CARD = Path(__file__).resolve().parents[1] / "scorecards" / "github.json"
SEEDS = (0, 1, 2)
# Faults of each of the five kinds.
MUTANTS = 20
# A shape or a likeness below this is named among what holds the score down.
WORTH_TELLING = 0.9
MOST_TOLD = 12


def all_rows() -> list[Row]:
    """Return every row of the suite."""
    return [*ROWS, *errors.rows(), *events.rows()]


@dataclass(frozen=True, slots=True)
class Options:
    """How thorough a measurement is; fewer seeds or mutants are for trying, not for the card."""

    seeds: Sequence[int] = SEEDS
    mutants: int = MUTANTS
    say: Callable[[str], None] = lambda _: None
    # What is told of the hold-out beyond its counts; by default nothing.
    opened: Callable[[str], None] = lambda _: None
    rows: Sequence[Row] = field(default_factory=all_rows)
    areas: Sequence[Sequence[Row]] = AREAS


def measure_holdout(options: Options) -> HoldOut:
    """Measure what nobody who writes the twin looks at; the names of what fails stay here."""
    options.say("the hold-out")
    found = measurement.measure(options.rows, options.seeds, options.areas)
    for name in found.names():
        options.opened(name)
    return found.counts


def measure(options: Options) -> Scorecard:
    """Measure the eight numbers, and the hold-out's beside them."""
    say, rows = options.say, options.rows
    record = Record(Scope.load(), Contract.load())
    say(f"{len(rows)} rows, {len(options.seeds)} seeds each")
    run = play(rows, options.seeds, record)
    say("recordings")
    alike = parity.compare(record)
    say(f"{len(CLIENTS)} clients")
    failed = {one.name: told for one in CLIENTS if (told := _failure(one))}
    say(f"{options.mutants} mutants of each kind")
    verdicts = strength.measure(run, rows, options.mutants)
    like, groups = parity.mean(alike)
    shape, shapes = _shape(record)
    measures = {
        "C": share(len(_covered(run)), len(record.scope.operations)),
        "S": Measure(shape, shapes),
        "P": Measure(like, groups),
        "B": share(*run.passed("B")),
        "E": share(*run.passed("E")),
        "W": share(*run.passed("W")),
        "K": share(len(CLIENTS) - len(failed), len(CLIENTS)),
        "M": share(sum(one.is_noticed for one in verdicts), len(verdicts)),
    }
    return Scorecard(
        "github",
        measures,
        {
            "C": sorted(set(record.scope.operations) - _covered(run)),
            "S": sorted(record.faults())[:MOST_TOLD],
            "P": _unlike(alike),
            "rows": [f"{one.row.kind} {one.row.name}: {one.miss}" for one in run.misses()],
            "K": [f"{name}: {told}" for name, told in failed.items()],
            "M": [one.mutant.name for one in verdicts if not one.is_noticed],
        },
        {
            "seeds": list(options.seeds),
            "mutants of each kind": options.mutants,
            "recorded exchanges": len(alike),
            "answers judged": sum(one.seen for one in record.answers.values()),
            "deliveries judged": sum(one.seen for one in record.deliveries.values()),
            "material": {one.name: one.version for one in EVERYTHING},
        },
        measure_holdout(options),
    )


def _covered(run: Run) -> set[str]:
    """Return operations that worked, in a row that held, with every answer as described."""
    record = run.record
    held = set().union(*(one.touched for one in run.outcomes if one.miss is None))
    valid = {name for name, tally in record.answers.items() if tally.valid == tally.seen}
    return record.worked & held & valid


def _shape(record: Record) -> tuple[float, int]:
    """Return the share of valid answers and deliveries, averaged per operation and event."""
    tallies = [*record.answers.values(), *record.deliveries.values()]
    shares = [one.valid / one.seen for one in tallies if one.seen]
    return (sum(shares) / len(shares) if shares else 0.0), len(shares)


def _unlike(alike: list[parity.Parity]) -> list[str]:
    worst = sorted(alike, key=lambda one: one.likeness)
    lines = {
        f"{one.operation} {one.exchange.status}: {one.likeness:.2f}"
        for one in worst
        if one.likeness < WORTH_TELLING
    }
    return sorted(lines, key=lambda line: float(line.rpartition(" ")[2]))[:MOST_TOLD]


def _failure(script: ClientScript) -> str:
    """Run one client on a twin of its own; return why it did not reach its goal, or nothing."""
    missing = [tool for tool in script.needs if shutil.which(tool) is None]
    if missing:
        return f"{missing[0]} is not on PATH"
    try:
        with staged() as stage:
            script.run(stage)
    except Exception as error:  # noqa: BLE001  # a client may fail in any way of its own
        return f"{type(error).__name__}: {error}"[:300]
    return ""
