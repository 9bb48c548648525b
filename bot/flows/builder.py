"""The builder's parts, and the small stories that its flows share."""

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot import wire
from bot.adapters.box import BoxPool, Layer, environment
from bot.adapters.engine import Engine, Retry
from bot.adapters.model import Models, Reply, worst_case
from bot.adapters.prompts import Prompts
from bot.adapters.store import Store
from bot.adapters.substrate.substrate import Substrate
from bot.adapters.workflowfile import Prices
from bot.domain.mission import Environment
from bot.domain.usage import Usage
from bot.domain.workflow import ModelStep, Workflow
from bot.errors import NightshiftError, Retryable

MODEL_RETRY = Retry(attempts=6, first_s=2.0, longest_s=60.0)
"""For what passes in seconds: inside the step, below its deadline."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 900.0
"""For what does not: the workflow sleeps on disk and goes on with the same conversation."""
_STOPPED, _HELD = "stopped", "held"
_RECORD_S, _LOOK_S = 60.0, 15.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One recorded model call. Empty `reply` means that the money would not have covered it."""

    reply: str
    stop_reason: str
    model: str
    usage: Usage


@dataclass(slots=True)
class Builder:
    """Everything the builder's flows use."""

    engine: Engine
    store: Store
    pool: BoxPool
    models: Models
    model_id: str
    prompts: Prompts
    workflow: Workflow
    prices: Prices
    state: Path
    jj: Path
    resolver_env: Mapping[str, str]
    outages: int
    """How often a model call waits out an outage, asleep on disk, before the run is parked."""
    substrates: dict[str, Substrate] = field(default_factory=dict)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    resolving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def substrate(self, repo: str) -> Substrate:
        """Open the builder's own jj store of one repository, once per process."""
        async with self.opening:  # two runs begin together: one makes the store
            if repo not in self.substrates:
                root = self.state / "repos" / repo.replace("/", "__")
                self.substrates[repo] = await Substrate.open(root, jj=self.jj)
        return self.substrates[repo]

    async def layers(self, repo: str, base: str, wanted: Environment) -> tuple[Layer, ...]:
        """Resolve what the product needs, from the base commit, outside the box."""
        git = (await self.substrate(repo)).git
        async with self.resolving:  # two runs begin together: the second finds the first's layer
            return await environment.layers(
                wanted,
                read=lambda path: git.read(base, path),
                cache=self.state / "environments",
                pool=self.pool,
                pip_env=self.resolver_env,
            )

    async def ask(
        self, name: str, run_id: str, step: ModelStep, body: Mapping[str, Any], limit_usd: float
    ) -> Turn:
        """Make one model call a durable step: reserve, call, settle, store."""
        price = self.prices.of(body["model"])

        async def call() -> Turn:
            held = await self.store.reserve(
                run_id,
                worst_case(body, price),
                limit_usd,
                day_limit_usd=self.workflow.bounds.usd_per_day,
            )
            if held is None:
                return Turn("", "", str(body["model"]), Usage())
            try:
                model = self.models.at(step.model.base_url)
                reply = await model.call(body, price=price, timeout_s=step.timeout_s)
            except NightshiftError:
                await self.store.settle(held, 0.0)  # no reply, no bill
                raise
            await self.store.settle(held, reply.usage.usd)
            blob = wire.canonical({"content": reply.content}).encode()
            return Turn(
                await self.store.put_blob(blob), reply.stop_reason, reply.model, reply.usage
            )

        for outage in range(self.outages + 1):
            try:
                return await self.engine.step(
                    f"{name}:{outage}",
                    call,
                    kind=Turn,
                    timeout_s=step.timeout_s * 2,
                    retry=MODEL_RETRY,
                )
            except Retryable:
                if outage == self.outages:
                    raise
                await self.engine.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**outage))
        raise AssertionError("unreachable: the last round returns or raises")

    async def may_go_on(self, run_id: str, point: str) -> bool:
        """Ask durably, before money is spent, whether people still want a run; False: they do not.

        While they hold it by a label, this waits.
        """
        for asked in itertools.count():
            heard = await self.engine.step(
                f"heard:{point}:{asked}",
                lambda: self._heard(run_id),
                kind=str,
                timeout_s=_RECORD_S,
            )
            if heard != _HELD:
                return heard != _STOPPED
            await self.engine.sleep(_LOOK_S)
        raise AssertionError("unreachable: the counter never ends")

    async def _heard(self, run_id: str) -> str:
        if await self.store.stop_requested(run_id):
            return _STOPPED
        return _HELD if await self.store.run_held(run_id) else ""

    async def content(self, turn: Turn) -> list[dict[str, Any]]:
        """Read a recorded reply back, byte for byte what was stored."""
        blob = json.loads(await self.store.blob(turn.reply))
        return list(blob["content"])


def text_of(content: Sequence[Mapping[str, Any]]) -> str:
    """Join the text blocks of a reply."""
    return Reply(content=[dict(b) for b in content], stop_reason="", usage=Usage(), model="").text
