"""A landing that was taken back, or that a maintainer complains about, is passed on once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.adapters.engine import Queue
from bot.adapters.store import Landing
from bot.domain.role import Lane
from bot.domain.run import Run, RunState
from bot.flows.intake import Intake
from bot.flows.sweep import sweep
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import REPO

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def intake(floor: Floor) -> AsyncIterator[Intake]:
    """Open the intake on a launched engine; no validator takes its work."""
    await floor.engine.launch([Queue(Lane.ISSUE)])
    yield Intake(floor.server, sweep_s=900)
    await floor.engine.close()


async def landed(floor: Floor) -> tuple[Run, str]:
    """Put a commit on main as a run of ours would; return the run and the commit."""
    run = await floor.file(labels=[])
    name = f"land-{run.issue.number}.txt"
    put = {"message": "Land", "content": "b25lCg=="}
    commit = (await floor.call("PUT", f"/repos/{REPO}/contents/{name}", put))["commit"]["sha"]
    run = replace(run, state=RunState.LANDED, pull=run.issue.number + 500, landed_commit=commit)
    await floor.server.store.save_run(run)
    await floor.server.store.record_landing(Landing(REPO, "p" * 40, commit, "t" * 40, "v", run.id))
    return run, commit


async def proposed(floor: Floor, commit: str) -> bool:
    """Say whether the validator was asked to write about a landing."""
    return await floor.engine.status(f"propose:{REPO}:{commit}") is not None


async def test_a_revert_on_main_is_noticed_by_the_sweep(floor: Floor, intake: Intake) -> None:
    """Git's own sentence in a commit of somebody else, and only for the landing it names."""
    (_, wrong), (_, right) = await landed(floor), await landed(floor)
    said = f"Revert\n\nThis reverts commit {wrong}."
    put = {"message": said, "content": "b25lCg=="}
    await floor.call("PUT", f"/repos/{REPO}/contents/revert.txt", put)
    for _ in range(2):
        await sweep(floor.server)
        await intake.settle()

    assert await proposed(floor, wrong)
    assert not await proposed(floor, right)


async def test_a_label_on_the_closed_issue_is_enough(floor: Floor, intake: Intake) -> None:
    """The issue that landed, and no other; the sweep finds it without any webhook."""
    (run, commit), (_, other) = await landed(floor), await landed(floor)
    place = f"/repos/{REPO}/issues/{run.issue.number}"
    await floor.call("PATCH", place, {"state": "closed"})
    await floor.call("POST", f"{place}/labels", {"labels": ["nightshift:escaped"]})
    await sweep(floor.server)
    await intake.settle()

    assert await proposed(floor, commit)
    assert not await proposed(floor, other)
