"""The world parcel held against the real validator, in real boxes, and the real search brain."""

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from github import Auth, Github

from bot import wire
from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Environment, Product
from bot.domain.verdict import Outcome, Purpose, Verdict
from bot.domain.work import ValidateRequest
from bot.validator.drivers.visit import Stage
from bot.validator.judge import Validator
from bot.validator.ledger import Ledger
from bot.validator.loader import load_corpus
from bot.validator.scenario import Scenario
from bot.validator.signing import open_signer
from bot.validator.trajectories import Runner, Trajectory
from twins.worlds.history import build_repository
from twins.worlds.loader import load, product_files, seed_payload

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
UID_BASE = 830_000 + os.getpid() % 20_000 * 16
PRODUCT = Product(cli="python -m parcel", http="python -m parcel.web", lib="parcel")
UNRELATED = 99
Files = Mapping[str, bytes]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a directory that the users of boxes can walk."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-world-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def pool(scratch: Path) -> AsyncIterator[BoxPool]:
    """Open two proven boxes."""
    config = LauncherConfig(2, UID_BASE, (scratch / "layers",), scratch / "boxes")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch / "boxes")
    opened = await BoxPool.open(settings, await spawn_launcher(config))
    yield opened
    await opened.close()


@pytest.fixture
def head() -> Files:
    """Give the product at the world's head."""
    world = load("parcel")
    assert world.folder is not None
    return product_files(world.folder / "product")


