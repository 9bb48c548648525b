"""What people say to Nightshift in comments: `/nightshift VERB` on the first line, nothing else."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.policy.control import PAUSE, STOP, TRIGGER
from bot.policy.why import Why

WORD = "/nightshift"


class Verb(StrEnum):
    """What may be asked for."""

    RETRY = "retry"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    PRIORITY = "priority"
    WHY = "why"
    SCENARIOS = "scenarios"


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
    """Whether a comment speaks to us at all: its first line begins with our word."""
    first = body.lstrip().partition("\n")[0].split() if isinstance(body, str) else []
    return bool(first) and first[0].casefold() == WORD


def parse(body: str) -> Command | Mistake | None:
    """Read a comment; None when it does not speak to us. Only the first line is read."""
    if not addressed(body):
        return None
    words = [word.casefold() for word in body.lstrip().partition("\n")[0].split()[1:]]
    verbs = [verb.value for verb in Verb]
    if not words:
        return Mistake(f"a verb is missing: one of {', '.join(verbs)}")
    if words[0] not in verbs:
        near = difflib.get_close_matches(words[0], verbs, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(verbs)}"
        return Mistake(f"that verb is not known; {hint}")
    verb, rest = Verb(words[0]), words[1:]
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
