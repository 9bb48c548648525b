"""What the hold-out promises before anything of it runs."""

from dataclasses import replace

from bot.stage.twinverify import slips
from twins.conformance.holdout import ROWS, refusals
from twins.conformance.holdout.measurement import digest
from twins.conformance.score import HoldOut, share
from twins.conformance.verify import all_rows

COUNTS = HoldOut({"B": share(9, 10), "E": share(20, 20), "P": share(30, 30)}, "0" * 64, {})


def test_every_row_says_who_told_us() -> None:
    """A row is a fact with a page or a recording behind it, never a guess."""
    assert [] == [row.name for row in ROWS if not row.source]


def test_no_row_has_the_name_of_another_one() -> None:
    """What is hidden is not what is shown, and counts once."""
    names = [row.name for row in ROWS]

    assert len(names) == len(set(names))
    assert set() == set(names) & {row.name for row in all_rows()}


def test_it_is_a_third_of_all_rows_at_least() -> None:
    """Of behaviour and of errors, at least one row in three is hidden."""
    for kind in ("B", "E"):
        hidden = sum(row.kind == kind for row in ROWS)
        shown = sum(row.kind == kind for row in all_rows())
        assert hidden * 2 >= shown


def test_a_card_says_which_rows_it_measured() -> None:
    """The digest is one hash over the files, the same each time."""
    assert digest() == digest()
    assert len(digest()) == 64


def test_the_member_of_the_card_adds_up_and_names_nothing() -> None:
    """Numbers, a hash and versions: nothing a twin could be bent to."""
    kept = COUNTS.as_json()

    assert {"score", "measures", "sha256", "material"} == set(kept)
    assert {"value", "evidence", "bound"} == set(kept["measures"]["B"])


def test_no_evidence_of_one_kind_is_no_score() -> None:
    """A hold-out in which nothing was measured says nothing good."""
    empty = replace(COUNTS, measures={**COUNTS.measures, "P": share(0, 0)})

    assert empty.score == 0


def test_the_holdout_has_a_ratchet_of_its_own() -> None:
    """A twin that is better where it is seen and worse where it is not has slipped."""
    before = {"score": 0.9, "holdout": {"score": 0.8}}

    assert ["hold-out score"] == slips(before, {"score": 0.95, "holdout": {"score": 0.7}})
    assert ["score"] == slips(before, {"score": 0.8, "holdout": {"score": 0.85}})
    assert [] == slips(before, {"score": 0.9, "holdout": {"score": 0.8}})


def test_every_refusal_is_asked_as_one_request() -> None:
    """A line is a method and a path, and what it is refused with is an error."""
    for line in refusals.TABLE:
        assert line.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        assert 400 <= line.status < 500
