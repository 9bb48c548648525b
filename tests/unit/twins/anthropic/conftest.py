"""A Messages twin inside the test's own loop, and the real SDK in front of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from anthropic import AsyncAnthropic

from twins.anthropic.app import make_twin
from twins.anthropic.brains import Brain

KEY = "canary-key"


@dataclass
class Messages:
    """One running twin."""

    url: str
    client: AsyncAnthropic
    http: ClientSession

    async def admin(self, verb: str, path: str, body: object = None) -> Any:
        """Call an admin route."""
        async with self.http.request(verb, f"{self.url}/_twin/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fault(self, **rule: object) -> None:
        """Plan a fault for the Messages route."""
        await self.admin("POST", "faults", {"path": "/v1/messages", **rule})


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Messages]]]:
    """Start twins that end with the test."""
    opened: list[tuple[TestServer, Messages]] = []

    async def begin(brain: Brain, **options: Any) -> Messages:
        server = TestServer(make_twin(brain, key=KEY, **options), host="127.0.0.1")
        await server.start_server()
        url = str(server.make_url("")).rstrip("/")
        client = AsyncAnthropic(
            api_key=KEY, base_url=url, max_retries=0, _strict_response_validation=True
        )
        twin = Messages(url, client, ClientSession())
        opened.append((server, twin))
        return twin

    yield begin
    for server, twin in opened:
        await twin.client.close()
        await twin.http.close()
        await server.close()
