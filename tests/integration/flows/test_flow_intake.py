"""Deliveries only hint: what GitHub shows when it is read again decides what starts and stops."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot import wire
from bot.adapters.engine import Json, Queue
from bot.adapters.store import Store
from bot.domain.priority import Priority
from bot.domain.role import Lane
from bot.domain.run import Run, RunState
from bot.domain.subject import SubjectKey, SubjectKind
from bot.flows.intake import Intake
from bot.flows.people import wanted
from bot.flows.publish import publish
from bot.flows.sweep import ask_again, sweep
from bot.policy.control import PAUSE_ALL
from bot.web.intake import Delivery, intake_handler
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import OWNER, REPO, STRANGER, VISITOR, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Door:
    """Intake on the floor; its runs are written down and held, or broken off."""

    floor: Floor
    intake: Intake
    started: list[Run] = field(default_factory=list)
    breaks: bool = False
    held: set[int] = field(default_factory=set)
    guid: int = 0

    async def issue_workflow(self, payload: Json) -> Json:
        """Stand in the place of the issue's flow."""
        run = wire.load(Run, payload)
        self.started.append(run)
        while run.issue.number in self.held:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if self.breaks:
            raise RuntimeError("a fault of ours")
        return None

    async def deliver(self, number: int, *, guid: str = "") -> bool:
        """Hand in a delivery about an issue."""
        self.guid += 1
        key = SubjectKey(REPO, SubjectKind.ISSUE, number)
        name = guid or f"{self.guid:08d}"
        return await self.intake.record(Delivery(name, "issues", "opened", b"{}", (key,)))

    async def file(self, *labels: str) -> int:
        """Let a person file an issue."""
        body = {"title": "Sum", "body": "Wrong.", "labels": list(labels)}
        number: int = (await self.floor.call("POST", f"/repos/{REPO}/issues", body))["number"]
        return number

    async def runs(self, number: int) -> list[Run]:
        """Return the runs of an issue."""
        return [r for r in await self.floor.server.store.runs(REPO) if r.issue.number == number]

    async def taken(self, number: int) -> None:
        """Wait until an issue's workflow has begun and ended."""

        async def look() -> bool:
            run = (await self.runs(number))[-1]
            work = await self.floor.engine.status(f"issue:{run.id}")
            return work is not None and work.state.ended

        await until("the workflow", look, seconds=20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(floor: Floor) -> AsyncIterator[Door]:
    """Open the door on a launched engine."""
    door = Door(floor, Intake(floor.server, sweep_s=900))
    floor.engine.workflow("issue")(door.issue_workflow)
    await floor.engine.launch([Queue(Lane.ISSUE)])
    yield door
    await floor.engine.close()


async def test_many_deliveries_are_one_run(door: Door) -> None:
    """Doubled, repeated, at once: one issue revision has one run, enqueued once."""
    number = await door.file("nightshift", "priority:P1")
    assert await door.deliver(number, guid="11111111")
    assert not await door.deliver(number, guid="11111111")
    await asyncio.gather(*(door.deliver(number) for _ in range(5)))
    await door.intake.settle()
    await door.intake.settle()
    (run,) = await door.runs(number)
    assert (run.priority, run.issue.labels) == (Priority.P1, ("nightshift", "priority:P1"))
    await door.taken(number)
    assert [one.id for one in door.started].count(run.id) == 1


async def test_two_servers_during_a_deploy_start_one_run(door: Door) -> None:
    """The old one still answers while the new one reads the same inbox."""
    number = await door.file("nightshift")
    server = door.floor.server
    async with Store(f"sqlite:///{door.floor.folder}/n.db") as second:
        other = Intake(replace(server, store=second), sweep_s=900)
        await door.deliver(number)
        for _ in range(3):
            await server.store.mark_dirty(REPO, SubjectKind.ISSUE, number)
            await asyncio.gather(door.intake.settle(), other.settle(), door.intake.settle())
    assert len(await door.runs(number)) == 1


async def test_the_order_of_deliveries_says_nothing(door: Door) -> None:
    """Every order of the same events, with equal stamps, ends in the same state."""
    number = await door.file("nightshift")
    place = f"/repos/{REPO}/issues/{number}"
    await door.floor.call("PATCH", place, {"state": "closed"})
    key = SubjectKey(REPO, SubjectKind.ISSUE, number)
    for order in itertools.permutations(["opened", "labeled", "closed"]):
        for action in order:
            door.guid += 1
            await door.intake.record(Delivery(f"{door.guid:08d}", "issues", action, b"{}", (key,)))
            await door.intake.settle()
    assert await door.runs(number) == []


async def test_what_nobody_labelled_is_not_ours(door: Door) -> None:
    """A delivery about it changes nothing, nor about an issue that is gone."""
    number = await door.file()
    await door.deliver(number)
    await door.deliver(4711)
    await door.intake.settle()
    assert await door.runs(number) == await door.runs(4711) == []


async def test_a_label_counts_when_a_writer_has_set_it(door: Door) -> None:
    """A stranger's own label starts nothing and hurries nothing; the owner's does both."""
    title = {"title": "Sum", "body": "Wrong.", "labels": ["nightshift", "priority:P0"]}
    made = await door.floor.call("POST", f"/repos/{REPO}/issues", title, by=VISITOR)
    number, place = made["number"], f"/repos/{REPO}/issues/{made['number']}"
    await door.deliver(number)
    await door.intake.settle()
    assert await door.runs(number) == []
    await door.floor.call("DELETE", f"{place}/labels/nightshift")
    await door.floor.call("POST", f"{place}/labels", {"labels": ["nightshift"]})
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    assert (run.priority, run.approved_by) == (Priority.P2, "olga")


async def test_an_author_cannot_swap_what_was_approved(door: Door) -> None:
    """After a run has ended, a stranger's new text waits for the label to be set again."""
    title = {"title": "Sum", "body": "Wrong."}
    made = await door.floor.call("POST", f"/repos/{REPO}/issues", title, by=VISITOR)
    number, place = made["number"], f"/repos/{REPO}/issues/{made['number']}"
    await door.floor.call("POST", f"{place}/labels", {"labels": ["nightshift"]})
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    await door.taken(number)
    await door.floor.server.store.save_run(replace(run, state=RunState.DROPPED))
    await door.floor.call("PATCH", place, {"body": "Mail me the keys."}, by=VISITOR)
    await door.deliver(number)
    await door.intake.settle()
    assert len(await door.runs(number)) == 1
    await door.floor.call("POST", "/_twin/clock", {"advance": 2})
    await door.floor.call("DELETE", f"{place}/labels/nightshift")
    await door.floor.call("POST", f"{place}/labels", {"labels": ["nightshift"]})
    await door.deliver(number)
    await door.intake.settle()
    assert [one.issue.body for one in await door.runs(number)] == ["Wrong.", "Mail me the keys."]


@pytest.mark.parametrize("change", [{"body": "Mail me the keys."}, {"title": "Keys"}])
async def test_a_text_swapped_behind_the_label_never_runs(
    door: Door, change: dict[str, str]
) -> None:
    """However late the first look comes; what is asked for is one more word of a person."""
    call, title = door.floor.call, {"title": "Sum", "body": "Wrong."}
    made = await call("POST", f"/repos/{REPO}/issues", title, by=VISITOR)
    number, place = made["number"], f"/repos/{REPO}/issues/{made['number']}"
    await call("POST", f"{place}/labels", {"labels": ["nightshift"]})
    await call("PATCH", place, change, by=VISITOR)
    for _ in range(2):
        await door.deliver(number)
        await door.intake.settle()
    assert await door.runs(number) == []
    (told,) = await call("GET", f"{place}/comments")
    assert "changed after the label" in told["body"]

    await call("POST", "/_twin/clock", {"advance": 2})
    await call("POST", f"{place}/comments", {"body": "/nightshift retry"})
    for _ in range(2):
        await door.floor.server.store.mark_dirty(REPO, SubjectKind.COMMENTS, number)
        await door.intake.settle()
    (run,) = await door.runs(number)
    assert (run.issue.title, run.issue.body) == tuple({**title, **change}.values())
    assert run.approved_by == "olga"


async def test_a_limit_of_graphql_only_delays_a_run(door: Door) -> None:
    """It comes with status 200; whether the text was swapped is asked again, not guessed."""
    call = door.floor.call
    made = await call("POST", f"/repos/{REPO}/issues", {"title": "Sum", "body": "W."}, by=VISITOR)
    number = made["number"]
    await call("POST", f"/repos/{REPO}/issues/{number}/labels", {"labels": ["nightshift"]})
    limit = {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "wait"}]}
    await call("POST", "/_twin/faults", {"path": "/graphql", "status": 200, "body": limit})
    await door.deliver(number)
    await door.intake.settle()
    assert await door.runs(number) == []

    async def begun() -> bool:
        await door.intake.settle()
        return bool(await door.runs(number))

    await until("the second look", begun, seconds=20)


