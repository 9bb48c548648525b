"""The sending side of webhooks: signed, in order, logged, never retried by itself."""

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from twins.core.core import Core
from twins.github.bodies.basics import iso
from twins.github.hook_queue import HookQueue
from twins.github.post import Post

JsonObject = dict[str, Any]
RECEIVER_LIMIT_S = 10.0
# A held-back delivery goes out after the next one, or after this long when none follows.
KEPT_TEXT = 10_000
NEVER_SENT = 0


@dataclass(slots=True)
class Delivery:
    """One attempt, as the delivery log keeps it."""

    id: int
    post: Post
    delivered_at: float
    url: str
    duration: float = 0.0
    status_code: int = NEVER_SENT
    status: str = "pending"
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_text: str = ""

    def brief(self) -> JsonObject:
        """Return the line of the log."""
        return {
            "id": self.id,
            "guid": self.post.guid,
            "delivered_at": iso(self.delivered_at),
            "redelivery": self.post.redelivery,
            "duration": self.duration,
            "status": self.status,
            "status_code": self.status_code,
            "event": self.post.event,
            "action": self.post.action,
            "installation_id": self.post.installation_id,
            "repository_id": self.post.repository_id,
            "throttled_at": None,
        }

    def full(self) -> JsonObject:
        """Return the line with request and response."""
        return {
            **self.brief(),
            "url": self.url,
            "request": {"headers": self.request_headers, "payload": json.loads(self.post.raw)},
            "response": {"headers": self.response_headers, "payload": self.response_text},
        }


class WebhookSender:
    """One queue and one task per hook; `close` ends them all."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._queues: dict[int, HookQueue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.log: list[Delivery] = []

    @property
    def pending(self) -> int:
        """Return how many deliveries have not ended."""
        return self._open

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing is pending; return whether that came true in time."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def expect(self, more: int) -> None:
        """Count deliveries that have not ended, or that have."""
        self._open += more
        if self._open:
            self._idle.clear()
        else:
            self._idle.set()

    async def close(self) -> None:
        """Stop sending; what is still queued is dropped."""
        await self.reset()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def reset(self) -> None:
        """Forget queue and log."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._queues.clear()
        self.log.clear()
        self.expect(-self._open)

    def send(self, post: Post) -> None:
        """Queue one event; an App without a URL gets none."""
        hook = post.app.hook
        if not hook.url or not hook.active:
            return
        self.expect(+1)
        if hook.id not in self._queues:
            self._queues[hook.id] = HookQueue(self, self._core.faults)
            self.spawn(self._queues[hook.id].run())
        self._queues[hook.id].put(post)

    def redeliver(self, delivery: Delivery) -> None:
        """Send the same bytes under the same GUID once more."""
        self.send(replace(delivery.post, redelivery=True))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside everything else, until `reset`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def lose(self, post: Post, *, logged: bool) -> None:
        """Never send; the log says so if it is to."""
        self.expect(-1)
        if logged:
            self._record(post).status = "failed to connect to host"

    def _record(self, post: Post) -> Delivery:
        number = self._core.ids.number("delivery", start=9_000_001)
        delivery = Delivery(number, post, self._core.clock.now(), post.app.hook.url)
        self.log.append(delivery)
        return delivery

    async def attempt(self, post: Post) -> None:
        """Send once and write down how it went."""
        delivery = self._record(post)
        started = time.perf_counter()
        try:
            await self._post(delivery)
        except TimeoutError:
            delivery.status = "timed out"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            delivery.status = f"failed to connect to host: {type(error).__name__}"
        finally:
            delivery.duration = round(time.perf_counter() - started, 3)
            self.expect(-1)

    async def _post(self, delivery: Delivery) -> None:
        if self._session is None:
            limit = aiohttp.ClientTimeout(total=RECEIVER_LIMIT_S)
            self._session = aiohttp.ClientSession(timeout=limit)
        delivery.request_headers = headers = delivery.post.headers()
        answer = self._session.post(
            delivery.url, data=delivery.post.raw, headers=headers, allow_redirects=False
        )
        async with answer as response:
            text = await response.text(errors="replace")
            delivery.status_code = response.status
            delivery.status = "OK" if response.ok else f"Invalid HTTP Response: {response.status}"
            delivery.response_headers = dict(response.headers)
            delivery.response_text = text[:KEPT_TEXT]
