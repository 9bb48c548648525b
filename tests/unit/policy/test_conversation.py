"""Requests grow at their end only, and hold nothing that changes by itself."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot import wire
from bot.policy.conversation import Conversation, build_body, opening, typed_body
from bot.policy.turns import TOOLS

FRESH = Conversation(messages=(), commit="c", base="b").say("user", opening("static", "issue"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def body(talk: Conversation) -> dict[str, Any]:
    """Assemble the request for a conversation."""
    return build_body(
        model="m", effort="medium", max_tokens=100, system="s", messages=talk.messages
    )


@given(st.lists(TEXT, max_size=6))
def test_each_request_begins_with_the_one_before(words: list[str]) -> None:
    """Byte for byte, so that the endpoint's cache holds and a replay is the same."""
    talk, seen = FRESH, body(FRESH)
    for word in words:
        talk = talk.say("assistant", [{"type": "text", "text": word}])
        talk = talk.say("user", [{"type": "text", "text": "go on"}])
        now = body(talk)
        assert now["messages"][: len(seen["messages"])] == seen["messages"]
        assert {**now, "messages": []} == {**seen, "messages": []}
        seen = now


def test_what_was_said_is_not_shared() -> None:
    """A conversation is a value: changing what went in does not change it."""
    block = {"type": "text", "text": "one"}
    talk = FRESH.say("assistant", [block])
    block["text"] = "two"
    assert talk.messages[-1]["content"] == [{"type": "text", "text": "one"}]
    assert len(FRESH.messages) == 1


def test_the_held_back_submit_gets_its_answer() -> None:
    """The other results of its batch come first, in one message; afterwards nothing is held."""
    other = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
    held = Conversation(FRESH.messages, "c", "b", pending=(other,), submit_id="t2")
    talk = held.answer_submit("Not accepted: no")
    assert talk.messages[-1] == {
        "role": "user",
        "content": [
            other,
            {"type": "tool_result", "tool_use_id": "t2", "content": "Not accepted: no"},
        ],
    }
    assert (talk.pending, talk.submit_id) == ((), "")


def test_a_conversation_survives_its_storage() -> None:
    """It travels between attempts as JSON."""
    talk = FRESH.say("assistant", [{"type": "tool_use", "id": "t", "name": "bash", "input": {}}])
    assert wire.load(Conversation, json.loads(wire.canonical(wire.dump(talk)))) == talk


def test_what_is_shared_stands_first_and_is_cached() -> None:
    """Mission and tree before the issue, with the mark of the cache on them alone."""
    first, second = opening("static", "issue")
    assert first["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert "cache_control" not in second
    assert [tool["name"] for tool in body(FRESH)["tools"]] == [tool["name"] for tool in TOOLS]


def test_a_typed_question_has_no_tools() -> None:
    """Whatever the text says, there is nothing the model could do."""
    asked = typed_body(
        model="m", effort="low", max_tokens=9, system="s", static="a", question="b", schema={"x": 1}
    )
    assert "tools" not in asked
    assert asked["output_config"]["format"] == {"type": "json_schema", "schema": {"x": 1}}
