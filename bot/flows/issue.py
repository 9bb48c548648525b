"""One run: an issue revision from triage to its end. A crash at any line loses nothing.

    triage -> [ build -> publish -> gate ] x attempts -> seal -> train -> landed

Everything that decides is in bot.policy.steps; this story only joins the parts.
"""

from dataclasses import dataclass, replace
from typing import Any

from bot import wire
from bot.adapters.missionfile import parse_mission
from bot.domain.mission import Limits, Mission
from bot.domain.role import Lane, Role
from bot.domain.run import Attempt, Run, RunState
from bot.domain.verdict import Purpose
from bot.domain.work import (
    BuildReply,
    BuildRequest,
    Neighbour,
    TriageReply,
    TriageRequest,
)
from bot.errors import CredentialRefused, MissionError, NightshiftError, Retryable, Tampered
from bot.flows.judge import Candidate, ask_validator
from bot.flows.people import wanted
from bot.flows.project import project
from bot.flows.publish import publish
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, Server, answer_as
from bot.flows.train import LandingRequest, LandingResult, TrainEnd
from bot.policy.steps import (
    AskAgain,
    Finish,
    GoOn,
    TryAgain,
    after_build,
    after_gate,
    after_seal,
    after_triage,
)

_CHILD_S = 24 * 3600.0
"""A bound on waiting for another role, outages included; work itself has tighter ones."""
_ONLY_A_PLAN = 3
_ONLY_A_PULL = 4
_NOTHING = Finish(RunState.DROPPED, "no-result", "nothing was submitted")


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the repository said when the run began."""

    base: str
    bundle: str
    mission: Mission | None
    problem: str
    neighbours: tuple[Neighbour, ...]


@dataclass(slots=True)
class _Story:
    """A run while it is being told: the noun changes, the steps count up."""

    server: Server
    run: Run
    saved: int = 0

    async def move(self, state: RunState, *, told: str = "", **changes: Any) -> None:  # noqa: ANN401
        """Record the next state and what is told about it, and show it on GitHub."""
        self.run = replace(self.run, state=state, **changes)
        self.saved += 1
        run = self.run

        async def save() -> bool:
            await self.server.store.save_run(run)
            await self.server.store.record_event(run.id, state.value, {"told": told})
            await project(self.server, run)
            return True

        await self.server.engine.step(
            f"save:{self.saved}:{state}",
            save,
            kind=bool,
            timeout_s=GITHUB_STEP_S,
            retry=GITHUB_RETRY,
        )

    async def finish(self, end: Finish) -> None:
        """Record the end."""
        await self.move(end.state, told=end.reason, reason=end.reason, detail=end.detail)

    async def stopped(self, point: str) -> bool:
        """Ask GitHub whether people still want this; if not, end here."""
        why = await self.server.engine.step(
            f"wanted:{point}",
            lambda: wanted(self.server, self.run),
            kind=str,
            timeout_s=GITHUB_STEP_S,
            retry=GITHUB_RETRY,
        )
        if why:
            await self.finish(Finish(RunState.STOPPED, why, ""))
        return bool(why)


async def issue_flow(server: Server, run: Run) -> Run:
    """Take one run through the workflow; return it as it ended."""
    story = _Story(server, run)
    try:
        await _tell(story)
    except CredentialRefused as error:
        await story.finish(Finish(RunState.PARKED, "credential", str(error)))
    except Retryable as error:
        await story.finish(Finish(RunState.PARKED, error.slug, str(error)))
    except Tampered as error:
        await story.finish(Finish(RunState.PARKED, "tampered", str(error)))
    except NightshiftError as error:
        await story.finish(Finish(RunState.DROPPED, error.slug, str(error)))
    return story.run


async def _tell(story: _Story) -> None:
    begun = await _begin(story)
    if begun is None or begun.mission is None or await story.stopped("start"):
        return
    if not await _triage(story, begun, begun.mission):
        return
    if begun.mission.autonomy <= _ONLY_A_PLAN:
        await story.finish(Finish(RunState.PARKED, "autonomy", "the mission asks for a plan only"))
        return
    await _work(story, begun, begun.mission)


async def _begin(story: _Story) -> _Begun | None:
    server, run = story.server, story.run

    async def look() -> _Begun:
        repo = await server.forge.repository(run.issue.repo)
        base = await server.fetch(repo)
        raw = await (await server.git(repo.full_name)).read(base, "mission.md")
        mission, problem = None, ""
        try:
            if raw is None:
                problem = "there is no mission.md on the default branch"
            else:
                mission = _bounded(server, parse_mission(raw.decode("utf-8", "replace")))
        except MissionError as error:
            problem = str(error)
        others = await server.forge.open_issues(run.issue.repo)
        return _Begun(
            base=base,
            bundle=await server.base_bundle(run.issue.repo, base),
            mission=mission,
            problem=problem,
            neighbours=tuple(
                Neighbour(i.number, i.title) for i in others if i.number != run.issue.number
            ),
        )

    begun = await server.engine.step(
        "begin", look, kind=_Begun, timeout_s=GITHUB_STEP_S, retry=GITHUB_RETRY
    )
    if begun.mission is None:
        await story.finish(Finish(RunState.PARKED, "mission", begun.problem))
        return None
    story.run = replace(story.run, base=begun.base)
    return begun


def _bounded(server: Server, mission: Mission) -> Mission:
    """Let a mission tighten the workflow's limits, never loosen them."""
    bounds, limits = server.workflow.bounds, mission.limits
    return replace(
        mission,
        limits=Limits(
            attempts=min(limits.attempts, bounds.attempts),
            usd_per_issue=min(limits.usd_per_issue, bounds.usd_per_issue),
            minutes=min(limits.minutes, bounds.minutes),
            diff_lines=limits.diff_lines,
        ),
    )


