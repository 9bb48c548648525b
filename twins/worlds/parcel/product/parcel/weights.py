"""How heavy a parcel counts: its own weight, its size turned into weight, and half-kilo steps."""

import re
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

STEP = Decimal("0.5")
HEAVIEST = Decimal("31.5")
LONGEST_SIDE = 200
LARGEST_GIRTH = 360
DIVISORS = {"economy": 6000, "express": 5000}

_WEIGHT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(kg|g)?", re.IGNORECASE)
_SIZE = re.compile(r"(\d+)\s*x\s*(\d+)\s*x\s*(\d+)(?:\s*cm)?", re.IGNORECASE)


class Size(NamedTuple):
    """Length, width and height in whole centimetres, longest side first."""

    length: int
    width: int
    height: int

    @property
    def girth(self) -> int:
        """The longest side plus once around the parcel."""
        return self.length + 2 * (self.width + self.height)


def parse_weight(text: str) -> Decimal:
    """Read `2.3 kg`, `2,3kg`, `800 g` or a bare number of kilograms, as kilograms."""
    match = _WEIGHT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a weight: {text!r}")
    value = Decimal(match[1].replace(",", "."))
    if (match[2] or "kg").lower() == "g":
        value = value / 1000
    if value == 0:
        raise ValueError("a parcel weighs more than nothing")
    return value


def parse_size(text: str) -> Size:
    """Read `40x30x20`; the order of the sides does not matter."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a size in whole centimetres: {text!r}")
    sides = sorted((int(side) for side in match.groups()), reverse=True)
    if sides[-1] == 0:
        raise ValueError("every side of a parcel is longer than nothing")
    return Size(*sides)


def dimensional_weight(size: Size, service: str) -> Decimal:
    """Turn the volume into kilograms; express counts bulky parcels as heavier."""
    return Decimal(size.length * size.width * size.height) / DIVISORS[service]


def billable_weight(weight: Decimal, size: Size | None, service: str) -> Decimal:
    """Take the greater of real and dimensional weight, up to the next half kilogram."""
    heavier = weight if size is None else max(weight, dimensional_weight(size, service))
    steps = (heavier / STEP).to_integral_value(rounding=ROUND_CEILING)
    return (steps * STEP).quantize(STEP)


def check_limits(weight: Decimal, size: Size | None) -> None:
    """Refuse what the carrier does not carry."""
    if weight > HEAVIEST:
        raise ValueError(f"too heavy: {weight} kg, the limit is {HEAVIEST} kg")
    if size is not None and size.length > LONGEST_SIDE:
        raise ValueError(f"too long: {size.length} cm, the limit is {LONGEST_SIDE} cm")
    if size is not None and size.girth > LARGEST_GIRTH:
        raise ValueError(f"too bulky: girth {size.girth} cm, the limit is {LARGEST_GIRTH} cm")
