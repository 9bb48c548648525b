"""Labels count when somebody who may write has set them, and for the text they were set on."""

from dataclasses import replace

import pytest

from bot.domain.control import Labelling, Person
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.policy.control import Hand, approved, busy, renewed, setters, steers, weigh

INES, JOE = Person("ines", 1), Person("joe", 2)
ISSUE = Issue("acme/parcel", 7, "Wrong", "It is.", ("nightshift",), "joe", JOE.id)
RUN = Run("x", ISSUE, "a" * 40, Priority.P2, RunState.DROPPED, approval=5)


def put(number: int, label: str, by: Person = INES) -> Labelling:
    """Let somebody put a label on."""
    return Labelling(number, label, by)


def test_the_last_one_to_set_a_label_stands_behind_it() -> None:
    """Whatever order the history comes in; case means nothing to GitHub."""
    history = [put(5, "nightshift", JOE), put(9, "Nightshift"), put(7, "nightshift", JOE)]

    assert (history[1],) == setters(("nightshift",), history)


def test_what_is_off_again_or_steers_nothing_says_nothing() -> None:
    """Only labels that are on now, of the few that we obey."""
    history = [put(1, "nightshift"), put(2, "priority:P0"), put(3, "bug")]

    assert () == setters(("bug",), history)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], Priority.P2),
        ([put(1, "priority:P0")], Priority.P0),
        ([put(1, "Priority:p3")], Priority.P3),
        ([put(1, "priority:P3"), put(2, "priority:P1")], Priority.P1),
        ([put(1, "priority:P0", JOE)], Priority.P2),
        ([put(1, "priority:P0", JOE), put(2, "priority:P3")], Priority.P3),
        ([put(1, "priority:P9"), put(2, "P0")], Priority.P2),
    ],
)
def test_the_most_urgent_label_of_a_writer_counts(
    history: list[Labelling], expected: Priority
) -> None:
    """Without one an issue is P2."""
    labels = [one.label for one in history]

    assert expected is weigh(setters(labels, history), {INES.id}, JOE.id).priority


def test_a_trigger_needs_a_writer() -> None:
    """Its author's own hand counts only with that permission."""
    history = [put(4, "nightshift", JOE)]

    assert Hand() == weigh(history, {INES.id}, JOE.id)
    assert Hand(history[0], author_writes=True) == weigh(history, {JOE.id}, JOE.id)


def test_an_approval_covers_the_text_it_was_given_for() -> None:
    """Until it is given again, or the author needs none."""
    edited = replace(ISSUE, body="It is, and more.")
    hand = Hand(put(5, "nightshift"), revision=ISSUE.revision)

    assert approved(ISSUE, hand)
    assert not approved(edited, hand)
    assert approved(edited, replace(hand, revision=edited.revision))
    assert approved(edited, replace(hand, author_writes=True))
    assert not approved(ISSUE, Hand(revision=ISSUE.revision))
    assert not approved(ISSUE, Hand(put(5, "nightshift")))


def test_a_label_that_was_set_again_is_a_new_word() -> None:
    """And one of a time before words were counted is not."""
    old, new = Hand(put(5, "nightshift")), Hand(put(6, "nightshift"))

    assert [renewed(RUN, old), renewed(RUN, new)] == [False, True]
    assert not renewed(replace(RUN, approval=0), new)


def test_few_labels_steer() -> None:
    """Trigger and priorities; `stop` and `pause` hold us back, whoever sets them."""
    assert [
        name for name in ("NIGHTSHIFT", "priority:p1", "bug", "nightshift:stop") if steers(name)
    ] == [
        "NIGHTSHIFT",
        "priority:p1",
    ]
    assert busy(["bug", "priority:P1"])
    assert busy(["nightshift:pause-all"])
    assert not busy(["nightshift"])


def test_everything_is_held_by_a_writers_label_alone() -> None:
    """A stranger cannot stop the factory, either."""
    history = [put(1, "nightshift:pause-all", JOE)]

    assert "" == weigh(setters(["nightshift:pause-all"], history), {INES.id}, JOE.id).pauses_all
    assert "joe" == weigh(setters(["nightshift:pause-all"], history), {JOE.id}, JOE.id).pauses_all
