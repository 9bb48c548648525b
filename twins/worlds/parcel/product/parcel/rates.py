"""The tariff: what carrying a billable weight into a zone costs before any surcharge."""

from decimal import Decimal

from parcel import money

SERVICES = ("economy", "express")
FIRST_KILO = {
    1: Decimal("4.90"),
    2: Decimal("8.40"),
    3: Decimal("10.60"),
    4: Decimal("15.20"),
    5: Decimal("24.80"),
}
HALF_KILO = {
    1: Decimal("0.35"),
    2: Decimal("0.80"),
    3: Decimal("1.15"),
    4: Decimal("1.90"),
    5: Decimal("4.25"),
}
EXPRESS_PERCENT = Decimal("165")


def check_service(service: str) -> str:
    """Give the service's own name, or refuse one that does not exist."""
    name = service.strip().lower()
    if name not in SERVICES:
        raise ValueError(f"no such service: {service!r} (there are {', '.join(SERVICES)})")
    return name


def freight(zone: int, service: str, billable: Decimal) -> Decimal:
    """Price the first kilogram, then every further half kilogram; express costs more."""
    further = max(billable - 1, Decimal(0)) * 2
    price = FIRST_KILO[zone] + HALF_KILO[zone] * further
    if service == "express":
        return money.percent(price, EXPRESS_PERCENT)
    return money.cents(price)
