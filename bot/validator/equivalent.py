"""Faults that a person found to be none: `equivalent.yaml` beside the scenarios of a corpus.

An equivalent mutant, as the field calls it, does nothing that a user could see, so no scenario can
notice it and it says nothing about a gate. Only a person can tell; the machine can only object.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ScenarioError
from bot.validator import strict_yaml
from bot.validator.faults import Fault
from bot.validator.shapecheck import check_shape

FILE = "equivalent.yaml"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One seeded fault that changes nothing, in the words `nightshift gate calibrate` prints."""

    where: str
    """`path:function`."""
    before: str
    after: str
    why: str
    """A person's reason."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a fault is recognised by: not its line, which moves."""
        return self.where, self.before, self.after


def load_equivalent(corpus: Path) -> tuple[Equivalent, ...]:
    """Read what was marked in a corpus; no file, no marks. Raises ScenarioError."""
    path = corpus / FILE
    if not path.exists():
        return ()
    try:
        listed = strict_yaml.parse(path.read_text(encoding="utf-8"), FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    check_shape(listed, "EQUIVALENT", FILE)
    return tuple(Equivalent(**one) for one in listed)


def ambiguous(marks: Sequence[Equivalent], faults: Sequence[Fault]) -> list[Equivalent]:
    """Name the marks that fit several faults: a line that stands twice in one function."""
    keys = Counter((fault.where, fault.before, fault.after) for fault in faults)
    return [mark for mark in marks if keys[mark.key] > 1]


def stale(marks: Sequence[Equivalent], sources: Mapping[str, bytes]) -> list[Equivalent]:
    """Name the marks whose line the product does not have any more."""
    lines = {path: {line.strip() for line in text.split(b"\n")} for path, text in sources.items()}
    return [
        mark
        for mark in marks
        if mark.before.encode() not in lines.get(mark.where.partition(":")[0], ())
    ]
