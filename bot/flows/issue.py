"""One run: an issue revision from triage to its end. A crash at any line loses nothing.

    triage -> [ build -> publish -> gate ] x attempts -> seal -> train -> landed

Everything that decides is in bot.policy.steps; this story only joins the parts.
"""

from dataclasses import dataclass, replace

from bot.adapters.missionfile import parse_mission
from bot.adapters.substrate.gitstore import GitStore
from bot.domain.mission import Limits, Mission
from bot.domain.run import Run, RunState
from bot.domain.work import (
    Neighbour,
    TriageReply,
    TriageRequest,
)
from bot.errors import (
    EnvironmentProblem,
    MissionError,
    NightshiftError,
    RepositoryError,
    Retryable,
    TakenOver,
    Tampered,
)
from bot.flows.attempts import Start, work
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, Server, answer_as
from bot.flows.story import Story
from bot.policy.paths import first_unreadable
from bot.policy.steps import (
    Finish,
    GoOn,
    after_triage,
)
from bot.policy.unattended import FILES, forbidden
from bot.policy.why import Why

_ONLY_A_PLAN = 3


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the repository said when the run began."""

    base: str
    bundle: str
    mission: Mission | None
    problem: str
    forbidden: str
    """The sentence of the repository's own that forbids unattended agents."""
    neighbours: tuple[Neighbour, ...]


async def issue_flow(server: Server, run: Run) -> Run:
    """Take one run through the workflow; return it as it ended."""
    story = Story(server, run)
    try:
        await _tell(story)
    except TakenOver as error:
        await story.finish(Finish(RunState.STOPPED, Why.HUMAN_COMMIT, error.what))
    except Retryable as error:
        await story.finish(Finish(RunState.PARKED, error.slug, str(error)))
    except EnvironmentProblem as error:  # the machine is at fault, not the change
        await story.finish(Finish(RunState.PARKED, error.slug, str(error)))
    except Tampered as error:
        await story.finish(Finish(RunState.PARKED, "tampered", str(error)))
    except NightshiftError as error:
        await story.finish(Finish(RunState.DROPPED, error.slug, str(error)))
    return story.run


async def _tell(story: Story) -> None:
    begun = await _begin(story)
    if begun is None or begun.mission is None or await story.stopped("start"):
        return
    if not await _triage(story, begun, begun.mission):
        return
    if begun.mission.autonomy <= _ONLY_A_PLAN:
        await story.finish(Finish(RunState.PARKED, "autonomy", "the mission asks for a plan only"))
        return
    await work(story, Start(begun.base, begun.bundle), begun.mission)


async def _begin(story: Story) -> _Begun | None:
    server, run = story.server, story.run

    async def look() -> _Begun:
        repo = await server.forge.repository(run.issue.repo)
        base = await server.fetch(repo)
        git = await server.git(repo.full_name)
        if odd := first_unreadable(entry.path for entry in await git.ls(base)):
            raise RepositoryError(
                f"the name of a file is not UTF-8: {odd!a}",
                means="jj, which keeps every attempt, cannot read such a name",
                remedy="rename the file on the default branch, then edit the issue",
            )
        raw = await git.read(base, "mission.md")
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
            forbidden=await _forbidden(git, base, mission),
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
    if begun.forbidden:
        await story.finish(Finish(RunState.PARKED, "policy", begun.forbidden))
        return None
    story.run = replace(story.run, base=begun.base)
    return begun


async def _forbidden(git: GitStore, base: str, mission: Mission | None) -> str:
    """Look for a rule against us, unless the mission, by the same owners, says otherwise."""
    if mission is None or mission.unattended:
        return ""
    found = {path: await git.read(base, path) for path in FILES}
    return forbidden({path: raw.decode("utf-8", "replace") for path, raw in found.items() if raw})


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


async def _triage(story: Story, begun: _Begun, mission: Mission) -> bool:
    await story.move(RunState.TRIAGING)
    request = TriageRequest(story.run.id, story.run.issue, mission, begun.base, begun.neighbours)
    reply = answer_as(TriageReply, await story.ask_builder("triage", request))
    story.run = replace(
        story.run, clause=reply.clause, usage=story.run.usage + reply.usage, model=reply.model
    )
    match after_triage(reply):
        case Finish() as end:
            await story.finish(end)
            return False
        case GoOn():
            return True
