"""Measuring the hold-out: its rows, and its recordings beside what the twin has answered."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twins.conformance.ground import TWIN
from twins.conformance.holdout import AREAS
from twins.conformance.holdout.tapes import chosen
from twins.conformance.parity import Declared, Parity, mean, nearest
from twins.conformance.record import Record
from twins.conformance.rows import Row
from twins.conformance.scope import Scope
from twins.conformance.score import HoldOut, Measure, share
from twins.conformance.suite import Run, play
from twins.contract.contract import Contract
from twins.contract.fetch import HELD_OUT

FOLDER = Path(__file__).parent
# A likeness below this is named when the hold-out is opened.
WORTH_TELLING = 0.9


@dataclass(frozen=True, slots=True)
class Opened:
    """The counts, and what they keep to themselves: only for who opens the hold-out."""

    counts: HoldOut
    run: Run
    alike: Sequence[Parity]

    def names(self) -> list[str]:
        """Return what failed. Whatever is read here is burned."""
        rows = [
            f"{one.row.kind} {one.row.name} (seed {one.seed}; {one.row.source}): {one.miss}"
            for one in self.run.misses()
        ]
        unlike = {
            f"P {one.operation} {one.exchange.status} ({one.exchange.source}): {one.likeness:.2f}"
            for one in self.alike
            if one.likeness < WORTH_TELLING
        }
        return rows + sorted(unlike)


def measure(
    visible: Sequence[Row],
    seeds: Sequence[int],
    areas: Sequence[Sequence[Row]] = AREAS,
    module: Sequence[str] = TWIN,
) -> Opened:
    """Play the rows; the visible ones go before, once, for recordings to be compared with."""
    record = Record(Scope.load(), Contract.load())
    play(visible, seeds[:1], record, module=module)
    run = Run(record)
    for area in areas:
        run.outcomes += play(area, seeds, record, module=module).outcomes
    declared = Declared(record)
    tapes = chosen(record.contract, declared)
    alike = [one for tape in tapes if (one := nearest(tape, record, declared))]
    measures = {
        "B": share(*run.passed("B")),
        "E": share(*run.passed("E")),
        "P": Measure(*mean(alike)),
    }
    material = {one.name: one.version for one in HELD_OUT}
    return Opened(HoldOut(measures, digest(), material), run, alike)


def digest(folder: Path = FOLDER) -> str:
    """Return one hash over the hold-out's files, so that a card says which rows it measured."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        content = path.read_bytes()
        whole.update(f"{path.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()
