"""`nightshift twin verify`: how close a twin is to the service it plays, and whether it slipped."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bot.errors import ToolMissing, Unavailable

if TYPE_CHECKING:
    from twins.conformance.score import HoldOut, Measure, Scorecard
    from twins.conformance.verify import Options

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
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to measure, and where to keep it."""

    seeds: int
    mutants: int
    json: Path | None
    write: bool
    only_holdout: bool = False
    open_holdout: bool = False


def verify(options: VerifyOptions, console: Console) -> int:
    """Measure the GitHub twin, print the card; exit 1 when it is below the committed scores."""
    if find_spec("jsonschema_rs") is None:
        raise ToolMissing(
            "the validator that judges the twin is not installed",
            means="it comes with what tests and checks need",
            remedy="make setup-dev",
        )
    from twins.conformance.verify import Options  # noqa: PLC0415  needs jsonschema_rs

    opened = opener(options, console)
    what = Options(range(options.seeds), options.mutants, console.print, opened)
    return judge(options, what, console)


def opener(options: VerifyOptions, console: Console) -> Callable[[str], None]:
    """Return what becomes of the names in the hold-out: nothing, unless it is to be opened."""

    def tell(line: str) -> None:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)

    return tell if options.open_holdout else lambda _: None


def judge(options: VerifyOptions, what: "Options", console: Console) -> int:
    """Measure what is asked for, say what came of it, and compare it with the committed card."""
    from twins.conformance.verify import CARD  # noqa: PLC0415
    from twins.contract.fetch import FetchFailed  # noqa: PLC0415

    committed = json.loads(CARD.read_text(encoding="utf-8"))
    try:
        card = _measure(options, what, committed, console)
    except FetchFailed as error:
        raise Unavailable(
            f"the material to judge by could not be fetched: {error}",
            remedy="check that npm and pip reach their registries, then run this again",
        ) from error
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    if options.json is not None:
        options.json.write_text(text, encoding="utf-8")
    if options.write:
        CARD.write_text(text, encoding="utf-8")
        return 0
    fell = slips(committed, card)
    for name in fell:
        console.print(f"the {name} is lower than the committed one")
    return int(bool(fell))


def slips(committed: Json, card: Json) -> list[str]:
    """Return which scores fell below the committed ones."""
    pairs = {
        "score": (committed["score"], card["score"]),
        "hold-out score": (committed.get("holdout", {}).get("score", 0), card["holdout"]["score"]),
    }
    return [name for name, (before, now) in pairs.items() if now < before - SLACK]


def _measure(options: VerifyOptions, what: "Options", committed: Json, console: Console) -> Json:
    from twins.conformance.verify import measure, measure_holdout  # noqa: PLC0415

    if options.only_holdout:
        counts = measure_holdout(what)
        show_holdout(counts, console)
        return {**committed, "holdout": counts.as_json()}
    card = measure(what)
    _show(card, console)
    show_holdout(card.holdout, console)
    return card.as_json()


def _show(card: "Scorecard", console: Console) -> None:
    _table(card.measures, console)
    for name, lines in card.holds_down.items():
        for line in lines:
            console.print(f"  {name}: {line}", highlight=False, markup=False)
    console.print(f"score {card.score:.3f}", highlight=False)


def show_holdout(counts: "HoldOut", console: Console) -> None:
    """Print what came back from the hold-out: counts, and no name."""
    console.print("the hold-out, which whoever writes the twin does not look at")
    _table(counts.measures, console)
    console.print(f"hold-out score {counts.score:.3f}", highlight=False)


def _table(measures: Mapping[str, "Measure"], console: Console) -> None:
    table = Table("", "what", "value", "evidence", "95 % bound", box=None, pad_edge=False)
    for name, one in measures.items():
        bound = "" if name in {"K", "M"} else f"{one.bound:.3f}"
        table.add_row(name, MEANING[name], f"{one.value:.3f}", str(one.evidence), bound)
    console.print(table)
