"""One thing a twin must do, and how to find out."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from twins.conformance.ground import Ground

Kind = Literal["B", "E", "W"]


@dataclass(frozen=True, slots=True)
class Row:
    """A check that raises a Miss; `source` says who told us that the service does so."""

    kind: Kind
    name: str
    run: Callable[[Ground, Random], None]
    source: str = ""


def behaviours(area: str, *checks: Callable[[Ground, Random], None]) -> tuple[Row, ...]:
    """Return checks as rows named by the first line of their docstrings."""
    return tuple(Row("B", f"{area}: {_first_line(check)}", check) for check in checks)


def _first_line(check: Callable[[Ground, Random], None]) -> str:
    return (check.__doc__ or check.__name__).partition("\n")[0].rstrip(".")
