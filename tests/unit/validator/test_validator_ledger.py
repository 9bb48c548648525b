"""The validator's memory: answers, consultations, what base showed, evidence."""

import json
import stat
from pathlib import Path

import pytest

from bot.domain.verdict import Judgement, Outcome, Purpose, SignedVerdict
from bot.errors import UsageError
from bot.policy.feedback import Consultation
from bot.validator.evidence import listed, show
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
    """Per repository and issue, whatever the corpus' bytes; train and sealed questions are none."""
    record(ledger, "n1")
    record(ledger, "n2", k=33, outcome=Outcome.PASS)
    record(ledger, "n3", issue=2)
    record(ledger, "n4", corpus="c2")
    record(ledger, "n7", repo="acme/other")
    record(ledger, "n5", purpose=Purpose.TRAIN)
    record(ledger, "n6", purpose=Purpose.SEALED, commit="b" * 40)
    record(ledger, "n1")

    told = ledger.consultations("acme/parcel", 1)
    assert told == (
        Consultation(Outcome.FAIL, 30),
        Consultation(Outcome.PASS, 33),
        Consultation(Outcome.FAIL, 30),
    )
    assert ledger.spent("acme/parcel") == 4
    assert ledger.sealed("acme/parcel", "run") == (("b" * 40, Outcome.FAIL),)


def test_what_a_tree_showed_is_kept(ledger: Ledger) -> None:
    """Per place, with the seed of its inputs; more runs replace fewer, never the other way."""
    ledger.remember("place", {"a": Shown((1.0,), started=True), "b": Shown((0.5,), started=False)})
    ledger.remember("place", {"b": Shown((0.0, 0.0), started=True, seed="s")})
    ledger.remember("place", {"b": Shown((1.0,), started=True)})

    assert ledger.shown("place") == {
        "a": Shown((1.0,), started=True),
        "b": Shown((0.0, 0.0), started=True, seed="s"),
    }
    assert ledger.shown("elsewhere") == {}


def test_wavering_is_never_forgotten(ledger: Ledger) -> None:
    """Two judgements at once: the one that saw base waver wins, however much the other saw."""
    ledger.remember("place", {"a": Shown((1.0, 0.0), started=True, seed="s")})
    ledger.remember("place", {"a": Shown((1.0,) * 10, started=True, seed="t")})

    assert ledger.shown("place")["a"].scores == (1.0, 0.0)


def test_runs_with_one_seed_outweigh_others_that_differ() -> None:
    """What a head showed on many inputs is no wavering when one input answers otherwise."""
    head = Shown((1.0, 1.0, 1.0), started=True)

    assert head.plus([1.0], started=True, seed="s").scores == (1.0,) * 4
    assert head.plus([0.0], started=True, seed="s").scores == (0.0,)
    assert Shown((1.0,), started=True, seed="s").plus([0.0], started=True, seed="s").scores == (
        1.0,
        0.0,
    )


def test_evidence_goes_by_age_and_by_size(tmp_path: Path) -> None:
    """The oldest first, the newest never; the counts and the verdicts of all remain."""
    small = Ledger(tmp_path / "small.sqlite", keep_bytes=1)
    old = Ledger(tmp_path / "old.sqlite", keep_days=30)
    for number, day in enumerate(("01-01", "01-20", "02-10")):
        for ledger in (small, old):
            record(ledger, f"n{number}", at=f"2026-{day}T00:00:00+00:00")

    assert [small.evidence(f"v-n{n}") is None for n in range(3)] == [True, True, False]
    assert [old.evidence(f"v-n{n}") is None for n in range(3)] == [True, False, False]
    assert [one["evidence"] for one in old.verdicts()] == [False, True, True]
    assert small.spent("acme/parcel") == 3


def told(number: int, issue: int) -> Judgement:
    """Return a signed word with everything that a list shows."""
    words = {
        "id": f"v{number}", "issued_at": "2026-01-01T00:00:00+00:00", "purpose": "gate",
        "outcome": "fail", "k": 29, "n": 30, "repo": "acme/parcel", "issue": issue,
        "commit": "a" * 40, "reason": "newly-failing",
    }  # fmt: skip
    return Judgement(SignedVerdict(json.dumps(words), "00"))


def test_verdicts_are_listed_newest_first(ledger: Ledger) -> None:
    """By repository and issue, each with the id that `show` takes."""
    for number, issue in enumerate((1, 2, 1)):
        words = told(number, issue)
        ledger.record(f"n{number}", "q", words, at="2026-01-01", entry=None, transcript={})

    assert [line.split()[1] for line in listed(ledger, "acme/parcel", 1)] == ["v2", "v0"]
    assert listed(ledger, "acme/other", None) == []
    assert "29/30  acme/parcel#2 aaaaaaaaaaaa  newly-failing" in listed(ledger, "", 2)[0]


def test_every_failing_run_is_told_up_to_a_bound(ledger: Ledger) -> None:
    """Three repeats that failed in three ways are three stories; the rest is counted."""
    run = {"score": 0.0, "values": {}, "trouble": "", "steps": {}, "checks": [], "judged": []}
    one = {"id": "s", "base": "passes", "pending": False, "invalid": False, "head": [run] * 30}
    words = json.loads(told(1, 1).signed.payload)
    words |= {"base": "b", "mean": 0, "lower_bound": 0, "threshold": 0.9, "n_effective": 30}
    words |= {"pending": 0, "invalid": 0, "box_tier": "A", "seconds": 1}
    kept = {"verdict": words, "note": "", "quarantined": 0, "scenarios": [one]}
    ledger.record("n", "q", told(1, 1), at="2026-01-01", entry=None, transcript=kept)
    text = show(ledger, "v1")

    assert text.count("  values: ") == 25
    assert "5 more failing runs are not shown" in text


def test_only_a_rotation_frees_a_budget(ledger: Ledger) -> None:
    """It closes what one repository has spent, and leaves the others and the sealed set alone."""
    record(ledger, "n1")
    record(ledger, "n2", repo="acme/other")
    record(ledger, "n3", purpose=Purpose.SEALED)
    closed = ledger.rotate("acme/parcel", "2026-02-01")
    record(ledger, "n4", issue=2)
    ledger.note_budget(40)

    assert (closed, ledger.budget) == (1, 40)
    assert ledger.consultations("acme/parcel", 1) == ()
    assert (ledger.spent("acme/parcel"), ledger.spent("acme/other")) == (1, 1)
    assert len(ledger.sealed("acme/parcel", "run")) == 1
    other, parcel = ledger.spending()
    assert (other.epoch, dict(other.issues)) == (0, {1: 1})
    assert (parcel.epoch, parcel.since, dict(parcel.issues)) == (1, "2026-02-01", {2: 1})


def test_an_unknown_verdict_is_said_to_be_unknown(ledger: Ledger) -> None:
    """One clear sentence instead of a traceback."""
    with pytest.raises(UsageError, match="no evidence"):
        show(ledger, "nonsense")
