"""One attempt: the agent loop, then guards and visible checks on what it left.

One model call is one step; one batch of tool calls is one step that starts from the commit which
the batch before it recorded. Nothing paid for is repeated after a crash, and a batch that was
interrupted runs again from exactly the tree it started from.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from bot import wire
from bot.adapters.box import Layer
from bot.adapters.engine import Retry
from bot.adapters.prompts import envelope
from bot.adapters.substrate.substrate import Substrate
from bot.domain.change import Change
from bot.domain.finding import CheckResult, Finding
from bot.domain.run import Attempt
from bot.domain.usage import Usage
from bot.domain.work import BuildEnd, BuildReply, BuildRequest
from bot.errors import Rejected
from bot.flows.builder import Builder, Turn
from bot.flows.checks import run_checks
from bot.flows.tools import run_batch
from bot.policy.conversation import NUDGE, Conversation, build_body, opening
from bot.policy.guards import inspect, protected_patterns
from bot.policy.texts import commit_message
from bot.policy.trees import only
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
_SIT_S = 1800.0
SIT_RETRY = Retry(attempts=4, first_s=2.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """One recorded batch of tool calls."""

    results: str
    """Digest of the tool results that go back to the model."""
    commit: str
    ended: str
    """`submit`, `give_up` or empty."""
    ended_id: str
    words: str
    """The summary or reason given with it: untrusted."""
    refused: bool
    """Every call of the batch was refused for its form."""
    usage: Usage


@dataclass(frozen=True, slots=True)
class _Seat:
    """Where an attempt starts: recorded, so that a replay sits down in the same place."""

    commit: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one attempt works."""

    builder: Builder
    request: BuildRequest
    store: Substrate
    seat: _Seat

    @property
    def name(self) -> str:
        """Return the name of the issue's workspace."""
        return f"issue-{self.request.issue.number}"


async def build(builder: Builder, request: BuildRequest) -> BuildReply:
    """Run one attempt to its end; every end is a value."""
    desk = await _sit_down(builder, request)
    state = _Talking(await _open(desk))
    ended = await _loop(desk, state)
    kept = await _keep(builder, state.talk)
    if isinstance(ended, End):
        return BuildReply(
            ended.end,
            ended.detail,
            conversation=kept,
            model=state.model,
            box_tier=builder.pool.tier,
            usage=state.usage,
        )
    attempt, bundle, judged = await _judge(desk, state.talk, ended.words)
    return BuildReply(
        BuildEnd.SUBMITTED,
        ended.words,
        attempt=attempt,
        bundle=bundle,
        conversation=kept,
        model=state.model,
        box_tier=builder.pool.tier,
        usage=state.usage + judged,
    )


async def _sit_down(builder: Builder, request: BuildRequest) -> _Desk:
    store = await builder.substrate(request.issue.repo)

    async def sit() -> _Seat:
        if not await store.git.has(request.base):
            bundle = await builder.store.blob(request.bundle)
            await store.git.import_bundle(bundle, wants=request.base)
        layers = await builder.layers(request.issue.repo, request.base, request.mission.environment)
        if request.conversation:
            return _Seat("", layers)
        fresh = await store.create(
            f"issue-{request.issue.number}", request.base, request.issue.title
        )
        return _Seat((await store.change(fresh)).commit, layers)

    seat = await builder.engine.step("sit", sit, kind=_Seat, timeout_s=_SIT_S, retry=SIT_RETRY)
    return _Desk(builder, request, store, seat)


async def _open(desk: _Desk) -> Conversation:
    builder, request = desk.builder, desk.request
    if request.conversation:
        raw = json.loads(await builder.store.blob(request.conversation))
        return wire.load(Conversation, raw).answer_submit(request.feedback)
    mission = request.mission
    paths = [entry.path for entry in await desk.store.git.ls(request.base)]
    static = builder.prompts.render(
        "build.static",
        {
            "base": request.base,
            "mission": mission.prose,
            "checks": "\n".join(mission.checks),
            "tree": "\n".join(paths),
        },
    )
    issue = builder.prompts.render(
        "build.issue",
        {
            "issue": envelope(
                {
                    "repo": request.issue.repo,
                    "number": request.issue.number,
                    "title": request.issue.title,
                    "body": request.issue.body,
                    "author": request.issue.author,
                }
            )
        },
    )
    fresh = Conversation(messages=(), commit=desk.seat.commit, base=request.base)
    return fresh.say("user", opening(static, issue))


async def _keep(builder: Builder, talk: Conversation) -> str:
    return await builder.store.put_blob(wire.canonical(wire.dump(talk)).encode())


@dataclass(slots=True)
class _Talking:
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


