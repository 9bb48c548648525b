"""Weights and sizes."""

from decimal import Decimal

import pytest

from parcel import weights
from parcel.weights import Size


@pytest.mark.parametrize("text", ["0.8", "0,8 kg", "800g", "800 G"])
def test_a_weight_is_read_in_every_common_form(text: str) -> None:
    assert weights.parse_weight(text) == Decimal("0.8")


@pytest.mark.parametrize("text", ["heavy", "2 lb", "0", "-1"])
def test_what_is_no_weight_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="weigh"):
        weights.parse_weight(text)


def test_sides_are_sorted_longest_first() -> None:
    assert weights.parse_size("10x40x20 cm") == Size(40, 20, 10)


@pytest.mark.parametrize(("weight", "billable"), [("0.3", "0.5"), ("2.1", "2.5"), ("10", "10.0")])
def test_weight_counts_in_half_kilograms(weight: str, billable: str) -> None:
    assert str(weights.billable_weight(Decimal(weight), None, "economy")) == billable


def test_a_bulky_parcel_counts_by_its_size() -> None:
    size = Size(60, 40, 30)
    assert weights.billable_weight(Decimal(3), size, "economy") == Decimal("12.0")
    assert weights.billable_weight(Decimal(3), size, "express") == Decimal("14.5")


@pytest.mark.parametrize(
    ("weight", "size", "what"),
    [("31.6", None, "heavy"), ("5", Size(201, 10, 10), "long"), ("5", Size(150, 60, 50), "bulky")],
)
def test_limits_of_the_carrier_hold(weight: str, size: Size | None, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        weights.check_limits(Decimal(weight), size)
    weights.check_limits(Decimal("31.5"), Size(150, 60, 45))
