"""The last word of every reviewer counts."""

import pytest

from bot.domain.control import Person, Review
from bot.policy.reviews import objecting

ANN, BEN = Person("ann", 1), Person("ben", 2)


@pytest.mark.parametrize(
    ("words", "stands"),
    [
        ("", ()),
        ("a:CHANGES_REQUESTED", (ANN,)),
        ("a:CHANGES_REQUESTED a:COMMENTED", (ANN,)),
        ("a:CHANGES_REQUESTED a:APPROVED", ()),
        ("a:CHANGES_REQUESTED b:APPROVED", (ANN,)),
        ("a:APPROVED a:CHANGES_REQUESTED b:CHANGES_REQUESTED", (ANN, BEN)),
        ("a:DISMISSED", ()),
    ],
)
def test_who_asked_for_changes_last(words: str, stands: tuple[Person, ...]) -> None:
    """A comment takes nothing back; an approval and a dismissal do."""
    said = [word.split(":") for word in words.split()]
    reviews = [Review(n, ANN if who == "a" else BEN, state) for n, (who, state) in enumerate(said)]
    assert objecting(reversed(reviews)) == stands
