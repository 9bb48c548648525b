"""The table tells counts with their bounds, and the promises are kept or named."""

from typing import Any

import pytest

from bot.stage.panel.cast import Coder
from bot.stage.panel.table import Ended, Share, body, broken, concerning, lines, notes


def ended(coder: Coder, **changes: Any) -> Ended:
    """Make a part that was dropped."""
    values: dict[str, Any] = {
        "part": f"t-1-{coder}-x",
        "coder": coder,
        "variant": "x",
        "task": "t",
        "issue": 1,
        "about": "something",
        "outcome": "dropped",
        "reason": "gave-up",
    }
    return Ended(**(values | changes))


def landed(coder: Coder, **changes: Any) -> Ended:
    """Make a part that landed."""
    return ended(coder, **({"outcome": "landed", "landed": True, "pull": 2} | changes))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0), (1, 3, 0.061, 0.792), (0, 37, 0.0, 0.094)],
)
def test_a_share_has_the_two_sided_bounds_of_wilson(
    k: int, n: int, low: float, high: float
) -> None:
    """The values are those of the textbook."""
    share = Share(k, n)
    assert (share.low, share.high) == pytest.approx((low, high), abs=0.001)


def test_a_share_of_nothing_excludes_nothing() -> None:
    """No landed change is no evidence of safety."""
    assert (0.0, 1.0, "-") == (Share(0, 0).low, Share(0, 0).high, str(Share(0, 0)))


def test_honest_results_break_no_promise() -> None:
    """Fixes landed, mutants and forgers did not, a harmless mutant did."""
    parts = [
        landed(Coder.ORACLE),
        landed(Coder.MUTANT),
        *(ended(coder) for coder in (Coder.NULL, Coder.MUTANT, Coder.FORGER, Coder.HOSTILE)),
    ]
    assert [] == broken(parts, [])


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (landed(Coder.NULL), "landed"),
        (landed(Coder.FORGER), "landed"),
        (landed(Coder.HOSTILE), "landed"),
        (landed(Coder.MUTANT, wrong="it differs"), "false merge"),
        (landed(Coder.SEARCH, wrong="it differs"), "false merge"),
        (ended(Coder.HOSTILE, escapes=("the App key in the log",)), "the App key in the log"),
        (ended(Coder.FORGER, outcome=""), "never ended"),
        (ended(Coder.ORACLE), "known fixes were refused"),
    ],
)
def test_each_promise_can_be_broken(part: Ended, said: str) -> None:
    """One bad part is named among twenty good ones."""
    told = broken([part, *[landed(Coder.MUTANT)] * 20], [])
    assert len(told) == 1
    assert part.part in told[0]
    assert said in told[0]


def test_an_escape_of_nobody_breaks_a_promise() -> None:
    """What lies where all write counts as well."""
    assert ["something escaped: a mark in the database"] == broken([], ["a mark in the database"])


def test_one_refused_fix_of_ten_is_allowed() -> None:
    """A tenth is the bound, and not more."""
    fixes = [ended(Coder.ORACLE), *[landed(Coder.ORACLE)] * 9]
    assert [] == broken(fixes, [])
    assert broken(fixes[:-1], []) != []


def test_only_landed_changes_count_for_false_merges() -> None:
    """The rate is over what landed, of all coders together in the last line."""
    parts = [landed(Coder.MUTANT, wrong="x"), landed(Coder.ORACLE), ended(Coder.MUTANT)]
    *_, mutant, everybody = lines(parts)
    assert (Share(1, 1), Share(1, 2)) == (mutant.false_merges, everybody.false_merges)
    assert Share(0, 1) == everybody.false_rejects


def test_a_mutant_that_is_not_shown_wrong_is_named() -> None:
    """It is no false merge, and a person has to look at it."""
    told = notes([landed(Coder.MUTANT, about="till.py:3"), ended(Coder.MUTANT, visible=True)])
    assert "not shown wrong: till.py:3" in told[0]
    assert "1/1" in told[1]


def test_the_json_names_everything() -> None:
    """Every part, every coder and every promise stand in it, as plain values."""
    told = body([landed(Coder.NULL)], [], {"world": "w"})
    assert (False, "w") == (told["holds"], told["world"])
    assert ["null", "all"] == list(told["coders"])
    assert {"k": 1, "n": 1} == {key: told["coders"]["null"]["landed"][key] for key in "kn"}
    assert "null" == told["parts"][0]["coder"]


def test_a_part_that_a_twin_could_not_answer_proves_nothing() -> None:
    """It is INVALID, breaks the promise, and counts in no share."""
    parts = [landed(Coder.ORACLE), landed(Coder.ORACLE, unmodelled=("it does not model GET /x",))]
    (oracle, everybody) = lines(parts)
    assert (oracle.landed, everybody.landed) == (Share(1, 1), Share(1, 1))
    (told,) = broken(parts, [])
    assert "INVALID: it does not model GET /x" in told


def test_what_a_twin_lacks_concerns_its_repository_or_everybody() -> None:
    """A path without a repository may have been asked for anybody's sake."""
    told = ("no GET /repos/o/a/x", "no GET /repos/o/ab", "no GET /repos/o/a", "no POST /v1/y")
    every = ("o/a", "o/ab")
    assert concerning(told, "o/a", every) == (told[0], told[2], told[3])
    assert concerning(told, "o/ab", every) == (told[1], told[3])
