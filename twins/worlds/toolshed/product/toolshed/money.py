"""Euro amounts: Decimal all the way, rounded to the cent once, where an amount is born."""

import re
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

_AMOUNT = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?")


def amount(text: str) -> Decimal:
    """Read an amount a person typed: `12`, `12.5` or `12,50`."""
    if _AMOUNT.fullmatch(text.strip()) is None:
        raise ValueError(f"not an amount of money: {text!r}")
    return cents(Decimal(text.strip().replace(",", ".")))


def cents(value: Decimal) -> Decimal:
    """Round to the cent, half a cent upwards."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
