"""Turns `--model search|anthropic|URL` into who answers."""

import asyncio
import contextlib
from urllib.parse import urlsplit

from bot import settings
from bot.errors import CredentialRefused, EnvironmentProblem, UsageError
from bot.stage.stage import SEARCH, Brain

_ANTHROPIC = "https://api.anthropic.com"
_CONNECT_S = 10.0


def brain_of(choice: str, model: str) -> Brain:
    """Return who answers; a key is taken from ANTHROPIC_API_KEY and given to the builder only."""
    if choice == "search":
        return SEARCH
    key = settings.anthropic_key()
    if choice == "anthropic":
        if not key:
            raise CredentialRefused(
                "ANTHROPIC_API_KEY is not set",
                means="--model anthropic calls the real API, which costs money",
                remedy="export ANTHROPIC_API_KEY=..., or use --model search",
            )
        return Brain(model, model, _ANTHROPIC, key)
    return Brain(f"{model} at {_host(choice)[0]}", model, choice, key or "none")


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname:
        raise UsageError(
            f"--model {url}: neither `search`, `anthropic` nor a URL",
            remedy="name an endpoint of the Messages API, for instance http://127.0.0.1:8000",
        )
    return parts.hostname, port


async def answering(brain: Brain) -> None:
    """Look whether anybody listens at a brain's endpoint, before a run waits for it."""
    if not brain.url:
        return
    host, port = _host(brain.url)
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        raise EnvironmentProblem(
            f"nobody answers at {brain.url}",
            remedy="start the model endpoint, or check the address and the network",
        ) from None
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
