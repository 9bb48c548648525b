"""Which of our webhooks never arrived: GitHub keeps three days of attempts and repeats none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.policy.intake import ALLOWED

MOST_AT_ONCE = 50
"""Redeliveries per look; the rest is seen by the next one."""
FIRST_GAP_S = 300.0
LONGEST_GAP_S = 6 * 3600.0
"""From the second try on each waits twice as long, up to this: an outage may last a day."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of GitHub to deliver; all attempts of a delivery share the GUID."""

    id: int
    guid: str
    event: str
    action: str
    arrived: bool
    at: float
    """When, in seconds of the epoch."""


def lost(attempts: Iterable[Attempt], now: float) -> tuple[int, ...]:
    """Return one attempt per delivery that never arrived, oldest first: those to ask for again.

    Only of events that we would take in, and not again so soon after they were refused again.
    """
    by_guid: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.action in ALLOWED.get(attempt.event, frozenset()):
            by_guid.setdefault(attempt.guid, []).append(attempt)
    again = sorted(max(one.id for one in of) for of in by_guid.values() if _is_due(of, now))
    return tuple(again[:MOST_AT_ONCE])


def _is_due(of: Sequence[Attempt], now: float) -> bool:
    if any(one.arrived for one in of):
        return False
    repeated = len(of) - 1
    gap = min(FIRST_GAP_S * 2.0 ** (repeated - 1), LONGEST_GAP_S)
    return not repeated or now - max(one.at for one in of) >= gap
