"""One engine for the module: what a workflow, a step and a child promise while nothing crashes."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.adapters.engine import Engine, EngineSettings, Json, Queue, Retry, WorkState
from bot.domain.usage import Usage
from bot.errors import Conflict, Gone, NightshiftError, RateLimited, Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ids = itertools.count()


class Lab:
    """The engine, its workflows, and what they did."""

    def __init__(self, url: str) -> None:
        settings = EngineSettings("lab", "1", "lab-0", url, poll_s=0.01)
        self.engine = Engine(settings, held=self.is_held)
        self.held = False
        self.asked = 0
        self.seen: list[str] = []
        self.hold = asyncio.Event()
        self.now = 0
        self.most = 0
        for name in ("steps", "parent", "leaf", "gated", "mailbox", "twice", "deep"):
            self.engine.workflow(name)(getattr(self, name))

    async def is_held(self) -> bool:
        """Say whether somebody holds everything, and count who wants to know."""
        self.asked += self.held
        return self.held

    async def steps(self, payload: Json) -> Json:
        """Run one step as the payload says."""
        tries = itertools.count(1)

        async def body() -> Usage:
            number = next(tries)
            self.seen.append(f"{payload['tag']}:{number}")
            if payload.get("slow"):
                await asyncio.sleep(30)
            if payload.get("bug"):
                raise ValueError("oops")
            if number <= payload.get("limited", 0):
                raise RateLimited("too fast", remedy="wait")
            return Usage(input_tokens=7, usd=0.5)

        try:
            got = await self.engine.step(
                "only",
                body,
                kind=Usage,
                timeout_s=payload.get("timeout_s", 5.0),
                retry=Retry(attempts=payload.get("attempts", 1), first_s=0.01),
            )
        except NightshiftError as error:
            return [type(error).__name__, error.what]
        return [type(got).__name__, got.input_tokens]

    async def parent(self, payload: Json) -> Json:
        """Run a leaf and tell what came of it."""
        try:
            return await self.engine.child(
                "leaves",
                payload.get("name", "leaf"),
                payload,
                id=payload["id"] + ":leaf",
                priority=10,
                timeout_s=payload.get("timeout_s", 10.0),
                app=payload.get("app"),
            )
        except NightshiftError as error:
            return {"error": type(error).__name__, "what": error.what, "remedy": error.remedy}

    async def leaf(self, payload: Json) -> Json:
        """Answer, fail, break or hang."""
        if payload.get("gone"):
            raise Gone("the issue is deleted", remedy="nothing")
        if payload.get("bug"):
            raise ZeroDivisionError("one by zero")
        if payload.get("hang"):
            await self.engine.sleep(30)
        return {"leaf": payload["id"]}

    async def gated(self, payload: Json) -> Json:
        """Wait for the gate inside a step, and count who is here at once."""

        async def body() -> str:
            self.now += 1
            self.most = max(self.most, self.now)
            self.seen.append(payload["tag"])
            await self.hold.wait()
            self.now -= 1
            return payload["tag"]

        return await self.engine.step("gate", body, kind=str, timeout_s=20)

    async def mailbox(self, payload: Json) -> Json:
        """Return the messages that came, until none came."""
        got = []
        while (message := await self.engine.recv("news", payload["wait"])) is not None:
            got.append(message)
        return got

    async def twice(self, _payload: Json) -> Json:
        """Use one step name twice."""

        async def body() -> int:
            return 1

        await self.engine.step("same", body, kind=int, timeout_s=1)
        return await self.engine.step("same", body, kind=int, timeout_s=1)

    async def deep(self, payload: Json) -> Json:
        """Start another workflow and ask for its state from within a step."""

        async def body() -> str:
            await self.engine.enqueue("leaves", "leaf", {"id": "d"}, id=payload["leaf"], priority=1)
            work = await self.engine.status(payload["leaf"])
            return work.name if work else ""

        return await self.engine.step("start", body, kind=str, timeout_s=5)

    async def run(self, name: str, payload: dict[str, Json], queue: str = "work") -> Json:
        """Run a workflow to its end."""
        id_ = payload.setdefault("id", f"t{next(_ids)}")
        await self.engine.enqueue(queue, name, payload, id=id_, priority=10)
        return await self.engine.result(id_, 10)

    async def until(self, state: WorkState, id_: str) -> None:
        """Wait until a workflow is in a state."""
        async with asyncio.timeout(5):
            while (work := await self.engine.status(id_)) is None or work.state != state:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Launch one engine for all tests of the module."""
    path: Path = tmp_path_factory.mktemp("engine") / "shared" / "n.db"
    lab = Lab(f"sqlite:///{path}")
    await lab.engine.launch(
        [
            Queue("work"),
            Queue("leaves"),
            Queue("one", worker_concurrency=1),
            Queue("repos", partitioned=True),
        ]
    )
    yield lab
    lab.hold.set()
    await lab.engine.close()


async def test_a_step_returns_its_noun(lab: Lab) -> None:
    """What a step returns arrives as the noun it was."""
    assert await lab.run("steps", {"tag": "noun"}) == ["Usage", 7]


