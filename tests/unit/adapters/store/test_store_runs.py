"""Runs, effects, money, blobs and events: what each transaction promises."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.store import LARGEST_BLOB, Landing, Store
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.domain.usage import Usage
from bot.errors import (
    Conflict,
    DiskFull,
    EnvironmentProblem,
    Gone,
    Rejected,
    SettingsError,
    Tampered,
    Unavailable,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a fresh database."""
    return f"sqlite:///{tmp_path}/n.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """Open a store on a fresh file."""
    async with Store(url) as store:
        yield store


def _run(number: int = 1, revision: str = "a", state: RunState = RunState.QUEUED) -> Run:
    issue = Issue("o/n", number, "Title", "Body", ("nightshift",), "ann", 7)
    run = Run(f"o/n#{number}@{revision}", issue, "0" * 40, Priority.P2, state)
    return dataclasses.replace(run, usage=Usage(input_tokens=3, usd=0.25))


async def test_what_waits_is_known_by_the_clock(url: str) -> None:
    """How long each run has waited, and how many an issue had lately."""
    now = 1000.0
    async with Store(url, clock=lambda: now) as store:
        await store.create_run(_run())
        now += 50
        await store.create_run(_run(number=2, state=RunState.BUILDING))
        assert await store.waiting() == (("o/n#1@a", Priority.P2, 50.0),)
        assert [await store.begun_since("o/n", 1, seconds) for seconds in (49, 51)] == [0, 1]
        now += 10
        late = [await store.in_state_for(RunState.BUILDING, seconds) for seconds in (9, 11)]
        assert late == [("o/n#2@a",), ()]


async def test_everybody_lets_go_of_the_switch_for_himself(store: Store) -> None:
    """It holds until the last one has."""
    assert not await store.paused()
    assert await store.pause("owner", "a look")
    assert not await store.pause("owner", "again")
    assert await store.pause("o/n#1", "a label")
    assert [pause.why for pause in await store.pauses()] == ["a look", "a label"]
    assert await store.resume("owner")
    assert not await store.resume("owner")
    assert await store.paused()
    assert await store.resume("o/n#1")
    assert not await store.paused()


async def test_an_approval_keeps_the_text_it_was_first_seen_on(store: Store) -> None:
    """Whatever is on the issue later; another labelling is another approval."""
    assert await store.approved_text("o/n#1", 7) is None
    seen = [await store.approve_text("o/n#1", 7, text) for text in ("first", "second")]
    assert await store.approved_text("o/n#1", 7) == "first"
    assert seen == ["first", "first"]
    assert await store.approve_text("o/n#1", 8, "second") == "second"
    assert await store.approve_text("o/n#2", 7, "other") == "other"


async def test_one_open_run_per_issue(store: Store) -> None:
    """Of many at once one is created; when it has ended the next may be."""
    made = await asyncio.gather(*(store.create_run(_run(revision=r)) for r in "abcdef"))
    assert sum(made) == 1
    first = await store.open_run("o/n", 1)
    assert first is not None
    assert await store.save_run(dataclasses.replace(first, state=RunState.LANDED))
    assert await store.open_run("o/n", 1) is None
    assert await store.create_run(_run(revision="z"))
    assert await store.create_run(_run(number=2))
    assert [run.id for run in await store.runs("o/n")] == [first.id, "o/n#1@z", "o/n#2@a"]
    assert await store.runs("o/other") == ()


async def test_a_run_comes_back_whole(store: Store) -> None:
    """What is read equals what was saved."""
    await store.create_run(_run())
    changed = dataclasses.replace(_run(), state=RunState.BUILDING, clause="fix bugs", pull=4)
    assert await store.save_run(changed, RunState.QUEUED)
    assert await store.run(changed.id) == changed
    assert await store.run("o/n#9@a") is None


async def test_a_save_from_the_wrong_state_is_refused(store: Store) -> None:
    """Compare and swap: a flow that is behind changes nothing."""
    await store.create_run(_run(state=RunState.BUILDING))
    assert not await store.save_run(_run(state=RunState.TRAIN), RunState.QUEUED)
    assert await store.run("o/n#1@a") == _run(state=RunState.BUILDING)
    with pytest.raises(Gone):
        await store.save_run(_run(number=5))


async def test_an_ended_run_cannot_open_beside_another(store: Store) -> None:
    """Reopening is a conflict while a newer run is open."""
    await store.create_run(_run(revision="a", state=RunState.PARKED))
    await store.create_run(_run(revision="b"))
    with pytest.raises(Conflict):
        await store.save_run(_run(revision="a", state=RunState.QUEUED))


async def test_the_last_said_priority_wins(store: Store) -> None:
    """A flow that saves an older copy does not undo what people said meanwhile."""
    await store.create_run(_run())
    await store.set_priority("o/n#1@a", Priority.P0)
    await store.save_run(_run(state=RunState.BUILDING))
    run = await store.run("o/n#1@a")
    assert run is not None
    assert (run.priority, run.state) == (Priority.P0, RunState.BUILDING)


async def test_the_first_reason_to_stop_stays(store: Store) -> None:
    """A stop is kept over saves, and its first reason is the one told."""
    await store.create_run(_run())
    assert await store.stop_requested("o/n#1@a") == ""
    await store.request_stop("o/n#1@a", "closed")
    await store.request_stop("o/n#1@a", "label")
    await store.save_run(_run(state=RunState.BUILDING))
    assert await store.stop_requested("o/n#1@a") == "closed"


class World:
    """An outside world in which effects happen."""

    def __init__(self) -> None:
        self.comments: list[str] = []
        self.looks = 0
        self.cut = False

    async def lookup(self) -> object:
        """Find the comment that is there."""
        self.looks += 1
        return {"id": len(self.comments)} if self.comments else None

    async def perform(self) -> object:
        """Make a comment, and perhaps lose the answer."""
        self.comments.append("hello")
        if self.cut:
            raise Unavailable("the line was cut")
        return {"id": len(self.comments)}


async def test_an_effect_happens_once(store: Store) -> None:
    """The second and the concurrent call return the first one's result without doing anything."""
    world = World()
    calls = [
        store.effect("c:1", "comment", {}, lookup=world.lookup, perform=world.perform)
        for _ in range(4)
    ]
    assert await asyncio.gather(*calls) == [{"id": 1}] * 4
    assert (len(world.comments), world.looks) == (1, 0)


