"""kill -9 of a role in the middle of a run: it goes on, and nothing is done twice."""

import asyncio
import itertools
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from github import Auth, Github
from github.Repository import Repository

from bot.domain.role import Role
from bot.domain.run import Run, RunState
from tests.integration.small_world import (
    REPO,
    Small,
    coder,
    edit,
    small_stage,
    submit,
    tool,
    until,
)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LOOKS = [[tool("bash", command=f"echo look {number}")] for number in range(8)]
"""Enough turns that a pause in the middle of them is in the middle."""
MANY_LOOKS = [[tool("bash", command=f"echo look {number}")] for number in range(30)]
"""The same for what travels over GitHub and a webhook first."""
HELD_S = 30.0
"""A held call does not answer before the kill; the twin lets go of it soon after."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small() -> AsyncIterator[Small]:
    """Open one stage for all crashes; each has an issue of its own."""
    rules = [
        *coder("MARK-MODEL", [tool("view", path="calc.py")], [edit(1)], [submit()]),
        *coder("MARK-PUSH", [edit(2), submit()]),
        *coder("MARK-LAND", [edit(3), submit()]),
        *coder("MARK-JUDGE", [edit(4), submit()]),
        *coder("MARK-STORM", [edit(6), submit()]),
        *coder("MARK-LIMIT", [edit(7), submit()]),
        *coder("MARK-HOLD", *MANY_LOOKS, [edit(8)], [submit()]),
        *coder("MARK-PAUSE", *LOOKS, [edit(5)], [submit()]),
    ]
    async with small_stage(rules) as opened:
        yield opened


@pytest.fixture
def repo(small: Small) -> Repository:
    """Return the repository as a person's client shows it."""
    token = small.stage.world.maintainer.token
    client = Github(
        auth=Auth.Token(token), base_url=small.stage.github.url, seconds_between_requests=0
    )
    return client.get_repo(REPO)


async def kill(small: Small, role: Role) -> None:
    """End a role without a chance to tidy up, and wait until another stands in its place."""
    supervisor = small.stage.supervisor
    killed = supervisor.pid(role)
    os.kill(killed, signal.SIGKILL)

    async def another() -> bool:
        return supervisor.pid(role) != killed

    await until(f"another {role}", another)


def assert_once(repo: Repository, run: Run) -> None:
    """Look at GitHub: one comment, one pull request, one check per commit, one landing."""
    assert run.state is RunState.LANDED, (run.state, run.reason, run.detail)
    issue = repo.get_issue(run.issue.number)
    assert issue.state == "closed"
    ours = [c for c in issue.get_comments() if c.user.login == "nightshift[bot]"]
    assert len(ours) == 1
    branch = f"nightshift/issue-{run.issue.number}"
    pulls = [p for p in repo.get_pulls(state="all") if p.head.ref == branch]
    assert [pull.number for pull in pulls] == [run.pull]
    assert pulls[0].merged
    checks = list(repo.get_commit(run.landed_commit).get_check_runs())
    assert [check.conclusion for check in checks] == ["success"]
    landed = [c.sha for c in repo.get_commits() if c.commit.message.count(f"#{run.issue.number}")]
    assert landed == [run.landed_commit]


async def calls_of(small: Small, mark: str) -> list[str]:
    """Return the bodies of the model calls about one issue, as they arrived."""
    entries = await small.asked("/v1/messages", messages=True)
    return [entry["body"] for entry in entries if mark in entry["body"]]


async def test_the_builder_dies_during_a_model_call(small: Small, repo: Repository) -> None:
    """Calls that had been answered are never made again; only the cut one is repeated."""
    before = len(await small.asked("/v1/messages", messages=True))
    await small.fault(
        {"path": "/v1/messages", "nth": 3, "delay": HELD_S}, messages=True
    )  # triage, view, then the held one
    number = await small.file("The first sum is wrong", "MARK-MODEL")

    async def held() -> bool:
        return len(await small.asked("/v1/messages", messages=True)) == before + 3

    await until("the third call", held)
    await kill(small, Role.BUILDER)
    run = await small.ended(number)
    assert_once(repo, run)
    calls = Counter(await calls_of(small, "MARK-MODEL"))
    turns = {len(json.loads(body)["messages"]): times for body, times in calls.items()}
    assert len(calls) == 4
    assert sorted(turns.items()) == [(1, 1), (3, 2), (5, 1)]


