"""The wire, seen through the real SDK with strict validation."""

from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import httpx2
import pytest
from pydantic import BaseModel

from twins.anthropic.script import ScriptBrain

Start = Callable[..., Awaitable[Any]]
MODEL = "claude-opus-5-5"
HELLO: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hello"}],
}
TOOL = {"name": "bash", "input_schema": {"type": "object", "properties": {}}}
USE = {"name": "bash", "input": {"command": "ls -la", "timeout_s": 3}}
TALK = ScriptBrain(
    [
        {"when": {"schema": "colour"}, "reply": [{"json": {"colour": "red"}}]},
        {
            "when": {"turn": 0, "tools": True},
            "reply": [{"thinking": "hm"}, {"text": "look"}, {"tool_use": USE}],
        },
        {"when": {"last_tool_result": "secret=\\d+"}, "reply": [{"text": "seen"}]},
        {"when": {"text": "hello"}, "reply": [{"text": "good day to you, at some length"}]},
    ]
)


class Colour(BaseModel):
    """A typed answer."""

    colour: str


async def test_a_plain_message_satisfies_the_strict_client(start: Start) -> None:
    """create() returns text, ids, stop reason and every usage counter."""
    twin = await start(TALK)
    message = await twin.client.messages.create(**HELLO)
    assert message.content[0].text.startswith("good day")
    assert message.stop_reason == "end_turn"
    assert message.usage.cache_creation.ephemeral_1h_input_tokens == 0
    assert message._request_id.startswith("req_")


async def test_a_streamed_message_equals_the_plain_one(start: Start) -> None:
    """The stream puts text, thinking and tool input together as create() gives them."""
    twin = await start(TALK)
    request = {**HELLO, "tools": [TOOL]}
    plain = await twin.client.messages.create(**request)
    async with twin.client.messages.stream(**request) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_message()
    assert [b.to_dict() | {"id": ""} for b in final.content] == [
        b.to_dict() | {"id": ""} for b in plain.content
    ]
    assert final.stop_reason == "tool_use"
    assert final.usage.output_tokens == plain.usage.output_tokens
    assert "input_json" in kinds


async def test_parse_gives_the_typed_answer(start: Start) -> None:
    """A json_schema request reaches the rule for it and parses."""
    twin = await start(TALK)
    parsed = await twin.client.messages.parse(**HELLO, output_format=Colour)
    assert parsed.parsed_output == Colour(colour="red")


async def test_a_tool_round_goes_on_from_the_result(start: Start) -> None:
    """Reply sent back unmodified plus a tool_result is accepted and matched by the script."""
    twin = await start(TALK)
    first = await twin.client.messages.create(**HELLO, tools=[TOOL])
    use = first.content[-1]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "secret=42"}
    messages = [
        *HELLO["messages"],
        {"role": "assistant", "content": first.to_dict()["content"]},
        {"role": "user", "content": [result]},
    ]
    second = await twin.client.messages.create(**{**HELLO, "messages": messages}, tools=[TOOL])
    assert second.content[0].text == "seen"


async def test_models_and_count_tokens(start: Start) -> None:
    """The list pages, one model has a lifecycle, an unknown one is 404, counting is free."""
    twin = await start(TALK)
    names = [model.id async for model in twin.client.models.list(limit=2)]
    assert MODEL in names
    assert len(set(names)) == len(names) > 2
    assert (await twin.client.models.retrieve(MODEL)).lifecycle == "active"
    with pytest.raises(anthropic.NotFoundError):
        await twin.client.models.retrieve("no-such-model")
    counted = await twin.client.messages.count_tokens(model=MODEL, messages=HELLO["messages"])
    used = await twin.client.messages.create(**HELLO)
    assert counted.input_tokens == used.usage.input_tokens > 0


async def test_both_ways_to_send_a_key_and_a_wrong_one(start: Start) -> None:
    """Bearer and x-api-key count alike; a wrong key is 401 with a request id."""
    twin = await start(TALK)
    for headers in ({"x-api-key": "canary-key"}, {"Authorization": "Bearer canary-key"}):
        async with twin.http.post(f"{twin.url}/v1/messages", json=HELLO, headers=headers) as good:
            assert good.status == 200
    stranger = anthropic.AsyncAnthropic(api_key="wrong", base_url=twin.url, max_retries=0)
    with pytest.raises(anthropic.AuthenticationError) as refused:
        await stranger.messages.create(**HELLO)
    await stranger.close()
    assert refused.value.request_id.startswith("req_")
    assert refused.value.body["request_id"] == refused.value.request_id


