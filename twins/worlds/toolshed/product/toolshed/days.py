"""The shed's calendar: on which days it is open, and how days are counted.

The clock of the machine is never asked. The paper slips are entered in the evening, or a week
later, so the day always comes from a person.
"""

from datetime import date, timedelta

SUNDAY, MONDAY = 6, 0
CLOSED_WEEKDAYS = (SUNDAY, MONDAY)
HOLIDAYS = ("01-01", "05-01", "10-03", "12-24", "12-25", "12-26", "12-31")


def parse(text: str) -> date:
    """Read a day as `2025-03-06`."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"not a day: {text!r}, it should look like 2025-03-06") from None


def is_open(day: date) -> bool:
    """Tell whether the shed is open: Tuesday to Saturday, but not on holidays."""
    return day.weekday() not in CLOSED_WEEKDAYS and f"{day:%m-%d}" not in HOLIDAYS


def due_day(out: date, length: int) -> date:
    """Find the day on which something has to be back, a day on which the shed is open."""
    day = out + timedelta(days=length)
    return day if is_open(day) else next_open(day)


def next_open(day: date) -> date:
    """Find the first day after this one on which the shed is open."""
    day = day + timedelta(days=1)
    if not is_open(day):
        day = day + timedelta(days=1)
    return day


def days_late(due: date, back: date) -> int:
    """Count the open days after the due day, the day of coming back included."""
    return sum(is_open(due + timedelta(days=n)) for n in range(1, (back - due).days + 1))
