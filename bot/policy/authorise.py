"""Whether a signed verdict allows exactly this commit to land. Pure: bytes in, a permit or a no."""

import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from bot import wire
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.errors import Tampered
from bot.policy.obstacles import Demands, obstacle

_LOOK = "find out who else can write to the database"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: a verdict answers it only if it names all of these."""

    purpose: Purpose
    repo: str
    issue: int
    commit: str
    tree: str
    base: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that a PASS for exactly this commit and base was verified. Landing demands one."""

    commit: str
    tree: str
    base: str
    verdict_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a genuine verdict does not allow the landing: a fixed slug."""

    reason: str


def read_verdict(signed: SignedVerdict, key: str, question: Question) -> Verdict:
    """Verify the signature and that the verdict answers this very question.

    Raises Tampered for a forged, altered or exchanged verdict: the caller freezes, never retries.
    """
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signed.signature), signed.payload.encode())
        verdict = wire.load(Verdict, json.loads(signed.payload))
    except (InvalidSignature, ValueError, ValidationError) as error:
        raise Tampered(
            "a verdict does not carry the validator's signature",
            means="it was forged or altered, or the key belongs to another validator",
            remedy=f"compare the key with `nightshift role validator --show-key`; {_LOOK}",
        ) from error
    answered = Question(
        verdict.purpose,
        verdict.repo,
        verdict.issue,
        verdict.commit,
        verdict.tree,
        verdict.base,
        verdict.nonce,
    )
    if answered != question:
        raise Tampered(
            "a genuine verdict answers another question than the one that was asked",
            means="somebody exchanged verdicts between commits, runs or purposes",
            remedy=_LOOK,
        )
    return verdict


def claimed(signed: SignedVerdict) -> Verdict:
    """Read what a verdict claims, unverified: only to choose which question to verify it by."""
    try:
        return wire.load(Verdict, json.loads(signed.payload))
    except (ValueError, ValidationError) as error:
        raise Tampered("a recorded verdict cannot be read", remedy=_LOOK) from error


def authorise(
    gate: Verdict, sealed: Verdict | None, *, change_base: str, demands: Demands
) -> Permit | Refusal:
    """Allow a landing on `gate` (for the very commit and base) and a passed sealed set."""
    if gate.outcome is not Outcome.PASS:
        return Refusal(f"gate-{gate.outcome.value}")
    if gate.purpose not in {Purpose.GATE, Purpose.TRAIN} or gate.base != change_base:
        return Refusal("verdict-for-another-base")
    if sealed is None or sealed.purpose is not Purpose.SEALED:
        return Refusal("sealed-missing")
    if sealed.outcome is not Outcome.PASS:
        return Refusal(f"sealed-{sealed.outcome.value}")
    stands_in_the_way = obstacle(gate, demands) or obstacle(sealed, demands)
    if stands_in_the_way:
        return Refusal(stands_in_the_way)
    return Permit(gate.commit, gate.tree, gate.base, gate.id)
