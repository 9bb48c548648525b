"""Deliveries and dirty subjects: nothing lost, nothing done twice, nothing for ever."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.store import Delivery, Store, SubjectKey

ISSUE = SubjectKey("o/n", "issue", 1)
OTHER = SubjectKey("o/n", "issue", 2)


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock of our own."""
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    """Open a store on a fresh file."""
    async with Store(f"sqlite:///{tmp_path}/n.db", clock=clock) as store:
        yield store


def _delivery(guid: str) -> Delivery:
    return Delivery(guid, "issues", "opened", "o/n", b'{"a": "\xc3\xa4"}\r\n')


async def test_a_delivery_is_kept_byte_for_byte(store: Store) -> None:
    """The body comes back as it came in."""
    assert await store.record_delivery(_delivery("g1"), [ISSUE])
    assert await store.delivery("g1") == _delivery("g1")
    assert await store.delivery("g2") is None


async def test_a_duplicate_marks_nothing(store: Store) -> None:
    """A redelivered GUID is False and gives no second piece of work."""
    await store.record_delivery(_delivery("g1"), [ISSUE])
    subject = await store.lease_subject("w", 60)
    assert subject is not None
    assert await store.finish_subject(subject, subject.seq)
    assert not await store.record_delivery(_delivery("g1"), [ISSUE])
    assert await store.lease_subject("w", 60) is None


async def test_a_storm_is_one_lease(store: Store) -> None:
    """Many concurrent deliveries of one subject end in one lease."""
    new = await asyncio.gather(
        *(store.record_delivery(_delivery(f"g{n // 2}"), [ISSUE]) for n in range(20))
    )
    assert sum(new) == 10
    leases = await asyncio.gather(*(store.lease_subject(f"w{n}", 60) for n in range(5)))
    assert [lease.seq for lease in leases if lease is not None] == [10]


async def test_what_came_during_the_work_stays_dirty(store: Store) -> None:
    """A mark during a lease is seen after it."""
    await store.mark_dirty("o/n", "issue", 1)
    first = await store.lease_subject("w", 60)
    await store.mark_dirty("o/n", "issue", 1)
    assert first is not None
    await store.finish_subject(first, first.seq)
    second = await store.lease_subject("w", 60)
    assert second is not None
    assert second.seq == 2


async def test_a_lost_lease_cannot_finish(store: Store, clock: Clock) -> None:
    """A worker that was too slow does not undo the work of the next, even of its own name."""
    await store.mark_dirty("o/n", "issue", 1)
    slow = await store.lease_subject("w", 60)
    clock.now += 61
    fast = await store.lease_subject("w", 60)
    assert slow is not None
    assert fast is not None
    assert not await store.finish_subject(slow, slow.seq)
    assert not await store.renew_subject(slow, 60)
    assert await store.renew_subject(fast, 60)
    assert await store.finish_subject(fast, fast.seq)


async def test_five_failures_are_a_dead_letter(store: Store, clock: Clock) -> None:
    """Failures pause longer and longer, end in a dead letter, and a new mark revives it."""
    await store.mark_dirty("o/n", "issue", 1)
    for attempt in range(1, 6):
        subject = await store.lease_subject("w", 60)
        assert subject is not None
        assert await store.fail_subject(subject, "boom") is (attempt == 5)
        assert await store.lease_subject("w", 60) is None
        clock.now += 2.0**attempt
    assert await store.lease_subject("w", 60) is None
    (dead,) = await store.dead_letters()
    assert (dead.key, dead.attempts, dead.error) == (ISSUE, 5, "boom")
    await store.mark_dirty("o/n", "issue", 1)
    assert await store.lease_subject("w", 60) is not None
    assert await store.dead_letters() == ()


async def test_five_crashes_are_a_dead_letter_too(store: Store, clock: Clock) -> None:
    """A subject that kills its worker every time is given up without anybody reporting it."""
    await store.mark_dirty("o/n", "issue", 1)
    for _ in range(5):
        assert await store.lease_subject("w", 60) is not None
        clock.now += 61
    assert await store.lease_subject("w", 60) is None
    assert len(await store.dead_letters()) == 1


async def test_quiet_time_does_not_starve(store: Store, clock: Clock) -> None:
    """Debouncing counts from the first mark, so constant fire is still served."""
    for _ in range(2):
        await store.mark_dirty("o/n", "issue", 1)
        assert await store.lease_subject("w", 60, quiet_s=2) is None
        clock.now += 1
    assert await store.lease_subject("w", 60, quiet_s=2) is not None


async def test_the_longest_dirty_goes_first(store: Store, clock: Clock) -> None:
    """Subjects are served in the order in which they became dirty."""
    await store.mark_dirty("o/n", "issue", 2)
    clock.now += 1
    await store.mark_dirty("o/n", "issue", 1)
    clock.now += 1
    await store.mark_dirty("o/n", "issue", 2)
    first = await store.lease_subject("w", 60)
    assert first is not None
    assert first.key == OTHER


async def test_purge_keeps_what_is_young(store: Store, clock: Clock) -> None:
    """Old deliveries, blobs and events go; a blob that was wanted again stays."""
    await store.record_delivery(_delivery("old"), [])
    await store.record_event("r", "k", {})
    kept = await store.put_blob(b"kept")
    await store.hold_run("r", on=True)
    await store.pause("owner", "a look")
    clock.now += 100
    await store.record_delivery(_delivery("young"), [])
    assert await store.put_blob(b"kept") == kept
    assert await store.purge(50) == 3
    assert (await store.run_held("r"), await store.paused()) == (False, True)
    assert await store.delivery("young") is not None
    assert await store.blob(kept) == b"kept"