async def test_a_cut_off_effect_is_looked_up(store: Store, url: str) -> None:
    """After a cut the world is asked first: done is not repeated, also by the next process."""
    world = World()
    world.cut = True
    with pytest.raises(Unavailable):
        await store.effect("c:1", "comment", {}, lookup=world.lookup, perform=world.perform)
    assert await store.pending_effects() == ("c:1",)
    async with Store(url) as next_one:
        answer = await next_one.effect(
            "c:1", "comment", {}, lookup=world.lookup, perform=world.perform
        )
    assert answer == {"id": 1}
    assert (len(world.comments), world.looks) == (1, 1)
    assert await store.pending_effects() == ()


async def test_an_effect_that_never_happened_is_done(store: Store) -> None:
    """After a cut with nothing found the effect is performed."""
    world = World()
    world.cut = True
    with pytest.raises(Unavailable):
        await store.effect("c:1", "comment", {}, lookup=world.lookup, perform=world.perform)
    world.cut = False
    world.comments.clear()
    await store.effect("c:1", "comment", {}, lookup=world.lookup, perform=world.perform)
    assert len(world.comments) == 1


async def test_an_effect_that_is_tried_again_at_once_happens_once(store: Store) -> None:
    """Whoever comes back after a failure waits behind whoever waits already."""
    world = World()

    async def slowly() -> object:
        found = await world.lookup()
        for _ in range(5):  # what was seen grows old on its way back
            await store.pending_effects()
        return found

    async def fails() -> object:
        waiting.append(asyncio.create_task(make()))
        await asyncio.sleep(0)
        raise Unavailable("nothing was done")

    async def make() -> object:
        return await store.effect("c:1", "comment", {}, lookup=slowly, perform=world.perform)

    waiting: list[asyncio.Task[object]] = []
    with pytest.raises(Unavailable):
        await store.effect("c:1", "comment", {}, lookup=slowly, perform=fails)
    await make()
    await asyncio.gather(*waiting)
    assert len(world.comments) == 1


