"""What holds a world against the real validator, in real boxes, and the real search brain."""

import asyncio
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import wire
from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Environment, Product
from bot.domain.verdict import Purpose, Verdict
from bot.domain.work import ValidateRequest
from bot.validator.drivers.visit import Stage
from bot.validator.judge import Validator
from bot.validator.ledger import Ledger
from bot.validator.loader import load_corpus
from bot.validator.scenario import Scenario
from bot.validator.signing import open_signer
from bot.validator.trajectories import Runner, Trajectory
from twins.worlds.history import build_repository
from twins.worlds.loader import load, product_files
from twins.worlds.world import World

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
ORACLE = "_oracle"
UID_BASE = 830_000 + os.getpid() % 20_000 * 16
LEARNT = "learnt.sqlite"
UNRELATED = 99
"""The number of an issue that no scenario is about."""
PLAIN = ("-p", "no:asyncio", "-p", "no:randomly", "-p", "no:cacheprovider")
Files = Mapping[str, bytes]


@contextlib.asynccontextmanager
async def opened(scratch: Path) -> AsyncIterator[BoxPool]:
    """Open two proven boxes."""
    config = LauncherConfig(2, UID_BASE, (scratch / "layers",), scratch / "boxes")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch / "boxes")
    pool = await BoxPool.open(settings, await spawn_launcher(config))
    try:
        yield pool
    finally:
        await pool.close()


@contextlib.contextmanager
def scratched() -> Iterator[Path]:
    """Give a directory that the users of boxes can walk; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-world-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def head_of(world: World) -> Files:
    """Give the product at the world's head."""
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
    repo: str
    product: Product
    base: Files
    asked: int = 0

    @staticmethod
    def over(world: World, product: Product, pool: BoxPool, ledger: Path) -> "Gate":
        """Open a validator with this ledger."""
        validator = Validator(
            pool=pool,
            scenarios=SCENARIOS,
            ledger=Ledger(ledger),
            signer=open_signer(ledger.with_suffix(".pem")),
            clock=lambda: datetime.now(UTC),
        )
        return Gate(validator, world.repository.full_name, product, head_of(world))

    async def ask(self, issue: int, files: Files, purpose: Purpose = Purpose.GATE) -> Verdict:
        """Judge a tree for an issue."""
        self.asked += 1
        request = ValidateRequest(
            run_id=f"{self.repo}#{issue}@test",
            purpose=purpose,
            repo=self.repo,
            issue=issue,
            base="b" * 40,
            commit=f"{self.asked:040x}",
            tree=f"{self.asked:040x}",
            base_bundle="",
            bundle="",
            product=self.product,
            environment=Environment(),
            threshold=0.90,
            nonce=f"nonce-{self.asked}",
            submission=self.asked,
        )
        judgement = await self.validator.judge(request, packed(files), packed(self.base))
        return wire.load(Verdict, json.loads(judgement.signed.payload))


@dataclass
class Ground:
    """Two boxes, and what the world's head shows there: learnt once, for every gate over it."""

    world: World
    product: Product
    pool: BoxPool
    scratch: Path
    unchanged: Mapping[Purpose, Verdict]
    """What the gate and the seal say to a change that changes nothing, for an unrelated issue."""
    gates: int = 0

    def gate(self) -> Gate:
        """Open a validator that knows the head and has answered nobody."""
        self.gates += 1
        ledger = self.scratch / f"ledger-{self.gates}.sqlite"
        shutil.copy(self.scratch / LEARNT, ledger)
        return Gate.over(self.world, self.product, self.pool, ledger)

    def stage(self, files: Files) -> Stage:
        """Give the product at another state."""
        return Stage(packed(files), (), self.product)


@contextlib.asynccontextmanager
async def prepared(world: World) -> AsyncIterator[Ground]:
    """Open boxes, and ask once about the head itself."""
    name = world.corpus
    product = Product(cli=f"python -m {name}", http=f"python -m {name}.web", lib=name)
    with scratched() as scratch:
        async with opened(scratch) as pool:
            gate = Gate.over(world, product, pool, scratch / LEARNT)
            told = {
                purpose: await gate.ask(UNRELATED, gate.base, purpose)
                for purpose in (Purpose.GATE, Purpose.SEALED)
            }
            yield Ground(world, product, pool, scratch, told)


async def every_scenario(
    pool: BoxPool, stage: Stage, corpus: str
) -> list[tuple[Scenario, Trajectory]]:
    """Run the whole corpus once, in as many boxes as there are."""
    runner = Runner(pool)
    scenarios = load_corpus(SCENARIOS / corpus).scenarios
    runs = await asyncio.gather(*[runner.run(stage, scenario) for scenario in scenarios])
    assert not [run.seen.trouble for run in runs if run.seen.box_failed]
    return list(zip(scenarios, runs, strict=True))


def searched(world: World, issue: int, folder: Path, seconds: float = 25) -> list[dict[str, str]]:
    """Let the search brain look for patches of an issue, by its own command line."""
    tree = written(head_of(world), folder / f"tree-{issue}")
    story = world.issues[issue - 1]
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


def patched(files: Files, patch: Mapping[str, str]) -> Files:
    """Apply one patch that the search brain found."""
    text = files[patch["path"]].decode()
    assert text.count(patch["old"]) == 1
    return {**files, patch["path"]: text.replace(patch["old"], patch["new"]).encode()}


def landable(world: World) -> list[int]:
    """List the issues that end with a landed change."""
    return [issue.number for issue in world.issues if issue.expect.outcome == "landed"]


def fixed(world: World, issues: Sequence[int], folder: Path) -> Files:
    """Apply known fixes to the world's head, with git as the panel does."""
    tree = written(head_of(world), folder)
    for number in issues:
        patch = SCENARIOS / world.corpus / ORACLE / f"issue-{number}.patch"
        subprocess.run(["git", "apply", str(patch)], cwd=tree, check=True, timeout=20)
    return product_files(tree)


def written(files: Files, tree: Path) -> Path:
    """Write a tree into a new directory."""
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    return tree


def failing(tree: Path) -> str:
    """Run a product's own tests; return what they say, nothing when all pass."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLAIN],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout if done.returncode else ""


def failing_commits(name: str, folder: Path) -> dict[str, str]:
    """Run the tests of every commit of a world's past; return what fails."""
    repository = build_repository(load(name), folder, bare=False)
    git = ["git", "-C", str(repository)]
    log = subprocess.run([*git, "rev-list", "main"], capture_output=True, text=True, check=True)
    found = {}
    for commit in log.stdout.split():
        subprocess.run([*git, "checkout", "--quiet", commit], check=True, capture_output=True)
        if said := failing(repository):
            found[commit] = said
    return found
