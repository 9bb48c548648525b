"""The pool: proves the box, then leases slots."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
        missing: tuple[str, ...],
        digest: str,
    ) -> None:
        self._launcher = launcher
        self._free = asyncio.Semaphore(slots)
        self.slots = slots
        self.missing = missing
        self.digest = digest

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
        facts, _ = await launcher.request("hello", limits=selftest.LIMITS.plain())
        facts["missing"] += weaknesses(settings, own_users=facts["own_users"])
        if facts["own_users"] and facts["uid_base"] != settings.uid_base:
            raise BoxUnavailable(
                f"this launcher has users from {facts['uid_base']}, not {settings.uid_base}",
                means="Each pool has users of its own, and this is the launcher of another.",
                remedy="pass each role the descriptor of its own launcher",
            )
        pool = cls(
            launcher,
            slots=min(settings.slots, facts["slots"]),
            missing=tuple(facts["missing"]),
            digest="",
        )
        if settings.require_tier_a and pool.missing:
            raise BoxUnavailable(
                f"this machine gives box tier B; missing: {', '.join(pool.missing)}",
                means="A production role demands tier A: every wall, and a user per box.",
                remedy="start as root, or set NIGHTSHIFT_ACCEPT_TIER_B=1 to work with tier B",
            )
        async with pool.box(limits=selftest.LIMITS) as box:
            pool.digest = await selftest.prove(box, facts, settings.scratch)
        return pool

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
            box = await self._lease(layers, chosen)
            try:
                yield box
            finally:
                await asyncio.shield(self._launcher.request("release", slot=box.slot))
        finally:
            self._free.release()

    async def _lease(self, layers: Sequence[Layer], limits: Limits) -> Box:
        wanted = [[str(layer.host.resolve()), layer.inside] for layer in layers]
        reply, _ = await self._launcher.request("lease", limits=limits.plain(), layers=wanted)
        return Box(
            self._launcher,
            slot=reply["slot"],
            uid=reply["uid"],
            limits=limits,
            places=reply["places"],
        )

    async def close(self) -> None:
        """End the launcher and with it every box."""
        await self._launcher.close()
