"""Nothing starves: what waits grows more urgent, a band of priority every six hours."""

from bot.domain.priority import Priority

_BAND = int(Priority.P1) - int(Priority.P0)
_BAND_S = 6 * 3600.0
_MOST_URGENT = 1


def aged(priority: Priority, waited_s: float) -> int:
    """Return the place in the queue; lower starts first."""
    return max(_MOST_URGENT, int(priority) - int(waited_s / _BAND_S * _BAND))