async def _triage(story: _Story, begun: _Begun, mission: Mission) -> bool:
    await story.move(RunState.TRIAGING)
    request = TriageRequest(story.run.id, story.run.issue, mission, begun.base, begun.neighbours)
    reply = answer_as(TriageReply, await _ask_builder(story, "triage", request))
    story.run = replace(
        story.run, clause=reply.clause, usage=story.run.usage + reply.usage, model=reply.model
    )
    match after_triage(reply):
        case Finish() as end:
            await story.finish(end)
            return False
        case GoOn():
            return True


async def _ask_builder(story: _Story, name: str, request: object) -> Any:  # noqa: ANN401
    run = story.run
    step = getattr(request, "index", 0)
    return await story.server.engine.child(
        Lane.AGENT,
        name,
        wire.dump(request),
        id=f"{name}:{run.id}:{step}",
        priority=int(run.priority),
        app=Role.BUILDER.app,
        timeout_s=_CHILD_S,
    )


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the next attempt begins: fresh from a base, or as the talk went on."""

    base: str
    bundle: str
    conversation: str = ""
    feedback: str = ""
    submission: int = 0

    def heard(self, reply: BuildReply, feedback: str) -> "_Start":
        """Go on with the same conversation, knowing this."""
        return replace(self, conversation=reply.conversation, feedback=feedback)


async def _work(story: _Story, begun: _Begun, mission: Mission) -> None:
    """Attempt after attempt, until one lands or the bounds are reached."""
    start = _Start(begun.base, begun.bundle)
    for index in range(1, mission.limits.attempts + 1):
        following = await _attempt(story, mission, start, index)
        if following is None:
            return
        start = following
    await story.finish(
        Finish(RunState.DROPPED, "attempts-used-up", "every attempt of this issue is used up")
    )


async def _attempt(story: _Story, mission: Mission, start: _Start, index: int) -> _Start | None:
    """One attempt up to its end; return where the next begins, None when the run has ended."""
    if await story.stopped(f"attempt-{index}"):
        return None
    reply = await _build(story, mission, start, index)
    left = mission.limits.attempts - index
    step = after_build(reply, left)
    if isinstance(step, TryAgain):
        return start.heard(reply, step.feedback)
    if isinstance(step, Finish) or reply.attempt is None:
        await story.finish(step if isinstance(step, Finish) else _NOTHING)
        return None
    candidate = await _publish(story, reply.attempt, reply.bundle, start)
    if candidate is None:
        return None
    if mission.autonomy <= _ONLY_A_PULL:
        await story.finish(Finish(RunState.OPENED, "autonomy", "the mission lets people merge"))
        return None
    judged = await _judged(story, candidate, mission, start.submission + 1, left)
    if isinstance(judged, TryAgain):
        again = replace(start, submission=start.submission + 1)
        return again.heard(reply, judged.feedback)
    if isinstance(judged, Finish):
        await story.finish(judged)
        return None
    moved = await _ride(story, candidate, mission, left)
    return moved and replace(moved, submission=start.submission + 1)


async def _build(story: _Story, mission: Mission, start: _Start, index: int) -> BuildReply:
    await story.move(RunState.BUILDING, told=f"attempt {index}")
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
        spent=used,
        seconds_left=mission.limits.minutes * 60 - used.model_seconds - used.box_seconds,
    )
    reply = answer_as(BuildReply, await _ask_builder(story, "build", request))
    attempts = (*story.run.attempts, reply.attempt) if reply.attempt else story.run.attempts
    story.run = replace(
        story.run, usage=used + reply.usage, model=reply.model or story.run.model, attempts=attempts
    )
    return reply


async def _judged(
    story: _Story, candidate: Candidate, mission: Mission, submission: int, left: int
) -> GoOn | TryAgain | Finish:
    """Ask the gate, and then the sealed set."""
    gate = await _gate(story, candidate, mission, submission, left)
    return await _seal(story, candidate, mission) if isinstance(gate, GoOn) else gate


async def _publish(story: _Story, attempt: Attempt, bundle: str, start: _Start) -> Candidate | None:
    if await story.stopped(f"publish-{attempt.index}"):
        return None
    await story.move(RunState.PUBLISHING)
    run = story.run
    pull = await story.server.engine.step(
        f"publish:{attempt.index}",
        lambda: publish(story.server, run, attempt, bundle),
        kind=int,
        timeout_s=GITHUB_STEP_S,
        retry=GITHUB_RETRY,
    )
    story.run = replace(story.run, pull=pull)
    return Candidate(start.base, attempt.commit, attempt.tree, start.bundle, bundle)


def _with_verdict(run: Run, attempt: Attempt) -> Run:
    return replace(run, attempts=(*run.attempts[:-1], attempt))


async def _gate(
    story: _Story, candidate: Candidate, mission: Mission, submission: int, left: int
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
        step = after_gate(
            heard.verdict.outcome,
            heard.verdict.reason,
            hint=heard.hint,
            attempts_left=left,
            asked=asked,
            invalid_retries=bounds.invalid_retries,
        )
        if not isinstance(step, AskAgain):
            return step


async def _seal(story: _Story, candidate: Candidate, mission: Mission) -> GoOn | Finish:
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


def _note(story: _Story, signed: Any) -> None:  # noqa: ANN401
    last = story.run.attempts[-1]
    story.run = _with_verdict(story.run, replace(last, verdicts=(*last.verdicts, signed)))


async def _ride(story: _Story, candidate: Candidate, mission: Mission, left: int) -> _Start | None:
    """Board the train. Return a new starting point if the change has to be made again."""
    await story.move(RunState.TRAIN)
    run = story.run
    request = LandingRequest(run=run, candidate=candidate, mission=mission)
    result = answer_as(
        LandingResult,
        await story.server.engine.child(
            Lane.TRAIN,
            "train",
            wire.dump(request),
            id=f"train:{run.id}:{run.attempts[-1].index}",
            priority=int(run.priority),
            partition=run.issue.repo,
            timeout_s=_CHILD_S,
        ),
    )
    for signed in result.verdicts:
        _note(story, signed)
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
            return _Start(result.base, result.base_bundle)
        case TrainEnd.STOPPED:
            await story.finish(Finish(RunState.STOPPED, result.reason, result.detail))
            return None
        case _:
            await story.finish(Finish(RunState.OPENED, result.reason, result.detail))
            return None
