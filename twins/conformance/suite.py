"""Running rows against one twin and keeping what came of it."""

import http.client
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from twins.conformance.ground import TWIN, Ground, ground
from twins.conformance.misses import Miss
from twins.conformance.record import Record
from twins.conformance.rows import Row

# What a broken twin may do to a check that takes an answer apart.
STUMBLES = (
    Miss,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OSError,
    http.client.HTTPException,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row with one seed."""

    row: Row
    seed: int
    miss: str | None
    touched: frozenset[str]


@dataclass(slots=True)
class Run:
    """All outcomes, and the record they left."""

    record: Record
    outcomes: list[Outcome] = field(default_factory=list)

    def passed(self, kind: str) -> tuple[int, int]:
        """Return how many rows of a kind held with every seed, and how many there are."""
        rows: dict[str, bool] = {}
        for one in self.outcomes:
            if one.row.kind == kind:
                rows[one.row.name] = rows.get(one.row.name, True) and one.miss is None
        return sum(rows.values()), len(rows)

    def misses(self) -> list[Outcome]:
        """Return what did not hold."""
        return [one for one in self.outcomes if one.miss is not None]


def play(
    rows: Iterable[Row],
    seeds: Sequence[int],
    record: Record,
    *,
    module: Sequence[str] = TWIN,
    prepare: Callable[[Ground], None] = lambda _: None,
    stop: Callable[[Outcome], bool] = lambda _: False,
) -> Run:
    """Run every row with every seed on one twin that was prepared; `stop` ends it early."""
    run = Run(record)
    with ground(module, record.note) as one:
        one.judge = record.delivery_fault
        prepare(one)
        for seed in seeds:
            one.seed = seed
            for row in rows:
                outcome = _outcome(row, seed, one, record)
                run.outcomes.append(outcome)
                if stop(outcome):
                    return run
        for arrival in one.inbox.arrivals:
            record.arrived(arrival)
    return run


def _outcome(row: Row, seed: int, one: Ground, record: Record) -> Outcome:
    record.touched.clear()
    miss = None
    try:
        row.run(one, Random(f"{row.name}/{seed}"))  # repeatable on purpose
    except STUMBLES as stumble:
        told = str(stumble) if isinstance(stumble, Miss) else repr(stumble)
        miss = told or type(stumble).__name__
    return Outcome(row, seed, miss, frozenset(record.touched))
