"""The GitHub twin against GitHub's published contract, refusal by refusal and event by event."""

import json
import re

import pytest
from rich.console import Console

from bot.stage.twinverify import SLACK
from twins.conformance import errors, events
from twins.conformance.record import Record
from twins.conformance.scope import Scope
from twins.conformance.suite import play
from twins.conformance.verify import CARD, Options, measure
from twins.contract.contract import Contract, operation_of
from twins.contract.fetch import FIXTURES, PYGITHUB, ensure

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", name="contract")
def _contract() -> Contract:
    return Contract.load()


def test_every_refusal_has_a_source_that_says_so(contract: Contract) -> None:
    """A line that cites the description or a recording cites one that exists."""
    scope = Scope.load()
    unfounded = [line.name for line in errors.TABLE if not _is_founded(line, contract, scope)]

    assert [] == unfounded


def _is_founded(line: errors.Refusal, contract: Contract, scope: Scope) -> bool:
    kind, _, name = line.source.partition(" ")
    if kind == "PyGithub":
        return (ensure(PYGITHUB) / "tests" / "ReplayData" / name).is_file()
    if kind == "fixtures":
        return (ensure(FIXTURES) / "scenarios" / "api.github.com" / name).is_dir()
    if kind != errors.OPENAPI:
        return kind.startswith("docs.github.com/")
    path = re.sub(r"\{[a-z_]+\}", "1", line.path.partition("?")[0])
    full = path if path.startswith("/") else f"/repos/o/r/{path}".rstrip("/")
    operation = operation_of(scope.operations, line.method, full)
    return operation is not None and contract.describes(operation, line.status)


def test_refusals_and_events_hold(contract: Contract) -> None:
    """Every bad input is refused as it should be; every step has exactly its events."""
    record = Record(Scope.load(), contract)
    run = play([*errors.rows(), *events.rows()], (0,), record)

    assert [] == [f"{one.row.name}: {one.miss}" for one in run.misses()]


@pytest.mark.slow
def test_the_score_does_not_drop() -> None:
    """Whatever changes, the twin stays as close to GitHub as the committed card says."""
    committed = json.loads(CARD.read_text(encoding="utf-8"))
    card = measure(Options(say=Console(stderr=True).print))

    assert card.score >= committed["score"] - SLACK, card.holds_down