async def pushes(small: Small) -> int:
    """Count the pushes that GitHub has seen begin."""
    return len(await small.asked("/git-receive-pack"))


async def test_the_server_dies_during_the_push_of_the_branch(
    small: Small, repo: Repository
) -> None:
    """All is shown once, from the same attempt, when the server is back; lost answers as well."""
    before = await pushes(small)
    await small.fault(
        {"path": r".*/git-receive-pack", "delay": HELD_S},
        # Done by GitHub, but its answer never comes: each is looked up before it is repeated.
        {"method": "POST", "path": r".*/issues/\d+/comments", "when": "after", "cut": True},
        {"method": "POST", "path": r".*/pulls", "when": "after", "cut": True},
        {"method": "POST", "path": r".*/check-runs", "when": "after", "cut": True},
    )
    number = await small.file("The second sum is wrong", "MARK-PUSH")

    async def begun() -> bool:
        return await pushes(small) > before

    await until("the push of the branch", begun)
    await kill(small, Role.SERVER)
    run = await small.ended(number)
    assert_once(repo, run)
    assert len(run.attempts) == 1
    assert max(Counter(await calls_of(small, "MARK-PUSH")).values()) == 1


async def test_the_server_dies_after_main_moved_unacknowledged(
    small: Small, repo: Repository
) -> None:
    """A landing that arrived, and whose answer never came, is found and not repeated."""
    before = repo.get_branch("main").commit.sha
    await small.fault(  # the branch is the first push, main the second
        {"path": r".*/git-receive-pack", "nth": 2, "when": "after", "cut": True}
    )
    number = await small.file("The third sum is wrong", "MARK-LAND")

    async def moved() -> bool:
        tip = await asyncio.to_thread(lambda: repo.get_branch("main").commit.sha)
        return tip != before

    await until("main has moved", moved)
    assert [one for one in await small.stage.store.landings(REPO) if one.pre == before] == []
    await kill(small, Role.SERVER)
    run = await small.ended(number)
    assert_once(repo, run)
    landings = [one for one in await small.stage.store.landings(REPO) if one.run_id == run.id]
    assert [(one.pre, one.post) for one in landings] == [(before, run.landed_commit)]


async def test_the_validator_dies_while_it_judges(small: Small, repo: Repository) -> None:
    """The question is answered by the next validator, and spends one consultation."""
    number = await small.file("The fourth sum is wrong", "MARK-JUDGE")

    async def judging() -> bool:
        run = await small.run_of(number)
        return run is not None and run.state is RunState.VALIDATING

    await until("the gate", judging)
    await kill(small, Role.VALIDATOR)
    run = await small.ended(number)
    assert_once(repo, run)


async def test_a_storm_of_limits_loses_and_doubles_nothing(small: Small, repo: Repository) -> None:
    """Secondary limits, outages, and writes that were done and told as failed; then it lands once.

    Between two tries of one call there is always the pause that was asked for.
    """
    limit = {"message": "You have exceeded a secondary rate limit."}
    asked = {"retry-after": "1"}
    await small.fault(
        {"method": "POST", "path": ".*/issues/[0-9]+/comments", "status": 403, "headers": asked,
         "body": limit, "count": 2},
        {"method": "POST", "path": ".*/pulls", "when": "after", "status": 502},
        {"method": "POST", "path": ".*/check-runs", "when": "after", "status": 500},
        {"method": "PATCH", "path": ".*/issues/comments/.*", "status": 429, "headers": asked},
        {"method": "GET", "path": ".*/issues/[0-9]+", "nth": 2, "cut": True},
        {"method": "POST", "path": ".*/labels", "status": 503, "count": 2},
        {"path": ".*/info/refs", "nth": 2, "status": 503},
    )  # fmt: skip
    run = await small.ended(await small.file("The sixth sum is wrong", "MARK-STORM"))
    assert_once(repo, run)
    tried = [
        entry["at"]
        for entry in await small.asked(f"/issues/{run.issue.number}/comments")
        if entry["method"] == "POST"
    ]
    assert len(tried) == 3
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(tried))


