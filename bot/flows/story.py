"""A run while it is being told: what is recorded, shown and asked on the way."""

import logging
from dataclasses import dataclass, replace
from typing import Any

from bot import wire
from bot.domain.role import Lane, Role
from bot.domain.run import Run, RunState
from bot.errors import NightshiftError
from bot.flows.people import still_wanted
from bot.flows.project import show
from bot.flows.server import (
    GITHUB_RETRY,
    GITHUB_STEP_S,
    SHOWING_RETRY,
    SHOWING_STEP_S,
    Server,
)
from bot.policy.steps import (
    Finish,
)

log = logging.getLogger(__name__)
CHILD_S = 24 * 3600.0
"""A bound on waiting for another role, outages included; work itself has tighter ones."""


@dataclass(slots=True)
class Story:
    """A run while it is being told: the noun changes, the steps count up."""

    server: Server
    run: Run
    saved: int = 0

    async def move(self, state: RunState, *, told: str = "", **changes: Any) -> None:  # noqa: ANN401
        """Record the next state and what is told about it, and show it on GitHub."""
        self.run = replace(self.run, state=state, **changes)
        self.saved += 1
        run = self.run

        async def save() -> bool:
            await self.server.store.save_run(run)
            await self.server.store.record_event(run.id, state.value, {"told": told})
            return True

        step = f"{self.saved}:{state}"
        await self.server.engine.step(
            f"save:{step}", save, kind=bool, timeout_s=GITHUB_STEP_S, retry=GITHUB_RETRY
        )
        await self._shown(run, step)

    async def _shown(self, run: Run, step: str) -> None:
        """Show the run as far as GitHub lets us: what is true does not depend on it."""

        async def look() -> bool:
            await show(self.server, run)
            return True

        try:
            await self.server.engine.step(
                f"show:{step}", look, kind=bool, timeout_s=SHOWING_STEP_S, retry=SHOWING_RETRY
            )
        except NightshiftError as error:
            log.warning("%s is %s, which is shown later: %s", run.id, run.state, error.what)

    async def finish(self, end: Finish) -> None:
        """Record the end."""
        await self.move(end.state, told=end.reason, reason=end.reason, detail=end.detail)

    async def stopped(self, point: str) -> bool:
        """Ask GitHub whether people still want this; if not, end here."""
        why = await still_wanted(self.server, self.run, point)
        if why:
            await self.finish(Finish(RunState.STOPPED, why, ""))
        return bool(why)

    async def ask_builder(self, name: str, request: object) -> Any:  # noqa: ANN401  JSON
        """Ask the builder, and wait durably for its answer."""
        run = self.run
        step = getattr(request, "index", 0)
        return await self.server.engine.child(
            Lane.AGENT,
            name,
            wire.dump(request),
            id=f"{name}:{run.id}:{step}",
            priority=int(run.priority),
            app=Role.BUILDER.app,
            timeout_s=CHILD_S,
        )
