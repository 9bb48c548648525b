"""The world parcel held against the real validator, in real boxes, and the real search brain."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import requests
from github import Auth, Github

from bot.domain.verdict import Outcome, Purpose
from tests.integration.world_trial import (
    ROOT,
    Gate,
    Ground,
    every_scenario,
    failing,
    failing_commits,
    fixed,
    head_of,
    landable,
    patched,
    prepared,
    searched,
)
from twins.worlds.history import build_repository
from twins.worlds.loader import load, seed_payload

pytestmark = [pytest.mark.integration, pytest.mark.slow]
on_the_ground = pytest.mark.asyncio(loop_scope="module")

WORLD = load("parcel")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """Open two proven boxes, where the head is known."""
    async with prepared(WORLD) as found:
        yield found


@pytest.fixture
def gate(ground: Ground) -> Gate:
    """Open a validator that has answered nobody."""
    return ground.gate()


def test_visible_tests_pass_at_every_commit(tmp_path: Path) -> None:
    """The history is one that somebody worked on: nothing in it was ever broken for its authors."""
    assert failing_commits("parcel", tmp_path / "repository") == {}


@on_the_ground
async def test_every_scenario_fails_on_a_product_that_does_nothing(ground: Ground) -> None:
    """No scenario is satisfied by silence."""
    nothing = {f"parcel/{name}.py": b"" for name in ("__init__", "__main__", "web", "tracking")}
    stage = ground.stage(nothing)
    for scenario, run in await every_scenario(ground.pool, stage, "parcel"):
        assert run.score == 0, scenario.id


@on_the_ground
async def test_scenarios_hold_on_the_head_but_for_what_issues_ask(ground: Ground) -> None:
    """An untagged scenario describes what is; a tagged one what is asked for and missing."""
    stage = ground.stage(head_of(WORLD))
    for scenario, run in await every_scenario(ground.pool, stage, "parcel"):
        notes = [finding.note for finding in run.findings if not finding.passed]
        assert (run.score == 1) is (scenario.issue is None), f"{scenario.id}: {notes}"


@on_the_ground
async def test_the_gate_passes_what_changes_nothing_for_nobody(ground: Ground) -> None:
    """Without the pending scenarios there is enough evidence to merge by."""
    for verdict in ground.unchanged.values():
        assert verdict.outcome is Outcome.PASS, verdict.reason
        assert verdict.pending > 0
        assert verdict.k == verdict.n
    assert ground.unchanged[Purpose.GATE].n_effective >= 26
    assert ground.unchanged[Purpose.GATE].lower_bound >= 0.90


@on_the_ground
async def test_doing_nothing_solves_no_issue(gate: Gate) -> None:
    """The null coder fails the gate of an issue that can land."""
    first = next(one for one in WORLD.issues if one.expect.outcome == "landed")
    verdict = await gate.ask(first.number, gate.base)
    assert verdict.outcome is Outcome.FAIL


@on_the_ground
@pytest.mark.parametrize("issue", landable(WORLD))
async def test_a_known_fix_lands(issue: int, gate: Gate, tmp_path: Path) -> None:
    """The oracle is not rejected: visible tests, gate and seal accept its change at once."""
    right = fixed(WORLD, [issue], tmp_path / "tree")
    assert failing(tmp_path / "tree") == ""
    for purpose in (Purpose.GATE, Purpose.SEALED):
        verdict = await gate.ask(issue, right, purpose)
        assert verdict.outcome is Outcome.PASS, verdict.reason


@on_the_ground
async def test_the_search_brain_finds_what_the_gate_and_the_seal_accept(
    gate: Gate, tmp_path: Path
) -> None:
    """Both plain bugs in one file are mended by the first or second patch that is found."""
    for issue in (3, 5):
        attempts = searched(WORLD, issue, tmp_path)[:2]
        outcomes = [
            (await gate.ask(issue, patched(gate.base, patch))).outcome for patch in attempts
        ]
        assert Outcome.PASS in outcomes
        right = patched(gate.base, attempts[outcomes.index(Outcome.PASS)])
        assert (await gate.ask(issue, right, Purpose.SEALED)).outcome is Outcome.PASS


@on_the_ground
async def test_the_first_patch_of_the_weakly_tested_bug_overfits(
    gate: Gate, tmp_path: Path
) -> None:
    """The gate refuses what only fits the example; a later patch, by the fourth, is right."""
    attempts = searched(WORLD, 1, tmp_path)[:4]
    verdicts = [await gate.ask(1, patched(gate.base, patch)) for patch in attempts]
    outcomes = [verdict.outcome for verdict in verdicts]
    assert outcomes[0] is Outcome.FAIL
    assert Outcome.PASS in outcomes
    right = patched(gate.base, attempts[outcomes.index(Outcome.PASS)])
    assert (await gate.ask(1, right, Purpose.SEALED)).outcome is Outcome.PASS


def test_the_feature_is_beyond_the_search_brain(tmp_path: Path) -> None:
    """Nothing is found for the request that needs new code, and nothing is made up."""
    assert searched(WORLD, 4, tmp_path, seconds=10) == []


def test_the_github_twin_shows_the_world(tmp_path: Path) -> None:
    """Seeded with the world, the twin serves its very commits, and its people can file issues."""
    world = WORLD
    repository = build_repository(world, tmp_path / "parcel.git")
    command = [sys.executable, "-m", "twins.github", "--port", "0", "--state", str(tmp_path / "gh")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as twin:
        try:
            assert twin.stdout is not None
            url = json.loads(twin.stdout.readline())["url"]
            seed = seed_payload(world, repository, "http://127.0.0.1:9/hook", "canary")
            planted = requests.post(f"{url}/_twin/seed", json=seed, timeout=30)
            planted.raise_for_status()
            head = (repository / "refs" / "heads" / "main").read_text().strip()
            assert planted.json()["repos"][0]["head"] == head
            for issue in world.issues:
                author = world.person(issue.author)
                api = Github(auth=Auth.Token(author.token), base_url=f"{url}/api/v3")
                filed = api.get_repo(world.repository.full_name).create_issue(
                    issue.title, issue.body, labels=list(issue.labels)
                )
                assert filed.number == issue.number
                assert filed.user.login == issue.author
                assert {label.name for label in filed.labels} == set(issue.labels)
        finally:
            twin.terminate()
            twin.wait(timeout=20)
