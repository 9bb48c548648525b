"""People win: whatever they did is seen right before a step that cannot be taken back."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.run import RunState
from bot.flows.people import wanted
from bot.flows.project import project
from bot.flows.publish import publish
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import REPO, VISITOR
from twins.contract.fetch import GRAPHQL, ensure

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIX = {"more.py": "MORE = 1\n"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"state": "closed"}, "issue-closed"),
        ({"labels": []}, "unlabelled"),
        ({"labels": ["nightshift", "nightshift:stop"]}, "stop-label"),
        ({"labels": ["nightshift", "nightshift:pause"]}, "paused"),
    ],
)
async def test_the_issue_is_read_again(floor: Floor, change: dict[str, Any], why: str) -> None:
    """Closed, unlabelled or stopped since the run began."""
    run = await floor.file()
    if change:
        await floor.call("PATCH", f"/repos/{REPO}/issues/{run.issue.number}", change)
    assert await wanted(floor.server, run) == why


async def test_an_issue_that_is_gone_stops_the_run(floor: Floor) -> None:
    """Deleted or hidden from us."""
    run = await floor.file()
    gone = replace(run, issue=replace(run.issue, number=999))
    assert await wanted(floor.server, gone) == "issue-gone"


async def test_what_intake_heard_counts(floor: Floor) -> None:
    """A stop that is on record needs no look at GitHub."""
    run = await floor.file()
    await floor.server.store.request_stop(run.id, "stop-label")
    assert await wanted(floor.server, run) == "stop-label"


async def test_a_persons_commit_on_the_branch_stops_the_run(floor: Floor) -> None:
    """Our own commits there are ours; one that we do not hold is somebody's."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    assert await wanted(floor.server, run) == ""
    branch = f"nightshift/issue-{run.issue.number}"
    place = f"/repos/{REPO}/contents/NOTES.md"
    body = {"message": "Mine", "content": "aGkK", "branch": branch}
    await floor.call("PUT", place, body)
    assert await wanted(floor.server, run) == "human-commit"


async def test_a_closed_pull_request_stops_the_run(floor: Floor) -> None:
    """Somebody who closes our pull request has said no."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    await floor.call("PATCH", f"/repos/{REPO}/pulls/{run.pull}", {"state": "closed"})
    assert await wanted(floor.server, run) == "pull-closed"


@pytest.mark.parametrize(
    ("labels", "why"), [(["nightshift:stop"], "stop-label"), (["Nightshift:Pause"], "paused")]
)
async def test_labels_on_the_pull_request_count(floor: Floor, labels: list[str], why: str) -> None:
    """People say it where they look."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    await floor.call("POST", f"/repos/{REPO}/issues/{run.pull}/labels", {"labels": labels})
    assert await wanted(floor.server, run) == why


async def test_a_review_that_asks_for_changes_holds_the_run(floor: Floor) -> None:
    """Until it is dismissed; a visitor's review holds nothing."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    place = f"/repos/{REPO}/pulls/{run.pull}/reviews"
    ask = {"event": "REQUEST_CHANGES", "body": "No."}
    await floor.call("POST", place, ask, by=VISITOR)
    assert await wanted(floor.server, run) == ""
    review = await floor.call("POST", place, ask)
    assert await wanted(floor.server, run) == "paused"
    await floor.call("POST", place, {"event": "COMMENT", "body": "Well."})
    assert await wanted(floor.server, run) == "paused"
    await floor.call("PUT", f"{place}/{review['id']}/dismissals", {"message": "Fine."})
    assert await wanted(floor.server, run) == ""


async def test_a_draft_waits_and_another_base_stops(floor: Floor) -> None:
    """Not ready, says the one; not for main, says the other."""
    ensure(GRAPHQL)  # drafts are made through GraphQL alone
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    run = replace(run, pull=await publish(floor.server, run, attempt, bundle, run.base))
    place = f"/repos/{REPO}/pulls/{run.pull}"
    node = (await floor.call("GET", place))["node_id"]
    deed = "convertPullRequestToDraft(input:{pullRequestId:$id}){clientMutationId}"
    asked = {"query": f"mutation($id:ID!){{{deed}}}", "variables": {"id": node}}
    await floor.call("POST", "/graphql", asked)
    assert await wanted(floor.server, run) == "paused"
    await floor.call("POST", f"/repos/{REPO}/git/refs", {"ref": "refs/heads/next", "sha": run.base})
    await floor.call("PATCH", place, {"base": "next"})
    assert await wanted(floor.server, run) == "pull-retargeted"


async def test_an_archived_repository_stops_the_run_and_its_end_is_recorded(floor: Floor) -> None:
    """Nothing can be written there any more; that the run has ended is known all the same."""
    run = await floor.file()
    await floor.call("PATCH", f"/repos/{REPO}", {"archived": True})
    try:
        assert await wanted(floor.server, run) == "repository-archived"
        await project(floor.server, replace(run, state=RunState.STOPPED, reason="x"))
    finally:
        await floor.call("PATCH", f"/repos/{REPO}", {"archived": False})
    assert await wanted(floor.server, run) == ""


async def test_an_app_that_was_suspended_stops_its_runs(floor: Floor) -> None:
    """The account has taken the permission back; given again, the same text may start again."""
    run = await floor.file()
    calls = floor.server.forge._calls
    number = (await calls.scope(REPO)).installation
    await calls.app_call("PUT", f"/app/installations/{number}/suspended")
    calls.tokens._held.clear()
    try:
        assert await wanted(floor.server, run) == "repository-gone"
        await project(floor.server, replace(run, state=RunState.STOPPED, reason="x"))
    finally:
        await calls.app_call("DELETE", f"/app/installations/{number}/suspended")
    assert await wanted(floor.server, run) == ""
