"""What is remarked about a corpus, and how much it matters."""

from dataclasses import dataclass
from enum import IntEnum


class Weight(IntEnum):
    """How much a remark matters; the exit code of `lint` follows the heaviest one."""

    NOTE = 0
    """Good to know."""
    FINDING = 1
    """The corpus works, and proves less than it seems to."""
    MISTAKE = 2
    """A file that the validator cannot read: with one of them, nothing is judged."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark: what it is about, what is seen, what to do."""

    weight: Weight
    kind: str
    """unreadable, duplicate, thin, bound, sets, values, vacuous, reference, issue, not-run"""
    where: str
    """A file, a feature or a set."""
    what: str
    remedy: str = ""
