"""Whole quotes."""

import pytest

import parcel


def test_a_plain_parcel_costs_freight_and_fuel() -> None:
    assert parcel.quote("DE", "2 kg") == {
        "zone": 1,
        "service": "economy",
        "billable_kg": "2.0",
        "lines": {"freight": "5.60", "fuel": "0.42"},
        "total": "6.02",
    }


def test_every_surcharge_has_its_line() -> None:
    quote = parcel.quote("GB", "4kg", "125x20x10", "ZE1 0AA", "express", "200")
    assert quote["lines"] == {
        "freight": "50.16",
        "fuel": "3.76",
        "remote area": "9.00",
        "long parcel": "2.20",
        "customs": "6.50",
        "insurance": "3.00",
    }
    assert quote["total"] == "74.62"


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="do not ship"):
        parcel.quote("XX", "1kg")
    with pytest.raises(ValueError, match="too heavy"):
        parcel.quote("DE", "40kg")
