"""The small stories that the server's flows share, and what they believe of other roles."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.adapters.workflowfile import load_workflow
from bot.domain.change import Change
from bot.domain.issue import Issue
from bot.domain.mission import Gate, Limits, Mission
from bot.domain.priority import Priority
from bot.domain.run import Attempt, Run, RunState
from bot.domain.verdict import Judgement, Outcome, Purpose, Verdict
from bot.domain.work import BuildEnd, BuildReply
from bot.errors import Rejected, Tampered
from bot.flows.attempts import Start
from bot.flows.batch import _put_back
from bot.flows.issue import _bounded
from bot.flows.judge import Candidate, check_threshold, demanded
from bot.flows.server import Server, answer_as, branch_of, nonce
from bot.flows.talk import _SECONDS, _said
from bot.flows.train import LandingRequest, _last, _rebased
from bot.policy.conversation import Conversation
from bot.supervise import CODE
from bot.validator.signing import Signer

WORKFLOW = load_workflow(CODE / "workflows")
KEY = Signer(Ed25519PrivateKey.generate())
ISSUE = Issue("o/n", 3, "t", "b", ("nightshift",), "ann", 1)
CANDIDATE = Candidate("b" * 40, "c" * 40, "d" * 40, "", "")
PASS = Verdict(
    id="v", outcome=Outcome.PASS, purpose=Purpose.GATE, reason="passed", repo="o/n", issue=3,
    commit="c" * 40, tree="d" * 40, base="b" * 40, corpus="", box_tier="A", box_digest="",
    nonce="n", n=30, k=30, n_effective=30.0, trajectories=30, mean=1.0, lower_bound=0.91,
    threshold=0.9, invalid=0, pending=0, seconds=1.0, issued_at="2026-01-05T10:00:00+00:00",
)  # fmt: skip


def server(state: Path) -> Server:
    """Make a server that never talks to anybody."""
    nobody: None = None
    return Server(
        engine=nobody,  # type: ignore[arg-type]
        store=nobody,  # type: ignore[arg-type]
        forge=nobody,  # type: ignore[arg-type]
        workflow=WORKFLOW,
        state=state,
        jj=state / "jj",
        verdict_key=KEY.public_key,
        accept_tier_b=True,
        accept_uncalibrated=True,
    )


def asks(*verdicts: Verdict) -> LandingRequest:
    """Ask to land on these words."""
    attempt = Attempt(1, "b" * 40, "z", "c" * 40, "d" * 40, "s", box_tier="A")
    attempt = replace(attempt, verdicts=tuple(KEY.sign(verdict) for verdict in verdicts))
    run = Run("r", ISSUE, "b" * 40, Priority.P2, RunState.TRAIN, attempts=(attempt,))
    return LandingRequest(run, CANDIDATE, Mission(checks=("true",), gate=Gate(0.5)))


@pytest.mark.parametrize("answer", [None, {}, [], "pass", {"signed": {}}, {"end": "submitted"}])
def test_a_foreign_answer_is_tampering(answer: object) -> None:
    """A role that speaks another language is not believed, and does not break the flow."""
    for kind in (Judgement, BuildReply):
        with pytest.raises(Tampered):
            answer_as(kind, answer)


def test_a_question_has_a_name_of_its_own() -> None:
    """The same for a replay, another for anything else that is asked."""
    assert nonce("r", 1, "c") == nonce("r", 1, "c")
    others = {nonce("r", 2, "c"), nonce("r", 1, "d"), nonce("r1", "", "c"), nonce("r", 1, "c", "")}
    assert len(others | {nonce("r", 1, "c")}) == 5
    assert branch_of(7) == "nightshift/issue-7"


def test_a_mission_tightens_and_never_loosens(tmp_path: Path) -> None:
    """Limits and threshold: the stricter of workflow and mission."""
    bounds = WORKFLOW.bounds
    greedy = Mission(checks=("x",), limits=Limits(99, 999.0, 9999.0, 10), gate=Gate(0.1))
    modest = Mission(checks=("x",), limits=Limits(1, 0.0, 1.0, 10), gate=Gate(0.99))
    one = server(tmp_path)
    assert _bounded(one, greedy).limits == Limits(
        bounds.attempts, bounds.usd_per_issue, bounds.minutes, 10
    )
    assert _bounded(one, modest).limits == modest.limits
    assert demanded(one, greedy) == WORKFLOW.threshold
    assert demanded(one, modest) == 0.99


def test_a_weaker_question_is_no_proof() -> None:
    """A genuine verdict at a lower threshold was asked for by somebody else."""
    check_threshold(PASS, 0.9)
    with pytest.raises(Tampered):
        check_threshold(replace(PASS, threshold=0.89), 0.9)


def test_the_newest_word_of_a_purpose_counts(tmp_path: Path) -> None:
    """And only when it is genuine, for this very candidate, at our threshold."""
    one = server(tmp_path)
    no = replace(PASS, outcome=Outcome.FAIL, id="later", nonce="m")
    found = _last(asks(PASS, no), one, Purpose.GATE)
    assert found is not None
    assert found.id == "later"
    assert _last(asks(PASS), one, Purpose.SEALED) is None
    assert _last(replace(asks(), run=replace(asks().run, attempts=())), one, Purpose.GATE) is None
    for wrong in (
        replace(PASS, tree="e" * 40),
        replace(PASS, commit="e" * 40),
        replace(PASS, base="e" * 40),
        replace(PASS, repo="o/m"),
        replace(PASS, issue=4),
        replace(PASS, threshold=0.6),
    ):
        with pytest.raises(Tampered):
            _last(asks(wrong), one, Purpose.GATE)


def test_a_rebased_candidate_stands_on_the_new_tip() -> None:
    """Commit and tree are the rebased ones."""
    change = Change("z", "1" * 40, "2" * 40, ("3" * 40,), "m")
    assert _rebased(change, "3" * 40, "base", "own") == Candidate(
        "3" * 40, "1" * 40, "2" * 40, "base", "own"
    )


def test_the_next_attempt_hears_of_the_last() -> None:
    """The same base, the conversation so far, and the words that people read too."""
    reply = BuildReply(BuildEnd.SUBMITTED, "s", conversation="digest")
    following = Start("b", "bundle", submission=1).heard(reply, "Not accepted: no")
    assert (following.base, following.conversation) == ("b", "digest")
    assert (following.feedback, following.submission) == ("Not accepted: no", 1)


def test_an_empty_reply_is_not_sent_back() -> None:
    """The endpoint would refuse it."""
    talk = Conversation((), "c", "b").say("user", [{"type": "text", "text": "x"}])
    assert _said(talk, []) is talk
    assert len(_said(talk, [{"type": "text", "text": "y"}]).messages) == 2


def test_a_refused_tree_is_told() -> None:
    """The coder learns that its work was put back, and why."""
    told = _put_back({"content": "ok", "is_error": False}, Rejected("too many files"))
    assert told["is_error"]
    assert "ok" in told["content"]
    assert "too many files" in told["content"]


@pytest.mark.parametrize("text", ["[exit 0, 0.1 s]", "3 passed in 12.34s"])
def test_the_same_result_later_is_the_same(text: str) -> None:
    """How long something took is no progress."""
    later = text.replace("0.1", "0.9").replace("12.34", "7.00")
    assert _SECONDS.sub("", later) == _SECONDS.sub("", text)
    assert _SECONDS.sub("", "total 12.5") == "total 12.5"
