"""Surcharges."""

from decimal import Decimal

import pytest

from parcel import surcharges
from parcel.weights import Size


def test_fuel_is_a_share_of_the_freight() -> None:
    assert surcharges.fuel(Decimal("10.60")) == Decimal("0.80")


def test_islands_cost_by_weight_with_a_minimum() -> None:
    assert surcharges.remote(Decimal(2)) == Decimal("9.00")
    assert surcharges.remote(Decimal(20)) == Decimal("12.00")


@pytest.mark.parametrize(
    ("length", "price"), [(120, "0"), (121, "2.20"), (130, "2.20"), (131, "4.40")]
)
def test_long_parcels_cost_by_started_ten_centimetres(length: int, price: str) -> None:
    assert surcharges.long_parcel(Size(length, 20, 20)) == Decimal(price)


def test_a_small_value_is_covered_for_free() -> None:
    assert surcharges.insurance(Decimal(0)) == 0
    assert surcharges.insurance(Decimal(40)) == 0


def test_a_declared_value_is_insured() -> None:
    assert surcharges.insurance(Decimal(200)) == Decimal("3.00")