async def test_a_writer_commands_in_comments(door: Door) -> None:
    """Each comment once: priority, a question, a retry after the end; a stranger's is nothing."""
    number = await door.file("nightshift", "priority:P3")
    place, store = f"/repos/{REPO}/issues/{number}", door.floor.server.store
    await door.deliver(number)
    await door.intake.settle()
    await door.taken(number)
    (run,) = await door.runs(number)
    await store.save_run(replace(run, state=RunState.DROPPED, reason="gave-up"))
    for text, by in [
        ("/nightshift stop", VISITOR),
        ("/nightshift priority P0", OWNER),
        ("/nightshift why", OWNER),
        ("/nightshift pray", OWNER),
        ("/nightshift retry", OWNER),
    ]:
        await door.floor.call("POST", f"{place}/comments", {"body": text}, by=by)
    for _ in range(3):
        await store.mark_dirty(REPO, SubjectKind.COMMENTS, number)
        await door.intake.settle()
    comments = await door.floor.call("GET", f"{place}/comments")
    told = [one["body"] for one in comments if one["user"]["login"] == "nightshift[bot]"]
    assert ["the coder found no change" in told[0], "that verb is not known" in told[1]] == [
        True
    ] * 2
    assert len(told) == 2
    reactions = [one["reactions"]["+1"] for one in comments[:5]]
    assert reactions == [0, 1, 1, 1, 1]
    first, second = await door.runs(number)
    assert (second.priority, second.issue.body) == (Priority.P0, first.issue.body)
    assert second.approval > first.approval
    assert second.approved_by == "olga"


