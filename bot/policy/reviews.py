"""Who stands in the way of a pull request by a review."""

from collections.abc import Iterable

from bot.domain.control import Person, Review

_WORDS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
"""A mere comment takes nothing back."""


def objecting(reviews: Iterable[Review]) -> tuple[Person, ...]:
    """Return everybody whose last word was to ask for changes."""
    last: dict[int, Review] = {}
    for review in sorted(reviews, key=lambda one: one.id):
        if review.state in _WORDS:
            last[review.by.id] = review
    return tuple(one.by for one in last.values() if one.state == "CHANGES_REQUESTED")
