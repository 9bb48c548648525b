"""A builder's change is taken as data: believed in nothing, shown once, over nobody's work."""

import asyncio
from dataclasses import replace

import pytest

from bot.adapters.substrate.gitstore import BOT_EMAIL
from bot.errors import Conflict, Tampered
from bot.flows.publish import publish
from bot.policy.texts import RUN_TRAILER
from tests.integration.flows.conftest import Floor
from tests.integration.small_world import REPO

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIX = {"more.py": "MORE = 1\n"}


async def branches(floor: Floor) -> dict[str, str]:
    """Return every branch with its tip."""
    found = await floor.call("GET", f"/repos/{REPO}/branches")
    return {one["name"]: one["commit"]["sha"] for one in found}


async def test_a_change_is_shown_once(floor: Floor) -> None:
    """However often it is repeated: one branch, one pull request, one check."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    number = await publish(floor.server, run, attempt, bundle, run.base)
    assert await publish(floor.server, run, attempt, bundle, run.base) == number
    assert (
        await publish(floor.server, replace(run, pull=number), attempt, bundle, run.base) == number
    )
    every = await floor.call("GET", f"/repos/{REPO}/pulls?state=all")
    ours = f"nightshift/issue-{run.issue.number}"
    pulls = [p for p in every if p["head"]["ref"] == ours]
    assert [(p["number"], p["title"], p["head"]["sha"]) for p in pulls] == [
        (number, "Sum", attempt.commit)
    ]
    assert f"Closes #{run.issue.number}" in pulls[0]["body"]
    checks = await floor.call("GET", f"/repos/{REPO}/commits/{attempt.commit}/check-runs")
    assert [c["name"] for c in checks["check_runs"]] == ["nightshift/satisfaction"]


async def test_a_second_attempt_moves_the_branch(floor: Floor) -> None:
    """The same pull request shows the newer commit."""
    filed = await floor.file()
    run, first, bundle = await floor.attempted(filed, FIX)
    number = await publish(floor.server, run, first, bundle, run.base)
    run, second, bundle = await floor.attempted(filed, {"more.py": "MORE = 2\n"})
    assert (
        await publish(floor.server, replace(run, pull=number), second, bundle, run.base) == number
    )
    assert (await branches(floor))[f"nightshift/issue-{run.issue.number}"] == second.commit


@pytest.mark.parametrize("lie", ["tree", "base"])
async def test_what_was_reported_is_checked(floor: Floor, lie: str) -> None:
    """The commit itself says which tree and parent it has."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    false = replace(attempt, tree="e" * 40) if lie == "tree" else replace(attempt, base="e" * 40)
    with pytest.raises(Tampered):
        await publish(floor.server, run, false, bundle, run.base)
    assert f"nightshift/issue-{run.issue.number}" not in await branches(floor)


async def test_a_base_of_the_builders_own_is_refused(floor: Floor) -> None:
    """With rules of its own in it, a base would make every guard silent."""
    filed = await floor.file()
    lax = {"mission.md": "---\nchecks: ['true']\n---\n# Anything goes\n"}
    run, own, bundle = await floor.attempted(filed, lax)
    with pytest.raises(Tampered, match="stand on its base"):
        await publish(floor.server, run, replace(own, base=own.commit), bundle, run.base)
    assert f"nightshift/issue-{run.issue.number}" not in await branches(floor)


@pytest.mark.parametrize(
    "files",
    [
        {"mission.md": "---\nchecks: ['true']\n---\n# Anything goes\n"},
        {".github/workflows/ci.yml": "on: push\njobs: {}\n"},
        {"requirements.txt": "evil\n"},
        {},
    ],
)
async def test_the_guards_are_asked_again(floor: Floor, files: dict[str, str]) -> None:
    """A builder that says its guards were silent is not believed; nothing is pushed."""
    run, attempt, bundle = await floor.attempted(await floor.file(), files)
    with pytest.raises(Tampered, match="guard"):
        await publish(floor.server, run, attempt, bundle, run.base)
    assert f"nightshift/issue-{run.issue.number}" not in await branches(floor)


async def test_a_bundle_with_another_commit_is_refused(floor: Floor) -> None:
    """What the attempt names has to be in it."""
    filed = await floor.file()
    run, attempt, _ = await floor.attempted(filed, {"more.py": "FIRST = 1\n"})
    _, _, other = await floor.attempted(filed, {"more.py": "MORE = 3\n"})
    with pytest.raises(Tampered):
        await publish(floor.server, run, attempt, other, run.base)


async def test_a_persons_branch_is_left_alone(floor: Floor) -> None:
    """Somebody's commit on our branch is never overwritten."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    name = f"nightshift/issue-{run.issue.number}"
    new = {"ref": f"refs/heads/{name}", "sha": attempt.base}
    await floor.call("POST", f"/repos/{REPO}/git/refs", new)
    mine = {"message": "Mine", "content": "aGkK", "branch": name}
    await floor.call("PUT", f"/repos/{REPO}/contents/NOTES.md", mine)
    before = await branches(floor)
    with pytest.raises(Conflict, match="somebody else"):
        await publish(floor.server, run, attempt, bundle, run.base)
    assert await branches(floor) == before


@pytest.mark.parametrize(
    ("committer", "trailer", "ours"),
    [
        (BOT_EMAIL, RUN_TRAILER, True),
        (BOT_EMAIL, "Signed-off-by: ", False),
        ("ann@calc.example", RUN_TRAILER, False),
    ],
)
async def test_a_lost_store_still_knows_its_own_work(
    floor: Floor, committer: str, trailer: str, *, ours: bool
) -> None:
    """After a rename or a lost disk the commit itself tells; somebody else's stays unknown."""
    run, attempt, bundle = await floor.attempted(await floor.file(), FIX)
    who = {"name": "x", "email": committer, "date": "2026-01-05T10:00:00Z"}
    body = {
        "message": f"Before\n\n{trailer}a run\n",
        "tree": (await floor.call("GET", f"/repos/{REPO}/git/commits/{attempt.base}"))["tree"][
            "sha"
        ],
        "parents": [attempt.base],
        "author": who,
        "committer": who,
    }
    made = (await floor.call("POST", f"/repos/{REPO}/git/commits", body))["sha"]
    name = f"nightshift/issue-{run.issue.number}"
    new = {"ref": f"refs/heads/{name}", "sha": made}
    await floor.call("POST", f"/repos/{REPO}/git/refs", new)
    assert await floor.server.owns(REPO, name, made) == ours
    assert await (await floor.server.git(REPO)).has(made) == ours
    if ours:
        await publish(floor.server, run, attempt, bundle, run.base)
        assert (await branches(floor))[name] == attempt.commit


async def test_a_store_is_opened_once(floor: Floor) -> None:
    """Runs that begin together share it; opening it twice at once would break it."""
    found = await asyncio.gather(*(floor.server.substrate("o/n") for _ in range(4)))
    assert len({id(store) for store in found}) == 1