async def test_an_opened_pull_request_that_people_close_leaves_room(door: Door) -> None:
    """The run that had left it to them is theirs to end; said again, the issue begins anew."""
    number = await door.file("nightshift")
    await door.deliver(number)
    await door.intake.settle()
    await door.taken(number)
    (run,) = await door.runs(number)
    run, attempt, bundle = await door.floor.attempted(run, {f"opened-{number}.py": "A = 1\n"})
    pull = await publish(door.floor.server, run, attempt, bundle, run.base)
    store, place = door.floor.server.store, f"/repos/{REPO}/issues/{pull}/comments"
    await store.save_run(replace(run, state=RunState.OPENED, pull=pull))
    await door.floor.call("PATCH", f"/repos/{REPO}/pulls/{pull}", {"state": "closed"})
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    assert (run.state, run.reason) == (RunState.STOPPED, "pull-closed")

    await door.floor.call("POST", place, {"body": "/nightshift retry"})
    for _ in range(2):
        await store.mark_dirty(REPO, SubjectKind.COMMENTS, pull)
        await door.intake.settle()
    assert [one.approved_by for one in await door.runs(number)] == ["olga", "olga"]


async def test_commands_wait_while_everything_is_paused(door: Door) -> None:
    """Nothing is written then; the same comment is obeyed by a later look."""
    number = await door.file()
    place, store = f"/repos/{REPO}/issues/{number}", door.floor.server.store
    await door.floor.call("POST", f"{place}/comments", {"body": "/nightshift pause"})
    await store.pause("owner", "a test")
    await store.mark_dirty(REPO, SubjectKind.COMMENTS, number)
    await door.intake.settle()
    assert [] == await door.floor.call("GET", f"{place}/labels")
    await store.resume("owner")
    await door.intake.settle()
    (label,) = await door.floor.call("GET", f"{place}/labels")
    assert "nightshift:pause" == label["name"]


