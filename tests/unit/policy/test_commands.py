"""Comments that speak to us: read strictly, told what is wrong, and never obeyed beyond labels."""

from dataclasses import replace

import pytest

from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.policy.commands import (
    Command,
    Mistake,
    Relabel,
    Verb,
    addressed,
    objection,
    parse,
    relabel,
)

ISSUE = Issue("acme/parcel", 7, "Wrong", "It is.", ("nightshift",), "joe", 2)
RUN = Run("x", ISSUE, "a" * 40, Priority.P2, RunState.DROPPED)
RETRY = Command(Verb.RETRY)


STOP = Command(Verb.STOP)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/nightshift retry", (RETRY,)),
        ("  /Nightshift  STOP\r\nbecause", (STOP,)),
        ("/nightshift stop, please!", (STOP,)),
        ("/nightshift pause. I am looking at it", (Command(Verb.PAUSE),)),
        ("/nightshift priority p1", (Command(Verb.PRIORITY, Priority.P1),)),
        ("/nightshift why?", (Command(Verb.WHY),)),
        ("thanks\n/nightshift priority P0\n\n/nightshift retry",
         (Command(Verb.PRIORITY, Priority.P0), RETRY)),
        ("\n".join(["/nightshift stop"] * 9), (STOP,) * 5),
        ("please /nightshift stop", ()),
        ("/nightshifted stop", ()),
        ("> /nightshift stop", ()),
        ("```\n/nightshift stop\n```", ()),
        ("~~~\n```\n/nightshift stop", ()),
        ("    /nightshift stop", ()),
        ("```\ncode\n```\n/nightshift stop", (STOP,)),
        ("", ()),
    ],
)  # fmt: skip
def test_lines_that_begin_with_our_word_speak(body: str, expected: tuple[Command, ...]) -> None:
    """Quotes, code, asides and longer words are talk among people; who says stop is understood."""
    assert expected == parse(body)
    assert addressed(body) == bool(expected)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("/nightshift", "a verb is missing"),
        ("/nightshift retri", "did you mean retry?"),
        ("/nightshift @everyone", "known are retry"),
        ("/nightshift retry now", "retry takes no further word"),
        ("/nightshift priority", "one of P0"),
        ("/nightshift priority P9", "one of P0"),
    ],
)
def test_a_mistake_is_told_without_repeating_it(body: str, said: str) -> None:
    """What was written may mention people: none of it comes back."""
    (found,) = parse(body)

    assert isinstance(found, Mistake)
    assert said in found.what
    assert "@" not in found.what


@pytest.mark.parametrize("body", [None, 7, ["/nightshift stop"]])
def test_a_payload_of_odd_shape_speaks_not(body: object) -> None:
    """A delivery only hints."""
    assert not addressed(body)


@pytest.mark.parametrize(
    ("command", "labels", "expected"),
    [
        (Command(Verb.STOP), ["nightshift"], Relabel(on=("nightshift:stop",))),
        (Command(Verb.PAUSE), [], Relabel(on=("nightshift:pause",))),
        (
            Command(Verb.RESUME),
            ["Nightshift:Pause", "bug", "nightshift:stop"],
            Relabel(off=("Nightshift:Pause", "nightshift:stop")),
        ),
        (
            RETRY,
            ["nightshift", "nightshift:stop"],
            Relabel(off=("nightshift", "nightshift:stop"), on=("nightshift",)),
        ),
        (
            Command(Verb.PRIORITY, Priority.P0),
            ["priority:P3", "nightshift"],
            Relabel(off=("priority:P3",), on=("priority:P0",)),
        ),
        (Command(Verb.WHY), ["nightshift"], Relabel()),
    ],
)
def test_a_command_moves_labels(command: Command, labels: list[str], expected: Relabel) -> None:
    """Everything else follows from labels, which everybody sees."""
    assert expected == relabel(command, labels)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState.BUILDING, "on its way"),
        (RunState.LANDED, "has landed"),
        (RunState.OPENED, "pull request #9"),
        (RunState.DROPPED, ""),
    ],
)
def test_a_retry_is_for_what_came_to_nothing(state: RunState, said: str) -> None:
    """Otherwise the person hears why not, and what to do instead."""
    told = objection(RETRY, [replace(RUN, state=state, pull=9)])

    assert said in told
    assert bool(said) == bool(told)
    assert objection(Command(Verb.STOP), [replace(RUN, state=state)]) == ""
