"""Comparison on plain JSON values, outside the box, strict about types."""

import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.validator.functions import ExpressionError, number


def same(expected: Any, actual: Any) -> bool:
    """Whether two JSON values are equal in type and value: True is not 1, and 1 is not 1.0."""
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, dict):
        return expected.keys() == actual.keys() and all(
            same(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return bool(expected == actual)


def same_number(expected: Any, actual: Any, tolerance: Decimal = Decimal(0)) -> bool:
    """Compare numbers, numeric texts and {"$decimal": text} by value, the rest strictly."""
    left, right = _number(expected), _number(actual)
    if left is not None and right is not None:
        return abs(left - right) <= tolerance
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            same_number(a, b, tolerance) for a, b in zip(expected, actual, strict=True)
        )
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(
            same_number(value, actual[key], tolerance) for key, value in expected.items()
        )
    return same(expected, actual)


def contains(expected: Any, actual: Any, *, numeric: bool = False) -> bool:
    """Whether every key and item of the expected value stands in the actual one."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(
            key in actual and contains(value, actual[key], numeric=numeric)
            for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            contains(a, b, numeric=numeric) for a, b in zip(expected, actual, strict=True)
        )
    return same_number(expected, actual) if numeric else same(expected, actual)


def in_order(values: list[Any], *, descending: bool = False, numeric: bool = False) -> bool:
    """Whether a list is sorted; mixed kinds never are."""
    try:
        keys = [number(value) for value in values] if numeric else values
        pairs = list(itertools.pairwise(keys))
        if not numeric and any(type(a) is not type(b) for a, b in pairs):
            return False
        return all(a >= b if descending else a <= b for a, b in pairs)
    except (ExpressionError, TypeError):
        return False


def _number(value: Any) -> Decimal | None:
    """Read a number, or say that it is none."""
    try:
        return number(value)
    except ExpressionError:
        return None
