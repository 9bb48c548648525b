"""The attempts of a run: build, publish, gate, seal, train; and again, within its bounds."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

from bot import wire
from bot.domain.mission import Mission
from bot.domain.role import Lane
from bot.domain.run import Attempt, Run, RunState
from bot.domain.verdict import Purpose, Verdict
from bot.domain.work import (
    BuildEnd,
    BuildReply,
    BuildRequest,
)
from bot.flows.judge import Candidate, ask_rehearsal, ask_validator, demands_of
from bot.flows.people import wanted
from bot.flows.publish import publish
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, answer_as
from bot.flows.story import CHILD_S, Story
from bot.flows.train import LandingRequest, LandingResult, TrainEnd
from bot.policy.obstacles import explained, obstacle
from bot.policy.steps import (
    NOT_ACCEPTED,
    AskAgain,
    Finish,
    GoOn,
    TryAgain,
    after_build,
    after_gate,
    after_rehearsal,
    after_seal,
)

_ONLY_A_PULL = 4
_NOTHING = Finish(RunState.DROPPED, "no-result", "nothing was submitted")


@dataclass(frozen=True, slots=True)
class Start:
    """Where the next attempt begins: fresh from a base, or as the talk went on."""

    base: str
    bundle: str
    conversation: str = ""
    feedback: str = ""
    submission: int = 0
    examples: str = ""
    """What the coder is shown of the dev scenarios before its next attempt."""
    shown: bool = False
    """Whether this conversation holds them already."""

    def heard(self, reply: BuildReply, feedback: str, examples: str = "") -> "Start":
        """Go on with the same conversation, knowing this."""
        return replace(
            self,
            conversation=reply.conversation,
            feedback=feedback,
            examples=examples,
            shown=self.shown or bool(examples),
        )


async def work(story: Story, start: Start, mission: Mission) -> None:
    """Attempt after attempt, until one lands or the bounds are reached."""
    for index in range(1, mission.limits.attempts + 1):
        following = await _attempt(story, mission, start, index)
        if following is None:
            return
        start = following
    await story.finish(
        Finish(RunState.DROPPED, "attempts-used-up", "every attempt of this issue is used up")
    )


async def _attempt(story: Story, mission: Mission, start: Start, index: int) -> Start | None:
    """One attempt up to its end; return where the next begins, None when the run has ended."""
    if await story.stopped(f"attempt-{index}"):
        return None
    reply = await _build(story, mission, start, index)
    left = mission.limits.attempts - index
    step = after_build(reply, left)
    if isinstance(step, TryAgain):
        return start.heard(reply, step.feedback)
    if isinstance(step, Finish) or reply.attempt is None:
        await _end(story, reply, step)
        return None
    candidate = _candidate(reply.attempt, reply.bundle, start)
    dev = await ask_rehearsal(story.server, story.run, candidate, mission)
    tried = after_rehearsal(dev, left)
    if isinstance(tried, TryAgain):
        return start.heard(reply, tried.feedback, dev.text)
    if isinstance(tried, Finish):
        await story.finish(tried)
        return None
    if not await _published(story, reply.attempt, reply.bundle, start):
        return None
    if mission.autonomy <= _ONLY_A_PULL:
        await story.finish(Finish(RunState.OPENED, "autonomy", "the mission lets people merge"))
        return None
    judged = await _judged(story, candidate, mission, start.submission + 1, left)
    if isinstance(judged, TryAgain):
        told = replace(story.run.attempts[-1], told=judged.feedback)
        story.run = _with_last(story.run, told)
        again = replace(start, submission=start.submission + 1)
        return again.heard(reply, judged.feedback, "" if start.shown else dev.text)
    if isinstance(judged, Finish):
        await story.finish(judged)
        return None
    moved = await _ride(story, candidate, mission, left)
    return moved and replace(moved, submission=start.submission + 1)


async def _end(story: Story, reply: BuildReply, step: GoOn | Finish) -> None:
    """End without a change: people may have stopped it in the middle of the build."""
    if reply.end is BuildEnd.STOPPED and await story.stopped("build"):
        return
    await story.finish(step if isinstance(step, Finish) else _NOTHING)


async def _build(story: Story, mission: Mission, start: Start, index: int) -> BuildReply:
    await story.move(RunState.BUILDING, told=_why_again(index, start.feedback))
    used = story.run.usage
    request = BuildRequest(
        run_id=story.run.id,
        index=index,
        issue=story.run.issue,
        mission=mission,
        base=start.base,
        bundle=start.bundle,
        clause=story.run.clause,
        conversation=start.conversation,
        feedback=start.feedback,
        examples=start.examples,
        spent=used,
        seconds_left=mission.limits.minutes * 60 - used.model_seconds - used.box_seconds,
    )
    reply = answer_as(BuildReply, await story.ask_builder("build", request))
    made = (replace(reply.attempt, box_tier=reply.box_tier),) if reply.attempt else ()
    attempts = (*story.run.attempts, *made)
    story.run = replace(
        story.run, usage=used + reply.usage, model=reply.model or story.run.model, attempts=attempts
    )
    return reply


def _counts(verdict: Verdict) -> str:
    """Say what a gate measured; nothing when nothing ran."""
    if not verdict.n:
        return ""
    bound = f"lower bound {verdict.lower_bound:.2f}, {verdict.threshold:.2f} is asked for"
    return f"{verdict.k}/{verdict.n} hold, {bound}"


def _why_again(index: int, feedback: str) -> str:
    """Say which attempt this is, and in one sentence why there is another."""
    said = feedback.removeprefix(NOT_ACCEPTED).partition(". ")[0].partition("\n")[0]
    return f"attempt {index}: {said}" if said else f"attempt {index}"


async def _judged(
    story: Story, candidate: Candidate, mission: Mission, submission: int, left: int
) -> GoOn | TryAgain | Finish:
    """Ask the gate, and then the sealed set."""
    gate = await _gate(story, candidate, mission, submission, left)
    return await _seal(story, candidate, mission) if isinstance(gate, GoOn) else gate


def _candidate(attempt: Attempt, bundle: str, start: Start) -> Candidate:
    return Candidate(start.base, attempt.commit, attempt.tree, start.bundle, bundle)


async def _published(story: Story, attempt: Attempt, bundle: str, start: Start) -> bool:
    """Show the attempt as a pull request; False when people do not want it any more."""
    server = story.server

    async def show() -> int:
        if await wanted(server, story.run):  # what was recorded as wanted may be days old
            return 0
        return await publish(server, story.run, attempt, bundle, start.base)

    for tried in itertools.count(1):
        name = f"{attempt.index}:{tried}" if tried > 1 else f"{attempt.index}"
        if await story.stopped(f"publish-{name}"):
            return False
        if tried == 1:
            await story.move(RunState.PUBLISHING)
        pull = await server.engine.step(
            f"publish:{name}", show, kind=int, timeout_s=GITHUB_STEP_S, retry=GITHUB_RETRY
        )
        if pull:
            story.run = replace(story.run, pull=pull)
            return True
    raise AssertionError("unreachable: the counter never ends")


def _with_last(run: Run, attempt: Attempt) -> Run:
    return replace(run, attempts=(*run.attempts[:-1], attempt))


async def _gate(
    story: Story, candidate: Candidate, mission: Mission, submission: int, left: int
) -> GoOn | TryAgain | Finish:
    await story.move(RunState.VALIDATING)
    bounds = story.server.workflow.bounds
    asked = 0
    while True:
        asked += 1
        heard = await ask_validator(
            story.server,
            story.run,
            candidate,
            mission,
            purpose=Purpose.GATE,
            submission=submission,
            asked=asked,
        )
        _note(story, heard.signed)
        demands = demands_of(story.server, mission, story.run)
        stands_in_the_way = obstacle(heard.verdict, demands)
        step = after_gate(
            heard.verdict.outcome,
            heard.verdict.reason,
            hint=heard.verdict.hint,
            attempts_left=left,
            asked=asked,
            invalid_retries=bounds.invalid_retries,
            counts=_counts(heard.verdict),
            obstacle=stands_in_the_way,
            explained=explained(stands_in_the_way, heard.verdict, demands),
        )
        if not isinstance(step, AskAgain):
            return step


async def _seal(story: Story, candidate: Candidate, mission: Mission) -> GoOn | Finish:
    await story.move(RunState.SEALING)
    asked = 0
    while True:
        asked += 1
        heard = await ask_validator(
            story.server,
            story.run,
            candidate,
            mission,
            purpose=Purpose.SEALED,
            submission=1,
            asked=asked,
        )
        _note(story, heard.signed)
        step = after_seal(
            heard.verdict.outcome,
            heard.verdict.reason,
            asked=asked,
            invalid_retries=story.server.workflow.bounds.invalid_retries,
        )
        if not isinstance(step, AskAgain):
            return step


def _note(story: Story, signed: Any) -> None:  # noqa: ANN401
    last = story.run.attempts[-1]
    story.run = _with_last(story.run, replace(last, verdicts=(*last.verdicts, signed)))


async def _ride(story: Story, candidate: Candidate, mission: Mission, left: int) -> Start | None:
    """Board the train. Return a new starting point if the change has to be made again."""
    await story.move(RunState.TRAIN)
    for boarded in itertools.count(1):
        result = await _boarded(story, candidate, mission, boarded)
        for signed in result.verdicts:
            _note(story, signed)
        if result.end is not TrainEnd.WAITS:
            return await _arrived(story, result, left)
        if await story.stopped(f"train-{story.run.attempts[-1].index}-{boarded}"):
            return None
    raise AssertionError("unreachable: the counter never ends")


async def _boarded(
    story: Story, candidate: Candidate, mission: Mission, boarded: int
) -> LandingResult:
    """Ride once. Whoever is held by a label leaves the train and boards again."""
    run = story.run
    request = LandingRequest(run=run, candidate=candidate, mission=mission)
    again = f":{boarded}" if boarded > 1 else ""
    return answer_as(
        LandingResult,
        await story.server.engine.child(
            Lane.TRAIN,
            "train",
            wire.dump(request),
            id=f"train:{run.id}:{run.attempts[-1].index}{again}",
            priority=int(run.priority),
            partition=run.issue.repo,
            timeout_s=CHILD_S,
        ),
    )


async def _arrived(story: Story, result: LandingResult, left: int) -> Start | None:
    match result.end:
        case TrainEnd.LANDED:
            await story.move(
                RunState.LANDED,
                told=result.commit[:12],
                reason="landed",
                detail="",
                landed_commit=result.commit,
            )
            return None
        case TrainEnd.CONFLICT if left > 0:
            return Start(result.base, result.base_bundle)
        case TrainEnd.STOPPED:
            await story.finish(Finish(RunState.STOPPED, result.reason, result.detail))
            return None
        case _:
            await story.finish(Finish(RunState.OPENED, result.reason, result.detail))
            return None
