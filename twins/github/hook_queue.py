"""The line in which one hook's deliveries stand, and everything that a plan makes go wrong in it.

    lost       never sent; in the log unless `{"logged": false}`
    late       sent after `delay` seconds, beside whatever follows
    duplicate  sent twice, or `{"copies": n}` times, under one GUID
    reorder    sent after the next one, or after `{"among": n}` later ones

`{"among": n, "shuffle": true}` lets each copy wait for a random number of later ones, up to n: then
a rule for every event shuffles them all. When nothing follows for `delay` seconds (2 if there is
none), whoever still waits goes out.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from twins.core.faults import Fault, FaultPlan
from twins.github.post import Post

PATIENCE_S = 2.0


class Carrier(Protocol):
    """Whoever takes deliveries out, and counts those that have not ended."""

    async def attempt(self, post: Post) -> None:
        """Send once; that ends it."""

    def lose(self, post: Post, *, logged: bool) -> None:
        """Never send; that ends it too."""

    def expect(self, more: int) -> None:
        """Count deliveries beyond those that were handed in."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the line."""


class HookQueue:
    """Deliveries of one hook, one after the other."""

    def __init__(self, carrier: Carrier, faults: FaultPlan) -> None:
        self._carrier = carrier
        self._faults = faults
        self._line: asyncio.Queue[Post] = asyncio.Queue()
        # Each with how many later ones it still lets go first.
        self._held: list[tuple[int, Post]] = []
        self._patience = PATIENCE_S

    def put(self, post: Post) -> None:
        """Stand in line."""
        self._line.put_nowait(post)

    async def run(self) -> None:
        """Take out whatever comes, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._patience if self._held else None):
                    post = await self._line.get()
            except TimeoutError:
                waiting, self._held = sorted(self._held, key=lambda one: one[0]), []
                for _, post in waiting:
                    await self._carrier.attempt(post)
            else:
                earlier, self._held = self._held, []
                await self._take(post, self._faults.for_delivery(post.name), alone=not earlier)
                await self._let_go(earlier)

    async def _take(self, post: Post, fault: Fault | None, *, alone: bool) -> None:
        match fault.deliver if fault else "":
            case "lost" if fault:
                self._carrier.lose(post, logged=bool(fault.params.get("logged", True)))
            case "late" if fault:
                self._carrier.spawn(self._later(post, fault.delay))
            case "duplicate" | "reorder" if fault:
                waits = self._waits(fault, alone=alone)
                self._carrier.expect(len(waits) - 1)
                self._patience = fault.delay or PATIENCE_S
                self._held += [(wait, post) for wait in waits if wait]
                for _ in range(waits.count(0)):
                    await self._carrier.attempt(post)
            case _:
                await self._carrier.attempt(post)

    def _waits(self, fault: Fault, *, alone: bool) -> list[int]:
        """Return, per copy, how many later deliveries go first."""
        copies = int(fault.params.get("copies", 2)) if fault.deliver == "duplicate" else 1
        among = int(fault.params.get("among", 1))
        if fault.params.get("shuffle"):
            return [self._faults.random.randint(0, among) for _ in range(copies)]
        # If everybody waited equally long, nobody would change places.
        return [among] if fault.deliver == "reorder" and alone else [0] * copies

    async def _let_go(self, earlier: list[tuple[int, Post]]) -> None:
        self._held = [(left - 1, post) for left, post in earlier if left > 1] + self._held
        for left, post in earlier:
            if left <= 1:
                await self._carrier.attempt(post)

    async def _later(self, post: Post, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._carrier.attempt(post)
