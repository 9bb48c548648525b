"""What did not come true."""


class Miss(Exception):
    """The twin did something else than the service would."""


def expect(what: str, expected: object, found: object) -> None:
    """Raise a Miss unless the two are equal."""
    if expected != found:
        raise Miss(f"{what}: expected {expected!r}, found {found!r}"[:600])


def expect_that(what: str, holds: object) -> None:
    """Raise a Miss unless something holds."""
    if not holds:
        raise Miss(what)
