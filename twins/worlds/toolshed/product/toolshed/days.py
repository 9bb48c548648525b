"""The shed's calendar: on which days it is open, and how days are counted.

The clock of the machine is never asked. The paper slips are entered in the evening, or a week
later, so the day always comes from a person.
"""

from datetime import date, timedelta

CLOSED_WEEKDAYS = (6, 0)
"""Sunday and Monday, as `date.weekday` counts."""
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


def later(day: date, count: int) -> date:
    """Count days on from a day, open or not."""
    return day + timedelta(days=count)


def due_day(out: date, length: int) -> date:
    """Find the day on which something has to be back, a day on which the shed is open."""
    day = later(out, length)
    if is_open(day):
        return day
    if is_open(later(day, 1)):
        return later(day, 1)
    return later(day, 2)


def days_late(due: date, back: date) -> int:
    """Count the open days after the due day, the day of coming back included."""
    return sum(is_open(later(due, n)) for n in range(1, (back - due).days + 1))
