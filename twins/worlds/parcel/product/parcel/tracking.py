"""Tracking numbers in the postal unions' form: `RR473124829DE`.

Two letters for the service, eight digits, one check digit, two letters for the country. The check
digit is 11 minus the weighted sum of the digits modulo 11, where 10 is written 0 and 11 is
written 5.
"""

WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
DIGITS = 8
LENGTH = 13
HOME = "DE"


def check_digit(serial: str) -> int:
    """Work out the check digit of an eight-digit serial number."""
    weighted = sum(int(digit) * weight for digit, weight in zip(serial, WEIGHTS, strict=True))
    check = 11 - weighted % 11
    if check == 10:
        return 0
    if check > 11:
        return 5
    return check


def tracking_number(serial: int, service: str = "CP", country: str = HOME) -> str:
    """Write the tracking number of a serial number."""
    if not 0 <= serial < 10**DIGITS:
        raise ValueError(f"a serial number has at most {DIGITS} digits: {serial}")
    digits = f"{serial:0{DIGITS}}"
    return f"{service.upper()}{digits}{check_digit(digits)}{country.upper()}"


def spaced(number: str) -> str:
    """Print a tracking number in groups, as on a label: `RR 473 124 829 DE`."""
    plain = normal(number)
    return " ".join((plain[:2], plain[2:5], plain[5:8], plain[8:11], plain[11:]))


def normal(number: str) -> str:
    """Take out what people add to a tracking number: spaces, dashes, small letters."""
    return number.replace(" ", "").replace("-", "").upper()


def problem(number: str) -> str:
    """Say what is wrong with a tracking number; an empty text means it is good."""
    plain = normal(number)
    if len(plain) != LENGTH:
        return f"has {len(plain)} characters instead of {LENGTH}"
    service, digits, country = plain[:2], plain[2:-2], plain[-2:]
    if not service.isalpha() and not country.isalpha():
        return "does not begin and end with two letters"
    if not digits.isdecimal():
        return "does not have nine digits in the middle"
    if int(digits[-1]) != check_digit(digits[:-1]):
        return "has a wrong check digit"
    return ""
