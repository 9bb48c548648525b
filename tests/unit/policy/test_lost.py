"""Deliveries that never arrived are asked for again, each once, and not for ever."""

from bot.policy.lost import MOST_AT_ONCE, Attempt, lost


def attempt(
    number: int, guid: str, *, arrived: bool = False, event: str = "issues", action: str = "opened"
) -> Attempt:
    """Make one line of GitHub's delivery log."""
    return Attempt(number, guid, event, action, arrived)


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


def test_what_is_refused_again_and_again_is_left_alone() -> None:
    """Five attempts are enough."""
    assert () == lost([attempt(number, "a") for number in range(5)])
    assert (3,) == lost([attempt(number, "a") for number in range(4)])


def test_an_outage_of_a_day_is_made_up_for_in_portions() -> None:
    """The oldest first; the next look takes the rest."""
    log = [attempt(number, f"{number}") for number in range(200, 0, -1)]

    assert tuple(range(1, MOST_AT_ONCE + 1)) == lost(log)
