"""What happens next in a run. Pure: what came back, in; the next step, out."""

from dataclasses import dataclass

from bot.domain.run import Attempt, RunState
from bot.domain.verdict import FailureClass, Outcome
from bot.domain.work import BuildEnd, BuildReply, RehearseReply, TriageDecision, TriageReply

_SHOWN = 4000
NOT_ACCEPTED = "Not accepted: "
GATE_SAID_NO = (
    "the hidden scenarios do not all hold. Look for inputs that the issue does not show, and "
    "make the product right for them as well."
)

_AFTER_TRIAGE = {
    TriageDecision.REJECT: RunState.REJECTED,
    TriageDecision.ASK: RunState.NEEDS_INFO,
    TriageDecision.DUPLICATE: RunState.DUPLICATE,
    TriageDecision.PARK: RunState.PARKED,
}
_OPENED = {
    "no-scenarios": "nothing hidden to judge by: not merged; scenarios/README.md says how to write "
    "some",
    "too-few-scenarios": "too few hidden scenarios to be sure enough: not merged; `nightshift "
    "scenario lint` says how many more it takes",
    "burnt-unreplaced": "a hidden scenario became known and is not replaced yet: not merged; "
    "`nightshift scenario new` begins another one",
    "too-flaky": "too many hidden scenarios waver on main itself: not merged",
}


@dataclass(frozen=True, slots=True)
class Finish:
    """The run ends here."""

    state: RunState
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """Take the next step of the workflow."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Another attempt; the coder hears `feedback`, and so does everybody who reads the PR."""

    feedback: str


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The same question again: it could not be answered, and that is nobody's fault."""


def after_triage(reply: TriageReply) -> GoOn | Finish:
    """Let code decide what the triage answer does."""
    if reply.decision is TriageDecision.ACCEPT:
        return GoOn()
    detail = reply.question if reply.decision is TriageDecision.ASK else reply.reason
    return Finish(_AFTER_TRIAGE[reply.decision], f"triage-{reply.decision.value}", detail)


def after_build(reply: BuildReply, attempts_left: int) -> GoOn | TryAgain | Finish:
    """Publish what passes all that is visible; everything else is another attempt or the end."""
    if reply.end is not BuildEnd.SUBMITTED or reply.attempt is None:
        return Finish(RunState.DROPPED, reply.end.value, reply.detail)
    if reply.attempt.visible_pass:
        return GoOn()
    if attempts_left <= 0:
        return Finish(RunState.DROPPED, "attempts-used-up", visible_summary(reply.attempt))
    return TryAgain(visible_feedback(reply.attempt))


def visible_summary(attempt: Attempt) -> str:
    """Say in one line what visible rule or check stands in the way."""
    if attempt.guards:
        return f"guard `{attempt.guards[0].rule}`: {attempt.guards[0].message}"
    if not attempt.checks:
        return "no visible check ran"
    red = next(check for check in attempt.checks if not check.passed)
    return f"the check `{red.command}` is red"


def visible_feedback(attempt: Attempt) -> str:
    """Everything visible that went wrong, in full: nothing hidden is involved."""
    if attempt.guards:
        found = "\n".join(f"- {f.rule}: {f.path}: {f.message}" for f in attempt.guards)
        return f"{NOT_ACCEPTED}the change breaks rules that code enforces:\n{found}"
    if not attempt.checks:
        return f"{NOT_ACCEPTED}no visible check ran."
    red = [check for check in attempt.checks if not check.passed]
    parts = [f"$ {c.command}\n{c.output[-_SHOWN:]}\n[exit {c.exit_code}]" for c in red]
    return f"{NOT_ACCEPTED}these checks are red:\n" + "\n\n".join(parts)


def after_rehearsal(reply: RehearseReply, attempts_left: int) -> GoOn | TryAgain | Finish:
    """Let a failing dev scenario be another attempt: the coder may read it; the gate is spared."""
    if not reply.failed:
        return GoOn()
    feedback = (
        f"{NOT_ACCEPTED}{reply.failed} of {reply.ran} example scenarios do not hold. They are "
        "shown below in full, with what was seen."
    )
    if attempts_left <= 0:
        told = f"{reply.failed} of {reply.ran} example scenarios do not hold"
        return Finish(RunState.DROPPED, "attempts-used-up", told)
    return TryAgain(feedback)


def gate_feedback(hint: FailureClass | None) -> str:
    """One bit, and at most one coarse class: the same words for the coder and for the PR."""
    coarse = f" Kind of failure: {hint.value}." if hint else ""
    return f"{NOT_ACCEPTED}{GATE_SAID_NO}{coarse}"


def after_gate(
    outcome: Outcome,
    reason: str,
    *,
    hint: FailureClass | None,
    attempts_left: int,
    asked: int,
    invalid_retries: int,
    counts: str = "",
    obstacle: str = "",
    explained: str = "",
) -> GoOn | TryAgain | AskAgain | Finish:
    """Let only PASS go on. INVALID is asked again, and then handed to a person.

    `counts` is what was measured, for the people who read why a run ended. A PASS with an
    `obstacle` ends at the pull request at once: the sealed set is not spent on what cannot merge.
    """
    measured = f" ({counts})" if counts else ""
    if outcome is Outcome.PASS and obstacle:
        return Finish(RunState.OPENED, obstacle, f"{explained}{measured}")
    if outcome is Outcome.PASS:
        return GoOn()
    if reason in _OPENED:
        return Finish(RunState.OPENED, reason, f"{_OPENED[reason]}{measured}")
    if outcome is Outcome.INVALID:
        if asked <= invalid_retries and reason != "budget-spent":
            return AskAgain()
        return Finish(RunState.OPENED, "not-checkable", f"could not be judged ({reason})")
    if attempts_left <= 0:
        return Finish(RunState.DROPPED, "gate-failed", "the hidden scenarios refused every attempt")
    return TryAgain(gate_feedback(hint))


def after_seal(
    outcome: Outcome, reason: str, *, asked: int, invalid_retries: int
) -> GoOn | AskAgain | Finish:
    """Let only PASS into the train. A sealed failure is final: no retry and no detail."""
    if outcome is Outcome.PASS:
        return GoOn()
    if reason in _OPENED:
        return Finish(RunState.OPENED, reason, _OPENED[reason])
    if outcome is Outcome.INVALID and asked <= invalid_retries:
        return AskAgain()
    if outcome is Outcome.INVALID:
        return Finish(RunState.OPENED, "not-checkable", f"could not be judged ({reason})")
    return Finish(RunState.OPENED, "sealed-failed", "the sealed scenarios say no: a person decides")
