"""The webhook door: authenticate the raw bytes, put the delivery on disk, answer. Nothing else.

401  signature missing or wrong        nothing is stored
413  body above the limit              nothing is stored
408  body slower than the limit        nothing is stored
415  a packed body                     nothing is stored, or unpacked: GitHub packs none
400  no delivery id, event or JSON     nothing is stored
204  not on the allow-list
202  on disk, now or from an earlier delivery of the same id
503  the database failed: GitHub's delivery log keeps it, and the sweep asks again
"""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from pydantic import SecretStr

from bot.domain.subject import SubjectKey
from bot.errors import NightshiftError
from bot.policy.intake import subjects_of

LARGEST = 25 * 1024 * 1024
"""GitHub's own cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""
_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")
_GUID = re.compile(r"[0-9a-fA-F-]{8,64}", re.ASCII)
_EVENT = re.compile(r"[a-z_]{1,50}", re.ASCII)
_BODY_SECONDS = 30.0
_STORE_SECONDS = 8.0
"""GitHub gives up after 10 seconds: https://docs.github.com/en/webhooks/using-webhooks"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authenticated delivery and what it is about."""

    guid: str
    event: str
    action: str
    body: bytes
    subjects: tuple[SubjectKey, ...]


Record = Callable[[Delivery], Awaitable[bool]]
"""Stores a delivery and marks its subjects in one transaction; False when the GUID is known.
Raises NightshiftError or OSError when it could not."""


def intake_handler(
    record: Record,
    secrets: Sequence[SecretStr],
    *,
    own_id: Callable[[], int | None] = lambda: None,
    largest: int = LARGEST,
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Build the handler of `POST /github/webhooks`; any of `secrets` may have signed."""
    keys = [secret.get_secret_value().encode() for secret in secrets]
    if not keys or not all(keys):
        raise ValueError("at least one webhook secret is needed, and none may be empty")

    async def receive(request: web.Request) -> web.Response:
        if request.headers.get("Content-Encoding", "identity").casefold() != "identity":
            return _refuse(415, "the body is packed; GitHub sends it as it is")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request, largest)
        except TimeoutError:
            return _refuse(408, "the body took too long")
        except (web.RequestPayloadError, BadHttpMessage):
            return _refuse(400, "the body is not encoded as its headers say")
        if body is None:
            return _refuse(413, f"the body is larger than {largest} bytes")
        if not signed(body, request.headers.get("X-Hub-Signature-256", ""), keys):
            return _refuse(401, "the signature in X-Hub-Signature-256 is missing or wrong")
        found = _delivery(request.headers, body, own_id())
        if isinstance(found, str):
            return _refuse(400, found)
        if not found.subjects:
            return web.Response(status=204)
        return await _store(record, found)

    return receive


def signed(body: bytes, header: str, keys: Sequence[bytes]) -> bool:
    """Whether one of the keys made this signature; takes the same time whichever byte differs."""
    match = _SIGNATURE.fullmatch(header.encode("utf-8", "surrogateescape"))
    given = match[1] if match else b""
    made = [hmac.new(key, body, hashlib.sha256).hexdigest().encode() for key in keys]
    return any([hmac.compare_digest(given, digest) for digest in made])  # noqa: C419  all are compared


async def _body(request: web.Request, largest: int) -> bytes | None:
    """Read the body, None as soon as it is too large."""
    if (request.content_length or 0) > largest:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


def _delivery(headers: Mapping[str, str], body: bytes, own_id: int | None) -> Delivery | str:
    """Read an authenticated delivery; a sentence when it cannot be one."""
    guid, event = headers.get("X-GitHub-Delivery", ""), headers.get("X-GitHub-Event", "")
    if not _GUID.fullmatch(guid):
        return "X-GitHub-Delivery holds no delivery id"
    if not _EVENT.fullmatch(event):
        return "X-GitHub-Event holds no event name"
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is no JSON; set the webhook's content type to application/json"
    if not isinstance(payload, dict):
        return "the body is no JSON object"
    action = payload.get("action", "")
    if not isinstance(action, str):
        return "the action is no text"
    subjects = subjects_of(event, action, payload, own_id=own_id)
    return Delivery(guid.lower(), event, action, body, subjects)


async def _store(record: Record, delivery: Delivery) -> web.Response:
    """Answer only after the delivery is on disk."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            fresh = await record(delivery)
    except (NightshiftError, OSError) as error:  # TimeoutError is an OSError
        _log.warning("delivery-not-stored guid=%s error=%s", delivery.guid, type(error).__name__)
        return _refuse(503, "the delivery could not be stored; it will be asked for again")
    return web.json_response({"delivery": delivery.guid, "duplicate": not fresh}, status=202)


def _refuse(status: int, message: str) -> web.Response:
    """Refuse in JSON. The rest of an unread body is not waited for."""
    _log.info("delivery-refused status=%d", status)
    response = web.json_response({"message": message}, status=status)
    if status in {408, 413, 415}:
        response.force_close()
    return response
