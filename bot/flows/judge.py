"""Asks the validator one question and believes only a signed answer to it."""

from dataclasses import dataclass

from bot import wire
from bot.domain.mission import Mission
from bot.domain.role import Lane, Role
from bot.domain.run import Run
from bot.domain.verdict import FailureClass, Judgement, Purpose, SignedVerdict, Verdict
from bot.domain.work import ValidateRequest
from bot.flows.server import Server, nonce
from bot.policy.authorise import Question, read_verdict


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
    hint: FailureClass | None


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
        threshold=max(mission.gate.threshold, server.workflow.threshold),
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
    judgement = wire.load(Judgement, answer)
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
    return Heard(verdict, judgement.signed, judgement.feedback)
