"""The command line: every call is a program of its own, the journal joins them."""

import json
from pathlib import Path

import pytest

from toolshed.cli import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(line: str) -> int:
    """Run one command."""
    return main(line.split())


def test_a_day_at_the_desk(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        "join Ada --on 2025-03-04",
        "join Bo --kind supporter --on 2025-03-04",
        "add drill power 89.90",
        "lend T1 M1 --on 2025-03-06",
        "reserve T1 M2 --on 2025-03-07",
        "return T1 --on 2025-03-13",
        "pay M1 1.00 --on 2025-03-13",
    ):
        assert run(line) == 0
    assert capsys.readouterr().out.splitlines() == [
        "M1",
        "M2",
        "T1",
        "due 2025-03-11",
        "place 1",
        "fee 1.35",
        "owes 0.35",
    ]
    assert run("tools --on 2025-03-13") == 0
    assert run("account M1") == 0
    assert run("statement M2") == 0
    assert capsys.readouterr().out.splitlines() == [
        "T1   drill               power   kept for M2",
        "M1 Ada (regular)",
        "owes 0.35",
        "nothing",
    ]


def test_lists_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add spade garden 31") == 0
    assert run("tools --on 2025-03-13 --json") == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])[0]["value"] == "31.00"


def test_refusals_and_mistakes_have_their_own_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("join Ada --on 2025-03-04") == 0
    assert run("pay M1 3 --on 2025-03-04") == 1
    assert run("pay M1 three --on 2025-03-04") == 2
    assert capsys.readouterr().err.splitlines() == [
        "toolshed: M1 owes no more than 0.00",
        "toolshed: not an amount of money: 'three'",
    ]
