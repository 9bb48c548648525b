"""The builder: every model call that reads untrusted text, and the boxes of its coders."""

import contextlib

from bot import wire
from bot.adapters.engine import Json, Queue
from bot.adapters.model import Models
from bot.adapters.prompts import Prompts
from bot.adapters.store import Store
from bot.adapters.workflowfile import load_prices, load_workflow
from bot.domain.role import Lane, Role
from bot.domain.work import BuildRequest, TriageRequest
from bot.flows.build import build
from bot.flows.builder import Builder
from bot.flows.triage import triage
from bot.roles.parts import open_boxes, open_engine, ready
from bot.settings import BuilderSettings
from bot.signals import until_signal


async def serve_builder(settings: BuilderSettings) -> None:
    """Run every model call that reads untrusted text, and the boxes of its coders."""
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(until_signal())
        pool = await stack.enter_async_context(open_boxes(settings))
        store = await stack.enter_async_context(Store(settings.database_url))
        models = Models(url=settings.model_url, key=settings.model_key.get_secret_value())
        stack.push_async_callback(models.close)
        engine = open_engine(Role.BUILDER, settings, store)
        builder = Builder(
            engine=engine,
            store=store,
            pool=pool,
            models=models,
            model_id=settings.model,
            prompts=Prompts(settings.prompts),
            workflow=load_workflow(settings.workflows),
            prices=load_prices(settings.workflows),
            state=settings.state,
            jj=settings.jj,
            resolver_env=settings.resolver_env,
            outages=settings.outages,
        )

        @engine.workflow("triage")
        async def _triage(payload: Json) -> Json:
            return wire.dump(await triage(builder, wire.load(TriageRequest, payload)))

        @engine.workflow("build")
        async def _build(payload: Json) -> Json:
            return wire.dump(await build(builder, wire.load(BuildRequest, payload)))

        await engine.launch([Queue(Lane.AGENT, worker_concurrency=settings.slots)])
        stack.push_async_callback(engine.close)
        ready(Role.BUILDER, tier=pool.tier, missing=", ".join(pool.missing))
        await stop.wait()
