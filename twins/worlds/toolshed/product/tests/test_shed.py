"""What happens at the desk."""

import pytest

from toolshed.shed import Refused, Shed, Unknown


@pytest.fixture
def shed() -> Shed:
    """Open a shed with three members and three tools."""
    shed = Shed()
    for name in ("Ada", "Bo", "Cem"):
        shed.join(name, "2025-03-04")
    shed.add("hand saw", "hand", "24")
    shed.add("drill", "power", "89.90")
    shed.add("spade", "garden", "31")
    return shed


def test_a_tool_is_lent_and_comes_back(shed: Shed) -> None:
    loan = shed.lend("t1", "m1", "2025-03-04")
    assert loan == {"tool": "T1", "member": "M1", "on": "2025-03-04", "due": "2025-03-14"}
    with pytest.raises(Refused, match="T1 is out until 2025-03-14"):
        shed.lend("T1", "M2", "2025-03-05")
    assert shed.give_back("T1", "2025-03-12") == "0.00"
    assert shed.lend("T1", "M2", "2025-03-12")["member"] == "M2"


def test_nothing_is_lent_on_a_closed_day(shed: Shed) -> None:
    with pytest.raises(Refused, match="closed on 2025-03-03"):
        shed.lend("T1", "M1", "2025-03-03")


def test_what_does_not_exist_is_unknown(shed: Shed) -> None:
    with pytest.raises(Unknown, match="no tool T9"):
        shed.lend("T9", "M1", "2025-03-04")
    with pytest.raises(Unknown, match="no member M9"):
        shed.lend("T1", "M9", "2025-03-04")


def test_a_student_has_two_tools_at_most(shed: Shed) -> None:
    student = shed.join("Dee", "2025-03-04", "student")
    shed.lend("T1", student, "2025-03-04")
    shed.lend("T2", student, "2025-03-06")
    with pytest.raises(Refused, match="has 2 tools already"):
        shed.lend("T3", student, "2025-03-06")


def test_a_loan_is_renewed_twice(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-05")
    assert shed.renew("T1", "2025-03-07") == "2025-03-25"
    assert shed.renew("T1", "2025-03-08") == "2025-04-04"
    with pytest.raises(Refused, match="2 times already"):
        shed.renew("T1", "2025-03-08")


def test_what_somebody_waits_for_is_not_renewed(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-05")
    shed.reserve("T1", "M2", "2025-03-05")
    with pytest.raises(Refused, match="somebody waits"):
        shed.renew("T1", "2025-03-07")
    shed.cancel("T1", "M2")
    assert shed.renew("T1", "2025-03-15") == "2025-03-25"


def test_an_overdue_tool_is_not_renewed(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-04")
    with pytest.raises(Refused, match="was due on 2025-03-14"):
        shed.renew("T1", "2025-03-15")


def test_a_late_tool_costs_a_fee(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-04")
    assert shed.give_back("T1", "2025-03-19") == "0.54"
    assert str(shed.member("M1").owes) == "0.54"


def test_a_reserved_tool_is_kept(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-04")
    assert shed.reserve("T1", "M2", "2025-03-05") == 1
    assert shed.reserve("T1", "M3", "2025-03-06") == 2
    shed.give_back("T1", "2025-03-11")
    with pytest.raises(Refused, match="kept for M2"):
        shed.lend("T1", "M1", "2025-03-13")
    with pytest.raises(Refused, match="kept for M3"):
        shed.lend("T1", "M2", "2025-03-14")
    assert shed.lend("T1", "M3", "2025-03-14")["member"] == "M3"
    assert shed.queue("T1") == ["M2"]


def test_who_owes_too_much_pays_first(shed: Shed) -> None:
    assert shed.charge("M1", "7.50", "new blade", "2025-03-04") == "7.50"
    with pytest.raises(Refused, match=r"owes 7\.50"):
        shed.lend("T1", "M1", "2025-03-04")
    with pytest.raises(Refused, match=r"no more than 7\.50"):
        shed.pay("M1", "7.51", "2025-03-04")
    assert shed.pay("M1", "4", "2025-03-04") == "3.50"
    shed.lend("T1", "M1", "2025-03-04")


def test_nonsense_is_refused(shed: Shed) -> None:
    shed.lend("T1", "M1", "2025-03-04")
    with pytest.raises(Refused, match="M1 has T1 already"):
        shed.reserve("T1", "M1", "2025-03-05")
    with pytest.raises(Refused, match="T2 is not out"):
        shed.give_back("T2", "2025-03-05")
    with pytest.raises(Refused, match="after 2025-03-01"):
        shed.give_back("T1", "2025-03-01")
    with pytest.raises(ValueError, match="more than nothing"):
        shed.pay("M1", "0", "2025-03-05")
    with pytest.raises(ValueError, match="more than nothing"):
        shed.join("  ", "2025-03-05")
