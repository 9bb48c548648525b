"""Euro amounts: Decimal all the way, rounded to the cent once, where an amount is born."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

_AMOUNT = re.compile(r"(\d{1,7}(?:[.,]\d{1,2})?)(?:\s*EUR)?", re.IGNORECASE)


def amount(text: str) -> Decimal:
    """Read an amount a person typed: `12`, `12.5`, `12,50` or `12.50 EUR`."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an amount of money: {text!r}")
    return cents(Decimal(match[1].replace(",", ".")))


def cents(value: Decimal) -> Decimal:
    """Round to the cent, half a cent upwards."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def percent(value: Decimal, rate: Decimal) -> Decimal:
    """Take a percentage of an amount, to the cent."""
    return cents(value * rate / 100)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up; nothing at all is 0.00."""
    return sum(amounts, ZERO)


def show(value: Decimal) -> str:
    """Print an amount with two places and its currency."""
    return f"{value:.2f} EUR"
