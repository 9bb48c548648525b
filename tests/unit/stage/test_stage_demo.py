"""The demo's own strictness."""

from bot.stage.demo import _out_of_order
from bot.stage.stage import SLOTS


def test_what_starts_in_one_moment_is_in_order() -> None:
    """The first ones start together, so nothing follows from who of them is seen first."""
    assert [] == _out_of_order([(9, 3), (5, 1), (3, 2)][:SLOTS])
    assert [] == _out_of_order([(5, 1), (3, 2), (1, 3), (2, 4), (4, 4)])


def test_the_order_of_filing_is_not_the_order_of_work() -> None:
    """The most urgent one was filed last and has to overtake."""
    filed = [(1, 3), (2, 4), (3, 2), (4, 4), (5, 1)]
    assert ["#5 is more urgent than #1, but was started after it"] == [
        told for told in _out_of_order(filed) if "#1," in told
    ]
