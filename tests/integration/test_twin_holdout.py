"""The hold-out on a running twin: it is measured, and it keeps its names to itself."""

import io
import json
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from bot.stage.twinverify import VerifyOptions, judge, opener
from twins.conformance.asked import undescribed
from twins.conformance.behaviour import opened
from twins.conformance.ground import Ground
from twins.conformance.holdout import refusals
from twins.conformance.misses import expect
from twins.conformance.rows import Row
from twins.conformance.verify import Options
from twins.contract.contract import Contract
from twins.contract.fetch import HELD_OUT, FetchFailed, ensure

pytestmark = [pytest.mark.integration, pytest.mark.slow]
SECRET = "a fact that the twin denies"
HOPE = "what the twin would have had to say"


def denied(ground: Ground, random: Random) -> None:
    """Expect what no twin answers."""
    expect(HOPE, "yes", ground.plot(random).ok("GET", "")["full_name"])


def granted(ground: Ground, random: Random) -> None:
    """Expect what any twin answers."""
    plot = ground.plot(random)
    expect("name", plot.full_name, plot.ok("GET", "")["full_name"])


@pytest.fixture(name="material", autouse=True)
def _material() -> None:
    """Skip where npm and pip reach nothing."""
    try:
        Contract.load()
        for one in HELD_OUT:
            ensure(one)
    except FetchFailed as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("open_holdout", [False, True])
def test_a_row_that_fails_is_counted_and_not_named(tmp_path: Path, *, open_holdout: bool) -> None:
    """Neither the table nor the card says which row it was, unless the hold-out is opened."""
    told, card = io.StringIO(), tmp_path / "card.json"
    console = Console(file=told, width=300)
    options = VerifyOptions(1, 0, card, write=False, only_holdout=True, open_holdout=open_holdout)
    rows = (Row("B", SECRET, denied, "a page"), Row("B", "another", granted, "a page"))
    refusal = Row("E", "a refusal", granted, "a page")
    what = Options((0,), 0, console.print, opener(options, console), (), (rows, (refusal,)))

    code = judge(options, what, console)

    kept = card.read_text(encoding="utf-8")
    assert code == 1
    assert {"value": 0.5, "evidence": 2} == _counts(kept, "B")
    assert {"value": 1.0, "evidence": 1} == _counts(kept, "E")
    assert open_holdout == (SECRET in told.getvalue())
    assert open_holdout == (HOPE in told.getvalue())
    assert SECRET not in kept
    assert HOPE not in kept


def _counts(card: str, kind: str) -> dict[str, float]:
    found = json.loads(card)["holdout"]["measures"][kind]
    return {name: found[name] for name in ("value", "evidence")}


def test_what_is_cited_from_the_description_stands_there() -> None:
    """A refusal that cites the description has its status in it."""
    assert [] == undescribed(Contract.load(), (*refusals.TABLE, *opened.TABLE))
