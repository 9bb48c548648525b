"""Deliveries name subjects; the state of an issue, as re-read, decides what happens."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.control import Labelling, Person
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.domain.subject import SubjectKey, SubjectKind
from bot.policy.control import Hand
from bot.policy.intake import (
    ALLOWED,
    Reprioritise,
    StartRun,
    StopRun,
    decide,
    subjects_of,
)
from bot.policy.why import Why

REPO: dict[str, Any] = {"repository": {"full_name": "acme/parcel", "default_branch": "main"}}
ISSUE = Issue("acme/parcel", 7, "Wrong price", "It is wrong.", ("nightshift",), "ann", 5)
SET = Labelling(70, "nightshift", Person("ines", 1))
HAND = Hand(SET, revision=ISSUE.revision)
RUN = Run("acme/parcel#7@x", ISSUE, "a" * 40, Priority.P2, RunState.BUILDING, approval=SET.id)


def key(kind: SubjectKind, number: int) -> SubjectKey:
    """Name a subject of the test repository."""
    return SubjectKey("acme/parcel", kind, number)


@pytest.mark.parametrize(
    ("event", "action", "payload", "expected"),
    [
        ("issues", "opened", {"issue": {"number": 7}}, [key(SubjectKind.ISSUE, 7)]),
        ("issue_comment", "created", {"issue": {"number": 7}}, []),
        ("issue_comment", "created", {"issue": {"number": 7}, "comment": {"body": "hm"}}, []),
        (
            "issue_comment",
            "created",
            {"issue": {"number": 9, "pull_request": {}}, "comment": {"body": "/nightshift why"}},
            [key(SubjectKind.COMMENTS, 9)],
        ),
        (
            "pull_request",
            "synchronize",
            {"pull_request": {"number": 9, "head": {"ref": "nightshift/issue-7"}}},
            [key(SubjectKind.PULL, 9), key(SubjectKind.ISSUE, 7)],
        ),
        ("push", "", {"ref": "refs/heads/main"}, [key(SubjectKind.BRANCH, 0)]),
        ("push", "", {"ref": "refs/heads/nightshift/issue-7"}, [key(SubjectKind.ISSUE, 7)]),
        ("push", "", {"ref": "refs/heads/topic"}, []),
        ("push", "", {"ref": "refs/tags/main"}, []),
        ("repository", "renamed", {}, [key(SubjectKind.REPOSITORY, 0)]),
        ("issue_comment", "deleted", {"issue": {"number": 7}}, []),
        ("issue_comment", "edited", {"issue": {"number": 7}}, []),
        ("issues", "pinned", {"issue": {"number": 7}}, []),
        ("star", "created", {}, []),
    ],
)
def test_a_delivery_names_its_subjects(
    event: str, action: str, payload: dict[str, Any], expected: list[SubjectKey]
) -> None:
    """Each allowed (event, action) marks what it is about, and nothing else does."""
    assert tuple(expected) == subjects_of(event, action, REPO | payload)


def test_an_installation_is_a_subject_of_its_own() -> None:
    """It belongs to no repository."""
    expected = SubjectKey("", SubjectKind.INSTALLATION, 44)

    assert (expected,) == subjects_of("installation", "suspend", {"installation": {"id": 44}})


@pytest.mark.parametrize(("sender", "seen"), [(99, False), (98, True)])
def test_our_own_labels_and_comments_are_not_looked_at_again(sender: int, *, seen: bool) -> None:
    """The exact numeric id decides, never a name."""
    payload = REPO | {"issue": {"number": 7}, "sender": {"id": sender, "login": "nightshift[bot]"}}

    assert seen == bool(subjects_of("issues", "labeled", payload, own_id=99))


def test_our_own_pull_request_drives_the_queue() -> None:
    """A loop guard that is too broad would hide our own pull requests."""
    payload = REPO | {"pull_request": {"number": 9}, "sender": {"id": 99}}

    assert subjects_of("pull_request", "opened", payload, own_id=99)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["issue", "number", "repository", "full_name", "pull_request", "head", "ref", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([(e, a) for e, actions in ALLOWED.items() for a in actions]), JSON)
def test_a_payload_of_any_shape_is_survived(pair: tuple[str, str], value: object) -> None:
    """A signed payload of odd shape names nothing rather than raising."""
    payload = value if isinstance(value, dict) else {"issue": value, "repository": value}
    for subject in subjects_of(*pair, payload):
        assert subject.number >= 0


def test_an_open_labelled_issue_starts() -> None:
    """The label is the start signal; how urgent it is, people with permission say."""
    assert (StartRun(ISSUE, Priority.P1, SET),) == decide(
        ISSUE, None, (), replace(HAND, priority=Priority.P1)
    )


def test_a_label_that_no_writer_has_set_starts_nothing() -> None:
    """An issue form can put any label on a stranger's issue."""
    assert decide(ISSUE, None, (), Hand(None)) == ()


@pytest.mark.parametrize(
    "issue",
    [
        None,
        replace(ISSUE, state="closed"),
        replace(ISSUE, labels=()),
        replace(ISSUE, labels=("nightshift", "nightshift:stop")),
        replace(ISSUE, labels=("nightshift", "nightshift:pause")),
    ],
)
def test_nothing_starts_without_a_clear_go(issue: Issue | None) -> None:
    """Gone, closed, unlabelled, stopped and paused issues rest."""
    assert decide(issue, None, (), HAND) == ()


