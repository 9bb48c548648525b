"""Likeness counts what is missing and what is too much."""

import pytest

from twins.conformance.shapes import likeness


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1, "b": {"c": "x"}}, {"a": 7, "b": {"c": "y"}}, 1.0),
        ({"a": 1, "b": 2}, {"a": 1}, 2 / 3),
        ({"a": 1}, {"a": 1, "b": 2}, 2 / 3),
        ({"a": 1}, {"a": "1"}, 1 / 3),
        ({"a": None}, {"a": {"deep": 1}}, 1.0),
        ({"a": []}, {"a": [{"deep": 1}]}, 1.0),
        ([{"a": 1}, {"b": 2}], [{"a": 1, "b": 2}], 1.0),
        ({"a": True}, {"a": 1}, 1 / 3),
        (None, {"a": 1}, 0.0),
    ],
)
def test_likeness(one: object, other: object, expected: float) -> None:
    """Both directions count, types count, and what is empty says nothing."""
    assert expected == pytest.approx(likeness(one, other))
    assert expected == pytest.approx(likeness(other, one))