FAULTS = [
    ({"error": "rate_limit_error", "headers": {"retry-after": "1"}}, anthropic.RateLimitError),
    ({"error": "overloaded_error"}, anthropic.OverloadedError),
    ({"error": "api_error"}, anthropic.InternalServerError),
    ({"error": "billing_error"}, anthropic.PaymentRequiredError),
]


@pytest.mark.parametrize(("params", "error"), FAULTS)
async def test_planned_errors_come_as_the_sdk_types_them(
    start: Start, params: dict[str, Any], error: type[anthropic.APIError]
) -> None:
    """The second call fails as planned, the third works again."""
    twin = await start(TALK)
    await twin.fault(nth=2, params=params)
    await twin.client.messages.create(**HELLO)
    with pytest.raises(error):
        await twin.client.messages.create(**HELLO)
    assert (await twin.client.messages.create(**HELLO)).stop_reason == "end_turn"


async def test_a_cut_stream_and_an_error_in_mid_stream_raise(start: Start) -> None:
    """A broken stream is never taken for a finished message."""
    twin = await start(TALK)
    plans = [
        ({"cut_after": 4}, httpx2.RemoteProtocolError),
        ({"stream_error": "overloaded_error"}, anthropic.APIStatusError),
    ]
    for params, error in plans:
        await twin.fault(params=params)
        with pytest.raises(error):
            async with twin.client.messages.stream(**HELLO) as stream:
                await stream.get_final_message()


async def test_planned_stop_reasons_and_malformed_tool_input(start: Start) -> None:
    """Refusal has no content, max_tokens a cut block, malformed input lacks its first key."""
    twin = await start(TALK)
    await twin.fault(params={"stop_reason": "refusal"})
    refused = await twin.client.messages.create(**HELLO)
    assert (refused.stop_reason, refused.content) == ("refusal", [])
    await twin.fault(params={"stop_reason": "max_tokens"})
    assert len((await twin.client.messages.create(**HELLO)).content[0].text) < 20
    await twin.fault(params={"malformed_tool_input": True})
    spoiled = await twin.client.messages.create(**HELLO, tools=[TOOL])
    assert spoiled.content[-1].input == {"timeout_s": 3}


async def test_nonsense_is_noticed_by_the_strict_client(start: Start) -> None:
    """A planned body without usage does not pass for a message."""
    twin = await start(TALK)
    await twin.fault(params={"body": {"type": "message", "content": "words"}})
    with pytest.raises(anthropic.APIResponseValidationError):
        await twin.client.messages.create(**HELLO)


async def test_the_journal_keeps_bodies_whole_and_keys_out(start: Start) -> None:
    """Every byte a model was sent can be searched; the key cannot be found."""
    twin = await start(TALK)
    long = "hello " + "x" * 50_000 + " end-canary"
    await twin.client.messages.create(**{**HELLO, "messages": [{"role": "user", "content": long}]})
    (entry,) = await twin.admin("GET", "journal?path=/v1/messages")
    assert "end-canary" in entry["body"]
    assert entry["notes"]["anthropic-version"] == "2026-10-21"
    assert "canary-key" not in str(entry)


async def test_what_no_rule_fits_and_what_no_route_models_is_501(start: Start) -> None:
    """Nothing is answered politely by default, and both are written down as unmodelled."""
    twin = await start(TALK)
    asked = {**HELLO, "messages": [{"role": "user", "content": "other"}]}
    headers = {"x-api-key": "canary-key"}
    for path in ("/v1/messages", "/v1/messages/batches"):
        async with twin.http.post(twin.url + path, json=asked, headers=headers) as answer:
            assert answer.status == 501
            assert (await answer.json())["unmodelled"] is True
    assert len(await twin.admin("GET", "journal?unmodelled=1")) == 2


async def test_garbage_is_a_400_in_the_apis_shape(start: Start) -> None:
    """No JSON, a list, deep nesting: one shaped error each, never a 500."""
    twin = await start(TALK)
    headers = {"x-api-key": "canary-key"}
    for body in (b"", b"{", b"[1]", b"[" * 20_000, b"\xff\xfe", b'{"model": 3}'):
        async with twin.http.post(f"{twin.url}/v1/messages", data=body, headers=headers) as answer:
            assert answer.status == 400, body
            assert (await answer.json())["error"]["type"] == "invalid_request_error"
