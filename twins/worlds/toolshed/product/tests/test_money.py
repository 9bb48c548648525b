"""Amounts of money."""

from decimal import Decimal

import pytest

from toolshed import money


@pytest.mark.parametrize("text", ["12.5", "12,50", " 12.50 "])
def test_an_amount_is_read_in_every_common_form(text: str) -> None:
    assert money.amount(text) == Decimal("12.50")


@pytest.mark.parametrize("text", ["", "twelve", "-3", "1.234"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money.amount(text)


def test_half_a_cent_goes_up() -> None:
    assert money.cents(Decimal("0.125")) == Decimal("0.13")
