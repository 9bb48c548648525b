"""What our clients ask of the real services, read-only and cheap: the story on each tape."""

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import vcr
from pydantic import SecretStr

from bot.adapters.forge import Forge
from bot.adapters.model import Models
from bot.domain.workflow import Price
from bot.wire import dump

TAPES = Path(__file__).parent / "tapes"
FREE = Price(0.0, 0.0, 0.0, 0.0, 0.0)
BODY = {
    "model": "claude-haiku-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Say the word tape and nothing else."}],
}


@dataclass(frozen=True, slots=True)
class GitHub:
    """Where GitHub is, and who we are there."""

    url: str
    app: str
    key: str
    repo: str


@dataclass(frozen=True, slots=True)
class Messages:
    """Where a Messages API is; `model` is asked for one word."""

    url: str
    key: str
    model: str


def tape(name: str, *, record: bool) -> Any:
    """Open a tape: to write it anew, or to play it with the network out of reach."""
    return vcr.VCR(
        cassette_library_dir=str(TAPES),
        record_mode="all" if record else "none",
        match_on=["method", "path", "query"],
        filter_headers=["authorization", "x-api-key", "user-agent"],
        before_record_response=_without_secrets,
        decode_compressed_response=True,
    ).use_cassette(f"{name}.yaml")


def _without_secrets(response: dict[str, Any]) -> dict[str, Any]:
    """Keep no token on tape, and no header that changes with every day."""
    body = response.get("body", {}).get("string", b"")
    if isinstance(body, bytes) and b'"token"' in body:
        response["body"]["string"] = b'{"token": "ghs_taped", "expires_at": "2099-01-01T00:00:00Z"}'
    return response


async def github(place: GitHub, pace_s: float = 1.0) -> list[object]:
    """Read what a sweep reads; return the nouns that came of it."""
    async with aiohttp.ClientSession() as session:
        forge = Forge(
            base_url=place.url,
            app_id=place.app,
            private_key=SecretStr(place.key),
            session=session,
            write_spacing_s=pace_s,
            now=time.time,
        )
        return [
            dump(await forge.identity()),
            await forge.bot_id(),
            [dump(one) for one in await forge.installations()],
            [
                dump(one)
                for account in await forge.installations()
                for one in await forge.repositories(account)
            ],
            dump(await forge.repository(place.repo)),
            [dump(one) for one in await forge.open_issues(place.repo)],
            await forge.branch_tip(place.repo, "main"),
        ]


async def messages(place: Messages) -> list[object]:
    """Ask a model for one word; return the reply as our client understands it."""
    models = Models(url=place.url, key=place.key)
    try:
        reply = await models.at("").call({**BODY, "model": place.model}, price=FREE, timeout_s=60)
    finally:
        await models.close()
    usage = dump(reply.usage)
    return [reply.text, reply.stop_reason, reply.model, usage["input_tokens"] > 0]


Walk = Callable[..., Awaitable[list[object]]]


def real_github() -> GitHub | None:
    """Return the real GitHub when the environment names an App on it."""
    names = ("APP_ID", "APP_KEY", "REPO")
    found = [os.environ.get(f"NIGHTSHIFT_TAPES_{name}", "") for name in names]
    url = os.environ.get("NIGHTSHIFT_TAPES_GITHUB_URL", "https://api.github.com")
    return GitHub(url, *found) if all(found) else None


def real_messages() -> Messages | None:
    """Return the real Messages API when there is a key for it."""
    key = os.environ.get("NIGHTSHIFT_TAPES_MODEL_KEY", "")
    url = os.environ.get("NIGHTSHIFT_TAPES_MODEL_URL", "https://api.anthropic.com")
    return Messages(url, key, BODY["model"]) if key else None  # type: ignore[arg-type]
