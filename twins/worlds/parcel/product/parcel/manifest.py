"""A manifest: many parcels in one CSV file, priced together."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from parcel import money, quotes
from parcel.quotes import Parcel, Quote

COLUMNS = ("reference", "country", "postcode", "service", "weight", "size", "declared")
REQUIRED = ("reference", "country", "weight")
DISCOUNT_FROM = 10
DISCOUNT_PERCENT = Decimal("5")


@dataclass(frozen=True)
class Row:
    """One line of a manifest."""

    reference: str
    parcel: Parcel
    quote: Quote


@dataclass(frozen=True)
class Manifest:
    """A priced manifest."""

    rows: tuple[Row, ...]

    @property
    def subtotal(self) -> Decimal:
        """The sum of all quotes."""
        return money.total(row.quote.total for row in self.rows)

    @property
    def discount(self) -> Decimal:
        """Five percent off the freight, from ten parcels on."""
        if len(self.rows) < DISCOUNT_FROM:
            return money.ZERO
        freight = money.total(row.quote.lines[0][1] for row in self.rows)
        return money.percent(freight, DISCOUNT_PERCENT)

    @property
    def total(self) -> Decimal:
        """What the sender pays."""
        return self.subtotal - self.discount


def read(text: str) -> Manifest:
    """Read and price a manifest; a mistake is reported with its line number."""
    reader = csv.DictReader(io.StringIO(text))
    header = [name.strip().lower() for name in reader.fieldnames or ()]
    for name in REQUIRED:
        if name not in header:
            raise ValueError(f"the manifest has no column {name!r}")
    for name in header:
        if name not in COLUMNS:
            raise ValueError(f"the manifest has an unknown column {name!r}")
    reader.fieldnames = header
    rows: list[Row] = []
    for record in reader:
        try:
            rows.append(_row(record))
        except ValueError as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None
    _refuse_repeats(row.reference for row in rows)
    return Manifest(tuple(rows))


def _row(record: dict[str, str | None]) -> Row:
    """Price one record; absent cells fall back to the parcel's own defaults."""
    cells = {name: (record.get(name) or "").strip() for name in COLUMNS}
    reference = cells.pop("reference")
    if not reference:
        raise ValueError("a parcel needs a reference")
    cells["service"] = cells["service"] or "economy"
    parcel = quotes.describe(**cells)
    return Row(reference, parcel, quotes.price(parcel))


def _refuse_repeats(references: Iterable[str]) -> None:
    """Refuse a reference that names two parcels."""
    seen: set[str] = set()
    for reference in references:
        if reference in seen:
            raise ValueError(f"reference {reference!r} appears twice")
        seen.add(reference)


def write(manifest: Manifest) -> str:
    """Write a priced manifest as CSV: reference, zone, billable weight and total of every row."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("reference", "country", "zone", "billable_kg", "total"))
    for row in manifest.rows:
        quote = row.quote
        country = row.parcel.country
        writer.writerow((row.reference, country, quote.zone, quote.billable, f"{quote.total:.2f}"))
    return target.getvalue()
