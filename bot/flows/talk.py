"""The agent loop: turn after turn, until something is submitted or a bound is reached."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from bot import wire
from bot.domain.usage import Usage
from bot.domain.work import BuildEnd
from bot.flows.batch import Batch, run_tools
from bot.flows.builder import Turn
from bot.flows.desk import Desk
from bot.policy.conversation import NUDGE, Conversation, build_body
from bot.policy.turns import (
    AskLarger,
    Carry,
    End,
    Move,
    Nudge,
    RunTools,
    ToolCall,
    looping,
    next_move,
)

_BAD_BATCHES = 3
_SECONDS = re.compile(r"\d+\.\d+ ?s\b")
"""How long something took: the same result a moment later is still the same result."""


@dataclass(slots=True)
class Talking:
    """The loop's own memory: the conversation, what it has cost, and the soft moves in a row."""

    talk: Conversation
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    nudged: int = 0
    enlarged: int = 0
    carried: int = 0
    bad: int = 0

    def count(self, move: Move) -> None:
        """Count the soft moves in a row."""
        self.nudged = self.nudged + 1 if isinstance(move, Nudge) else 0
        self.enlarged = self.enlarged + 1 if isinstance(move, AskLarger) else 0
        self.carried = self.carried + 1 if isinstance(move, Carry) else 0


async def talk_on(desk: Desk, state: Talking) -> End | Batch:
    """Turn after turn until something is submitted or a bound is reached."""
    while state.talk.turn < desk.builder.workflow.build.turns:
        if state.usage.model_seconds + state.usage.box_seconds >= desk.request.seconds_left:
            return End(BuildEnd.EXHAUSTED, "the time of this issue is used up")
        ended = await _turn(desk, state)
        if ended is not None:
            return ended
    return End(BuildEnd.EXHAUSTED, "the turns of this issue are used up")


async def _turn(desk: Desk, state: Talking) -> End | Batch | None:
    """One model call and what follows from it; None to go on."""
    if not await desk.builder.may_go_on(desk.request.run_id, f"{state.talk.turn}"):
        return End(BuildEnd.STOPPED, "")
    turn = await _ask(desk, state)
    if not turn.reply:
        return End(BuildEnd.EXHAUSTED, "the money of this issue or day is used up")
    state.usage, state.model = state.usage + turn.usage, turn.model
    content = await desk.builder.content(turn)
    move = next_move(
        content,
        turn.stop_reason,
        nudged=state.nudged,
        enlarged=state.enlarged,
        carried=state.carried,
    )
    state.count(move)
    match move:
        case End():
            return move
        case AskLarger():
            return None
        case Carry():
            state.talk = _said(state.talk, content)
            return None
        case Nudge():
            reminder = [{"type": "text", "text": NUDGE}]
            state.talk = _said(state.talk, content).say("user", reminder)
            return None
        case RunTools(calls):
            return await _tools(desk, state, content, calls)


def _said(talk: Conversation, content: list[dict[str, Any]]) -> Conversation:
    """Append a reply; an empty one happens, but could not be sent back."""
    return talk.say("assistant", content) if content else talk


async def _ask(desk: Desk, state: Talking) -> Turn:
    builder, request = desk.builder, desk.request
    step = builder.workflow.build
    body = build_body(
        model=step.model.model or builder.model_id,
        effort=step.model.effort,
        max_tokens=step.max_tokens << state.enlarged,
        system=builder.prompts.render(
            "build.system", {"diff_lines": request.mission.limits.diff_lines}
        ),
        messages=state.talk.messages,
    )
    limit = request.mission.limits.usd_per_issue
    turn = await builder.ask(f"model:{state.talk.turn}", request.run_id, step, body, limit)
    state.talk = replace(state.talk, turn=state.talk.turn + 1)
    return turn


async def _tools(
    desk: Desk, state: Talking, content: list[dict[str, Any]], calls: tuple[ToolCall, ...]
) -> End | Batch | None:
    batch = await run_tools(desk, state.talk, calls)
    state.usage = state.usage + batch.usage
    state.talk, results = await _heard(desk, state.talk.say("assistant", content), batch)
    if batch.ended == "submit":
        state.talk = _hold(state.talk, batch, results)
        return batch
    if batch.ended == "give_up":
        return End(BuildEnd.GAVE_UP, batch.words)
    state.talk = state.talk.say("user", results)
    state.bad = state.bad + 1 if batch.refused else 0
    if state.bad >= _BAD_BATCHES or looping(state.talk.signatures):
        return End(BuildEnd.NO_RESULT, "the model repeats itself without progress")
    return None


def _hold(talk: Conversation, batch: Batch, results: list[dict[str, Any]]) -> Conversation:
    return replace(talk, pending=tuple(results), submit_id=batch.ended_id)


async def _heard(
    desk: Desk, talk: Conversation, batch: Batch
) -> tuple[Conversation, list[dict[str, Any]]]:
    results = json.loads(await desk.builder.store.blob(batch.results))
    said = [block for block in talk.messages[-1]["content"] if block.get("type") == "tool_use"]
    signature = wire.canonical(
        [
            [[block["name"], block["input"]] for block in said],
            [_SECONDS.sub("", result["content"]) for result in results],
        ]
    )
    return replace(
        talk, commit=batch.commit, signatures=(*talk.signatures, signature)[-18:]
    ), results