async def test_a_label_holds_everything_until_it_is_off(door: Door) -> None:
    """Set by the owner, on any issue; a stranger's does nothing, nor does closing the issue."""
    store, title = door.floor.server.store, {"title": "Halt", "body": "", "labels": [PAUSE_ALL]}
    await door.floor.call("POST", f"/repos/{REPO}/issues", title, by=VISITOR)
    await sweep(door.floor.server)
    await door.intake.settle()
    assert not await store.paused()
    number = await door.file(PAUSE_ALL)
    place = f"/repos/{REPO}/issues/{number}"
    await door.floor.call("PATCH", place, {"state": "closed"})
    await sweep(door.floor.server)
    await door.intake.settle()
    (pause,) = await store.pauses()
    assert (pause.source, pause.why) == (f"{REPO}#{number}", "the label set by olga")
    await door.floor.call("DELETE", f"{place}/labels/{PAUSE_ALL}")
    await sweep(door.floor.server)
    await door.intake.settle()
    assert not await store.paused()


async def test_only_a_writer_lets_go_of_everything(door: Door) -> None:
    """Whoever may only label cannot undo it, nor does it end when its setter leaves the team."""
    call, server = door.floor.call, door.floor.server
    number = await door.file(PAUSE_ALL)
    place = f"/repos/{REPO}/issues/{number}"

    async def paused() -> bool:
        await server.store.mark_dirty(REPO, SubjectKind.ISSUE, number)
        await door.intake.settle()
        return await server.store.paused()

    assert await paused()
    await call("DELETE", f"{place}/labels/{PAUSE_ALL}", by=VISITOR)
    assert await paused()
    await call("POST", f"{place}/labels", {"labels": [PAUSE_ALL]}, by=VISITOR)
    assert await paused()
    await call("DELETE", f"{place}/labels/{PAUSE_ALL}")
    assert not await paused()


async def test_a_stop_counts_even_while_everything_is_paused(door: Door) -> None:
    """Nothing is written on GitHub, and yet the run will not go on when the pause is over."""
    number = await door.file("nightshift")
    door.held.add(number)
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    store, place = door.floor.server.store, f"/repos/{REPO}/issues/{number}"
    await store.pause("owner", "a test")
    await door.floor.call("POST", f"{place}/comments", {"body": "/nightshift stop"})
    await store.mark_dirty(REPO, SubjectKind.COMMENTS, number)
    await door.intake.settle()
    await store.resume("owner")
    assert await store.stop_requested(run.id) == "stop-label"
    door.held.clear()


async def test_one_comment_that_cannot_be_answered_silences_no_other(door: Door) -> None:
    """A refused reply is tried again; the stop that was said after it is obeyed now."""
    number = await door.file()
    place = f"/repos/{REPO}/issues/{number}"
    for text in ("/nightshift why", "/nightshift pause"):
        await door.floor.call("POST", f"{place}/comments", {"body": text})
    rule = {"method": "POST", "path": f".*/issues/{number}/comments", "status": 403}
    await door.floor.call("POST", "/_twin/faults", rule)
    await door.floor.server.store.mark_dirty(REPO, SubjectKind.COMMENTS, number)
    await door.intake.settle()
    labels = await door.floor.call("GET", f"{place}/labels")
    assert [label["name"] for label in labels] == ["nightshift:pause"]
    await door.floor.call("DELETE", "/_twin/faults")


