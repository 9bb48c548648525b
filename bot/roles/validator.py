"""The validator: products against hidden scenarios, scores, signatures."""

import contextlib

from bot.adapters.engine import Queue
from bot.adapters.store import Store
from bot.domain.role import Lane, Role
from bot.judging import open_judge
from bot.roles.parts import open_boxes, open_engine, ready
from bot.scenariostore import check_store
from bot.settings import ValidatorSettings
from bot.signals import until_signal
from bot.validator.service import KEY_FILE, ValidatorService
from bot.validator.shelf import Folder, Remote, Repository, Shelf
from bot.validator.signing import open_signer


async def serve_validator(settings: ValidatorSettings) -> None:
    """Run products against hidden scenarios, score, sign."""
    shelf = open_shelf(settings)
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(until_signal())
        pool = await stack.enter_async_context(open_boxes(settings))
        store = await stack.enter_async_context(Store(settings.database_url))
        judge = await stack.enter_async_context(open_judge(settings))
        engine = open_engine(Role.VALIDATOR, settings, store)
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
        ready(Role.VALIDATOR, tier=pool.tier, missing=", ".join(pool.missing))
        await stop.wait()


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
