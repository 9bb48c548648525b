"""Which of our webhooks never arrived: GitHub keeps three days of attempts and repeats none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.policy.intake import ALLOWED

MOST_AT_ONCE = 50
"""Redeliveries per look; the rest is seen by the next one."""
MOST_ATTEMPTS = 5
"""What was refused so often will be refused again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of GitHub to deliver; all attempts of a delivery share the GUID."""

    id: int
    guid: str
    event: str
    action: str
    arrived: bool


def lost(attempts: Iterable[Attempt]) -> tuple[int, ...]:
    """Return one attempt per delivery that never arrived, oldest first: those to ask for again.

    Only of events that we would take in.
    """
    by_guid: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.action in ALLOWED.get(attempt.event, frozenset()):
            by_guid.setdefault(attempt.guid, []).append(attempt)
    again = sorted(max(one.id for one in of) for of in by_guid.values() if _worth_it(of))
    return tuple(again[:MOST_AT_ONCE])


def _worth_it(of: Sequence[Attempt]) -> bool:
    return len(of) < MOST_ATTEMPTS and not any(one.arrived for one in of)
