"""Deliveries that never arrived are asked for again, each once, and not for ever."""

import pytest

from bot.policy.lost import LONGEST_GAP_S, MOST_AT_ONCE, Attempt
from bot.policy.lost import lost as lost_at

NOW = 1_800_000_000.0


def attempt(
    number: int,
    guid: str,
    *,
    arrived: bool = False,
    event: str = "issues",
    action: str = "opened",
    ago_s: float = 1e6,
) -> Attempt:
    """Make one line of GitHub's delivery log."""
    return Attempt(number, guid, event, action, arrived, NOW - ago_s)


def lost(attempts: list[Attempt]) -> tuple[int, ...]:
    """Look for what is lost now."""
    return lost_at(attempts, NOW)


def test_only_what_no_attempt_has_brought() -> None:
    """Attempts of one delivery share the GUID; the newest of them is repeated."""
    log = [
        attempt(9, "a"),
        attempt(8, "b", arrived=True),
        attempt(7, "a"),
        attempt(6, "b"),
        attempt(5, "c"),
    ]

    assert (5, 9) == lost(log)


def test_events_that_we_would_not_take_stay_lost() -> None:
    """They would be answered with 204, and asked for by the next look again."""
    assert () == lost(
        [attempt(1, "a", event="star", action="created"), attempt(2, "b", action="pinned")]
    )


@pytest.mark.parametrize(("tries", "minutes"), [(2, 5), (3, 10), (4, 20), (9, 360), (14, 360)])
def test_what_is_refused_again_waits_twice_as_long(tries: int, minutes: int) -> None:
    """A tunnel that is down for a day makes no storm, and what it missed is not given up."""
    for ago_s, due in ((minutes * 60 - 1, False), (minutes * 60, True)):
        log = [attempt(number, "a", ago_s=ago_s + 60 * (tries - number)) for number in range(tries)]
        newest = attempt(tries - 1, "a", ago_s=ago_s)
        assert bool(lost([*log[:-1], newest])) is due


def test_the_first_failure_is_asked_for_at_once() -> None:
    """Nearly always it was a restart of ours, and that is over."""
    assert (1,) == lost([attempt(1, "a", ago_s=0)])
    assert LONGEST_GAP_S < 3 * 86_400, "GitHub forgets after three days"


def test_an_outage_of_a_day_is_made_up_for_in_portions() -> None:
    """The oldest first; the next look takes the rest."""
    log = [attempt(number, f"{number}") for number in range(200, 0, -1)]

    assert tuple(range(1, MOST_AT_ONCE + 1)) == lost(log)
