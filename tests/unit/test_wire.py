"""Nouns cross processes as JSON and come back equal; anything else is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot import wire
from bot.domain.issue import Issue
from bot.domain.mission import Mission
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.domain.verdict import Judgement, SignedVerdict
from bot.domain.work import BuildReply, BuildRequest, TriageReply, ValidateRequest

NOUNS = [Run, BuildRequest, BuildReply, TriageReply, ValidateRequest, Judgement, Mission]
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("kind", NOUNS)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_every_noun_survives_the_journey(kind: type, data: st.DataObject) -> None:
    """Through JSON text and back, nothing is lost and nothing is added."""
    noun = data.draw(st.from_type(kind))
    text = wire.canonical(wire.dump(noun))
    again = wire.load(kind, json.loads(text))
    assert wire.canonical(wire.dump(again)) == text


@given(TEXT, TEXT)
def test_a_run_is_equal_after_the_journey(title: str, body: str) -> None:
    """Whatever people write into an issue."""
    issue = Issue("o/n", 1, title, body, ("a",), "ann", 1)
    run = Run("id", issue, "", Priority.P1, RunState.QUEUED)
    assert wire.load(Run, json.loads(wire.canonical(wire.dump(run)))) == run


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"signed": None, "feedback": None}, 5])
def test_what_is_no_judgement_is_refused(answer: object) -> None:
    """A foreign shape never becomes a noun with defaults."""
    with pytest.raises(ValidationError):
        wire.load(Judgement, answer)


def test_canonical_has_one_form() -> None:
    """Key order and spaces do not change the bytes that are signed."""
    assert (
        wire.canonical({"b": 1, "a": {"d": [1, 2], "c": "ü"}}) == '{"a":{"c":"ü","d":[1,2]},"b":1}'
    )


def test_enums_travel_as_their_values() -> None:
    """A reader of another version sees words and numbers."""
    signed = SignedVerdict("{}", "00")
    assert wire.dump(Judgement(signed)) == {
        "signed": {"payload": "{}", "signature": "00"},
    }
    assert wire.dump(Priority.P1) == 2000
