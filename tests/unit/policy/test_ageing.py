"""Nothing starves in the queue."""

import pytest

from bot.domain.priority import Priority
from bot.policy.ageing import aged

HOUR = 3600.0


@pytest.mark.parametrize(
    ("priority", "hours", "expected"),
    [
        (Priority.P2, 0, int(Priority.P2)),
        (Priority.P3, 6, int(Priority.P2)),
        (Priority.P3, 18, int(Priority.P0)),
        (Priority.P0, 1000, 1),
    ],
)
def test_waiting_makes_urgent(priority: Priority, hours: float, expected: int) -> None:
    """A band in six hours, and never beyond the most urgent of all."""
    assert expected == aged(priority, hours * HOUR)


def test_a_newcomer_of_a_higher_band_still_goes_first_for_a_while() -> None:
    """Five hours of waiting do not make up for a band."""
    assert aged(Priority.P1, 0) < aged(Priority.P2, 5 * HOUR)
