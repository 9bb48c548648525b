"""The server: webhooks, the issue flow, every call of GitHub, and the landing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine

import aiohttp
from aiohttp import web

from bot import wire
from bot.adapters.engine import Json, Queue
from bot.adapters.forge import Forge
from bot.adapters.store import Store
from bot.adapters.workflowfile import load_workflow
from bot.domain.role import Lane, Role
from bot.domain.run import Run
from bot.errors import PortInUse
from bot.flows.intake import Intake
from bot.flows.issue import issue_flow
from bot.flows.server import Server
from bot.flows.train import LandingRequest, train_flow
from bot.roles.parts import open_engine, ready
from bot.settings import ServerSettings
from bot.signals import until_signal
from bot.web.app import build_door, build_pages, make_runner
from bot.web.intake import intake_handler


async def serve_server(settings: ServerSettings) -> None:
    """Run webhooks, the issue flow and the train."""
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(until_signal())
        store = await stack.enter_async_context(Store(settings.database_url))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        forge = Forge(
            base_url=settings.github_url,
            app_id=settings.app_id,
            private_key=settings.app_key,
            session=session,
            write_spacing_s=settings.write_spacing_s,
        )
        engine = open_engine(Role.SERVER, settings, store)
        server = Server(
            engine=engine,
            store=store,
            forge=forge,
            workflow=load_workflow(settings.workflows),
            state=settings.state,
            jj=settings.jj,
            verdict_key=settings.verdict_key,
            accept_tier_b=settings.accept_tier_b,
            accept_uncalibrated=settings.accept_uncalibrated,
        )

        @engine.workflow("issue")
        async def _issue(payload: Json) -> Json:
            return wire.dump(await issue_flow(server, wire.load(Run, payload)))

        @engine.workflow("train")
        async def _train(payload: Json) -> Json:
            return wire.dump(await train_flow(server, wire.load(LandingRequest, payload)))

        await engine.launch(
            [
                Queue(Lane.ISSUE, worker_concurrency=settings.concurrency),
                Queue(Lane.TRAIN, partitioned=True),
            ]
        )
        stack.push_async_callback(engine.close)
        intake = Intake(server, sweep_s=settings.sweep_s)
        url, pages = await _listen(stack, settings, store, intake)
        working = await stack.enter_async_context(_background(intake.run()))
        ready(Role.SERVER, url=url, pages=pages)
        await _until(stop, working)


async def _listen(
    stack: contextlib.AsyncExitStack, settings: ServerSettings, store: Store, intake: Intake
) -> tuple[str, str]:
    """Open the door and the pages; return where they are."""
    secrets = [settings.webhook_secret]
    if settings.webhook_secret_previous is not None:
        secrets.append(settings.webhook_secret_previous)
    door = build_door(intake_handler(intake.record, secrets, own_id=lambda: intake.own_id))
    pages = build_pages(
        runs=store.runs,
        health=intake.health,
        held=intake.held,
        github_url=settings.github_pages,
    )
    return (
        await _open(stack, door, settings.listen_host, settings.listen_port, "LISTEN"),
        await _open(stack, pages, settings.pages_host, settings.pages_port, "PAGES"),
    )


async def _open(
    stack: contextlib.AsyncExitStack, app: web.Application, host: str, port: int, name: str
) -> str:
    runner = make_runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise PortInUse(
            f"cannot listen on {host}:{port}: {error.strerror}",
            means="another program, or another Nightshift, listens there",
            remedy=f"end it, or choose another port with NIGHTSHIFT_{name}_PORT (0 = any free one)",
        ) from None
    shown, chosen = runner.addresses[0][:2]
    return f"http://{shown}:{chosen}"


@contextlib.asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _until(stop: asyncio.Event, working: asyncio.Task[None]) -> None:
    """Serve until told to stop; should the worker break, the role ends and is started again."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
