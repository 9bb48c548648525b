"""The validator's memory: answers, consultations, what base showed, evidence."""

import stat
from pathlib import Path

import pytest

from bot.domain.verdict import Judgement, Outcome, Purpose, SignedVerdict
from bot.errors import UsageError
from bot.policy.feedback import Consultation
from bot.validator.evidence import show
from bot.validator.ledger import Entry, Ledger, Shown


def record(ledger: Ledger, nonce: str, **changes: object) -> Judgement:
    """Record one answer about acme/parcel#1."""
    judgement = Judgement(SignedVerdict(f'{{"id":"v-{nonce}"}}', "00"))
    values: dict[str, object] = {
        "nonce": nonce,
        "repo": "acme/parcel",
        "corpus": "c1",
        "issue": 1,
        "purpose": Purpose.GATE,
        "run_id": "run",
        "commit": "a" * 40,
        "outcome": Outcome.FAIL,
        "k": 30,
        "verdict": f"v-{nonce}",
        "at": "2026-01-01T00:00:00+00:00",
    }
    entry = Entry(**(values | changes))  # type: ignore[arg-type]  # typed by the table above
    transcript = {"secret": "expected 12.50"}
    ledger.record(nonce, "q", judgement, at=entry.at, entry=entry, transcript=transcript)
    return judgement


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Make a fresh ledger."""
    return Ledger(tmp_path / "state" / "ledger.sqlite")


def test_it_is_for_its_owner_alone(tmp_path: Path, ledger: Ledger) -> None:
    """Inputs and expectations lie in here: nobody else may read it, side files included."""
    record(ledger, "n1")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_the_same_question_has_the_same_answer(tmp_path: Path, ledger: Ledger) -> None:
    """Also in another process, and only for the very same question."""
    judgement = record(ledger, "n1")
    again = Ledger(tmp_path / "state" / "ledger.sqlite")

    assert again.answered("n1", "q") == judgement
    assert again.answered("n1", "another") is None
    assert again.answered("n2", "q") is None


def test_consultations_are_counted_where_they_belong(ledger: Ledger) -> None:
    """Per issue and corpus; train and sealed questions are no consultations."""
    record(ledger, "n1")
    record(ledger, "n2", k=33, outcome=Outcome.PASS)
    record(ledger, "n3", issue=2)
    record(ledger, "n4", corpus="c2")
    record(ledger, "n5", purpose=Purpose.TRAIN)
    record(ledger, "n6", purpose=Purpose.SEALED, commit="b" * 40)
    record(ledger, "n1")

    told = ledger.consultations("acme/parcel", "c1", 1)
    assert told == (Consultation(Outcome.FAIL, 30), Consultation(Outcome.PASS, 33))
    assert ledger.spent("acme/parcel", "c1") == 3
    assert ledger.sealed("acme/parcel", "run") == (("b" * 40, Outcome.FAIL),)


def test_what_a_tree_showed_is_kept(ledger: Ledger) -> None:
    """Per place; a later look replaces the earlier one."""
    ledger.remember("place", {"a": Shown((1.0,), started=True), "b": Shown((0.5,), started=False)})
    ledger.remember("place", {"b": Shown((1.0, 0.0), started=True)})

    assert ledger.shown("place") == {
        "a": Shown((1.0,), started=True),
        "b": Shown((1.0, 0.0), started=True),
    }
    assert ledger.shown("elsewhere") == {}


def test_evidence_is_kept_for_a_while(tmp_path: Path) -> None:
    """The newest transcripts stay, the oldest go, the counts of all remain."""
    ledger = Ledger(tmp_path / "ledger.sqlite", keep=2)
    for number in range(5):
        record(ledger, f"n{number}")

    assert ledger.evidence("v-n4") == {"secret": "expected 12.50"}
    assert ledger.evidence("v-n2") is None
    assert ledger.spent("acme/parcel", "c1") == 5


def test_an_unknown_verdict_is_said_to_be_unknown(ledger: Ledger) -> None:
    """One clear sentence instead of a traceback."""
    with pytest.raises(UsageError, match="no evidence"):
        show(ledger, "nonsense")
