"""One non-retrying call of the Messages API, with typed errors and exact usage.

Retries belong to the engine's step, so that a long wait is durable and a paid reply is recorded.
Key and endpoint are always passed explicitly: a stray variable must not redirect traffic.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anthropic
from anthropic import AsyncAnthropic
from anthropic.types import Message

from bot.domain.usage import Usage
from bot.domain.workflow import Price
from bot.errors import (
    CredentialRefused,
    NightshiftError,
    RateLimited,
    Rejected,
    SettingsError,
    Unavailable,
)

_MILLION = 1_000_000
_CHARACTERS_PER_TOKEN = 3
"""Pessimistic on purpose: English prose is nearer to four, so a reservation covers the call."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One model reply as plain JSON values, to be stored and sent back unmodified."""

    content: list[dict[str, Any]]
    stop_reason: str
    usage: Usage
    model: str
    request_id: str = ""
    stop_details: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All text blocks, joined."""
        return "".join(b.get("text", "") for b in self.content if b.get("type") == "text")


def worst_case(body: Mapping[str, Any], price: Price) -> float:
    """USD that this request could cost at most: what is reserved before it is sent."""
    characters = len(str(body.get("messages", ""))) + len(str(body.get("system", "")))
    characters += len(str(body.get("tools", "")))
    written = characters / _CHARACTERS_PER_TOKEN * max(price.write_1h, price.input)
    return (written + int(body["max_tokens"]) * price.output) / _MILLION


def _cost(raw: Any, price: Price) -> float:  # noqa: ANN401  the SDK's usage object
    split = raw.cache_creation
    one_hour = split.ephemeral_1h_input_tokens if split else 0
    five_minutes = (raw.cache_creation_input_tokens or 0) - one_hour
    total = (
        raw.input_tokens * price.input
        + raw.output_tokens * price.output
        + five_minutes * price.write_5m
        + one_hour * price.write_1h
        + (raw.cache_read_input_tokens or 0) * price.read
    )
    return float(total) / _MILLION


def _reply(message: Message, price: Price, seconds: float) -> Reply:
    raw = message.usage
    plain = message.to_dict(mode="json", warnings=False)
    details, content = plain.get("stop_details"), plain.get("content")
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise TypeError("content is no list of blocks")  # the SDK lets any shape through
    # Half a surrogate pair is valid JSON, but no text: nothing could store or send it again.
    clean = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Reply(
        content=json.loads(clean),
        stop_reason=str(message.stop_reason),
        usage=Usage(
            input_tokens=raw.input_tokens,
            cache_write_tokens=raw.cache_creation_input_tokens or 0,
            cache_read_tokens=raw.cache_read_input_tokens or 0,
            output_tokens=raw.output_tokens,
            usd=_cost(raw, price),
            model_seconds=seconds,
            calls=1,
        ),
        model=str(message.model),
        request_id=str(getattr(message, "_request_id", "") or ""),
        stop_details=dict(details) if isinstance(details, dict) else {},
    )


def _retry_at(error: anthropic.APIStatusError) -> float | None:
    after = error.response.headers.get("retry-after")
    try:
        return time.time() + float(after) if after else None
    except ValueError:
        return None


def _status(error: anthropic.APIStatusError, url: str) -> NightshiftError:
    """Translate by status, never by message text. 402, 401, 403, 404 need a person."""
    code = error.status_code
    what = f"the model endpoint answered {code}"
    if code in {401, 402, 403}:
        return CredentialRefused(
            f"{what}: the key is refused",
            means=f"{url} does not accept NIGHTSHIFT_MODEL_KEY, or its spending limit is reached",
            remedy="set a valid key with credit in the builder's environment and start it again",
        )
    if code in {404, 405, 501}:
        return CredentialRefused(
            f"{what}: no such model or path",
            means="the model is retired or misspelt, or the URL is no Messages API",
            remedy="check NIGHTSHIFT_MODEL and NIGHTSHIFT_MODEL_URL",
        )
    if code == 429:  # noqa: PLR2004
        return RateLimited(
            f"{what}: too many calls or tokens for this key",
            remedy="wait, or have the key's limit raised; the run goes on by itself",
            retry_at=_retry_at(error),
        )
    if code in {408, 409} or code >= 500:  # noqa: PLR2004
        return Unavailable(
            f"{what}: it is overloaded or broken",
            remedy=f"look at the status page or the log of {url}; the run is tried again by itself",
            retry_at=_retry_at(error),
        )
    return Rejected(
        f"{what}: the request is malformed or too large",
        means="not every endpoint and model knows tools, effort and a cached prefix",
        remedy="choose another NIGHTSHIFT_MODEL; if it is one of Anthropic's, file a bug",
    )


class Model:
    """One endpoint of the Messages API."""

    def __init__(self, *, url: str, key: str, timeout_s: float = 600.0) -> None:
        self._url = url
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise SettingsError(
                f"NIGHTSHIFT_MODEL_URL: {url} is no http address",
                remedy="name the root of a Messages API, for instance https://api.anthropic.com",
            )
        self._client = AsyncAnthropic(api_key=key, base_url=url, max_retries=0, timeout=timeout_s)

    async def call(self, body: Mapping[str, Any], *, price: Price, timeout_s: float) -> Reply:
        """Send one request body as it is.

        Raises CredentialRefused, RateLimited, Unavailable or Rejected. A reply that is not in the
        API's shape is Unavailable: nothing of it is used.
        """
        start = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._client.messages.create(**body, timeout=timeout_s)
                return _reply(message, price, time.monotonic() - start)
        except anthropic.APIStatusError as error:
            raise _status(error, self._url) from None
        except (anthropic.APIConnectionError, TimeoutError):
            raise Unavailable(
                f"the model endpoint {self._url} does not answer",
                remedy="check NIGHTSHIFT_MODEL_URL and the network; the run goes on by itself",
            ) from None
        except (anthropic.APIError, AttributeError, TypeError, ValueError) as error:
            raise Unavailable(
                f"the model endpoint {self._url} answered nonsense ({type(error).__name__})",
                means="its reply is not in the shape of the Messages API",
                remedy="check that NIGHTSHIFT_MODEL_URL is a Messages API",
            ) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class Models:
    """The endpoints that the steps of a workflow name, with one key for all of them."""

    def __init__(self, *, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._known = {url: Model(url=url, key=key)}

    def at(self, url: str) -> Model:
        """Return the endpoint of a step; an empty address stands for the builder's own."""
        wanted = url or self._url
        if wanted not in self._known:
            self._known[wanted] = Model(url=wanted, key=self._key)
        return self._known[wanted]

    async def close(self) -> None:
        """Close the connections."""
        for model in self._known.values():
            await model.close()
