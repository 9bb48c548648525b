"""What the validator's role answers: a request comes in as JSON, one signed judgement goes out.

Nothing else ever crosses: every failure becomes a signed INVALID with a fixed slug, because the
words of an exception could carry what only this process may know.
"""

import asyncio
import logging
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from bot import wire
from bot.adapters.box import BoxPool, Layer, environment
from bot.adapters.substrate.gitstore import GitStore
from bot.domain.mission import Product
from bot.domain.verdict import Judgement
from bot.domain.work import ProposeRequest, RehearseReply, RehearseRequest, ValidateRequest
from bot.errors import NightshiftError, Rejected, Tampered, UsageError
from bot.policy.feedback import CONSULTATIONS_PER_CORPUS
from bot.validator.drivers.visit import Stage
from bot.validator.evidence import show
from bot.validator.examination import EXTRA_RUNS
from bot.validator.judge import Validator
from bot.validator.ledger import Ledger
from bot.validator.proposal import write_draft
from bot.validator.rubric import Judge
from bot.validator.selection import Within
from bot.validator.shelf import Folder, Shelf
from bot.validator.signing import open_signer

T = TypeVar("T")
Fetch = Callable[[str], Awaitable[bytes]]
KEY_FILE = "signing-key.pem"
LEDGER_FILE = "ledger.sqlite"
JUDGE_S = 3600.0
PROPOSE_S = 60.0

log = logging.getLogger(__name__)


class Steps(Protocol):
    """What is needed of the durable engine."""

    async def step(
        self, name: str, fn: Callable[[], Awaitable[T]], *, kind: type[T], timeout_s: float
    ) -> T:
        """Run a function until it has once ended, and answer the same for ever."""
        ...