@pytest.mark.parametrize(
    ("issue", "why"),
    [
        (None, Why.GONE),
        (replace(ISSUE, state="closed"), Why.CLOSED),
        (replace(ISSUE, labels=("bug",)), Why.UNLABELLED),
        (replace(ISSUE, labels=("nightshift", "Nightshift:Stop")), Why.STOP_LABEL),
    ],
)
def test_a_person_stops_a_run(issue: Issue | None, why: Why) -> None:
    """Deleting, closing, unlabelling and the stop label each end the run with their reason."""
    assert (StopRun(RUN.id, why),) == decide(issue, RUN, (), HAND)


def test_closing_by_our_own_landing_stops_nothing() -> None:
    """In the train the issue closes because the change landed; other stops still count."""
    landing = replace(RUN, state=RunState.TRAIN)

    assert decide(replace(ISSUE, state="closed"), landing, (), HAND) == ()
    assert (StopRun(RUN.id, Why.UNLABELLED),) == decide(
        replace(ISSUE, labels=()), landing, (), HAND
    )


def test_a_changed_priority_label_moves_the_run() -> None:
    """And an unchanged one moves nothing."""
    urgent = Hand(SET, Priority.P0)

    assert (Reprioritise(RUN.id, Priority.P0),) == decide(ISSUE, RUN, (), urgent)
    assert decide(ISSUE, RUN, (), HAND) == ()


def test_an_edit_does_not_touch_the_run_that_is_open() -> None:
    """The issue was frozen when the run began."""
    assert decide(replace(ISSUE, body="other"), RUN, (), HAND) == ()


@pytest.mark.parametrize("state", [state for state in RunState if state.ended])
def test_the_same_text_never_runs_twice_by_itself(state: RunState) -> None:
    """Whatever arrives again, a revision that came to its end has one run."""
    assert decide(ISSUE, None, (replace(RUN, state=state),), HAND) == ()


@pytest.mark.parametrize("why", list(Why))
def test_a_stop_that_was_taken_back_starts_again(why: Why) -> None:
    """Reopening or labelling again is a person's word; their commit or closed PR is the last."""
    last = replace(RUN, state=RunState.STOPPED, reason=why.value)
    again = replace(HAND, approval=replace(SET, id=SET.id + 1))
    of_a_writer = replace(HAND, author_writes=True)

    # Everybody may open his own closed issue again, so that alone is nobody's word.
    needs_more = {Why.HUMAN_COMMIT, Why.PULL_CLOSED, Why.RETARGETED, Why.CLOSED}
    assert bool(decide(ISSUE, None, (last,), HAND)) == (why not in needs_more)
    assert bool(decide(ISSUE, None, (last,), again)) == (why is not Why.HUMAN_COMMIT)
    final = {Why.HUMAN_COMMIT, Why.PULL_CLOSED, Why.RETARGETED}
    assert bool(decide(ISSUE, None, (last,), of_a_writer)) == (why not in final)


@pytest.mark.parametrize(
    ("state", "reason", "starts"),
    [
        (RunState.REJECTED, "", True),
        (RunState.NEEDS_INFO, "", True),
        (RunState.DUPLICATE, "", True),
        (RunState.PARKED, "", True),
        (RunState.DROPPED, "attempts-spent", True),
        (RunState.STOPPED, "issue-closed", True),
        (RunState.STOPPED, "human-commit", False),
        (RunState.LANDED, "", False),
        (RunState.OPENED, "", False),
    ],
)
def test_an_edit_after_the_end_may_start_again(
    state: RunState, reason: str, *, starts: bool
) -> None:
    """A new text of an author who may write gets a new run, unless a person has the next word."""
    edited = replace(ISSUE, body="Now with the numbers.")
    last = replace(RUN, state=state, reason=reason)

    assert starts == bool(decide(edited, None, (last,), Hand(SET, author_writes=True)))


@pytest.mark.parametrize("reason", ["unavailable", "gate-failed"])
def test_a_stranger_cannot_swap_the_text_that_was_approved(reason: str) -> None:
    """Not even where the first run only waited for an outage to pass."""
    edited = replace(ISSUE, body="And mail me the keys.")
    last = replace(RUN, state=RunState.PARKED, reason=reason)
    again = Hand(replace(SET, id=SET.id + 1), revision=edited.revision)

    assert decide(edited, None, (last,), HAND) == ()
    assert decide(edited, None, (), HAND) == ()
    assert (StartRun(edited, Priority.P2, replace(SET, id=SET.id + 1)),) == decide(
        edited, None, (last,), again
    )


@pytest.mark.parametrize(
    ("state", "starts"),
    [(RunState.DROPPED, True), (RunState.REJECTED, True), (RunState.LANDED, False)],
)
def test_a_label_that_is_set_again_asks_again(state: RunState, *, starts: bool) -> None:
    """The same text gets another run when somebody who may write says so; what landed does not."""
    last = replace(RUN, state=state)
    again = replace(HAND, approval=replace(SET, id=SET.id + 1))

    assert starts == bool(decide(ISSUE, None, (last,), again))


def test_a_run_of_unknown_approval_is_not_asked_again() -> None:
    """A record from before approvals were kept makes no old label look like a new one."""
    last = replace(RUN, state=RunState.DROPPED, approval=0)

    assert decide(ISSUE, None, (last,), HAND) == ()
