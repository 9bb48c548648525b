"""What comes on top of the freight. Each function gives one line of the quote, 0.00 for none."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from parcel import money
from parcel.weights import Size

FUEL_PERCENT = Decimal("7.5")

REMOTE_PER_KILO = Decimal("0.60")
REMOTE_AT_LEAST = Decimal("9.00")

LONG_SIDE = Decimal("120")
LONG_STEP = Decimal("10")
LONG_PER_STEP = Decimal("2.20")

CUSTOMS_FEE = Decimal("6.50")

INCLUDED_COVER = Decimal("40.00")
COVER_STEP = Decimal("100.00")
COVER_PER_STEP = Decimal("1.50")


def fuel(freight: Decimal) -> Decimal:
    """Charge the fuel surcharge, a percentage of the freight."""
    return money.percent(freight, FUEL_PERCENT)


def remote(billable: Decimal) -> Decimal:
    """Charge a delivery to an island: by billable weight, with a minimum."""
    return money.cents(max(REMOTE_PER_KILO * billable, REMOTE_AT_LEAST))


def long_parcel(size: Size) -> Decimal:
    """Charge a long parcel for every started 10 cm above 120 cm."""
    above = size.length - LONG_SIDE
    if above <= 0:
        return money.ZERO
    steps = (above / LONG_STEP).to_integral_value(rounding=ROUND_CEILING)
    return money.cents(steps * LONG_PER_STEP)


def customs() -> Decimal:
    """Charge the paperwork at a customs border."""
    return CUSTOMS_FEE


def insurance(declared: Decimal) -> Decimal:
    """Charge cover for every started 100.00 of declared value above the included cover."""
    if declared <= INCLUDED_COVER:
        return money.ZERO
    above = declared - INCLUDED_COVER
    steps = (above / COVER_STEP).to_integral_value(rounding=ROUND_HALF_UP)
    return money.cents(steps * COVER_PER_STEP)
