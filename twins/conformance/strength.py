"""How much the suite sees: the share of seeded faults that make it fail."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from twins.conformance.ground import TWIN, Ground
from twins.conformance.mutants import OTHER_STATUS, SKIPPED, Mutant, Soil, draw
from twins.conformance.record import Record
from twins.conformance.rows import Row
from twins.conformance.suite import Run, play

# Rows that touch an operation are tried from the most special on; so many are enough.
MOST_ROWS = 40
KINDS_IN_ORDER = ("E", "W")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mutant was noticed, and by what."""

    mutant: Mutant
    noticed_by: str

    @property
    def is_noticed(self) -> bool:
        """Tell whether anything failed."""
        return bool(self.noticed_by)


def measure(run: Run, rows: Sequence[Row], each: int, seed: int = 0) -> list[Verdict]:
    """Try so many mutants of each kind against the rows that could notice them."""
    mutants = draw(_soil(run.record), each, Random(seed))  # repeatable on purpose
    touching = _touching(run)
    return [_tried(one, _choose(one, rows, touching), run.record) for one in mutants]


def _soil(record: Record) -> Soil:
    fields: dict[str, set[str]] = defaultdict(set)
    statuses: dict[str, set[int]] = defaultdict(set)
    for (operation, status), samples in record.samples.items():
        if status not in OTHER_STATUS:
            continue
        statuses[operation].add(status)
        for sample in samples.values():
            items = sample if isinstance(sample, list) else [sample]
            fields[operation] |= {name for one in items if isinstance(one, dict) for name in one}
    return Soil(
        {where: sorted(names) for where, names in fields.items() if names},
        {where: sorted(found) for where, found in statuses.items()},
        sorted(set(record.deliveries) & set(record.scope.events) - {"ping"}),
        {where: sorted(names) for where, names in record.queries.items() if names},
        sorted(record.changing),
    )


def _touching(run: Run) -> dict[str, list[Row]]:
    """Return the rows that have called each operation, those that call least first."""
    found: dict[str, dict[str, tuple[int, Row]]] = defaultdict(dict)
    for one in run.outcomes:
        for operation in one.touched:
            found[operation][one.row.name] = (len(one.touched), one.row)
    return {
        operation: [row for _, row in sorted(rows.values(), key=lambda pair: pair[0])]
        for operation, rows in found.items()
    }


def _choose(mutant: Mutant, rows: Sequence[Row], touching: dict[str, list[Row]]) -> list[Row]:
    """Return rows that could notice; stories and tables are played whole, in their order."""
    if mutant.kind == SKIPPED:
        return [row for row in rows if row.kind == "W"]
    near = touching.get(mutant.where, [])
    chosen = [row for row in near if row.kind == "B"][:MOST_ROWS]
    for kind in KINDS_IN_ORDER:
        if any(row.kind == kind for row in near):
            chosen += [row for row in rows if row.kind == kind]
    return chosen


def _tried(mutant: Mutant, rows: Iterable[Row], healthy: Record) -> Verdict:
    record = Record(healthy.scope, healthy.contract)
    known = {fault.partition(": ")[0] for fault in healthy.faults()}

    def prepare(ground: Ground) -> None:
        if mutant.kind == SKIPPED:
            event = mutant.where.replace(".", "[.]")
            ground.admin("POST", "faults", {"event": event, "deliver": "lost", "count": 0})

    def new_faults() -> list[str]:
        return [one for one in record.faults() if one.partition(": ")[0] not in known]

    module = TWIN if mutant.kind == SKIPPED else mutant.module
    run = play(
        rows,
        (0,),
        record,
        module=module,
        prepare=prepare,
        stop=lambda outcome: outcome.miss is not None or bool(new_faults()),
    )
    missed = [f"{one.row.kind} {one.row.name}" for one in run.misses()]
    return Verdict(mutant, next(iter([*missed, *(f"S {one}" for one in new_faults())]), ""))
