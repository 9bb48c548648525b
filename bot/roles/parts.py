"""What roles have in common: an engine, boxes, and the word that they are ready."""

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator

from bot.adapters.box import (
    BoxPool,
    BoxSettings,
    LauncherConfig,
    LauncherHandle,
    spawn_launcher,
)
from bot.adapters.engine import Engine, EngineSettings
from bot.adapters.store import Store
from bot.domain.role import Role
from bot.settings import BuilderSettings, ServerSettings, ValidatorSettings

_VERSIONS = {Role.SERVER: "srv-1", Role.BUILDER: "bld-1", Role.VALIDATOR: "val-1"}
"""Pinned by hand: work in flight belongs to a version. Raise one only with a plan to drain."""


def ready(role: Role, **facts: object) -> None:
    """Say so once, with what others need to know."""
    sys.stdout.write(json.dumps({"ready": role.value, **facts}) + "\n")
    sys.stdout.flush()


def open_engine(
    role: Role, settings: ServerSettings | BuilderSettings | ValidatorSettings, store: Store
) -> Engine:
    """Make a role's engine on the database that all of them share."""
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
async def open_boxes(
    settings: BuilderSettings | ValidatorSettings,
) -> AsyncIterator[BoxPool]:
    """Open the role's pool, on the launcher that it was given or on one of its own."""
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
