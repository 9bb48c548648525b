"""The train: one repository's landings, one at a time.

What lands is what a PASS was signed for: the attempt itself when main has not moved, else its
rebase, which is validated again before it may land (bot.flows.landing moves main).
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.adapters.missionfile import parse_mission
from bot.adapters.substrate.gitstore import GitStore
from bot.domain.change import Change
from bot.domain.mission import Mission
from bot.domain.run import Run
from bot.domain.verdict import Purpose, SignedVerdict, Verdict
from bot.errors import Protected
from bot.flows.judge import (
    Candidate,
    ask_validator,
    check_threshold,
    demanded,
    demands_of,
)
from bot.flows.landing import land
from bot.flows.people import PAUSED, ask_once
from bot.flows.publish import push_branch
from bot.flows.server import GITHUB_RETRY, GITHUB_STEP_S, Server
from bot.policy.authorise import Permit, Question, Refusal, authorise, claimed, read_verdict
from bot.policy.guards import inspect
from bot.policy.obstacles import explained


@dataclass(frozen=True, slots=True)
class LandingRequest:
    """A validated, sealed change that wants to land."""

    run: Run
    candidate: Candidate
    mission: Mission


class TrainEnd(StrEnum):
    """How a ride ended."""

    LANDED = "landed"
    CONFLICT = "conflict"
    """Main moved under the same lines: the change has to be made again."""
    STOPPED = "stopped"
    REFUSED = "refused"
    WAITS = "waits"
    """A label holds this issue: others ride meanwhile."""


@dataclass(frozen=True, slots=True)
class LandingResult:
    """What the issue's flow learns."""

    end: TrainEnd
    reason: str
    detail: str = ""
    commit: str = ""
    base: str = ""
    base_bundle: str = ""
    verdicts: tuple[SignedVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stand:
    """The candidate on top of main as it is now."""

    candidate: Candidate
    moved: bool
    conflict: str = ""
    refused: str = ""


async def train_flow(server: Server, request: LandingRequest) -> LandingResult:
    """Land one change, or say why not. Runs alone in its repository."""
    verdicts: tuple[SignedVerdict, ...] = ()
    gate = _last(request, server, Purpose.GATE)
    sealed = _last(request, server, Purpose.SEALED)
    candidate = request.candidate
    demands = demands_of(server, request.mission, request.run)
    for lap in range(1, server.workflow.bounds.train_rounds + 1):
        stand = await _stand(server, request, candidate, lap)
        if stand.conflict:
            return LandingResult(
                TrainEnd.CONFLICT,
                "conflict",
                f"main moved under the same lines: {stand.conflict}",
                base=stand.candidate.base,
                base_bundle=stand.candidate.base_bundle,
            )
        if stand.refused:
            return LandingResult(TrainEnd.REFUSED, "guard", stand.refused, verdicts=verdicts)
        candidate = stand.candidate
        if stand.moved:
            heard = await ask_validator(
                server,
                request.run,
                candidate,
                request.mission,
                purpose=Purpose.TRAIN,
                submission=1,
                asked=lap,
            )
            gate, verdicts = heard.verdict, (*verdicts, heard.signed)
        permit = (
            authorise(gate, sealed, change_base=candidate.base, demands=demands)
            if gate is not None
            else Refusal("gate-missing")
        )
        if isinstance(permit, Refusal):
            return LandingResult(
                TrainEnd.REFUSED,
                permit.reason,
                (explained(permit.reason, gate, demands) if gate is not None else "")
                or "the change as it would stand on main is not proven good",
                verdicts=verdicts,
            )
        why = await ask_once(server, request.run, str(lap))
        if why:
            end = TrainEnd.WAITS if why == PAUSED else TrainEnd.STOPPED
            return LandingResult(end, why, verdicts=verdicts)
        try:
            landed = await _landed(server, request, permit, lap)
        except Protected as rule:
            return LandingResult(TrainEnd.REFUSED, "protected", rule.what, verdicts=verdicts)
        if landed:
            return LandingResult(TrainEnd.LANDED, "landed", commit=landed, verdicts=verdicts)
    return LandingResult(
        TrainEnd.REFUSED, "main-moves", "main moved under every lap of the train", verdicts=verdicts
    )


def _last(request: LandingRequest, server: Server, purpose: Purpose) -> Verdict | None:
    """Read the newest verdict of a purpose from the run, verified again for this commit."""
    run, candidate = request.run, request.candidate
    attempt = run.attempts[-1] if run.attempts else None
    for signed in reversed(attempt.verdicts if attempt else ()):
        claim = claimed(signed)
        if claim.purpose is purpose:
            question = Question(
                purpose,
                run.issue.repo,
                run.issue.number,
                candidate.commit,
                candidate.tree,
                candidate.base,
                claim.nonce,
            )
            verdict = read_verdict(signed, server.verdict_key, question)
            check_threshold(verdict, demanded(server, request.mission))
            return verdict
    return None


async def _stand(server: Server, request: LandingRequest, candidate: Candidate, lap: int) -> _Stand:
    """Put the candidate on top of main, and guard the tree that would land."""

    async def look() -> _Stand:
        repo = await server.forge.repository(request.run.issue.repo)
        tip = await server.fetch(repo)
        substrate = await server.substrate(repo.full_name)
        bundle = await server.base_bundle(repo.full_name, tip)
        if tip == candidate.base:
            found = await _forbidden(substrate.git, tip, candidate.commit)
            return _Stand(candidate, moved=False, refused=found)
        change = await substrate.rebase(candidate.commit, tip)
        if change.conflict:
            files = ", ".join(change.conflicted_files[:5])
            empty = Candidate(tip, "", "", bundle, "")
            return _Stand(empty, moved=True, conflict=files)
        found = await _forbidden(substrate.git, tip, change.commit)
        if found:
            return _Stand(candidate, moved=True, refused=found)
        await push_branch(server, repo, request.run, change.commit)
        packed = await substrate.git.bundle(change.commit, exclude=[tip])
        moved = _rebased(change, tip, bundle, await server.store.put_blob(packed))
        return _Stand(moved, moved=True)

    return await server.engine.step(
        f"stand:{lap}", look, kind=_Stand, timeout_s=GITHUB_STEP_S, retry=GITHUB_RETRY
    )


async def _forbidden(git: GitStore, tip: str, commit: str) -> str:
    """Say what the rules of main, as it stands now, have against the tree that would land."""
    raw = await git.read(tip, "mission.md")
    if raw is None:
        return "there is no mission.md on the default branch any more"
    findings = inspect(await git.diff(tip, commit), parse_mission(raw.decode("utf-8", "replace")))
    return findings[0].message if findings else ""


def _rebased(change: Change, tip: str, base_bundle: str, bundle: str) -> Candidate:
    return Candidate(tip, change.commit, change.tree, base_bundle, bundle)


async def _landed(server: Server, request: LandingRequest, permit: Permit, lap: int) -> str:
    """Land durably; return the commit that main holds now, nothing when main moved meanwhile."""
    return await server.engine.step(
        f"land:{lap}",
        lambda: land(server, request.run, permit),
        kind=str,
        timeout_s=GITHUB_STEP_S,
        retry=GITHUB_RETRY,
    )
