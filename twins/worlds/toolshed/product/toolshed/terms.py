"""The terms of the shed: how long, how many, how much."""

from datetime import date
from decimal import Decimal

from toolshed import days, money

LENGTHS = {"hand": 10, "power": 5, "garden": 3}
"""Days for which a tool of each category is lent."""
LIMITS = {"regular": 4, "student": 2, "supporter": 8}
"""Tools that each kind of member may have at once."""
RENEWALS = 2
RESERVATIONS = 3
HOLD_DAYS = 3
CREDIT = Decimal("5.00")

LATE_PERCENT = Decimal("0.75")
GRACE = 1
MOST_PERCENT = Decimal("40")
STUDENT_PERCENT = Decimal("50")


def check_category(text: str) -> str:
    """Read a category of tools."""
    name = text.strip().lower()
    if name not in LENGTHS:
        raise ValueError(f"no such category: {text!r}, there are {', '.join(LENGTHS)}")
    return name


def check_kind(text: str) -> str:
    """Read a kind of member."""
    name = text.strip().lower()
    if name not in LIMITS:
        raise ValueError(f"no such kind of member: {text!r}, there are {', '.join(LIMITS)}")
    return name


def due_date(category: str, out: date) -> date:
    """Find the day on which a tool that is lent now has to be back."""
    return days.due_day(out, LENGTHS[category])


def due(category: str, on: str) -> str:
    """Tell from plain texts when a tool has to be back: `due("hand", "2025-03-04")`."""
    return due_date(check_category(category), days.parse(on)).isoformat()


def late_fee(value: Decimal, late: int, kind: str) -> Decimal:
    """Charge a part of the tool's value for every late day after the grace, up to a most."""
    if late <= GRACE:
        return money.ZERO
    fee = min(value * LATE_PERCENT * late, value * MOST_PERCENT) / 100
    if kind == "student":
        fee = fee * STUDENT_PERCENT / 100
    return money.cents(fee)
