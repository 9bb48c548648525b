"""What a coder hears: one bit, rarely a word, and only so often."""

import pytest

from bot.domain.verdict import FailureClass, Outcome
from bot.policy.feedback import Consultation, coarse_class, may_consult, may_seal

FAILED_BEFORE = (Consultation(Outcome.FAIL, 30),)
BETTER = Consultation(Outcome.FAIL, 32)
SHARED = [FailureClass.CRASH, FailureClass.WRONG_OUTPUT, FailureClass.WRONG_OUTPUT]


def test_an_earned_word_is_said() -> None:
    """Second failure, two scenarios better, two failures alike: their class."""
    assert coarse_class(FAILED_BEFORE, BETTER, SHARED) is FailureClass.WRONG_OUTPUT


def test_the_first_failure_is_one_bit() -> None:
    """Nothing beside the bit, whatever the failures share."""
    assert coarse_class((), BETTER, SHARED) is None


def test_a_passed_gate_says_nothing() -> None:
    """There is no hint in a success."""
    assert coarse_class(FAILED_BEFORE, Consultation(Outcome.PASS, 40), SHARED) is None


@pytest.mark.parametrize("k", [0, 30, 31])
def test_the_ladder_step_has_to_be_cleared(k: int) -> None:
    """Less than two scenarios above the best submission so far: the bit alone."""
    assert coarse_class(FAILED_BEFORE, Consultation(Outcome.FAIL, k), SHARED) is None


def test_the_best_submission_so_far_counts() -> None:
    """Falling back and climbing again earns nothing."""
    earlier = (Consultation(Outcome.FAIL, 36), Consultation(Outcome.FAIL, 10))

    assert coarse_class(earlier, Consultation(Outcome.FAIL, 37), SHARED) is None


def test_a_class_of_one_scenario_would_point_at_it() -> None:
    """Two failing scenarios have to share the class."""
    alone = [FailureClass.CRASH, FailureClass.WRONG_OUTPUT]

    assert coarse_class(FAILED_BEFORE, BETTER, alone) is None
    assert coarse_class(FAILED_BEFORE, BETTER, []) is None


@pytest.mark.parametrize(
    ("of_issue", "of_corpus", "budget", "allowed"),
    [
        (0, 0, 100, True),
        (4, 99, 100, True),
        (5, 5, 100, False),
        (0, 100, 100, False),
        (0, 0, 0, False),
    ],
)
def test_consultations_are_counted(
    of_issue: int, of_corpus: int, budget: int, *, allowed: bool
) -> None:
    """Five per issue, a budget per corpus, and a budget of 0 forbids."""
    assert may_consult(of_issue, of_corpus, budget) is allowed


def test_the_sealed_set_answers_once() -> None:
    """Once per change, again only for a rewritten one, never after a no."""
    assert may_seal((), "a")
    assert may_seal((("a", Outcome.PASS),), "a")
    assert may_seal((("a", Outcome.PASS),), "b")
    assert not may_seal((("a", Outcome.PASS), ("b", Outcome.PASS)), "c")
    assert not may_seal((("a", Outcome.FAIL),), "a")
    assert not may_seal((("a", Outcome.FAIL),), "b")
