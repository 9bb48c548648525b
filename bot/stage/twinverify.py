"""`nightshift twin verify`: how close a twin is to the service it plays, and whether it slipped."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bot.errors import ToolMissing, Unavailable

if TYPE_CHECKING:
    from twins.conformance.score import Scorecard

# What a measurement may vary without anything having got worse.
SLACK = 0.005
MEANING = {
    "C": "coverage: declared operations that work",
    "S": "shape: answers and deliveries as described",
    "P": "parity: like recordings of the real service",
    "B": "behaviour: checks with random inputs",
    "E": "errors: refusals with a source",
    "W": "events: steps with exactly their events",
    "K": "clients that reach their goal",
    "M": "strength: seeded faults that were noticed",
}


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to measure, and where to keep it."""

    seeds: int
    mutants: int
    json: Path | None
    write: bool


def verify(options: VerifyOptions, console: Console) -> int:
    """Measure the GitHub twin, print the card; exit 1 when it is below the committed score."""
    if find_spec("jsonschema_rs") is None:
        raise ToolMissing(
            "the validator that judges the twin is not installed",
            means="it comes with what tests and checks need",
            remedy="make setup-dev",
        )
    from twins.conformance.verify import CARD, Options, measure  # noqa: PLC0415  needs jsonschema_rs
    from twins.contract.fetch import FetchFailed  # noqa: PLC0415

    measured = Options(range(options.seeds), options.mutants, console.print)
    try:
        card = measure(measured)
    except FetchFailed as error:
        raise Unavailable(
            f"the material to judge by could not be fetched: {error}",
            remedy="check that npm and pip reach their registries, then run this again",
        ) from error
    _show(card, console)
    text = json.dumps(card.as_json(), indent=2, ensure_ascii=False) + "\n"
    if options.json is not None:
        options.json.write_text(text, encoding="utf-8")
    if options.write:
        CARD.write_text(text, encoding="utf-8")
        return 0
    committed = json.loads(CARD.read_text(encoding="utf-8"))["score"]
    slipped = card.score < committed - SLACK
    console.print(f"committed score {committed:.3f}: {'this is lower' if slipped else 'held'}")
    return int(slipped)


def _show(card: "Scorecard", console: Console) -> None:
    table = Table("", "what", "value", "evidence", "95 % bound", box=None, pad_edge=False)
    for name, one in card.measures.items():
        bound = "" if name in {"K", "M"} else f"{one.bound:.3f}"
        table.add_row(name, MEANING[name], f"{one.value:.3f}", str(one.evidence), bound)
    console.print(table)
    for name, lines in card.holds_down.items():
        for line in lines:
            console.print(f"  {name}: {line}", highlight=False, markup=False)
    console.print(f"score {card.score:.3f}", highlight=False)
