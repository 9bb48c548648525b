"""Asks the validator one question and believes only a signed answer to it."""

from dataclasses import dataclass

from bot import wire
from bot.domain.mission import Mission
from bot.domain.role import Lane, Role
from bot.domain.run import Run
from bot.domain.verdict import Judgement, Purpose, SignedVerdict, Verdict
from bot.domain.work import RehearseReply, RehearseRequest, ValidateRequest
from bot.errors import Tampered
from bot.flows.server import Server, answer_as, nonce
from bot.policy.authorise import Question, read_verdict
from bot.policy.obstacles import Demands


@dataclass(frozen=True, slots=True)
class Candidate:
    """One commit that somebody wants judged, and where its objects are."""

    base: str
    commit: str
    tree: str
    base_bundle: str
    bundle: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A verified answer."""

    verdict: Verdict
    signed: SignedVerdict


async def ask_validator(
    server: Server,
    run: Run,
    candidate: Candidate,
    mission: Mission,
    *,
    purpose: Purpose,
    submission: int,
    asked: int,
) -> Heard:
    """Ask, wait durably, verify. Raises Tampered for anything but a genuine answer to this."""
    own = nonce(run.id, purpose, candidate.commit, candidate.base, submission, asked)
    request = ValidateRequest(
        run_id=run.id,
        purpose=purpose,
        repo=run.issue.repo,
        issue=run.issue.number,
        base=candidate.base,
        commit=candidate.commit,
        tree=candidate.tree,
        base_bundle=candidate.base_bundle,
        bundle=candidate.bundle,
        product=mission.product,
        environment=mission.environment,
        threshold=demanded(server, mission),
        nonce=own,
        submission=submission,
    )
    answer = await server.engine.child(
        Lane.VALIDATE,
        "validate",
        wire.dump(request),
        id=f"validate:{own}",
        priority=int(run.priority),
        app=Role.VALIDATOR.app,
        timeout_s=server.workflow.validate_timeout_s,
    )
    judgement = answer_as(Judgement, answer)
    question = Question(
        purpose,
        run.issue.repo,
        run.issue.number,
        candidate.commit,
        candidate.tree,
        candidate.base,
        own,
    )
    verdict = read_verdict(judgement.signed, server.verdict_key, question)
    check_threshold(verdict, request.threshold)
    return Heard(verdict, judgement.signed)


async def ask_rehearsal(
    server: Server, run: Run, candidate: Candidate, mission: Mission
) -> RehearseReply:
    """Have the dev scenarios tried: no verdict, so no signature; the gate is asked all the same."""
    request = RehearseRequest(
        run_id=run.id,
        repo=run.issue.repo,
        issue=run.issue.number,
        base=candidate.base,
        commit=candidate.commit,
        tree=candidate.tree,
        base_bundle=candidate.base_bundle,
        bundle=candidate.bundle,
        product=mission.product,
        environment=mission.environment,
    )
    answer = await server.engine.child(
        Lane.VALIDATE,
        "rehearse",
        wire.dump(request),
        id=f"rehearse:{nonce(run.id, candidate.commit, candidate.base)}",
        priority=int(run.priority),
        app=Role.VALIDATOR.app,
        timeout_s=server.workflow.validate_timeout_s,
    )
    return answer_as(RehearseReply, answer)


def demanded(server: Server, mission: Mission) -> float:
    """Return the threshold of a landing: a mission may only ask for more."""
    return max(mission.gate.threshold, server.workflow.threshold)


def demands_of(server: Server, mission: Mission, run: Run) -> Demands:
    """Return what the landing of a run's last attempt asks for beside a PASS."""
    return Demands(
        gate=mission.gate,
        coder=run.model,
        built_in=run.attempts[-1].box_tier if run.attempts else "",
        accept_tier_b=server.accept_tier_b,
        accept_uncalibrated=server.accept_uncalibrated,
    )


def check_threshold(verdict: Verdict, wanted: float) -> None:
    """Refuse a genuine verdict over a weaker question: somebody else asked it first."""
    if verdict.threshold < wanted:
        raise Tampered(
            f"a verdict was given at the threshold {verdict.threshold}, not at {wanted}",
            means="the question was put to the validator by somebody else than the server",
            remedy="find out who else can write to the database",
        )
