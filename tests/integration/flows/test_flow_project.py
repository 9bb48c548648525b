"""GitHub shows where a run stands: once, repeatably, and without a fight with people."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.run import Run, RunState
from bot.errors import Unavailable
from bot.flows.project import owed, project, show, show_again
from bot.flows.publish import publish
from bot.policy.texts import evidence_marker, state_label
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import REPO

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIX = {"more.py": "MORE = 1\n"}


async def shown(floor: Floor, run: Run) -> tuple[set[str], list[dict[str, Any]]]:
    """Return labels and comments of the run's issue."""
    place = f"/repos/{REPO}/issues/{run.issue.number}"
    labels = {label["name"] for label in (await floor.call("GET", place))["labels"]}
    return labels, await floor.call("GET", f"{place}/comments")


async def test_one_comment_follows_the_run(floor: Floor) -> None:
    """Its text and the one state label change; quiet states cost no call."""
    run = await floor.file()
    await project(floor.server, run)
    assert await shown(floor, run) == ({"nightshift"}, [])
    for state in (RunState.BUILDING, RunState.VALIDATING, RunState.VALIDATING, RunState.PARKED):
        await project(floor.server, replace(run, state=state))
        labels, comments = await shown(floor, run)
        assert labels == {"nightshift", state_label(state).name}
        assert len(comments) == 1


async def test_a_killed_first_comment_is_found_again(floor: Floor) -> None:
    """Begun, written, and never recorded: the marker tells it apart."""
    run = replace(await floor.file(), state=RunState.BUILDING)
    await project(floor.server, run)
    room = floor.server.store._room
    await room.write(
        lambda connection: connection.exec_driver_sql(
            "update ns_effects set state = 'pending', result = null"
        )
    )
    await project(floor.server, replace(run, state=RunState.VALIDATING))
    assert len((await shown(floor, run))[1]) == 1


async def test_a_foreign_marker_is_not_ours(floor: Floor) -> None:
    """A person can write our marker, and gets neither our edits nor our silence."""
    run = replace(await floor.file(), state=RunState.BUILDING)
    place = f"/repos/{REPO}/issues/{run.issue.number}/comments"
    await floor.call("POST", place, {"body": f"<!-- nightshift:issue:{run.issue.number} -->\nhi"})
    await project(floor.server, run)
    comments = (await shown(floor, run))[1]
    assert [comment["user"]["login"] for comment in comments] == ["olga", "nightshift[bot]"]
    assert comments[0]["body"].endswith("hi")


async def test_what_people_delete_stays_deleted(floor: Floor) -> None:
    """Our comment, or the whole issue: the run is not stopped by it, and nothing comes back."""
    run = replace(await floor.file(), state=RunState.BUILDING)
    await project(floor.server, run)
    comment = (await shown(floor, run))[1][0]["id"]
    await floor.call("DELETE", f"/repos/{REPO}/issues/comments/{comment}")
    await project(floor.server, replace(run, state=RunState.PARKED))
    labels, comments = await shown(floor, run)
    assert (labels, comments) == ({"nightshift", "nightshift:parked"}, [])
    await project(floor.server, replace(run, issue=replace(run.issue, number=999)))


async def test_another_run_speaks_again(floor: Floor) -> None:
    """A comment that people deleted stays away for that run, not for the issue's next one."""
    run = replace(await floor.file(), state=RunState.BUILDING)
    await project(floor.server, run)
    comment = (await shown(floor, run))[1][0]["id"]
    await floor.call("DELETE", f"/repos/{REPO}/issues/comments/{comment}")
    await project(floor.server, replace(run, state=RunState.PARKED))
    assert (await shown(floor, run))[1] == []
    for state in (RunState.BUILDING, RunState.PARKED):
        await project(floor.server, replace(run, id=f"{run.id}-again", state=state))
        assert len((await shown(floor, run))[1]) == 1


async def test_an_end_that_could_not_be_shown_is_owed(floor: Floor) -> None:
    """Until it is shown; showing it again then costs nothing."""
    run = replace(await floor.file(), state=RunState.PARKED)
    await floor.call("POST", "/_twin/faults", {"method": "POST", "path": ".*", "status": 503})
    with pytest.raises(Unavailable):
        await show(floor.server, run)
    assert run.id in await owed(floor.server)
    await show_again(floor.server, [run])
    assert run.id not in await owed(floor.server)
    assert len((await shown(floor, run))[1]) == 1


async def test_an_end_that_is_out_of_date_is_owed_no_more(floor: Floor) -> None:
    """Another run, or another end of the same one, has the word by now."""
    run = replace(await floor.file(), state=RunState.OPENED)
    await floor.call("POST", "/_twin/faults", {"method": "POST", "path": ".*", "status": 503})
    with pytest.raises(Unavailable):
        await show(floor.server, run)
    await show_again(floor.server, [replace(run, state=RunState.STOPPED)])
    assert run.id not in await owed(floor.server)
    assert (await shown(floor, run))[1] == []


async def test_a_pull_request_has_one_comment_with_the_evidence(floor: Floor) -> None:
    """None while the run goes on, because people are told once; later ends rewrite it."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    place = f"/repos/{REPO}/issues/{run.pull}/comments"
    await project(floor.server, replace(run, state=RunState.VALIDATING))
    assert await floor.call("GET", place) == []
    for state, headline in ((RunState.OPENED, "yours to merge"), (RunState.LANDED, "landed")):
        await project(floor.server, replace(run, state=state))
        (comment,) = await floor.call("GET", place)
        assert comment["body"].startswith(f"{evidence_marker(run)}\n### Nightshift: {headline}")


async def test_a_dropped_run_closes_its_pull_request(floor: Floor) -> None:
    """The check is completed and red, even if our comment is gone; an opened run leaves it open."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    await project(floor.server, replace(run, state=RunState.BUILDING))
    comment = (await shown(floor, run))[1][0]["id"]
    await floor.call("DELETE", f"/repos/{REPO}/issues/comments/{comment}")
    for state, open_or_closed, conclusion in (
        (RunState.OPENED, "open", "neutral"),
        (RunState.DROPPED, "closed", "failure"),
    ):
        await project(floor.server, replace(run, state=state, reason="gate-failed"))
        pull = await floor.call("GET", f"/repos/{REPO}/pulls/{run.pull}")
        assert pull["state"] == open_or_closed
        found = await floor.call("GET", f"/repos/{REPO}/commits/{attempt.commit}/check-runs")
        assert [c["conclusion"] for c in found["check_runs"]] == [conclusion]
