"""The nouns of the engine: an example of an issue, an edit of a file, what a run found out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Polarity = Literal["expected", "actual", "neutral"]
Outcome = Literal["pass", "fail", "broken"]


@dataclass(frozen=True, slots=True)
class Example:
    """One behaviour that an issue states: run `code`, compare what comes out with `want`.

    kind `expr` evaluates Python, `script` runs Python and looks at its output, `shell` runs a
    command of the product. mode says what `want` is compared with.
    """

    kind: Literal["expr", "script", "shell"]
    code: str
    mode: Literal["value", "stdout", "raises", "survives", "exit", "true"]
    want: str = ""
    polarity: Polarity = "neutral"
    setup: str = ""
    weak: bool = field(default=False, compare=False)
    """Whether a mere sentence says so, outside blocks and without a label."""

    @property
    def subject(self) -> tuple[str, str]:
        """What is run, whatever is expected of it."""
        return (self.setup, self.code)

    @property
    def states_output(self) -> bool:
        """Whether it says what comes out, not only how the run ends."""
        return self.mode in {"value", "stdout"}


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace source[start:end] of one file with `new`; offsets count characters."""

    path: str
    start: int
    end: int
    new: str
    operator: str
    prior: float
    line: int
    destructive: bool = False


@dataclass(slots=True)
class Candidate:
    """One or two edits of one file, with the score that orders the search."""

    edits: tuple[Edit, ...]
    score: float

    @property
    def path(self) -> str:
        """The one file that is touched."""
        return self.edits[0].path


@dataclass(slots=True)
class Statistics:
    """What a search did, for the honest summary."""

    candidates: int = 0
    plausible: int = 0
    files: int = 0
    oracle: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stopped: float = 0
    """The time limit, when it ended the search before every candidate was tried."""

    def items(self) -> Iterator[tuple[str, Any]]:
        """Every figure by its name."""
        yield "candidates", self.candidates
        yield "plausible", self.plausible
        yield "files", self.files
        yield "oracle", self.oracle
        yield "notes", self.notes
        yield "stopped", self.stopped
