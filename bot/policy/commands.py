"""What people say to Nightshift in comments: lines that begin with `/nightshift`, then a verb."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.policy.control import PAUSE, STOP, TRIGGER
from bot.policy.why import Why

WORD = "/nightshift"
_CODE = ("    ", "\t")
_FENCES = ("```", "~~~")
_MOST = 5
"""Of one comment."""


class Verb(StrEnum):
    """What may be asked for."""

    RETRY = "retry"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    PRIORITY = "priority"
    WHY = "why"
    SCENARIOS = "scenarios"


_HOLDING = frozenset({Verb.STOP, Verb.PAUSE})
"""Who wants us to hold is understood whatever else is said on the line."""


@dataclass(frozen=True, slots=True)
class Command:
    """One understood line."""

    verb: Verb
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that was meant for us and is not understood."""

    what: str


@dataclass(frozen=True, slots=True)
class Relabel:
    """What a command does to an issue's labels: first off, then on. Both may be empty."""

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()


def addressed(body: object) -> bool:
    """Whether a comment speaks to us at all."""
    return isinstance(body, str) and bool(_lines(body))


def parse(body: str) -> tuple[Command | Mistake, ...]:
    """Read a comment, line by line; nothing when it does not speak to us."""
    return tuple(_read(line.split()[1:]) for line in _lines(body))


def _lines(body: str) -> list[str]:
    """Return the lines that begin with our word; quotations and code do not speak."""
    told, fence = list[str](), ""
    for line in body.replace("\r", "\n").split("\n"):
        bare = line.strip()
        mark = bare[:3]
        if mark in _FENCES and (not fence or mark == fence):
            fence = "" if fence else mark
        elif not fence and not line.startswith(_CODE) and bare.casefold().startswith(WORD):
            told.append(bare)
    return [line for line in told if line.split()[0].casefold() == WORD][:_MOST]


def _read(said: list[str]) -> Command | Mistake:
    words = [bare for word in said if (bare := word.casefold().strip(".,;:!?"))]
    verbs = [verb.value for verb in Verb]
    if not words:
        return Mistake(f"a verb is missing: one of {', '.join(verbs)}")
    if words[0] not in verbs:
        near = difflib.get_close_matches(words[0], verbs, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(verbs)}"
        return Mistake(f"that verb is not known; {hint}")
    verb, rest = Verb(words[0]), words[1:]
    if verb in _HOLDING:
        return Command(verb)
    if verb is not Verb.PRIORITY:
        return Mistake(f"{verb.value} takes no further word") if rest else Command(verb)
    levels = {level.name.casefold(): level for level in Priority}
    if len(rest) != 1 or rest[0] not in levels:
        return Mistake("priority takes one of P0, P1, P2, P3")
    return Command(verb, levels[rest[0]])


def relabel(command: Command, labels: Sequence[str]) -> Relabel:
    """Say what a command does to labels: what people see stays the only state."""
    match command.verb:
        case Verb.STOP:
            return Relabel(on=(STOP,))
        case Verb.PAUSE:
            return Relabel(on=(PAUSE,))
        case Verb.RESUME:
            return Relabel(off=_among(labels, PAUSE, STOP))
        case Verb.RETRY:  # taken off and set anew: that is what a new approval looks like
            return Relabel(off=_among(labels, PAUSE, STOP, TRIGGER), on=(TRIGGER,))
        case Verb.PRIORITY if command.priority is not None:
            every = [f"priority:{level.name}" for level in Priority]
            return Relabel(off=_among(labels, *every), on=(f"priority:{command.priority.name}",))
        case _:
            return Relabel()


def objection(command: Command, runs: Sequence[Run]) -> str:
    """Say why a command cannot be obeyed now; empty when it can. `runs` are the issue's own."""
    if command.verb is not Verb.RETRY or not runs:
        return ""
    last = runs[-1]
    if not last.state.ended:
        return "a run of this issue is on its way; `/nightshift stop` ends it first."
    if last.state is RunState.LANDED:
        return "its change has landed; what is missing now is an issue of its own."
    if last.state is RunState.OPENED:
        return (
            f"pull request #{last.pull} is yours to merge or to close; once closed, say it again."
        )
    if last.state is RunState.STOPPED and last.reason == Why.HUMAN_COMMIT:
        return "a person's commit is on its branch, which is left alone; a new issue begins anew."
    return ""


def _among(labels: Sequence[str], *names: str) -> tuple[str, ...]:
    wanted = {name.casefold() for name in names}
    return tuple(label for label in labels if label.casefold() in wanted)
