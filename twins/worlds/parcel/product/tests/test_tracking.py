"""Tracking numbers."""

import pytest

from parcel import tracking


@pytest.mark.parametrize(
    ("serial", "number"),
    [(47312482, "CP473124829DE"), (12345678, "CP123456785DE"), (3, "CP000000031DE")],
)
def test_a_serial_number_gets_its_check_digit(serial: int, number: str) -> None:
    assert tracking.tracking_number(serial) == number


def test_a_serial_number_has_at_most_eight_digits() -> None:
    with pytest.raises(ValueError, match="at most 8 digits"):
        tracking.tracking_number(123456789)


def test_a_good_number_has_no_problem() -> None:
    assert tracking.problem("RR473124829GB") == ""
    assert tracking.problem("rr 473-124-829 gb") == ""


@pytest.mark.parametrize(
    ("number", "what"),
    [
        ("RR473124828GB", "check digit"),
        ("RR4731248", "9 characters"),
        ("1247312482934", "two letters"),
        ("RR47312A829GB", "nine digits"),
    ],
)
def test_a_bad_number_is_explained(number: str, what: str) -> None:
    assert what in tracking.problem(number)


def test_numbers_are_printed_in_groups() -> None:
    assert tracking.spaced("rr473124829de") == "RR 473 124 829 DE"
