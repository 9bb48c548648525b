"""Countries, customs borders and islands."""

import pytest

from parcel import zones


@pytest.mark.parametrize(
    ("country", "zone"), [("DE", 1), ("fr", 2), ("IT", 3), ("GB", 4), ("JP", 5)]
)
def test_every_country_has_its_zone(country: str, zone: int) -> None:
    assert zones.zone_of(country) == zone


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match="do not ship to XX"):
        zones.zone_of("xx")


def test_customs_begin_outside_the_european_union() -> None:
    assert not zones.needs_customs("IT")
    assert zones.needs_customs("CH")


def test_islands_are_remote() -> None:
    assert zones.is_remote("DE", "27498")
    assert zones.is_remote("GB", "ze1 0aa")
    assert not zones.is_remote("DE", "10115")
    assert not zones.is_remote("AT", "27498")
