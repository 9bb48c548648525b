"""The calendar."""

from datetime import date

import pytest

from toolshed import days


def test_a_day_is_read() -> None:
    assert days.parse(" 2025-03-06 ") == date(2025, 3, 6)
    with pytest.raises(ValueError, match="not a day: 'tomorrow'"):
        days.parse("tomorrow")


@pytest.mark.parametrize("day", ["2025-03-02", "2025-03-03", "2025-05-01", "2025-12-24"])
def test_the_shed_is_closed(day: str) -> None:
    assert not days.is_open(days.parse(day))


@pytest.mark.parametrize("day", ["2025-03-04", "2025-03-08", "2025-05-02", "2025-12-27"])
def test_the_shed_is_open(day: str) -> None:
    assert days.is_open(days.parse(day))


@pytest.mark.parametrize(
    ("out", "length", "due"),
    [("2025-03-04", 10, "2025-03-14"), ("2025-03-06", 5, "2025-03-11")],
)
def test_a_tool_is_due_some_days_later(out: str, length: int, due: str) -> None:
    assert days.due_day(days.parse(out), length) == days.parse(due)


@pytest.mark.parametrize(
    ("due", "back", "late"),
    [
        ("2025-03-14", "2025-03-14", 0),
        ("2025-03-14", "2025-03-11", 0),
        ("2025-03-14", "2025-03-15", 1),
        ("2025-03-14", "2025-03-18", 2),
    ],
)
def test_only_open_days_are_late(due: str, back: str, late: int) -> None:
    assert days.days_late(days.parse(due), days.parse(back)) == late