class _NoEnvironment(Exception):
    """What the product needs cannot be resolved."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class _Trees:
    """What two commits hold, and what is needed to run it."""

    head: bytes
    base: bytes
    layers: tuple[Layer, ...]
    product: Product
    within: Within

    @property
    def stages(self) -> tuple[Stage, Stage]:
        """Head and base, ready to be driven."""
        return (
            Stage(self.head, self.layers, self.product),
            Stage(self.base, self.layers, self.product),
        )


class ValidatorService:
    """The validator of one process: its stores of objects, its judge."""

    def __init__(
        self,
        *,
        validator: Validator,
        ledger: Ledger,
        pool: BoxPool,
        state: Path,
        blob: Fetch,
        resolver_env: Mapping[str, str],
    ) -> None:
        self._validator = validator
        self._ledger = ledger
        self._pool = pool
        self._state = state
        self._blob = blob
        self._resolver_env = resolver_env
        self._stores: dict[str, GitStore] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    async def open(
        cls,
        *,
        state: Path,
        pool: BoxPool,
        blob: Fetch,
        resolver_env: Mapping[str, str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        scenarios: Path | None = None,
        shelf: Shelf | None = None,
        judge: Judge | None = None,
        judge_model: str = "",
        budget: int = CONSULTATIONS_PER_CORPUS,
        extra_runs: int = EXTRA_RUNS,
    ) -> Self:
        """Open the key and the ledger below `state`; both are made at first start.

        The scenarios lie in a folder, or come off a shelf, which has to hold some at the start.
        """
        shelf = shelf or Folder(scenarios or state / "scenarios")
        await shelf.stock()
        signer = await asyncio.to_thread(open_signer, state / KEY_FILE)
        ledger = await asyncio.to_thread(Ledger, state / LEDGER_FILE)
        await asyncio.to_thread(ledger.note_budget, budget)
        validator = Validator(
            pool=pool,
            shelf=shelf,
            ledger=ledger,
            signer=signer,
            clock=clock,
            budget=budget,
            extra_runs=extra_runs,
            judge=judge,
            judge_model=judge_model,
        )
        return cls(
            validator=validator,
            ledger=ledger,
            pool=pool,
            state=state,
            blob=blob,
            resolver_env=resolver_env,
        )

    async def close(self) -> None:
        """Let go of what `open` took; the pool belongs to the caller."""
        self._stores.clear()

    def workflow(self, engine: Steps) -> Callable[[Any], Awaitable[Any]]:
        """Return the function that the role registers under the name `validate`."""

        async def validate(payload: Any) -> Any:
            request = wire.load(ValidateRequest, payload)
            judgement = await engine.step(
                "judge", lambda: self.answer(request), kind=Judgement, timeout_s=JUDGE_S
            )
            return wire.dump(judgement)

        return validate

    def rehearsal(self, engine: Steps) -> Callable[[Any], Awaitable[Any]]:
        """Return the function that the role registers under the name `rehearse`."""

        async def rehearse(payload: Any) -> Any:
            request = wire.load(RehearseRequest, payload)
            reply = await engine.step(
                "rehearse",
                lambda: self.rehearse(request),
                kind=RehearseReply,
                timeout_s=JUDGE_S,
            )
            return wire.dump(reply)

        return rehearse

    def proposals(self, engine: Steps) -> Callable[[Any], Awaitable[Any]]:
        """Return the function that the role registers under the name `propose`."""

        async def propose(payload: Any) -> Any:
            request = wire.load(ProposeRequest, payload)
            return await engine.step(
                "propose", lambda: self.propose(request), kind=bool, timeout_s=PROPOSE_S
            )

        return propose

    async def propose(self, request: ProposeRequest) -> bool:
        """Write a draft for a person, once per landing; False when it was written before.

        A draft that was moved or thrown away does not come back.
        """

        def write() -> bool:
            if self._ledger.proposed(request.repo, request.landed):
                return False
            write_draft(self._state, request)
            self._ledger.note_proposal(request.repo, request.landed)
            return True

        return await asyncio.to_thread(write)

    async def rehearse(self, request: RehearseRequest) -> RehearseReply:
        """Try the dev scenarios; whatever goes wrong is an empty answer, and the gate decides."""
        try:
            trees = await self._trees(request)
            return await self._validator.rehearse(request, *trees.stages, within=trees.within)
        except Exception as error:  # noqa: BLE001  the words of an exception must not cross
            log.warning("cannot rehearse run=%s why=%s", request.run_id, _place_of(error))
            return RehearseReply()

    async def answer(self, request: ValidateRequest) -> Judgement:
        """Judge, whatever happens: the answer is always signed and never an exception."""
        known = self._validator.already(request)
        if known:
            return known
        try:
            return await self._answer(request)
        except (Tampered, Rejected, UsageError) as error:
            reason, why = "tree-mismatch", error.slug
        except Exception as error:  # noqa: BLE001  the words of an exception must not cross
            reason, why = "internal", _place_of(error)
        judgement = self._validator.refuse(request, reason)
        log.warning("cannot judge run=%s reason=%s why=%s", request.run_id, reason, why)
        return judgement

    def show(self, verdict: str) -> str:
        """Explain a verdict to the owner of the scenarios."""
        return show(self._ledger, verdict)

    async def _answer(self, request: ValidateRequest) -> Judgement:
        """Fetch exactly the trees that were asked about, and judge them."""
        try:
            trees = await self._trees(request)
        except _NoEnvironment as error:
            log.warning("no environment run=%s why=%s", request.run_id, error.why)
            return self._validator.refuse(request, "product-does-not-start")
        return await self._validator.judge(
            request, trees.head, trees.base, trees.layers, within=trees.within
        )

    async def _trees(self, request: ValidateRequest | RehearseRequest) -> "_Trees":
        """Bring the two commits here, and resolve what the product needs."""
        git = await self._store(request.repo)
        async with self._turns[request.repo]:
            await self._bring(git, request.base_bundle, request.base)
            await self._bring(git, request.bundle, request.commit)
        if await git.tree(request.commit) != request.tree:
            raise Tampered("the commit does not have the tree that was asked about")
        try:
            layers = await self._layers(git, request)
        except NightshiftError as error:
            raise _NoEnvironment(error.slug) from None
        return _Trees(
            head=await git.archive(request.commit),
            base=await git.archive(request.base),
            layers=layers,
            product=request.product,
            within=lambda commit: git.within(commit, request.base),
        )

    async def _layers(
        self, git: GitStore, request: ValidateRequest | RehearseRequest
    ) -> tuple[Layer, ...]:
        """Resolve what the product needs, as its base commit says: a change cannot swap it."""
        async with self._turns["environment"]:  # the second of two finds what the first has built
            return await environment.layers(
                request.environment,
                read=lambda path: git.read(request.base, path),
                cache=self._state / "environments",
                pool=self._pool,
                pip_env=self._resolver_env,
            )

    async def _store(self, repo: str) -> GitStore:
        """Open the validator's own objects of one repository, once per process."""
        async with self._turns[""]:
            if repo not in self._stores:
                root = self._state / "repos" / repo.replace("/", "__")
                self._stores[repo] = await GitStore.open(root)
            return self._stores[repo]

    async def _bring(self, git: GitStore, bundle: str, commit: str) -> None:
        """Take a commit in, unless it is here."""
        if not await git.has(commit):
            await git.import_bundle(await self._blob(bundle), wants=commit)


def _place_of(error: BaseException) -> str:
    """Name an unexpected error by its class and the line that raised it, without its words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}"
