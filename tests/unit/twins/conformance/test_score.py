"""The score is what it says: bounds, a gate, a factor."""

import json

import pytest

from twins.conformance.holdout.measurement import digest
from twins.conformance.score import HoldOut, Measure, Scorecard, share
from twins.conformance.verify import CARD

FULL = {name: share(200, 200) for name in "CSPBEWM"} | {"K": share(3, 3)}
HOLDOUT = HoldOut({"B": share(9, 10)}, "0" * 64, {})


def card(**changed: Measure) -> Scorecard:
    """Return a card that is full but for what is changed."""
    return Scorecard("github", FULL | changed, {}, {}, HOLDOUT)


@pytest.mark.parametrize(("n", "bound"), [(20, 0.839), (200, 0.981)])
def test_thin_evidence_counts_less(n: int, bound: float) -> None:
    """Twenty of twenty is worth less than two hundred of two hundred."""
    assert bound == pytest.approx(share(n, n).bound, abs=0.001)


def test_one_client_that_fails_is_a_score_of_nothing() -> None:
    """Whoever cannot be used is no twin, however well it looks."""
    assert card(K=share(2, 3)).score == 0


def test_a_suite_that_sees_little_halves_what_it_says() -> None:
    """Marks of a suite that notices 45 % of seeded faults count half."""
    assert card().score / 2 == pytest.approx(card(M=share(45, 100)).score)


def test_no_evidence_is_no_score() -> None:
    """A number that nobody measured does not count as good."""
    assert card(P=share(0, 0)).score == 0


def test_the_committed_card_adds_up() -> None:
    """The score in the file follows from the numbers beside it, and reaches the target."""
    kept = json.loads(CARD.read_text(encoding="utf-8"))
    measures = {
        name: Measure(one["value"], one["evidence"]) for name, one in kept["measures"].items()
    }

    assert kept["score"] == pytest.approx(card(**measures).score, abs=0.001)
    assert kept["score"] >= 0.85
    assert kept["measures"]["M"]["value"] >= 0.9


def test_the_committed_holdout_is_of_these_rows_and_adds_up() -> None:
    """Whoever changes a hidden row measures anew (`--only-holdout --write`)."""
    kept = json.loads(CARD.read_text(encoding="utf-8"))["holdout"]
    measures = {
        name: Measure(one["value"], one["evidence"]) for name, one in kept["measures"].items()
    }

    assert digest() == kept["sha256"]
    assert kept["score"] == pytest.approx(HoldOut(measures, "", {}).score, abs=0.001)