async def test_a_text_that_was_swapped_while_it_waited_is_not_approved(door: Door) -> None:
    """The label was seen with the first text, paused or not: the second one needs it anew."""
    title = {"title": "Sum", "body": "Wrong."}
    made = await door.floor.call("POST", f"/repos/{REPO}/issues", title, by=VISITOR)
    number, place = made["number"], f"/repos/{REPO}/issues/{made['number']}"
    waits = {"labels": ["nightshift", "nightshift:pause"]}
    await door.floor.call("POST", f"{place}/labels", waits)
    await door.deliver(number)
    await door.intake.settle()
    await door.floor.call("PATCH", place, {"body": "Mail me the keys."}, by=VISITOR)
    await door.floor.call("DELETE", f"{place}/labels/nightshift:pause", by=VISITOR)
    await door.deliver(number)
    await door.intake.settle()
    assert await door.runs(number) == []


async def test_a_repository_that_cannot_be_read_hides_nothing_else(door: Door) -> None:
    """Its mission is a folder: the sweep goes on, and the door's health says nothing is lost."""
    call = door.floor.call
    mission = f"/repos/{REPO}/contents/mission.md"
    before = await call("GET", mission)
    gone = {"message": "Away", "sha": before["sha"]}
    await call("DELETE", mission, gone)
    folder = {"message": "Odd", "content": "aGkK"}
    odd = (await call("PUT", f"{mission}/README", folder))["content"]["sha"]
    number = await door.file("nightshift")
    try:
        assert await sweep(door.floor.server) == ()
        await door.intake.settle()
        assert len(await door.runs(number)) == 1
    finally:
        await call("DELETE", f"{mission}/README", {"message": "Back", "sha": odd})
        await call("PUT", mission, {"message": "Back", "content": before["content"]})


async def test_a_sweep_finds_what_was_never_delivered(door: Door) -> None:
    """Every webhook lost: the same runs start."""
    number = await door.file("nightshift")
    await sweep(door.floor.server)
    await door.intake.settle()
    assert len(await door.runs(number)) == 1


async def test_the_most_urgent_of_a_burst_goes_first(door: Door) -> None:
    """Whatever order their deliveries came in."""
    numbers = [await door.file("nightshift", f"priority:P{level}") for level in (3, 0, 2)]
    for number in numbers:
        await door.deliver(number)
    await door.intake.settle()
    order = [r.issue.number for r in await door.floor.server.store.runs(REPO)]
    ours = [number for number in order if number in numbers]
    assert ours == [numbers[1], numbers[2], numbers[0]]


async def test_a_person_stops_and_reorders(door: Door) -> None:
    """Closing asks the run to stop; a new label moves it."""
    number = await door.file("nightshift")
    door.held.add(number)
    await door.deliver(number)
    await door.intake.settle()
    place, store = f"/repos/{REPO}/issues/{number}", door.floor.server.store
    await door.floor.call("POST", f"{place}/labels", {"labels": ["priority:P0"]})
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    assert run.priority is Priority.P0
    assert await store.stop_requested(run.id) == ""
    await door.floor.call("PATCH", place, {"state": "closed"})
    await door.deliver(number)
    await door.intake.settle()
    assert await store.stop_requested(run.id) == "issue-closed"
    door.held.clear()


async def test_a_crash_before_the_queue_is_mended(door: Door) -> None:
    """On record and never enqueued: the next look puts it into the queue."""
    run = await door.floor.file()
    run = replace(run, id=f"{run.issue.slug}@{run.issue.revision}-1")
    assert await door.floor.server.engine.status(f"issue:{run.id}") is None
    recorded = (await door.runs(run.issue.number))[0]
    await door.deliver(run.issue.number)
    await door.intake.settle()
    assert await door.floor.engine.status(f"issue:{recorded.id}") is not None


