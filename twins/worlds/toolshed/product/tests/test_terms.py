"""Terms and fees."""

from decimal import Decimal

import pytest

from toolshed import due, terms


@pytest.mark.parametrize(("category", "day"), [("hand", "2025-03-14"), ("Garden", "2025-03-07")])
def test_every_category_has_its_length(category: str, day: str) -> None:
    assert due(category, "2025-03-04") == day


def test_closed_days_are_skipped() -> None:
    assert due("power", "2025-03-05") == "2025-03-11"
    assert due("power", "2025-04-26") == "2025-05-02"


def test_nothing_is_due_before_its_days_are_over() -> None:
    assert due("power", "2025-03-04") >= "2025-03-09"
    assert due("power", "2026-12-19") >= "2026-12-24"


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no such category: 'laser'"):
        terms.check_category("laser")
    with pytest.raises(ValueError, match="no such kind of member"):
        terms.check_kind("duke")


@pytest.mark.parametrize(
    ("late", "kind", "fee"),
    [
        (0, "regular", "0.00"),
        (1, "regular", "0.00"),
        (2, "regular", "1.35"),
        (2, "student", "0.67"),
        (90, "regular", "35.96"),
        (90, "student", "17.98"),
    ],
)
def test_late_tools_cost_a_part_of_their_value(late: int, kind: str, fee: str) -> None:
    assert terms.late_fee(Decimal("89.90"), late, kind) == Decimal(fee)
