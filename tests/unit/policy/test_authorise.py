"""A landing needs a genuine PASS for exactly this commit, tree, base and question."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot import wire
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.errors import Tampered
from bot.policy.authorise import Permit, Question, Refusal, authorise, claimed, read_verdict
from bot.policy.obstacles import Demands

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw().hex()


def make_verdict(**changes: Any) -> Verdict:
    """Return a passing gate verdict, changed as told."""
    whole = Verdict(
        id="v1",
        outcome=Outcome.PASS,
        purpose=Purpose.GATE,
        reason="passed",
        repo="acme/parcel",
        issue=1,
        commit="c" * 40,
        tree="d" * 40,
        base="b" * 40,
        corpus="e" * 64,
        box_tier="A",
        box_digest="f" * 64,
        nonce="n",
        n=30,
        k=30,
        n_effective=30.0,
        trajectories=30,
        mean=1.0,
        lower_bound=0.917,
        threshold=0.9,
        invalid=0,
        pending=0,
        seconds=1.0,
        issued_at="2026-01-11T00:00:00+00:00",
        calibrated_at="2026-01-01T00:00:00+00:00",
        kill_rate=0.95,
    )
    return replace(whole, **changes)


def sign(verdict: Verdict, key: Ed25519PrivateKey = KEY) -> SignedVerdict:
    """Sign as the validator does."""
    payload = wire.canonical(wire.dump(verdict))
    return SignedVerdict(payload, key.sign(payload.encode()).hex())


def question(verdict: Verdict) -> Question:
    """Return the question that a verdict answers."""
    return Question(
        verdict.purpose,
        verdict.repo,
        verdict.issue,
        verdict.commit,
        verdict.tree,
        verdict.base,
        verdict.nonce,
    )


def test_a_genuine_answer_is_read() -> None:
    """What the validator signed for this question comes back whole."""
    verdict = make_verdict()

    assert verdict == read_verdict(sign(verdict), PUBLIC, question(verdict))


def test_a_verdict_signed_by_somebody_else_is_tampering() -> None:
    """A key of one's own makes no verdict."""
    verdict = make_verdict()

    with pytest.raises(Tampered, match="signature"):
        read_verdict(sign(verdict, Ed25519PrivateKey.generate()), PUBLIC, question(verdict))


def test_a_changed_word_breaks_the_signature() -> None:
    """A FAIL cannot be edited into a PASS."""
    signed = sign(make_verdict(outcome=Outcome.FAIL))
    forged = SignedVerdict(signed.payload.replace('"fail"', '"pass"'), signed.signature)

    with pytest.raises(Tampered, match="signature"):
        read_verdict(forged, PUBLIC, question(make_verdict()))


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "1" * 40},
        {"tree": "1" * 40},
        {"base": "1" * 40},
        {"nonce": "old"},
        {"repo": "acme/other"},
        {"issue": 2},
        {"purpose": Purpose.SEALED},
    ],
)
def test_a_genuine_verdict_for_another_question_is_tampering(change: dict[str, Any]) -> None:
    """Verdicts cannot be carried from one commit, run or purpose to another."""
    asked = question(make_verdict())

    with pytest.raises(Tampered, match="another question"):
        read_verdict(sign(make_verdict(**change)), PUBLIC, asked)


@pytest.mark.parametrize("payload", ["", "{}", "[]", "null", '{"outcome":"pass"}'])
def test_what_is_no_verdict_is_tampering(payload: str) -> None:
    """A signature over something else proves nothing."""
    signed = SignedVerdict(payload, KEY.sign(payload.encode()).hex())

    with pytest.raises(Tampered):
        read_verdict(signed, PUBLIC, question(make_verdict()))
    with pytest.raises(Tampered):
        claimed(signed)


def test_a_signature_that_is_no_hex_is_tampering() -> None:
    """Garbage never ends in a traceback."""
    signed = SignedVerdict(json.dumps({}), "not hex")

    with pytest.raises(Tampered):
        read_verdict(signed, PUBLIC, question(make_verdict()))


STRICT = Demands(coder="claude-opus-5-5", built_in="A")
LAX = replace(STRICT, accept_tier_b=True)
SEALED = make_verdict(id="v2", purpose=Purpose.SEALED)


def test_gate_and_sealed_together_make_a_permit() -> None:
    """The permit names the validated commit, tree and base, and nothing else lands."""
    gate = make_verdict()

    permit = authorise(gate, SEALED, change_base=gate.base, demands=STRICT)

    assert Permit(gate.commit, gate.tree, gate.base, "v1") == permit


@pytest.mark.parametrize(
    ("gate", "sealed", "reason"),
    [
        (make_verdict(outcome=Outcome.FAIL), SEALED, "gate-fail"),
        (make_verdict(outcome=Outcome.INVALID), SEALED, "gate-invalid"),
        (make_verdict(), None, "sealed-missing"),
        (make_verdict(), make_verdict(), "sealed-missing"),
        (make_verdict(), replace(SEALED, outcome=Outcome.FAIL), "sealed-fail"),
        (make_verdict(), replace(SEALED, outcome=Outcome.INVALID), "sealed-invalid"),
        (make_verdict(base="9" * 40), SEALED, "verdict-for-another-base"),
        (SEALED, SEALED, "verdict-for-another-base"),
        (make_verdict(box_tier="B"), SEALED, "box-tier"),
        (make_verdict(), replace(SEALED, box_tier="B"), "box-tier"),
        (make_verdict(calibrated_at=""), SEALED, "not-calibrated"),
        (make_verdict(), replace(SEALED, judge="claude-haiku-5-5"), "advisory"),
    ],
)
def test_anything_less_is_refused_by_name(
    gate: Verdict, sealed: Verdict | None, reason: str
) -> None:
    """No combination of missing or weaker records leads to a landing."""
    assert Refusal(reason) == authorise(gate, sealed, change_base="b" * 40, demands=STRICT)


def test_a_weaker_box_lands_only_where_settings_say_so() -> None:
    """Tier B is allowed in so many words; a tier that does not exist never is."""
    gate, sealed = make_verdict(box_tier="B"), replace(SEALED, box_tier="B")

    allowed = authorise(gate, sealed, change_base=gate.base, demands=LAX)
    unknown = authorise(replace(gate, box_tier="C"), sealed, change_base=gate.base, demands=LAX)

    assert isinstance(allowed, Permit)
    assert Refusal("box-tier") == unknown
