"""The validator's key and what its signature covers."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.errors import EnvironmentProblem, Tampered
from bot.policy.authorise import Question, read_verdict
from bot.validator.signing import open_signer

VERDICT = Verdict(
    id="v1",
    outcome=Outcome.PASS,
    purpose=Purpose.GATE,
    reason="passed",
    repo="acme/pärcel",
    issue=1,
    commit="a" * 40,
    tree="b" * 40,
    base="c" * 40,
    corpus="d" * 64,
    box_tier="A",
    box_digest="e" * 64,
    nonce="f",
    n=30,
    k=30,
    n_effective=30.0,
    trajectories=30,
    mean=1.0,
    lower_bound=0.9173,
    threshold=0.9,
    invalid=0,
    pending=0,
    seconds=1.5,
    issued_at="2026-01-01T00:00:00+00:00",
)
QUESTION = Question(Purpose.GATE, "acme/pärcel", 1, "a" * 40, "b" * 40, "c" * 40, "f")


def test_a_signed_verdict_is_believed(tmp_path: Path) -> None:
    """The server reads back exactly what was signed."""
    signer = open_signer(tmp_path / "key.pem")

    assert read_verdict(signer.sign(VERDICT), signer.public_key, QUESTION) == VERDICT


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    """0600, the same at the next start, no draft left behind."""
    path = tmp_path / "state" / "key.pem"
    first = open_signer(path).public_key

    assert open_signer(path).public_key == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_changed_verdict_is_not_believed(tmp_path: Path) -> None:
    """One digit, another key, another nonce: each is refused."""
    signer, other = open_signer(tmp_path / "a.pem"), open_signer(tmp_path / "b.pem")
    signed = signer.sign(replace(VERDICT, outcome=Outcome.FAIL))
    forged = SignedVerdict(signed.payload.replace('"fail"', '"pass"'), signed.signature)

    with pytest.raises(Tampered):
        read_verdict(forged, signer.public_key, QUESTION)
    with pytest.raises(Tampered):
        read_verdict(signed, other.public_key, QUESTION)
    with pytest.raises(Tampered):
        read_verdict(signed, signer.public_key, replace(QUESTION, nonce="g"))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The remedy says how to mend it."""
    path = tmp_path / "key.pem"
    open_signer(path)
    path.chmod(0o644)

    with pytest.raises(EnvironmentProblem, match="chmod 600"):
        open_signer(path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """Garbage is never replaced silently: verdicts already given would lose their signer."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"garbage")
    path.chmod(0o600)

    with pytest.raises(EnvironmentProblem, match="no Ed25519"):
        open_signer(path)
    assert path.read_bytes() == b"garbage"
