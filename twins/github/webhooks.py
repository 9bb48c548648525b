"""The sending side of webhooks: signed, in order, logged, never retried by itself."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from twins.core.core import Core
from twins.core.faults import Fault
from twins.github.bodies.basics import iso
from twins.github.state import App

JsonObject = dict[str, Any]
RECEIVER_LIMIT_S = 10.0
# A held-back delivery goes out after the next one, or after this long when none follows.
REORDER_LIMIT_S = 2.0
KEPT_TEXT = 10_000
NEVER_SENT = 0


@dataclass(frozen=True, slots=True)
class Post:
    """One event on its way to one App: the bytes are fixed when the state changes."""

    app: App
    guid: str
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    raw: bytes
    redelivery: bool = False

    @property
    def name(self) -> str:
        """Return `event.action`, the name that fault rules match."""
        return f"{self.event}.{self.action}" if self.action else self.event

    def headers(self) -> dict[str, str]:
        """Return the headers GitHub sends."""
        mac = hmac.new(self.app.hook.secret.encode(), self.raw, hashlib.sha256)
        signed = (
            {"X-Hub-Signature-256": f"sha256={mac.hexdigest()}"} if self.app.hook.secret else {}
        )
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/0711075",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": str(self.app.hook.id),
            "X-GitHub-Hook-Installation-Target-ID": str(self.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            **signed,
        }


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
        self._queues: dict[int, asyncio.Queue[Post]] = {}
        self._held: dict[int, Post] = {}
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

    def _count(self, step: int) -> None:
        self._open += step
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
        self._held.clear()
        self.log.clear()
        self._count(-self._open)

    def send(self, post: Post) -> None:
        """Queue one event; an App without a URL gets none."""
        hook = post.app.hook
        if not hook.url or not hook.active:
            return
        self._count(+1)
        if hook.id not in self._queues:
            self._queues[hook.id] = asyncio.Queue()
            self._spawn(self._drain(hook.id, self._queues[hook.id]))
        self._queues[hook.id].put_nowait(post)

    def redeliver(self, delivery: Delivery) -> None:
        """Send the same bytes under the same GUID once more."""
        self.send(replace(delivery.post, redelivery=True))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, hook_id: int, queue: asyncio.Queue[Post]) -> None:
        while True:
            post = await queue.get()
            fault = self._core.faults.for_delivery(post.name)
            if fault is None:
                await self._attempt(post)
                await self._release(hook_id)
            else:
                await self._misbehave(hook_id, post, fault)

    async def _misbehave(self, hook_id: int, post: Post, fault: Fault) -> None:
        match fault.deliver:
            case "lost":
                self._lose(post, logged=bool(fault.params.get("logged", True)))
            case "late":
                self._spawn(self._later(post, fault.delay))
            case "reorder" if hook_id not in self._held:
                self._held[hook_id] = post
                self._spawn(self._release_later(hook_id, post))
            case "duplicate":
                self._count(+1)
                await self._attempt(post)
                await self._attempt(post)
                await self._release(hook_id)
            case _:
                await self._attempt(post)
                await self._release(hook_id)

    def _lose(self, post: Post, *, logged: bool) -> None:
        self._count(-1)
        if logged:
            self._record(post).status = "failed to connect to host"

    async def _later(self, post: Post, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._attempt(post)

    async def _release(self, hook_id: int) -> None:
        held = self._held.pop(hook_id, None)
        if held is not None:
            await self._attempt(held)

    async def _release_later(self, hook_id: int, post: Post) -> None:
        await asyncio.sleep(REORDER_LIMIT_S)
        if self._held.get(hook_id) is post:
            await self._release(hook_id)

    def _record(self, post: Post) -> Delivery:
        number = self._core.ids.number("delivery", start=9_000_001)
        delivery = Delivery(number, post, self._core.clock.now(), post.app.hook.url)
        self.log.append(delivery)
        return delivery

    async def _attempt(self, post: Post) -> None:
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
            self._count(-1)

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