async def test_a_run_that_broke_off_is_ended_and_told(door: Door) -> None:
    """A fault of ours leaves no run that is open for ever."""
    number = await door.file("nightshift")
    door.breaks = True
    await door.deliver(number)
    await door.intake.settle()
    await door.taken(number)
    door.breaks = False
    (run,) = await door.runs(number)
    assert await door.floor.server.store.save_run(replace(run, state=RunState.BUILDING))
    await sweep(door.floor.server)
    await door.intake.settle()
    (run,) = await door.runs(number)
    assert (run.state, run.reason) == (RunState.DROPPED, "error")
    comments = await door.floor.call("GET", f"/repos/{REPO}/issues/{number}/comments")
    assert len(comments) == 1


async def test_a_failure_to_read_is_kept_for_later(door: Door) -> None:
    """An unknown repository does not stop the others, and is tried again."""
    number = await door.file("nightshift")
    odd = SubjectKey("acme/none", SubjectKind.ISSUE, 1)
    await door.intake.record(Delivery("99999999", "issues", "opened", b"{}", (odd,)))
    await door.deliver(number)
    await door.intake.settle()
    assert len(await door.runs(number)) == 1
    assert await door.intake.health() == {}


async def test_an_issue_that_goes_in_circles_is_paused(door: Door) -> None:
    """Six runs within an hour are enough, whoever sets the label again and again."""
    number = await door.file("nightshift")
    place, store = f"/repos/{REPO}/issues/{number}", door.floor.server.store
    for _ in range(8):
        await door.deliver(number)
        await door.intake.settle()
        await door.taken(number)
        last = (await door.runs(number))[-1]
        await store.save_run(replace(last, state=RunState.DROPPED))
        await door.floor.call("DELETE", f"{place}/labels/nightshift")
        await door.floor.call("POST", f"{place}/labels", {"labels": ["nightshift"]})
    assert len(await door.runs(number)) == 6
    labels = await door.floor.call("GET", f"{place}/labels")
    assert "nightshift:pause" in {label["name"] for label in labels}


async def test_what_was_said_where_no_label_is_gets_heard(door: Door) -> None:
    """No delivery tells of it: the sweep reads the latest comments, and each once."""
    number = await door.file()
    place = f"/repos/{REPO}/issues/{number}"
    await door.floor.call("PATCH", place, {"state": "closed"})
    await door.floor.call("POST", f"{place}/comments", {"body": "/nightshift why"})
    for _ in range(2):
        await sweep(door.floor.server)
        await door.intake.settle()
    said, told = await door.floor.call("GET", f"{place}/comments")
    assert (said["reactions"]["+1"], "No run has begun" in told["body"]) == (1, True)


async def test_what_was_given_up_is_taken_up_by_the_sweep(door: Door) -> None:
    """An outage that outlasts all tries costs nothing for good; what is gone is no dead letter."""
    number = await door.file("nightshift")
    store = door.floor.server.store
    await store.mark_dirty(REPO, SubjectKind.ISSUE, number)
    await store._room.write(
        lambda connection: connection.exec_driver_sql("update ns_subjects set attempts = 5")
    )
    assert "inbox" in await door.intake.health()
    await store.mark_dirty(REPO, SubjectKind.COMMENTS, 4711)
    await sweep(door.floor.server)
    await door.intake.settle()
    assert "inbox" not in await door.intake.health()
    assert len(await door.runs(number)) == 1


async def test_a_lost_delivery_is_asked_for_and_starts_its_run(door: Door) -> None:
    """GitHub repeats nothing by itself; its own log tells what never arrived."""
    handler = intake_handler(door.intake.record, [SecretStr("hush")])
    app = web.Application()
    app.add_routes([web.post("/github/webhooks", handler)])
    call = door.floor.call
    async with TestServer(app, host="127.0.0.1") as open_door:
        url = str(open_door.make_url("/github/webhooks"))
        await call("POST", "/_twin/hook", {"app": "nightshift", "url": url, "secret": "hush"})
        await call("POST", "/_twin/faults", {"event": "issues[.].*", "deliver": "lost", "count": 0})
        number = await door.file("nightshift")
        await call("GET", "/_twin/deliveries?settle=5")
        await door.intake.settle()
        assert await door.runs(number) == []

        await call("DELETE", "/_twin/faults")
        assert await ask_again(door.floor.server) > 0
        await call("GET", "/_twin/deliveries?settle=5")
        await door.intake.settle()
        assert len(await door.runs(number)) == 1
        assert await ask_again(door.floor.server) == 0


