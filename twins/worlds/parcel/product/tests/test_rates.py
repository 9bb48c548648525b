"""The tariff."""

from decimal import Decimal

import pytest

from parcel import rates


@pytest.mark.parametrize(
    ("zone", "billable", "price"),
    [(1, "0.5", "4.90"), (1, "1.0", "4.90"), (1, "1.5", "5.25"), (3, "4.0", "17.50")],
)
def test_freight_grows_by_the_half_kilogram(zone: int, billable: str, price: str) -> None:
    assert rates.freight(zone, "economy", Decimal(billable)) == Decimal(price)


def test_express_costs_more() -> None:
    assert rates.freight(2, "express", Decimal(1)) == Decimal("13.86")


def test_an_unknown_service_is_refused() -> None:
    assert rates.check_service(" Express ") == "express"
    with pytest.raises(ValueError, match="no such service"):
        rates.check_service("overnight")
