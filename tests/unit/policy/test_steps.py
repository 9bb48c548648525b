"""Code decides what answers do; only PASS moves a run towards a merge."""

from dataclasses import replace

import pytest

from bot.domain.finding import CheckResult, Finding
from bot.domain.run import Attempt, RunState
from bot.domain.verdict import FailureClass, Outcome
from bot.domain.work import BuildEnd, BuildReply, RehearseReply, TriageDecision, TriageReply
from bot.policy.steps import (
    AskAgain,
    Finish,
    GoOn,
    TryAgain,
    after_build,
    after_gate,
    after_rehearsal,
    after_seal,
    after_triage,
    gate_feedback,
)

GREEN = CheckResult("pytest", passed=True, exit_code=0, output="3 passed", seconds=1.0)
RED = CheckResult("pytest", passed=False, exit_code=1, output="test_x FAILED", seconds=1.0)
ATTEMPT = Attempt(1, "b" * 40, "z", "c" * 40, "t" * 40, "fixed", checks=(GREEN,))


def submitted(attempt: Attempt) -> BuildReply:
    """Return a reply that carries an attempt."""
    return BuildReply(BuildEnd.SUBMITTED, "fixed", attempt=attempt)


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (TriageDecision.REJECT, RunState.REJECTED),
        (TriageDecision.ASK, RunState.NEEDS_INFO),
        (TriageDecision.DUPLICATE, RunState.DUPLICATE),
        (TriageDecision.PARK, RunState.PARKED),
    ],
)
def test_only_an_acceptance_goes_on(decision: TriageDecision, state: RunState) -> None:
    """Every other triage answer ends the run in its own state."""
    step = after_triage(TriageReply(decision, "clause", "reason"))

    assert isinstance(step, Finish)
    assert state == step.state
    assert GoOn() == after_triage(TriageReply(TriageDecision.ACCEPT, "clause", "reason"))


def test_a_visibly_good_attempt_is_published() -> None:
    """Silent guards and green checks are enough for a pull request, not for more."""
    assert GoOn() == after_build(submitted(ATTEMPT), attempts_left=4)


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (replace(ATTEMPT, checks=(GREEN, RED)), "test_x FAILED"),
        (replace(ATTEMPT, checks=()), "no visible check ran"),
        (replace(ATTEMPT, guards=(Finding("size", "a.py", "too large"),)), "too large"),
    ],
)
def test_what_is_visibly_wrong_is_told_in_full(attempt: Attempt, words: str) -> None:
    """Nothing hidden is involved, so the coder hears all of it; at the end it is the reason."""
    again = after_build(submitted(attempt), attempts_left=1)
    last = after_build(submitted(attempt), attempts_left=0)

    assert isinstance(again, TryAgain)
    assert words in again.feedback
    assert isinstance(last, Finish)
    assert (RunState.DROPPED, "attempts-used-up") == (last.state, last.reason)


@pytest.mark.parametrize("end", [e for e in BuildEnd if e is not BuildEnd.SUBMITTED])
def test_an_attempt_without_a_submission_drops_the_run(end: BuildEnd) -> None:
    """Giving up and running out are honest ends with their own reason."""
    step = after_build(BuildReply(end, "why"), attempts_left=4)

    assert Finish(RunState.DROPPED, end.value, "why") == step


def gate(outcome: Outcome, reason: str, *, left: int = 3, asked: int = 1) -> object:
    """Ask what follows a gate answer."""
    return after_gate(
        outcome, reason, hint=None, attempts_left=left, asked=asked, invalid_retries=2
    )


def test_a_pass_goes_on_to_the_sealed_set() -> None:
    """PASS is the only way on."""
    assert GoOn() == gate(Outcome.PASS, "passed")


def test_a_failed_gate_costs_an_attempt_and_tells_one_bit() -> None:
    """The words are the same whatever failed."""
    step = gate(Outcome.FAIL, "must-pass-failed")

    assert step == gate(Outcome.FAIL, "newly-failing")
    assert isinstance(step, TryAgain)
    assert isinstance(gate(Outcome.FAIL, "must-pass-failed", left=0), Finish)


def test_what_could_not_be_checked_never_merges_and_costs_no_attempt() -> None:
    """INVALID is asked again, and then a person is asked."""
    assert AskAgain() == gate(Outcome.INVALID, "box-failed", left=0, asked=2)
    end = gate(Outcome.INVALID, "box-failed", asked=3)

    assert isinstance(end, Finish)
    assert (RunState.OPENED, "not-checkable") == (end.state, end.reason)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INVALID])
@pytest.mark.parametrize("reason", ["no-scenarios", "too-few-scenarios"])
def test_too_little_to_judge_by_stops_at_the_pull_request(outcome: Outcome, reason: str) -> None:
    """More attempts would not help: a person decides, and is told why."""
    end = gate(outcome, reason)

    assert isinstance(end, Finish)
    assert (RunState.OPENED, reason) == (end.state, end.reason)


def test_a_sealed_failure_is_final() -> None:
    """No retry and no detail: the sealed set is asked once."""
    end = after_seal(Outcome.FAIL, "sealed-failed", asked=1, invalid_retries=2)

    assert isinstance(end, Finish)
    assert (RunState.OPENED, "sealed-failed") == (end.state, end.reason)
    assert AskAgain() == after_seal(Outcome.INVALID, "box-failed", asked=1, invalid_retries=2)


def test_a_coarse_class_is_the_most_that_is_ever_told() -> None:
    """One of eight fixed words, or nothing."""
    assert gate_feedback(None) in gate_feedback(FailureClass.CRASH)
    assert gate_feedback(FailureClass.CRASH).endswith("Kind of failure: crash.")


def test_what_a_coder_may_read_is_asked_before_the_gate() -> None:
    """A failing dev scenario is another attempt, or the end; none at all, and all hold: go on."""
    again = after_rehearsal(RehearseReply(6, 2, "=== a: FAILS"), 1)
    last = after_rehearsal(RehearseReply(6, 2, "=== a: FAILS"), 0)

    assert isinstance(again, TryAgain)
    assert again.feedback.startswith("Not accepted: 2 of 6 example scenarios do not hold.")
    assert isinstance(last, Finish)
    assert (last.state, last.reason) == (RunState.DROPPED, "attempts-used-up")
    assert [after_rehearsal(reply, 3) for reply in (RehearseReply(), RehearseReply(6))] == [
        GoOn(),
        GoOn(),
    ]
