"""The real SDK against the Messages twin: typed errors, exact usage, nothing retried in secret."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from bot.adapters.model import Model, Reply, worst_case
from bot.domain.workflow import Price
from bot.errors import (
    CredentialRefused,
    NightshiftError,
    RateLimited,
    Rejected,
    SettingsError,
    Unavailable,
)
from bot.policy.conversation import Conversation, build_body, opening
from twins.anthropic.app import make_twin
from twins.anthropic.script import ScriptBrain

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICE = Price(input=4, output=20, write_5m=5, write_1h=8, read=0.2)
KEY = "right-key"
ANSWER = [{"text": "Fine."}, {"tool_use": {"name": "bash", "input": {"command": "ls"}}}]


@dataclass(frozen=True)
class Endpoint:
    """A twin, and a client of it."""

    url: str
    model: Model


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint() -> AsyncIterator[Endpoint]:
    """Serve a twin that always gives the same answer, for one key, to all tests of this file."""
    brain = ScriptBrain([{"reply": ANSWER}])
    async with TestServer(make_twin(brain, key=KEY, minimum_cacheable=8)) as server:
        url = str(server.make_url("")).rstrip("/")
        made = Model(url=url, key=KEY)
        yield Endpoint(url, made)
        await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def url(endpoint: Endpoint) -> str:
    """Give the address of a twin that has seen nothing yet."""
    async with ClientSession() as session, session.post(f"{endpoint.url}/_twin/reset") as said:
        assert said.ok
    return endpoint.url


@pytest.fixture
def model(url: str, endpoint: Endpoint) -> Model:
    """Give a client of it."""
    assert url
    return endpoint.model


def body(*more: dict[str, Any], model: str = "claude-opus-5-5") -> dict[str, Any]:
    """Make a request of the agent loop."""
    talk = Conversation((), "c", "b").say("user", opening("word " * 400, "issue"))
    messages = [*talk.messages, *more]
    return build_body(model=model, effort="low", max_tokens=500, system="s", messages=messages)


async def plan(url: str, **fault: Any) -> None:
    """Plan what goes wrong."""
    async with ClientSession() as session, session.post(f"{url}/_twin/faults", json=fault) as said:
        assert said.status == 201, await said.text()


async def asked(url: str) -> list[dict[str, Any]]:
    """Return the calls that the twin saw."""
    async with ClientSession() as session, session.get(f"{url}/_twin/journal") as said:
        return list(await said.json())


async def test_a_reply_comes_back_as_data(model: Model) -> None:
    """Blocks as plain JSON that may be sent again unmodified; text in one piece."""
    reply = await model.call(body(), price=PRICE, timeout_s=10)
    assert reply.text == "Fine."
    assert reply.stop_reason == "tool_use"
    assert reply.model == "claude-opus-5-5"
    again = {"role": "assistant", "content": json.loads(json.dumps(reply.content))}
    call = reply.content[1]["id"]
    result = {"type": "tool_result", "tool_use_id": call, "content": "ok"}
    second = await model.call(
        body(again, {"role": "user", "content": [result]}), price=PRICE, timeout_s=10
    )
    assert second.usage.cache_read_tokens > 0


async def test_money_is_counted_by_class(model: Model) -> None:
    """Input, output, both cache writes and reads, each at its price; and never above the worst."""
    first = await model.call(body(), price=PRICE, timeout_s=10)
    second = await model.call(body(), price=PRICE, timeout_s=10)
    for reply in (first, second):
        usage = reply.usage
        least = usage.input_tokens * 4 + usage.output_tokens * 20 + usage.cache_read_tokens * 0.2
        least += usage.cache_write_tokens * 5
        most = least + usage.cache_write_tokens * 3
        assert least / 1e6 <= usage.usd <= most / 1e6 + 1e-12
        assert usage.usd <= worst_case(body(), PRICE)
        assert usage.calls == 1
    assert first.usage.cache_write_tokens > 0
    assert second.usage.cache_write_tokens == 0
    assert second.usage.usd < first.usage.usd


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, CredentialRefused),
        (402, CredentialRefused),
        (403, CredentialRefused),
        (404, CredentialRefused),
        (405, CredentialRefused),
        (501, CredentialRefused),
        (408, Unavailable),
        (409, Unavailable),
        (413, Rejected),
        (422, Rejected),
        (429, RateLimited),
        (500, Unavailable),
        (529, Unavailable),
    ],
)
async def test_each_refusal_has_its_class_and_is_made_once(
    url: str, model: Model, status: int, kind: type[NightshiftError]
) -> None:
    """By status, never by text; the SDK's own retries are off."""
    error = {"type": "error", "error": {"type": "api_error", "message": "canary words"}}
    await plan(url, path="/v1/messages", status=status, body=error, count=0)
    with pytest.raises(kind) as caught:
        await model.call(body(), price=PRICE, timeout_s=10)
    assert type(caught.value) is kind
    assert "canary" not in str(caught.value)
    assert len(await asked(url)) == 1


