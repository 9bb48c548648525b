"""Turns `--model search|anthropic|URL` into who answers."""

from urllib.parse import urlsplit

from bot import settings
from bot.errors import CredentialRefused, UsageError
from bot.stage.stage import SEARCH, Brain

_ANTHROPIC = "https://api.anthropic.com"


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
    parts = urlsplit(choice)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(
            f"--model {choice}: neither `search`, `anthropic` nor a URL",
            remedy="name an endpoint of the Messages API, for instance http://127.0.0.1:8000",
        )
    return Brain(f"{model} at {parts.netloc}", model, choice, key or "none")
