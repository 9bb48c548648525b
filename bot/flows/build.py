"""One attempt: the agent loop, then guards and visible checks on what it left.

One model call is one step; one batch of tool calls is one step that starts from the commit which
the batch before it recorded. Nothing paid for is repeated after a crash, and a batch that was
interrupted runs again from exactly the tree it started from.
"""

import json
from dataclasses import dataclass

from bot import wire
from bot.adapters.prompts import envelope
from bot.domain.change import Change
from bot.domain.finding import CheckResult, Finding
from bot.domain.run import Attempt
from bot.domain.usage import Usage
from bot.domain.work import BuildEnd, BuildReply, BuildRequest
from bot.flows.builder import Builder
from bot.flows.checks import run_checks
from bot.flows.desk import Desk, sit_down
from bot.flows.talk import Talking, talk_on
from bot.policy.conversation import Conversation, opening
from bot.policy.guards import inspect, protected_patterns
from bot.policy.texts import commit_message
from bot.policy.trees import only
from bot.policy.turns import (
    End,
)


async def build(builder: Builder, request: BuildRequest) -> BuildReply:
    """Run one attempt to its end; every end is a value."""
    desk = await sit_down(builder, request)
    state = Talking(await _open(desk))
    ended = await talk_on(desk, state)
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


async def _open(desk: Desk) -> Conversation:
    builder, request = desk.builder, desk.request
    if request.conversation:
        raw = json.loads(await builder.store.blob(request.conversation))
        shown = ""
        if request.examples:
            said = {"examples": envelope(request.examples)}
            shown = f"\n{builder.prompts.render('build.examples', said)}"
        return wire.load(Conversation, raw).answer_submit(f"{request.feedback}{shown}")
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


@dataclass(frozen=True, slots=True)
class _Judged:
    attempt: Attempt
    bundle: str
    usage: Usage


async def _judge(desk: Desk, talk: Conversation, summary: str) -> tuple[Attempt, str, Usage]:
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
