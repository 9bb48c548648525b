"""K: what an author wrote, what base has proven, and three for everything else."""

import pytest

from bot.policy.repeats import proven, runs_wanted, settled


@pytest.mark.parametrize(
    ("base", "own", "runs"),
    [
        ((), False, 3),
        ((1.0,) * 9, False, 3),
        ((1.0,) * 10, False, 1),
        ((0.0,) * 10, True, 1),
        ((1.0, 0.0), True, 10),
        ((1.0,) * 9 + (0.0,), False, 3),
    ],
)
def test_only_a_proof_on_base_saves_runs(base: tuple[float, ...], own: bool, runs: int) -> None:  # noqa: FBT001  a table
    """Ten equal runs: once. The issue's own on a base that wavers: ten times. Else three."""
    assert runs_wanted(None, base, own=own) == runs


def test_the_authors_word_stands() -> None:
    """`repeats: K` is K, proven or not."""
    assert [runs_wanted(5, base, own=False) for base in ((), (1.0,) * 10, (1.0, 0.0))] == [5] * 3


def test_ten_or_a_mixture_settle_it() -> None:
    """More runs teach nothing after ten, or after the first difference; only equality proves."""
    assert [settled(base) for base in ((1.0,) * 9, (1.0,) * 10, (0.0, 1.0))] == [False, True, True]
    assert [proven(base) for base in ((1.0,) * 10, (0.0, 1.0) * 5, ())] == [True, False, False]
