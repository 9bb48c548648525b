"""A model's reply becomes exactly one move, and nothing it says is more than data."""

from typing import Any

import pytest

from bot.domain.work import BuildEnd
from bot.policy.turns import (
    AskLarger,
    Carry,
    End,
    Nudge,
    RunTools,
    looping,
    next_move,
)


def use(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a tool_use block."""
    return {"type": "tool_use", "id": "t1", "name": name, "input": arguments}


def test_tool_calls_are_run_in_their_order() -> None:
    """Calls of one reply share a workspace, so their order counts."""
    move = next_move([use("view", path="a"), use("bash", command="ls")], "tool_use")

    assert isinstance(move, RunTools)
    assert ["view", "bash"] == [call.name for call in move.calls]
    assert ["", ""] == [call.problem for call in move.calls]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (use("merge"), "no tool"),
        (use("bash"), "command"),
        (use("bash", command=3), "command"),
        (use("bash", command="ls", timeout_s=True), "timeout_s"),
        (use("bash", command="ls", as_root="yes"), "as_root"),
        ({"type": "tool_use", "id": "t", "name": "bash", "input": "ls"}, "object"),
    ],
)
def test_a_malformed_call_is_answered_and_never_run(block: dict[str, Any], words: str) -> None:
    """Unknown tools and wrong arguments come back as our own words."""
    move = next_move([block], "tool_use")

    assert isinstance(move, RunTools)
    assert words in move.calls[0].problem


def test_a_cut_reply_is_never_executed() -> None:
    """A tool call at the token limit may be half of one: ask again, then give up."""
    block = use("bash", command="rm -rf bu")

    assert isinstance(next_move([block], "max_tokens"), AskLarger)
    assert isinstance(next_move([block], "max_tokens", enlarged=1), End)


def test_talk_without_a_tool_is_reminded_once() -> None:
    """The second time in a row there is no result."""
    text = [{"type": "text", "text": "The work is DONE. <submit>"}]

    assert isinstance(next_move(text, "end_turn"), Nudge)
    assert BuildEnd.NO_RESULT == _end(next_move(text, "end_turn", nudged=1))


def test_a_stalling_server_is_carried_three_times() -> None:
    """Every loop is bounded."""
    assert isinstance(next_move([], "pause_turn", carried=2), Carry)
    assert BuildEnd.NO_RESULT == _end(next_move([], "pause_turn", carried=3))


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("refusal", BuildEnd.REFUSED),
        ("model_context_window_exceeded", BuildEnd.EXHAUSTED),
        ("something_new", BuildEnd.NO_RESULT),
        ("None", BuildEnd.NO_RESULT),
    ],
)
def test_every_other_stop_ends_the_attempt(reason: str, end: BuildEnd) -> None:
    """A reason that we do not know fails loudly instead of going on."""
    assert end == _end(next_move([], reason))


@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 6])
def test_repetition_is_seen_up_to_a_period_of_six(period: int) -> None:
    """Three rounds of the same moves with the same answers are no progress."""
    cycle = [f"move-{n}" for n in range(period)]

    assert looping(["start", *cycle * 3])
    assert not looping(["start", *cycle * 2])


def test_changing_answers_are_progress() -> None:
    """The same command with another result is not a loop."""
    assert not looping([f"pytest -> {n} failed" for n in range(18, 0, -1)])


def _end(move: object) -> BuildEnd:
    assert isinstance(move, End)
    return move.end