async def test_a_wrong_key_is_told_with_its_remedy(url: str) -> None:
    """The person learns which variable to set; the key itself is not shown."""
    model = Model(url=url, key="canary-wrong-key")
    with pytest.raises(CredentialRefused) as caught:
        await model.call(body(), price=PRICE, timeout_s=10)
    assert "NIGHTSHIFT_MODEL_KEY" in str(caught.value)
    assert "canary" not in str(caught.value)
    await model.close()


async def test_the_pause_that_was_asked_for_is_kept(url: str, model: Model) -> None:
    """`retry-after` becomes a time."""
    await plan(url, path="/v1/messages", status=429, headers={"retry-after": "30"})
    with pytest.raises(RateLimited) as caught:
        await model.call(body(), price=PRICE, timeout_s=10)
    assert caught.value.retry_at == pytest.approx(time.time() + 30, abs=5)


@pytest.mark.parametrize("odd", ["soon", "-"])
async def test_an_odd_pause_is_ignored(url: str, model: Model, odd: str) -> None:
    """A header that is no number does not break the run."""
    await plan(url, path="/v1/messages", status=429, headers={"retry-after": odd})
    with pytest.raises(RateLimited) as caught:
        await model.call(body(), price=PRICE, timeout_s=10)
    assert caught.value.retry_at is None


USAGE = '"usage": {"input_tokens": 1, "output_tokens": 1}, "stop_reason": "end_turn"'


@pytest.mark.parametrize(
    "nonsense",
    [
        f'{{"content": "abc", {USAGE}}}',
        f'{{"content": ["abc"], {USAGE}}}',
        "<html>",
        "",
        "[]",
        "null",
        '{"ok": true}',
        '{"content": 5, "usage": null}',
    ],
)
async def test_nonsense_is_an_outage(url: str, model: Model, nonsense: str) -> None:
    """A reply that is not in the API's shape is not used, whatever its status says."""
    await plan(url, path="/v1/messages", status=200, body=nonsense)
    with pytest.raises(Unavailable):
        await model.call(body(), price=PRICE, timeout_s=10)


async def test_half_a_character_is_replaced(url: str, model: Model) -> None:
    """What no file or database could hold never gets past the client."""
    odd = f'{{"content": [{{"type": "text", "text": "a\\ud800b"}}], "model": "m", {USAGE}}}'
    await plan(url, path="/v1/messages", status=200, body=odd)
    reply = await model.call(body(), price=PRICE, timeout_s=10)
    assert reply.text == "a?b"
    json.dumps(reply.content, ensure_ascii=False).encode()


async def test_a_cut_and_a_silent_endpoint_are_outages(url: str, model: Model) -> None:
    """The connection breaks, or nothing comes in time."""
    await plan(url, path="/v1/messages", cut=True)
    with pytest.raises(Unavailable):
        await model.call(body(), price=PRICE, timeout_s=10)
    await plan(url, path="/v1/messages", nth=1, delay=5.0)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await model.call(body(), price=PRICE, timeout_s=0.2)
    assert time.monotonic() - began < 4


async def test_nobody_at_home_is_an_outage() -> None:
    """The message names the address and the variable."""
    model = Model(url="http://127.0.0.1:1", key=KEY)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        await model.call(body(), price=PRICE, timeout_s=5)
    await model.close()


async def test_stray_variables_do_not_redirect(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and key are the ones that were given, whatever the environment holds."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-stray")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "canary-stray")
    model = Model(url=url, key=KEY)
    reply = await model.call(body(), price=PRICE, timeout_s=10)
    assert reply.text == "Fine."
    assert "canary" not in json.dumps(await asked(url))
    await model.close()


@pytest.mark.parametrize("odd", ["", "localhost:80", "ftp://x", "https://", "file:///etc"])
async def test_an_odd_address_is_a_settings_error(odd: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SettingsError, match="NIGHTSHIFT_MODEL_URL"):
        Model(url=odd, key=KEY)


async def test_the_worst_case_grows_with_what_is_sent() -> None:
    """More text or more room for an answer is never cheaper."""
    small = worst_case(body(), PRICE)
    longer = body({"role": "user", "content": [{"type": "text", "text": "x" * 9000}]})
    assert worst_case(longer, PRICE) > small
    assert worst_case({**body(), "max_tokens": 1000}, PRICE) > small


async def test_text_of_a_reply_without_text_is_empty() -> None:
    """Tool calls alone say nothing."""
    calls: list[dict[str, Any]] = [{"type": "tool_use", "id": "a", "name": "bash", "input": {}}]
    reply = Reply(calls, "tool_use", usage=None, model="")  # type: ignore[arg-type]
    assert reply.text == ""