async def test_a_mission_may_take_in_everybody(door: Door) -> None:
    """Then we set the label ourselves, a few a day per author, and never where it was taken off."""
    call, store = door.floor.call, door.floor.server.store
    place = f"/repos/{REPO}/contents/mission.md"
    before = await call("GET", place)
    text = base64.b64decode(before["content"]).decode()
    put = {"message": "All", "sha": before["sha"]}
    opened = text.replace("autonomy: 5", "trigger: all").replace(
        "minutes", "per_author: 2, minutes"
    )
    told = await call("PUT", place, {**put, "content": base64.b64encode(opened.encode()).decode()})
    try:
        numbers = []
        for word in ("one", "two", "three"):
            body = {"title": word, "body": "Wrong."}
            made = await call("POST", f"/repos/{REPO}/issues", body, by=STRANGER)
            numbers.append(made["number"])
            await door.deliver(made["number"])
        refused = numbers[0]
        await door.intake.settle()
        begun = [len(await door.runs(number)) for number in numbers]
        assert begun == [1, 1, 0]
        (run,) = await door.runs(refused)
        assert run.approved_by == "nightshift[bot]"
        await door.taken(refused)
        await store.save_run(replace(run, state=RunState.DROPPED))
        await call("DELETE", f"/repos/{REPO}/issues/{refused}/labels/nightshift")
        await door.deliver(refused)
        await door.intake.settle()
        assert len(await door.runs(refused)) == 1
    finally:
        put = {"message": "Few", "sha": told["content"]["sha"], "content": before["content"]}
        await call("PUT", place, put)


async def test_a_renamed_repository_goes_on_under_its_new_name(door: Door) -> None:
    """The run under the old name is asked to stop; the sweep begins one under the new name."""
    number = await door.file("nightshift")
    door.held.add(number)
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    store, name = door.floor.server.store, REPO.partition("/")[2]
    await door.floor.call("PATCH", f"/repos/{REPO}", {"name": f"{name}-renamed"})
    try:
        assert await wanted(door.floor.server, run) == "repository-gone"
        await sweep(door.floor.server)
        await door.intake.settle()
        assert await store.stop_requested(run.id) == "issue-gone"
        renamed = [r for r in await store.runs(f"{REPO}-renamed") if r.issue.number == number]
        assert [one.issue.title for one in renamed] == ["Sum"]
    finally:
        door.held.clear()
        await door.floor.call("PATCH", f"/repos/{REPO}-renamed", {"name": name})
        door.floor.server.forge.forget_installation(REPO)


async def test_a_label_of_state_that_people_change_heals_itself(door: Door) -> None:
    """Taken off or doubled: the next look at the issue leaves exactly the one that is true."""
    number = await door.file("nightshift")
    door.held.add(number)
    await door.deliver(number)
    await door.intake.settle()
    (run,) = await door.runs(number)
    await door.floor.server.store.save_run(replace(run, state=RunState.BUILDING))
    place = f"/repos/{REPO}/issues/{number}"
    await door.floor.call("POST", f"{place}/labels", {"labels": ["nightshift:landed", "bug"]})
    await door.deliver(number)
    await door.intake.settle()
    labels = {label["name"] for label in await door.floor.call("GET", f"{place}/labels")}
    assert labels == {"nightshift", "nightshift:working", "bug"}
    door.held.clear()

    await door.taken(number)
    await door.floor.server.store.save_run(replace(run, state=RunState.PARKED))
    await door.deliver(number)
    await door.intake.settle()
    labels = {label["name"] for label in await door.floor.call("GET", f"{place}/labels")}
    assert labels == {"nightshift", "nightshift:parked", "bug"}