def packed(files: Files) -> bytes:
    """Make the tar in which a tree travels."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Gate:
    """The validator as the server asks it, on trees instead of commits."""

    validator: Validator
    base: Files
    asked: int = 0

    async def ask(self, issue: int, files: Files, purpose: Purpose = Purpose.GATE) -> Verdict:
        """Judge a tree for an issue."""
        self.asked += 1
        request = ValidateRequest(
            run_id=f"acme/parcel#{issue}@test",
            purpose=purpose,
            repo="acme/parcel",
            issue=issue,
            base="b" * 40,
            commit=f"{self.asked:040x}",
            tree=f"{self.asked:040x}",
            base_bundle="",
            bundle="",
            product=PRODUCT,
            environment=Environment(),
            threshold=0.90,
            nonce=f"nonce-{self.asked}",
            submission=self.asked,
        )
        judgement = await self.validator.judge(request, packed(files), packed(self.base))
        return wire.load(Verdict, json.loads(judgement.signed.payload))


@pytest.fixture
def gate(pool: BoxPool, scratch: Path, head: Files) -> Gate:
    """Open a validator with its own ledger and key."""
    ledger = Ledger(scratch / "ledger.sqlite")
    signer = open_signer(scratch / "key.pem")
    validator = Validator(
        pool=pool,
        scenarios=SCENARIOS,
        ledger=ledger,
        signer=signer,
        clock=lambda: datetime.now(UTC),
    )
    return Gate(validator, head)


async def every_scenario(pool: BoxPool, stage: Stage) -> list[tuple[Scenario, Trajectory]]:
    """Run the whole corpus once, in as many boxes as there are."""
    runner = Runner(pool)
    scenarios = load_corpus(SCENARIOS / "parcel").scenarios
    runs = await asyncio.gather(*[runner.run(stage, scenario) for scenario in scenarios])
    assert not [run.seen.trouble for run in runs if run.seen.box_failed]
    return list(zip(scenarios, runs, strict=True))


def searched(issue: int, head: Files, folder: Path, seconds: float = 25) -> list[dict[str, str]]:
    """Let the search brain look for patches of an issue, by its own command line."""
    tree = folder / f"tree-{issue}"
    for path, content in head.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    story = load("parcel").issues[issue - 1]
    text = folder / f"issue-{issue}.md"
    text.write_text(f"# {story.title}\n\n{story.body}")
    command = [sys.executable, "-m", "twins.anthropic.search", str(tree), "--issue", str(text)]
    done = subprocess.run(
        [*command, "--json", "--seconds", str(seconds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    patches: list[dict[str, str]] = json.loads(done.stdout)["patches"]
    return patches


def patched(head: Files, patch: Mapping[str, str]) -> Files:
    """Apply one patch that the search brain found."""
    text = head[patch["path"]].decode()
    assert text.count(patch["old"]) == 1
    return {**head, patch["path"]: text.replace(patch["old"], patch["new"]).encode()}


def test_visible_tests_pass_at_every_commit(tmp_path: Path) -> None:
    """The history is one that somebody worked on: nothing in it was ever broken for its authors."""
    repository = build_repository(load("parcel"), tmp_path / "repository", bare=False)
    git = ["git", "-C", str(repository)]
    log = subprocess.run([*git, "rev-list", "main"], capture_output=True, text=True, check=True)
    for commit in log.stdout.split():
        subprocess.run([*git, "checkout", "--quiet", commit], check=True, capture_output=True)
        plain = ["-p", "no:asyncio", "-p", "no:randomly", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plain],
            cwd=repository,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{commit}\n{done.stdout}"


async def test_every_scenario_fails_on_a_product_that_does_nothing(pool: BoxPool) -> None:
    """No scenario is satisfied by silence."""
    nothing = {f"parcel/{name}.py": b"" for name in ("__init__", "__main__", "web", "tracking")}
    stage = Stage(packed(nothing), (), PRODUCT)
    for scenario, run in await every_scenario(pool, stage):
        assert run.score == 0, scenario.id


async def test_scenarios_hold_on_the_head_but_for_what_issues_ask(
    pool: BoxPool, head: Files
) -> None:
    """An untagged scenario describes what is; a tagged one what is asked for and missing."""
    stage = Stage(packed(head), (), PRODUCT)
    for scenario, run in await every_scenario(pool, stage):
        notes = [finding.note for finding in run.findings if not finding.passed]
        assert (run.score == 1) is (scenario.issue is None), f"{scenario.id}: {notes}"


async def test_the_gate_passes_what_changes_nothing_for_nobody(gate: Gate) -> None:
    """Without the pending scenarios there is enough evidence to merge by."""
    for purpose in (Purpose.GATE, Purpose.SEALED):
        verdict = await gate.ask(UNRELATED, gate.base, purpose)
        assert verdict.outcome is Outcome.PASS, verdict.reason
        assert verdict.pending > 0
        assert verdict.k == verdict.n
        if purpose is Purpose.GATE:
            assert verdict.n_effective >= 26
            assert verdict.lower_bound >= 0.90


async def test_doing_nothing_solves_no_issue(gate: Gate) -> None:
    """The null coder fails the gate of an issue that can land."""
    first = next(one for one in load("parcel").issues if one.expect.outcome == "landed")
    verdict = await gate.ask(first.number, gate.base)
    assert verdict.outcome is Outcome.FAIL


async def test_the_search_brain_finds_what_the_gate_and_the_seal_accept(
    gate: Gate, head: Files, tmp_path: Path
) -> None:
    """Both plain bugs in one file are mended by the first or second patch that is found."""
    for issue in (3, 5):
        attempts = searched(issue, head, tmp_path)[:2]
        outcomes = [(await gate.ask(issue, patched(head, patch))).outcome for patch in attempts]
        assert Outcome.PASS in outcomes
        right = patched(head, attempts[outcomes.index(Outcome.PASS)])
        assert (await gate.ask(issue, right, Purpose.SEALED)).outcome is Outcome.PASS


async def test_the_first_patch_of_the_weakly_tested_bug_overfits(
    gate: Gate, head: Files, tmp_path: Path
) -> None:
    """The gate refuses what only fits the example; a later patch, by the fourth, is right."""
    attempts = searched(1, head, tmp_path)[:4]
    verdicts = [await gate.ask(1, patched(head, patch)) for patch in attempts]
    outcomes = [verdict.outcome for verdict in verdicts]
    assert outcomes[0] is Outcome.FAIL
    assert Outcome.PASS in outcomes
    right = patched(head, attempts[outcomes.index(Outcome.PASS)])
    assert (await gate.ask(1, right, Purpose.SEALED)).outcome is Outcome.PASS


def test_the_feature_is_beyond_the_search_brain(head: Files, tmp_path: Path) -> None:
    """Nothing is found for the request that needs new code, and nothing is made up."""
    assert searched(4, head, tmp_path, seconds=10) == []


def test_the_github_twin_shows_the_world(tmp_path: Path) -> None:
    """Seeded with the world, the twin serves its very commits, and its people can file issues."""
    world = load("parcel")
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
