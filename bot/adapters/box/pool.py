"""The pool: proves the box, then leases slots."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.adapters.box import parts, selftest
from bot.adapters.box.box import Box, Layer
from bot.adapters.box.client import LauncherHandle
from bot.adapters.box.limits import Limits
from bot.errors import BoxUnavailable, Unavailable

_LEASE_S = 3600.0


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """How many boxes, as which users, and how much isolation is demanded."""

    slots: int
    uid_base: int
    """First user of this pool. Pools on one machine must not share users."""
    require_tier_a: bool
    scratch: Path
    role_uid: int | None = None
    """Who the role is; None for a tool that a person runs by hand."""
    peer_uid_base: int | None = None
    """First user of the other role's pool on this machine, where there is one."""


def weaknesses(settings: BoxSettings, *, own_users: bool) -> tuple[str, ...]:
    """Name the parts of tier A that the installation lacks, whatever the machine gives.

    How many users the other pool has is not known here: it is taken to have as many as this one.
    """
    peer = settings.peer_uid_base
    shared = own_users and peer is not None and abs(peer - settings.uid_base) < settings.slots
    absent = {parts.ROLE_USER: settings.role_uid == 0, parts.OWN_POOL: shared}
    return tuple(part for part, is_absent in absent.items() if is_absent)


class BoxPool:
    """Slots whose isolation was proven by attacks at the start."""

    def __init__(
        self,
        launcher: LauncherHandle,
        *,
        slots: int,
        settings: BoxSettings,
    ) -> None:
        self._launcher = launcher
        self._settings = settings
        self._proving = asyncio.Lock()
        self._made_of = ""
        self._closed: BoxUnavailable | None = None
        self._free = asyncio.Semaphore(slots)
        self.slots = slots
        self.missing: tuple[str, ...] = ()
        """The parts of tier A that are not there, by the names of `PARTS`."""
        self.digest = ""
        """Of the last proof, and of the box that it was about."""

    @property
    def tier(self) -> Literal["A", "B"]:
        """A: every part present. B: the same walls, with the `missing` parts named."""
        return "B" if self.missing else "A"

    @classmethod
    async def open(cls, settings: BoxSettings, launcher: LauncherHandle) -> "BoxPool":
        """Attack a box from inside; a pool only if every attack failed, else BoxUnavailable.

        The pool owns the launcher from here on, and ends it when it cannot be opened.
        """
        try:
            return await cls._proven(settings, launcher)
        except BaseException:
            await launcher.close()
            raise

    @classmethod
    async def _proven(cls, settings: BoxSettings, launcher: LauncherHandle) -> "BoxPool":
        facts, _ = await launcher.request("hello")
        pool = cls(launcher, slots=min(settings.slots, facts["slots"]), settings=settings)
        async with pool._proving:
            await pool._prove()
        return pool

    async def _prove(self) -> None:
        """Attack a box as they are made now; raises BoxUnavailable, and nothing runs any more."""
        settings = self._settings
        limits = selftest.LIMITS
        facts, _ = await self._launcher.request("hello", limits=limits.plain())
        if facts["own_users"] and facts["uid_base"] != settings.uid_base:
            raise BoxUnavailable(
                f"this launcher has users from {facts['uid_base']}, not {settings.uid_base}",
                means="Each pool has users of its own, and this is the launcher of another.",
                remedy="pass each role the descriptor of its own launcher",
            )
        facts["missing"] += weaknesses(settings, own_users=facts["own_users"])
        self.missing = tuple(facts["missing"])
        if settings.require_tier_a and self.missing:
            raise BoxUnavailable(
                f"this machine gives box tier B; missing: {', '.join(self.missing)}",
                means="A production role demands tier A: every wall, and a user per box.",
                remedy="; ".join(
                    [
                        *(f"{name}: {parts.PARTS[name].mend}" for name in self.missing),
                        "or set NIGHTSHIFT_ACCEPT_TIER_B=1 to work with tier B",
                    ]
                ),
            )
        async with AsyncExitStack() as stack:
            box, made_of = await stack.enter_async_context(self._leased(limits))
            neighbour = None
            if facts["own_users"] and facts["slots"] > 1 and not self._made_of:
                neighbour, _ = await stack.enter_async_context(self._leased(limits))
            self.digest = await selftest.prove(box, facts, settings.scratch, neighbour)
        self._made_of = made_of

    @asynccontextmanager
    async def box(
        self,
        layers: Sequence[Layer] = (),
        limits: Limits | None = None,
        *,
        wait_s: float = _LEASE_S,
    ) -> AsyncIterator[Box]:
        """Lease a fresh, empty box; at the end everything in it is killed and deleted."""
        chosen = limits or Limits()
        try:
            async with asyncio.timeout(wait_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unavailable(f"no box became free in {wait_s:.0f} s") from error
        try:
            if self._closed is not None:
                raise self._closed
            box, made_of = await self._lease(layers, chosen)
            if made_of != self._made_of:
                await self._release(box)
                await self._prove_anew(made_of)
                box, made_of = await self._lease(layers, chosen)
            try:
                if made_of != self._made_of:
                    raise BoxUnavailable("what boxes are made of keeps changing")
                yield box
            finally:
                await self._release(box)
        finally:
            self._free.release()

    async def _prove_anew(self, made_of: str) -> None:
        """Prove the box again, since it is made of other parts than those that were proven.

        The caller's turn is its slot. A proof that fails closes the pool.
        """
        async with self._proving:
            if made_of == self._made_of:  # somebody else has proven it meanwhile
                return
            try:
                await self._prove()
            except BoxUnavailable as error:
                self._closed = error
                raise

    @asynccontextmanager
    async def _leased(self, limits: Limits) -> AsyncIterator[tuple[Box, str]]:
        box, made_of = await self._lease((), limits)
        try:
            yield box, made_of
        finally:
            await self._release(box)

    async def _lease(self, layers: Sequence[Layer], limits: Limits) -> tuple[Box, str]:
        wanted = [[str(layer.host.resolve()), layer.inside] for layer in layers]
        reply, _ = await self._launcher.request("lease", limits=limits.plain(), layers=wanted)
        box = Box(
            self._launcher,
            slot=reply["slot"],
            uid=reply["uid"],
            limits=limits,
            places=reply["places"],
        )
        return box, reply["made_of"]

    async def _release(self, box: Box) -> None:
        await asyncio.shield(self._launcher.request("release", slot=box.slot))

    async def close(self) -> None:
        """End the launcher and with it every box."""
        await self._launcher.close()