async def test_a_step_retries_what_is_retryable(lab: Lab) -> None:
    """A Retryable error is tried again as often as the step allows, and no more."""
    assert await lab.run("steps", {"tag": "r3", "limited": 2, "attempts": 3}) == ["Usage", 7]
    assert [s for s in lab.seen if s.startswith("r3:")] == ["r3:1", "r3:2", "r3:3"]
    answer = await lab.run("steps", {"tag": "r2", "limited": 2, "attempts": 2})
    assert answer == ["RateLimited", "too fast"]


async def test_a_step_that_is_late_is_unavailable(lab: Lab) -> None:
    """A step never outlives its time."""
    answer = await lab.run("steps", {"tag": "late", "slow": True, "timeout_s": 0.05})
    assert answer == ["Unavailable", "only took longer than 0.05 s"]


async def test_a_bug_in_a_step_is_a_typed_error(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Our own faults travel as errors and leave their traceback in the log."""
    answer = await lab.run("steps", {"tag": "bug", "bug": True})
    assert answer == ["NightshiftError", "only broke: ValueError: oops"]
    assert "Traceback" in caplog.text


async def test_a_child_answers(lab: Lab) -> None:
    """A parent gets what its child returned."""
    assert await lab.run("parent", {"id": "p-ok"}) == {"leaf": "p-ok"}


async def test_a_childs_error_keeps_its_class(lab: Lab) -> None:
    """A typed error crosses from child to parent with its words."""
    answer = await lab.run("parent", {"gone": True})
    assert answer == {"error": "Gone", "what": "the issue is deleted", "remedy": "nothing"}


async def test_a_broken_child_is_named(lab: Lab) -> None:
    """A bug in a child reaches the parent as an error that names it."""
    answer = await lab.run("parent", {"id": "p-bug", "bug": True})
    assert answer["error"] == "NightshiftError"
    assert answer["what"] == "p-bug:leaf broke: ZeroDivisionError: one by zero"


async def test_a_late_child_is_cancelled(lab: Lab) -> None:
    """A parent's patience ends, and with it the child."""
    answer = await lab.run("parent", {"id": "p-late", "hang": True, "timeout_s": -0.8})
    assert answer["error"] == "Unavailable"
    work = await lab.engine.status("p-late:leaf")
    assert work is not None
    assert work.state == WorkState.CANCELLED


async def test_cancel_reaches_the_child(lab: Lab) -> None:
    """Cancelling a parent stops both, and waiting for it says so."""
    await lab.engine.enqueue("work", "parent", {"id": "c", "hang": True}, id="c", priority=1)
    await lab.until(WorkState.RUNNING, "c:leaf")
    await lab.engine.cancel("c")
    with pytest.raises(Conflict, match="c was cancelled"):
        await lab.engine.result("c", 5)
    work = await lab.engine.status("c:leaf")
    assert work is not None
    assert work.state == WorkState.CANCELLED


async def test_an_id_runs_once(lab: Lab) -> None:
    """A second enqueue of an id changes nothing, during the run and after it."""
    await lab.run("steps", {"id": "dup", "tag": "dup"})
    assert await lab.run("steps", {"id": "dup", "tag": "other"}) == ["Usage", 7]
    assert [s for s in lab.seen if s.startswith(("dup", "other"))] == ["dup:1"]


async def test_priority_orders_the_queue_also_when_changed(lab: Lab) -> None:
    """Lower starts first; a change moves what waits and leaves alone what runs."""
    lab.hold.clear()
    lab.seen.clear()
    for id_, priority in (("q0", 1), ("q-low", 300), ("q-mid", 200), ("q-late", 900)):
        await lab.engine.enqueue("one", "gated", {"tag": id_}, id=id_, priority=priority)
        if id_ == "q0":
            await lab.until(WorkState.RUNNING, "q0")
    assert await lab.engine.reprioritise(["q-late", "q0", "unknown"], 100) == 1
    lab.hold.set()
    for id_ in ("q-low", "q-mid", "q-late"):
        await lab.engine.result(id_, 5)
    assert lab.seen == ["q0", "q-late", "q-mid", "q-low"]


async def test_a_partition_runs_one_at_a_time(lab: Lab) -> None:
    """Two of one repository never overlap; two repositories do."""
    lab.hold.clear()
    lab.seen.clear()
    lab.most = 0
    for id_, repo in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        await lab.engine.enqueue("repos", "gated", {"tag": id_}, id=id_, priority=1, partition=repo)
    async with asyncio.timeout(5):
        while lab.now < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    waiting = [work.id for work in await lab.engine.listing("a") if work.state == WorkState.QUEUED]
    lab.hold.set()
    for id_ in ("a1", "a2", "b1"):
        await lab.engine.result(id_, 5)
    assert len(waiting) == 1
    assert lab.most == 2


async def test_a_message_arrives_once_per_key(lab: Lab) -> None:
    """The same key delivers one message; nobody there is an error."""
    await lab.engine.enqueue("work", "mailbox", {"wait": 0.3}, id="m", priority=1)
    for key, text in (("k1", "one"), ("k1", "one"), ("k2", "two")):
        await lab.engine.send("m", "news", {"text": text}, key=key)
    assert await lab.engine.result("m", 5) == [{"text": "one"}, {"text": "two"}]
    with pytest.raises(Gone):
        await lab.engine.send("nobody", "news", {}, key="k3")


async def test_a_step_name_is_used_once(lab: Lab) -> None:
    """A repeated step name is refused, because a replay could mix up the answers."""
    with pytest.raises(NightshiftError, match="'same' twice"):
        await lab.run("twice", {})


async def test_the_engine_can_be_used_inside_a_step(lab: Lab) -> None:
    """Starting and asking are legal inside a step, and are not checkpoints there."""
    assert await lab.run("deep", {"leaf": "d-leaf"}) == "leaf"


async def test_steps_outside_a_workflow_are_refused(lab: Lab) -> None:
    """A step without a workflow would not be durable, so it does not run."""

    async def body() -> int:
        return 1

    with pytest.raises(NightshiftError, match="inside a workflow"):
        await lab.engine.step("x", body, kind=int, timeout_s=1)


async def test_what_would_never_run_is_refused(lab: Lab) -> None:
    """An unknown workflow or queue and a missing partition are errors at once."""
    for queue, name, partition in (
        ("work", "unknown", None),
        ("unknown", "leaf", None),
        ("repos", "gated", None),
        ("work", "leaf", "a"),
    ):
        with pytest.raises(NightshiftError):
            await lab.engine.enqueue(queue, name, {}, id="no", priority=1, partition=partition)
    assert await lab.engine.status("no") is None


async def test_waiting_has_an_end(lab: Lab) -> None:
    """Waiting for what never comes is Unavailable, and status says None."""
    with pytest.raises(Unavailable):
        await lab.engine.result("never", 0.05)
    assert await lab.engine.status("never") is None


async def test_listing_takes_the_prefix_literally(lab: Lab) -> None:
    """A prefix with SQL wildcards finds itself only, and case counts."""
    for id_ in ("l_%1:a", "l_%1:b", "lxx1:c", "L_%1:d"):
        await lab.run("leaf", {"id": id_}, queue="leaves")
    assert [work.id for work in await lab.engine.listing("l_%1:")] == ["l_%1:a", "l_%1:b"]


async def test_purge_forgets_what_has_ended(lab: Lab) -> None:
    """Only ended work of that age is forgotten."""
    await lab.run("leaf", {"id": "old"}, queue="leaves")
    await lab.engine.purge(3600)
    assert await lab.engine.status("old") is not None
    await lab.engine.purge(-5)
    assert await lab.engine.status("old") is None


async def test_closing_is_quiet_when_never_launched(tmp_path: Path) -> None:
    """A process that fails before launch can still close its engine."""
    await Engine(EngineSettings("idle", "1", "idle-0", f"sqlite:///{tmp_path}/n.db")).close()


async def test_nothing_begins_while_everything_is_held(lab: Lab) -> None:
    """The workflow waits before its step, asks again and again, and goes on where it stood."""
    lab.held, lab.asked, name = True, 0, f"w{next(_ids)}"
    try:
        await lab.engine.enqueue("work", "steps", {"tag": name}, id=name, priority=1)
        async with asyncio.timeout(20):
            while lab.asked < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert f"{name}:1" not in lab.seen
    finally:
        lab.held = False
    assert await lab.engine.result(name, 20) == ["Usage", 7]
    assert f"{name}:1" in lab.seen


async def test_a_child_is_not_late_while_everything_is_held(lab: Lab) -> None:
    """Its time is up, and nobody may work: it is waited for, not cancelled."""
    lab.held, lab.asked = True, 0
    payload = {"id": "p-held", "hang": True, "timeout_s": -0.8}
    try:
        await lab.engine.enqueue("work", "parent", payload, id="p-held", priority=10)
        async with asyncio.timeout(20):
            while lab.asked < 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        work = await lab.engine.status("p-held:leaf")
        assert work is not None
        assert not work.state.ended
    finally:
        lab.held = False
    await lab.engine.cancel("p-held:leaf")
    assert (await lab.engine.result("p-held", 20))["error"] == "Conflict"


async def test_a_child_that_was_held_for_long_has_its_time_afterwards(lab: Lab) -> None:
    """Paused at night, restarted in the morning, let go: nothing that waited is late by then."""
    await lab.engine.enqueue("work", "mailbox", {"wait": 20.0}, id="m-held", priority=10)
    with sa.create_engine(lab.engine.settings.url).begin() as connection:
        old = int((time.time() - 3600) * 1000)
        query = "update workflow_status set created_at = :at where workflow_uuid = 'm-held'"
        connection.execute(sa.text(query), {"at": old})
    lab.held, lab.asked = True, 0
    waiting = asyncio.create_task(lab.engine._results.of_child("m-held", 20.0))
    async with asyncio.timeout(20):
        while lab.asked < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    lab.held = False
    for number, message in enumerate(("up", None)):
        await lab.engine.send("m-held", "news", message, key=f"m-held-{number}")
    assert await waiting == {"value": ["up"]}