async def _loop(desk: _Desk, state: _Talking) -> End | Batch:
    """Turn after turn until something is submitted or a bound is reached."""
    while state.talk.turn < desk.builder.workflow.build.turns:
        if state.usage.model_seconds + state.usage.box_seconds >= desk.request.seconds_left:
            return End(BuildEnd.EXHAUSTED, "the time of this issue is used up")
        ended = await _turn(desk, state)
        if ended is not None:
            return ended
    return End(BuildEnd.EXHAUSTED, "the turns of this issue are used up")


async def _turn(desk: _Desk, state: _Talking) -> End | Batch | None:
    """One model call and what follows from it; None to go on."""
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


async def _ask(desk: _Desk, state: _Talking) -> Turn:
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
    desk: _Desk, state: _Talking, content: list[dict[str, Any]], calls: tuple[ToolCall, ...]
) -> End | Batch | None:
    batch = await _batch(desk, state.talk, calls)
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
    desk: _Desk, talk: Conversation, batch: Batch
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


async def _batch(desk: _Desk, talk: Conversation, calls: tuple[ToolCall, ...]) -> Batch:
    builder = desk.builder

    async def run() -> Batch:
        workspace = await desk.store.resume(desk.name, talk.commit)
        tree = await desk.store.git.archive(talk.commit)
        async with builder.pool.box(layers=desk.seat.layers) as box:
            await box.put(tree)
            ran = await run_batch(box, calls, timeout_s=builder.workflow.tool_timeout_s)
            left = await box.get()
        results = list(ran.results)
        commit = talk.commit
        try:
            await desk.store.replace(workspace, left)
            commit = (await desk.store.snapshot(workspace)).commit
        except Rejected as refused:
            results = [_put_back(result, refused) for result in results]
        ended = ran.ended
        return Batch(
            results=await builder.store.put_blob(wire.canonical(results).encode()),
            commit=commit,
            ended=ended.name if ended else "",
            ended_id=ended.id if ended else "",
            words=str(ended.arguments.get("summary") or ended.arguments.get("reason"))[:4000]
            if ended
            else "",
            refused=ran.failed == len(calls),
            usage=Usage(box_seconds=ran.wall_s, cpu_seconds=ran.cpu_s),
        )

    limit = builder.workflow.tool_timeout_s * max(1, len(calls)) + 120
    return await builder.engine.step(f"tools:{talk.turn}", run, kind=Batch, timeout_s=limit)


def _put_back(result: dict[str, Any], refused: Rejected) -> dict[str, Any]:
    note = f"\n[the tree this left cannot be taken and was put back: {refused.what}]"
    return {**result, "content": f"{result['content']}{note}", "is_error": True}


@dataclass(frozen=True, slots=True)
class _Judged:
    attempt: Attempt
    bundle: str
    usage: Usage


async def _judge(desk: _Desk, talk: Conversation, summary: str) -> tuple[Attempt, str, Usage]:
    builder, request = desk.builder, desk.request

    async def run() -> _Judged:
        git = desk.store.git
        workspace = await desk.store.resume(desk.name, talk.commit)
        change = await desk.store.describe(
            workspace, commit_message(request, summary, builder.model_id)
        )
        diff = await git.diff(request.base, change.commit)
        findings = inspect(diff, request.mission)
        checks: tuple[CheckResult, ...] = ()
        cpu = 0.0
        if not findings:
            base_tree = await git.archive(request.base)
            checks, cpu = await run_checks(
                builder.pool,
                tree=await git.archive(change.commit),
                restored=only(base_tree, protected_patterns(request.mission)),
                commands=request.mission.checks,
                layers=desk.seat.layers,
                timeout_s=builder.workflow.check_timeout_s,
            )
        await desk.store.pin(f"{request.issue.number}/{request.index}", change.commit)
        bundle = await git.bundle(change.commit, exclude=[request.base])
        return _Judged(
            attempt=_attempt(request, change, summary, findings, checks),
            bundle=await builder.store.put_blob(bundle),
            usage=Usage(box_seconds=sum(c.seconds for c in checks), cpu_seconds=cpu),
        )

    limit = builder.workflow.check_timeout_s * max(1, len(request.mission.checks)) + 120
    judged = await builder.engine.step("judge", run, kind=_Judged, timeout_s=limit)
    return judged.attempt, judged.bundle, judged.usage


def _attempt(
    request: BuildRequest,
    change: Change,
    summary: str,
    findings: tuple[Finding, ...],
    checks: tuple[CheckResult, ...],
) -> Attempt:
    return Attempt(
        index=request.index,
        base=request.base,
        change_id=change.change_id,
        commit=change.commit,
        tree=change.tree,
        summary=summary,
        guards=findings,
        checks=checks,
    )
