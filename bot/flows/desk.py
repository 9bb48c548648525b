"""Where one attempt works: its store, its starting commit, what its boxes are made of."""

from dataclasses import dataclass

from bot.adapters.box import Layer
from bot.adapters.engine import Retry
from bot.adapters.substrate.substrate import Substrate
from bot.domain.work import BuildRequest
from bot.flows.builder import Builder

_SIT_S = 1800.0
SIT_RETRY = Retry(attempts=4, first_s=2.0)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an attempt starts: recorded, so that a replay sits down in the same place."""

    commit: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one attempt works."""

    builder: Builder
    request: BuildRequest
    store: Substrate
    seat: Seat

    @property
    def name(self) -> str:
        """Return the name of the issue's workspace."""
        return f"issue-{self.request.issue.number}"


async def sit_down(builder: Builder, request: BuildRequest) -> Desk:
    """Bring the base in, resolve what the product needs, start the change: once, recorded."""
    store = await builder.substrate(request.issue.repo)

    async def sit() -> Seat:
        if not await store.git.has(request.base):
            bundle = await builder.store.blob(request.bundle)
            await store.git.import_bundle(bundle, wants=request.base)
        layers = await builder.layers(request.issue.repo, request.base, request.mission.environment)
        if request.conversation:
            return Seat("", layers)
        fresh = await store.create(
            f"issue-{request.issue.number}", request.base, request.issue.title
        )
        return Seat((await store.change(fresh)).commit, layers)

    seat = await builder.engine.step("sit", sit, kind=Seat, timeout_s=_SIT_S, retry=SIT_RETRY)
    return Desk(builder, request, store, seat)
