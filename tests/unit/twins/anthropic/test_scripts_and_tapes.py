"""Brains that answer from a file."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from twins.anthropic.brains import NoAnswer
from twins.anthropic.script import BadScript, ScriptBrain
from twins.anthropic.tape import BadTape, TapeBrain

Start = Callable[..., Awaitable[Any]]
ASK: dict[str, Any] = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
    "stop_reason": "end_turn", "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}  # fmt: skip


def said(brain: ScriptBrain, text: str) -> str:
    """Return the text of a scripted answer."""
    request = {**ASK, "messages": [{"role": "user", "content": text}]}
    return str(brain.reply(request).blocks[0]["text"])


def test_rules_are_tried_in_order_and_used_up() -> None:
    """`times` limits a rule; reset makes it fresh."""
    brain = ScriptBrain(
        [
            {"when": {"text": "hi"}, "reply": [{"text": "once"}], "times": 1},
            {"reply": [{"text": "else"}]},
        ]
    )
    assert [said(brain, "hi"), said(brain, "hi"), said(brain, "no")] == ["once", "else", "else"]
    brain.reset()
    assert said(brain, "hi") == "once"


def test_a_rule_hands_a_request_on_to_another_brain() -> None:
    """What the other brain says is the answer; reset reaches it as well."""
    other = ScriptBrain([{"reply": [{"text": "mine"}], "times": 1}])
    brain = ScriptBrain(
        [{"when": {"text": "hi"}, "brain": "other"}, {"reply": [{"text": "else"}]}],
        {"other": other},
    )
    assert [said(brain, "hi"), said(brain, "no")] == ["mine", "else"]
    with pytest.raises(NoAnswer):
        said(brain, "hi")
    brain.reset()
    assert said(brain, "hi") == "mine"


@pytest.mark.parametrize(
    "text", ["", "rules: 3", "rules: [{when: {}}]", "rules: [{reply: [], whne: 1}]",
             "rules: [{reply: [{sing: la}]}]", "rules: [{reply: [], when: {mood: x}}]", "{",
             "rules: [{brain: nobody}]", "rules: [{brain: other, reply: []}]"]
)  # fmt: skip
def test_a_bad_script_is_refused_when_it_is_read(tmp_path: Path, text: str) -> None:
    """Misspelt keys do not wait until a request comes."""
    file = tmp_path / "script.yaml"
    file.write_text(text)
    with pytest.raises(BadScript):
        ScriptBrain.load(file)


def cassette(folder: Path, *pairs: tuple[dict[str, Any], str]) -> Path:
    """Write a cassette as vcrpy does."""
    data = {
        "version": 1,
        "interactions": [
            {
                "request": {
                    "method": "POST",
                    "uri": "https://api.example/v1/messages?beta=true",
                    "body": json.dumps(request),
                    "headers": {},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"content-type": ["text/event-stream"]},
                    "body": {"string": answer},
                },
            }
            for request, answer in pairs
        ],
    }
    file = folder / "tape.yaml"
    file.write_text(yaml.safe_dump(data))
    return file


def test_a_tape_answers_equal_bodies_in_recorded_order(tmp_path: Path) -> None:
    """Order of keys and streaming do not matter; the last answer stays; strangers get none."""
    two = [json.dumps({**MESSAGE, "id": name}) for name in ("a", "b")]
    brain = TapeBrain.load(cassette(tmp_path, (ASK, two[0]), (ASK, two[1])))
    turned = {**dict(reversed(ASK.items())), "stream": True}
    got = [(brain.reply(turned).raw or {})["id"] for _ in range(3)]
    assert got == ["a", "b", "b"]
    with pytest.raises(NoAnswer):
        brain.reply({**ASK, "max_tokens": 10})


async def test_a_recorded_stream_is_put_together_and_served_to_the_sdk(
    start: Start, tmp_path: Path
) -> None:
    """A cassette of a streamed tool call answers a plain call as well."""
    events = [
        {"type": "message_start", "message": MESSAGE},
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "tool_use", "id": "t", "name": "bash", "input": {}}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "input_json_delta", "partial_json": '{"command"'}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "input_json_delta", "partial_json": ':"ls"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"},
         "usage": {"output_tokens": 7}},
    ]  # fmt: skip
    stream = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    request = {**ASK, "model": "claude-opus-5"}
    twin = await start(TapeBrain.load(cassette(tmp_path, (request, stream))))
    message = await twin.client.messages.create(**request)
    assert message.content[0].input == {"command": "ls"}
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 7)


@pytest.mark.parametrize("text", ["", "interactions: []", "interactions: [{}]", "- 1"])
def test_a_bad_tape_is_refused_when_it_is_read(tmp_path: Path, text: str) -> None:
    """A file without an answered Messages call is no tape."""
    file = tmp_path / "tape.yaml"
    file.write_text(text)
    with pytest.raises(BadTape):
        TapeBrain.load(file)