async def test_money_is_never_overbooked(store: Store) -> None:
    """Concurrent reservations stay within the run's limit, and a settled one frees the rest."""
    got = await asyncio.gather(
        *(store.reserve("r", 0.1, 0.3, day_limit_usd=100) for _ in range(10))
    )
    held = [reservation for reservation in got if reservation is not None]
    assert len(held) == 3
    await store.settle(held[0], 0.0)
    await store.settle(held[0], 5.0)
    assert await store.spent("r") == pytest.approx(0.2)
    assert await store.reserve("r", 0.1, 0.3, day_limit_usd=100) is not None


async def test_the_day_has_a_limit_over_all_runs(store: Store) -> None:
    """Runs share the day's money; an unsettled reservation stays counted."""
    assert await store.reserve("r1", 1, 3, day_limit_usd=1.5) is not None
    assert await store.reserve("r2", 1, 3, day_limit_usd=1.5) is None
    assert await store.spent_today() == 1


@pytest.mark.parametrize(
    ("usd", "run", "day"), [(0, 0, 5), (0, 5, 0), (-1, 5, 5), (float("nan"), 5, 5)]
)
async def test_zero_is_forbidden(store: Store, usd: float, run: float, day: float) -> None:
    """A limit of zero forbids even a free call, and nonsense amounts are refused."""
    assert await store.reserve("r", usd, run, day_limit_usd=day) is None


async def test_a_damaged_blob_is_noticed(store: Store, url: str) -> None:
    """Bytes come back as they were or not at all; putting them again heals them."""
    digest = await store.put_blob(b"bundle")
    assert await store.blob(digest) == b"bundle"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ns_blobs SET data = x'00'"))
    engine.dispose()
    with pytest.raises(Tampered):
        await store.blob(digest)
    await store.put_blob(b"bundle")
    assert await store.blob(digest) == b"bundle"
    with pytest.raises(Gone):
        await store.blob("0" * 64)


async def test_a_blob_has_a_limit(store: Store) -> None:
    """One byte too many is refused before it is written."""
    with pytest.raises(Rejected, match="over the limit"):
        await store.put_blob(bytes(LARGEST_BLOB + 1))


async def test_events_are_followed_from_a_mark(store: Store) -> None:
    """A follower that remembers the last id sees everything after it, in order."""
    first = await store.record_event("r1", "state", {"to": "building"})
    await store.record_event("r2", "state", {"to": "train"})
    await store.record_event("r1", "tool", {"name": "bash"})
    assert [(e.run_id, e.kind) for e in await store.events(first)] == [
        ("r2", "state"),
        ("r1", "tool"),
    ]
    assert [e.data for e in await store.events(run_id="r1")] == [
        {"to": "building"},
        {"name": "bash"},
    ]
    with pytest.raises(Rejected):
        await store.record_event("r1", "log", "x" * 20_000)


async def test_a_landing_is_written_once(store: Store) -> None:
    """Writing it again after a crash changes nothing."""
    landing = Landing("o/n", "a" * 40, "b" * 40, "c" * 40, "v1", "o/n#1@a")
    assert await store.record_landing(landing)
    assert not await store.record_landing(landing)
    assert await store.landings("o/n") == (landing,)


async def test_a_full_disk_is_named_and_loses_nothing(store: Store) -> None:
    """When the file cannot grow the error says so, and what was committed is intact."""
    await store.create_run(_run())

    def no_more(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    for _ in range(4):  # whichever of the pooled connections comes next
        await asyncio.gather(store._room.read(no_more), store._room.read(no_more))
    with pytest.raises(DiskFull, match="could not grow"):
        await store.put_blob(b"x" * 1_000_000)
    assert await store.run("o/n#1@a") == _run()


async def test_many_may_open_at_once(tmp_path: Path) -> None:
    """The first opening races with itself and everybody gets the same tables."""
    url = f"sqlite:///{tmp_path}/fresh/n.db"
    stores = await asyncio.gather(*(asyncio.to_thread(Store, url) for _ in range(6)))
    for number, store in enumerate(stores):
        await store.record_event("r", "k", number)
    assert len(await stores[0].events()) == 6
    for store in stores:
        await store.close()


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "nonsense", "mysql://x/y"])
def test_an_address_nobody_can_share_is_refused(address: str) -> None:
    """A wrong address is a message that says what to write instead."""
    with pytest.raises(SettingsError, match="sqlite:////absolute"):
        Store(address)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A directory that is a file, for root and everybody else, is no traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="cannot be created"):
        Store(f"sqlite:///{tmp_path}/file/n.db")
