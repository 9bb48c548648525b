"""One finding of the doctor, and how people read it."""

from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console

from bot.errors import NightshiftError


class Health(StrEnum):
    """How one part is."""

    GOOD = "good"
    WEAK = "weak"
    MISSING = "missing"
    BROKEN = "broken"

    @property
    def fatal(self) -> bool:
        """Whether Nightshift cannot work like this."""
        return self in {Health.MISSING, Health.BROKEN}


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `remedy` is a command or a sentence, empty when all is well."""

    name: str
    health: Health
    detail: str
    remedy: str = ""
    lacks: tuple["Lack", ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a weak part is without."""

    name: str
    means: str
    remedy: str


def broken(name: str, error: NightshiftError, remedy: str = "") -> Part:
    """Make a finding of an error."""
    detail = f"{error.what}; {error.means}" if error.means else error.what
    return Part(name, Health.BROKEN, detail, error.remedy or remedy or "look at it, and try again")


_COLOURS = {
    Health.GOOD: "green",
    Health.WEAK: "yellow",
    Health.MISSING: "red",
    Health.BROKEN: "red",
}


def show(console: Console, part: Part) -> None:
    """Print one finding with the steps that mend it."""
    console.print(f"[{_COLOURS[part.health]}]{part.health.value:<8}[/] {part.name:<13} ", end="")
    console.print(part.detail, markup=False, highlight=False, soft_wrap=True)
    if part.remedy:
        _line(console, 23, f"next: {part.remedy}")
    for lack in part.lacks:
        _line(console, 23, f"missing: {lack.name}: {lack.means}")
        _line(console, 25, f"next: {lack.remedy}")


def _line(console: Console, indent: int, text: str) -> None:
    console.print(f"{'':<{indent}}{text}", markup=False, highlight=False, soft_wrap=True)
