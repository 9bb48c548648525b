"""`--model` becomes who answers, and a mistake is told before anything starts."""

import asyncio

import pytest

from bot.errors import CredentialRefused, EnvironmentProblem, UsageError
from bot.stage.brains import answering, brain_of
from bot.stage.stage import SEARCH


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without a key."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


def test_search_needs_nothing() -> None:
    """The offline brain says that it is no language model."""
    assert brain_of("search", "any") == SEARCH
    assert "not a language model" in SEARCH.label


def test_anthropic_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the message says how to set it; with one it goes to the builder's brain."""
    with pytest.raises(CredentialRefused, match="ANTHROPIC_API_KEY"):
        brain_of("anthropic", "m")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    brain = brain_of("anthropic", "m")
    assert (brain.model, brain.url, brain.key) == ("m", "https://api.anthropic.com", "k")


def test_a_url_is_an_endpoint() -> None:
    """It may do without a key, and the label names its host but not its path."""
    brain = brain_of("http://127.0.0.1:8000/secret", "m")
    assert brain.url == "http://127.0.0.1:8000/secret"
    assert brain.label == "m at 127.0.0.1"
    assert brain.key == "none"


@pytest.mark.parametrize("odd", ["gpt", "localhost:80", "ftp://x/y", "http://", "http://x:99999"])
def test_anything_else_is_a_usage_error(odd: str) -> None:
    """With what may be written instead."""
    with pytest.raises(UsageError, match="neither `search`, `anthropic` nor a URL"):
        brain_of(odd, "m")


async def test_an_endpoint_that_nobody_serves_is_told_at_once() -> None:
    """One look at the port, before a run waits for it; the twin's brains need none."""
    await answering(SEARCH)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    brain = brain_of(f"http://127.0.0.1:{port}", "m")
    await answering(brain)
    server.close()
    await server.wait_closed()
    with pytest.raises(EnvironmentProblem, match="nobody answers"):
        await answering(brain)
