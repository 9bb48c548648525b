"""Manifests."""

from decimal import Decimal

import pytest

from parcel import manifest

HEADER = "reference,country,weight\n"


def test_rows_are_priced_and_added_up() -> None:
    priced = manifest.read(HEADER + "A-1,DE,2kg\nA-2,FR,800g\n")
    assert [row.quote.total for row in priced.rows] == [Decimal("6.02"), Decimal("9.03")]
    assert priced.discount == 0
    assert priced.total == Decimal("15.05")


def test_ten_parcels_earn_a_discount_on_the_freight() -> None:
    priced = manifest.read(HEADER + "".join(f"A-{n},DE,1kg\n" for n in range(10)))
    assert priced.subtotal == Decimal("52.70")
    assert priced.discount == Decimal("2.45")
    assert priced.total == Decimal("50.25")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("reference,weight\nA-1,2kg\n", "no column 'country'"),
        ("reference,country,weight,colour\nA-1,DE,2kg,red\n", "unknown column 'colour'"),
        (HEADER + "A-1,DE,2kg\nA-2,XX,2kg\n", "line 3: we do not ship to XX"),
        (HEADER + ",DE,2kg\n", "line 2: a parcel needs a reference"),
        (HEADER + "A-1,DE,2kg\nA-1,FR,2kg\n", "'A-1' appears twice"),
    ],
)
def test_mistakes_are_reported_where_they_are(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        manifest.read(text)


def test_prices_are_written_as_csv() -> None:
    assert manifest.write(manifest.read(HEADER + "A-1,DE,2kg\n")) == (
        "reference,country,zone,billable_kg,total\nA-1,DE,1,2.0,6.02\n"
    )
