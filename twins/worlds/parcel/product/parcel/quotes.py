"""A parcel, and what it costs to send it."""

from dataclasses import dataclass
from decimal import Decimal

from parcel import money, rates, surcharges, weights, zones
from parcel.weights import Size


@dataclass(frozen=True)
class Parcel:
    """One parcel as the sender describes it."""

    country: str
    weight: Decimal
    size: Size | None = None
    postcode: str = ""
    service: str = "economy"
    declared: Decimal = money.ZERO


@dataclass(frozen=True)
class Quote:
    """A price, line by line; lines that cost nothing are left out, freight never is."""

    zone: int
    service: str
    billable: Decimal
    lines: tuple[tuple[str, Decimal], ...]

    @property
    def total(self) -> Decimal:
        """What the sender pays."""
        return money.total(price for _, price in self.lines)

    def as_dict(self) -> dict[str, object]:
        """Give the quote as plain data, amounts as text with two places."""
        return {
            "zone": self.zone,
            "service": self.service,
            "billable_kg": str(self.billable),
            "lines": {name: f"{price:.2f}" for name, price in self.lines},
            "total": f"{self.total:.2f}",
        }


def price(parcel: Parcel) -> Quote:
    """Work out every line of the price of one parcel."""
    zone = zones.zone_of(parcel.country)
    service = rates.check_service(parcel.service)
    weights.check_limits(parcel.weight, parcel.size)
    billable = weights.billable_weight(parcel.weight, parcel.size, service)
    freight = rates.freight(zone, service, billable)
    extras = [("fuel", surcharges.fuel(freight))]
    if zones.is_remote(parcel.country, parcel.postcode):
        extras.append(("remote area", surcharges.remote(billable)))
    if parcel.size is not None:
        extras.append(("long parcel", surcharges.long_parcel(parcel.size)))
    if zones.needs_customs(parcel.country):
        extras.append(("customs", surcharges.customs()))
    extras.append(("insurance", surcharges.insurance(parcel.declared)))
    lines = [("freight", freight), *((name, cost) for name, cost in extras if cost)]
    return Quote(zone, service, billable, tuple(lines))


def describe(
    country: str,
    weight: str,
    size: str = "",
    postcode: str = "",
    service: str = "economy",
    declared: str = "0",
) -> Parcel:
    """Read a parcel from what a person typed."""
    return Parcel(
        country=country.strip().upper(),
        weight=weights.parse_weight(weight),
        size=weights.parse_size(size) if size.strip() else None,
        postcode=postcode.strip(),
        service=service,
        declared=money.amount(declared or "0"),
    )


def quote(
    country: str,
    weight: str,
    size: str = "",
    postcode: str = "",
    service: str = "economy",
    declared: str = "0",
) -> dict[str, object]:
    """Quote one parcel from plain texts: `quote("FR", "2.3 kg", size="40x30x20")`."""
    return price(describe(country, weight, size, postcode, service, declared)).as_dict()
