"""Lists and accounts."""

import pytest

from toolshed import reports
from toolshed.shed import Shed


@pytest.fixture
def shed() -> Shed:
    """Open a shed with two loans."""
    shed = Shed()
    ada = shed.join("Ada", "2025-03-04")
    shed.add("hand saw", "hand", "24")
    shed.add("drill", "power", "89.90")
    shed.add("spade", "garden", "31")
    shed.lend("T1", ada, "2025-03-04")
    shed.lend("T2", ada, "2025-03-06")
    return shed


def test_the_inventory_says_where_tools_are(shed: Shed) -> None:
    rows = reports.inventory(shed, "2025-03-12")
    assert [row["status"] for row in rows] == [
        "out until 2025-03-14",
        "overdue since 2025-03-11",
        "in",
    ]
    assert [row["tool"] for row in reports.inventory(shed, "2025-03-12", "garden")] == ["T3"]


def test_an_account_lists_what_a_member_has(shed: Shed) -> None:
    assert reports.account(shed, "m1") == {
        "member": "M1",
        "name": "Ada",
        "kind": "regular",
        "loans": [{"tool": "T2", "due": "2025-03-11"}, {"tool": "T1", "due": "2025-03-14"}],
        "free": 2,
        "waits": [],
        "owes": "0.00",
    }


def test_a_statement_adds_up(shed: Shed) -> None:
    shed.give_back("T2", "2025-03-13")
    shed.pay("M1", "1.00", "2025-03-14")
    assert [(row["amount"], row["balance"]) for row in reports.statement(shed, "M1")] == [
        ("1.35", "1.35"),
        ("-1.00", "0.35"),
    ]


def test_the_longest_overdue_comes_first(shed: Shed) -> None:
    rows = reports.overdue(shed, "2025-03-19")
    assert [(row["tool"], row["late"], row["fee"]) for row in rows] == [
        ("T2", 6, "4.05"),
        ("T1", 3, "0.54"),
    ]
