"""Composition roots: settings become objects, objects become a running role.

Each `serve_*` runs until SIGTERM, says `{"ready": ROLE, ...}` on standard output once, and closes
what it opened. This is the only place that knows which part is made of what.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine

import aiohttp
from aiohttp import web

from bot import wire
from bot.adapters.box import (
    BoxPool,
    BoxSettings,
    LauncherConfig,
    LauncherHandle,
    spawn_launcher,
)
from bot.adapters.engine import Engine, EngineSettings, Json, Queue
from bot.adapters.forge import Forge
from bot.adapters.model import Models
from bot.adapters.prompts import Prompts
from bot.adapters.store import Store
from bot.adapters.workflowfile import load_prices, load_workflow
from bot.domain.role import Lane, Role
from bot.domain.run import Run
from bot.domain.work import BuildRequest, TriageRequest
from bot.errors import PortInUse
from bot.flows.build import build
from bot.flows.builder import Builder
from bot.flows.intake import Intake
from bot.flows.issue import issue_flow
from bot.flows.server import Server
from bot.flows.train import LandingRequest, train_flow
from bot.flows.triage import triage
from bot.judging import open_judge
from bot.scenariostore import check_store
from bot.settings import BuilderSettings, ServerSettings, ValidatorSettings
from bot.signals import until_signal
from bot.validator.service import KEY_FILE, ValidatorService
from bot.validator.shelf import Folder, Remote, Repository, Shelf
from bot.validator.signing import open_signer
from bot.web.app import build_door, build_pages, make_runner
from bot.web.intake import intake_handler

_VERSIONS = {Role.SERVER: "srv-1", Role.BUILDER: "bld-1", Role.VALIDATOR: "val-1"}
"""Pinned by hand: work in flight belongs to a version. Raise one only with a plan to drain."""


def _ready(role: Role, **facts: object) -> None:
    sys.stdout.write(json.dumps({"ready": role.value, **facts}) + "\n")
    sys.stdout.flush()


def _engine(
    role: Role, settings: ServerSettings | BuilderSettings | ValidatorSettings, store: Store
) -> Engine:
    return Engine(
        EngineSettings(
            app=role.app,
            version=_VERSIONS[role],
            executor=f"{settings.host_name}-{role.value}",
            url=settings.database_url,
            poll_s=settings.poll_s,
        ),
        held=store.paused,
    )


@contextlib.asynccontextmanager
async def _boxes(
    settings: BuilderSettings | ValidatorSettings,
) -> AsyncIterator[BoxPool]:
    scratch = settings.state / "boxes"
    launcher = (
        LauncherHandle.adopt(settings.launcher_fd)
        if settings.launcher_fd >= 0
        else await spawn_launcher(
            LauncherConfig(
                slots=settings.slots,
                uid_base=settings.box_uid,
                roots=(settings.state,),
                scratch=scratch,
            )
        )
    )
    pool = await BoxPool.open(
        BoxSettings(
            slots=settings.slots,
            uid_base=settings.box_uid,
            require_tier_a=not settings.accept_tier_b,
            scratch=scratch,
            role_uid=os.geteuid(),
            peer_uid_base=settings.peer_box_uid,
        ),
        launcher,
    )
    try:
        yield pool
    finally:
        await pool.close()


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
        engine = _engine(Role.SERVER, settings, store)
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
        _ready(Role.SERVER, url=url, pages=pages)
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


async def serve_builder(settings: BuilderSettings) -> None:
    """Run every model call that reads untrusted text, and the boxes of its coders."""
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(until_signal())
        pool = await stack.enter_async_context(_boxes(settings))
        store = await stack.enter_async_context(Store(settings.database_url))
        models = Models(url=settings.model_url, key=settings.model_key.get_secret_value())
        stack.push_async_callback(models.close)
        engine = _engine(Role.BUILDER, settings, store)
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
        _ready(Role.BUILDER, tier=pool.tier, missing=", ".join(pool.missing))
        await stop.wait()


async def serve_validator(settings: ValidatorSettings) -> None:
    """Run products against hidden scenarios, score, sign."""
    shelf = open_shelf(settings)
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(until_signal())
        pool = await stack.enter_async_context(_boxes(settings))
        store = await stack.enter_async_context(Store(settings.database_url))
        judge = await stack.enter_async_context(open_judge(settings))
        engine = _engine(Role.VALIDATOR, settings, store)
        service = await ValidatorService.open(
            shelf=shelf,
            state=settings.state,
            pool=pool,
            blob=store.blob,
            resolver_env=settings.resolver_env,
            judge=judge,
            judge_model=settings.judge_model,
            budget=settings.corpus_budget,
            extra_runs=settings.extra_runs,
        )
        stack.push_async_callback(service.close)
        engine.workflow("validate")(service.workflow(engine))
        engine.workflow("rehearse")(service.rehearsal(engine))
        engine.workflow("propose")(service.proposals(engine))
        await engine.launch([Queue(Lane.VALIDATE, worker_concurrency=settings.slots)])
        stack.push_async_callback(engine.close)
        _ready(Role.VALIDATOR, tier=pool.tier, missing=", ".join(pool.missing))
        await stop.wait()


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


def open_shelf(settings: ValidatorSettings) -> Shelf:
    """Say where the scenarios come from; a folder that others can read is refused."""
    folder = settings.scenarios_folder
    if folder is not None:
        check_store(folder)
        return Folder(folder)
    token = settings.scenarios_token.get_secret_value()
    remote = Remote(settings.scenarios, settings.scenarios_ref, token, settings.scenarios_key)
    return Repository(remote, settings.state / "scenarios")


def show_key() -> str:
    """Return the validator's public key, made at first use, for the server's settings."""
    settings = ValidatorSettings.read()
    return open_signer(settings.state / KEY_FILE).public_key


async def serve(role: Role) -> None:
    """Run one role from its environment until SIGTERM."""
    match role:
        case Role.SERVER:
            await serve_server(ServerSettings.read())
        case Role.BUILDER:
            await serve_builder(BuilderSettings.read())
        case Role.VALIDATOR:
            await serve_validator(ValidatorSettings.read())