async def test_a_limit_that_lasts_hides_a_landing_and_undoes_nothing(
    small: Small, repo: Repository
) -> None:
    """Main has moved, and GitHub takes no comment: landed it is, and shown later."""
    limit = {"message": "You have exceeded a secondary rate limit."}
    number = await small.file("The seventh sum is wrong", "MARK-LIMIT")

    async def proven() -> bool:
        run = await small.run_of(number)
        return run is not None and run.state in {RunState.SEALING, RunState.TRAIN}

    await until("the proof", proven)
    path = f"/repos/{REPO}/issues/comments/.*"
    headers = {"retry-after": "2"}
    await small.fault(
        {"method": "PATCH", "path": path, "status": 403, "headers": headers, "body": limit,
         "count": 0},
    )  # fmt: skip
    run = await small.ended(number)
    assert (run.state, bool(run.landed_commit)) == (RunState.LANDED, True)
    assert not repo.get_issue(number).get_comments()[0].body.count("Nightshift: landed")

    await small.stage.github.admin("DELETE", "faults")
    repo.get_issue(number).add_to_labels("a person looks")

    async def shown() -> bool:
        said = await asyncio.to_thread(lambda: repo.get_issue(number).get_comments()[0].body)
        return "Nightshift: landed" in said

    await until("the end to be shown", shown)
    assert_once(repo, run)


async def test_labels_reach_into_a_build(small: Small, repo: Repository) -> None:
    """Held in the middle of an attempt no model is called, and stopped it ends right there."""
    number = await small.file("The eighth sum is wrong", "MARK-HOLD")
    issue = repo.get_issue(number)

    async def calls() -> int:
        return len(await calls_of(small, "MARK-HOLD"))

    async def begun() -> bool:
        return await calls() > 2

    async def held() -> bool:
        run = await small.run_of(number)
        return run is not None and await small.stage.store.run_held(run.id)

    await until("a few model calls", begun)
    issue.add_to_labels("nightshift:pause")
    await until("the pause to be heard", held)
    seen = await calls() + 1  # one may be on its way
    issue.add_to_labels("nightshift:stop")
    run = await small.ended(number)
    assert (run.state, run.reason) == (RunState.STOPPED, "stop-label")
    assert await calls() <= seen < len(MANY_LOOKS)


async def test_whatever_runs_comes_to_rest_and_goes_on(small: Small, repo: Repository) -> None:
    """Paused in the middle of an attempt: not one more model call, not even after a crash."""
    log = small.stage.state / "logs" / "builder.log"
    said = log.read_text().count("is held before")
    number = await small.file("The fifth sum is wrong", "MARK-PAUSE")

    async def begun() -> bool:  # a call with tools: triage, which has none, comes before
        return any('"tools"' in body for body in await calls_of(small, "MARK-PAUSE"))

    await until("a model call of the build", begun, seconds=60)
    await small.stage.store.pause("owner", "a test")
    try:

        async def rests() -> bool:
            return log.read_text().count("is held before") > said

        await until("the builder to rest", rests, seconds=60)
        calls = len(await calls_of(small, "MARK-PAUSE"))
        said = log.read_text().count("is held before")
        await kill(small, Role.BUILDER)
        await until("its successor to rest", rests, seconds=60)
        assert len(await calls_of(small, "MARK-PAUSE")) == calls < len(LOOKS)
        run = await small.run_of(number)
        assert run is not None
        assert not run.state.ended
    finally:
        await small.stage.store.resume("owner")
    assert_once(repo, await small.ended(number))
