"""`nightshift gate`: what the hidden scenarios notice, measured with seeded faults."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.adapters.workflowfile import load_workflow
from bot.domain.calibration import Calibration
from bot.errors import UsageError
from bot.flows.checks import run_checks
from bot.foreign import run_git
from bot.judging import open_judge
from bot.owner.choice import readable
from bot.owner.measured import body_of, tell
from bot.owner.memory import opened
from bot.owner.paper import save, write
from bot.owner.workbench import Bench, bench, files_of
from bot.policy.guards import protected_patterns
from bot.policy.paths import is_test
from bot.policy.trees import only
from bot.settings import JudgeSettings, workflow_folder
from bot.validator.calibrate import Calibrator, Checks, Ground
from bot.validator.equivalent import FILE as EQUIVALENT_FILE
from bot.validator.equivalent import ambiguous, load_equivalent, stale
from bot.validator.faults import Fault, chosen, faults_of
from bot.validator.ledger import Ledger
from bot.validator.loader import load_corpus
from bot.validator.trajectories import Runner

GOOD, WEAK = 0, 1
_REMOTE = re.compile(r"[/:]([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?$")
_LOUD = re.compile(r"(^|/)(setup|conftest|noxfile|tasks)\.py$|^docs?/|^examples?/|^benchmarks?/")
"""Python that is not the product."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    repository: Path
    scenarios: Path
    ref: str = "HEAD"
    mission: Path | None = None
    name: str = ""
    state: Path | None = None
    """The validator's folder; None: measure and tell, record nothing."""
    faults: int = 40
    """How many have to come through the visible checks."""
    seed: int = 0
    json: Path | None = None


async def calibrate(wanted: Wanted, console: Console) -> int:
    """Measure, tell, record; exit 0 when the gate may merge."""
    await asyncio.to_thread(readable, wanted.scenarios)
    name = wanted.name or await asyncio.to_thread(_name, wanted.repository)
    ledger = _ledger(wanted, name)
    say = partial(write, console)
    async with (
        bench(wanted.repository, wanted.ref, wanted.mission, say) as place,
        open_judge(JudgeSettings.read()) as judge,
    ):
        ground = await asyncio.to_thread(_ground, wanted, place)
        faults = await asyncio.to_thread(_faults, ground, wanted)
        for mark in stale(ground.equivalent, ground.sources):
            say(f"{EQUIVALENT_FILE}: {mark.where} has no line {mark.before!r} any more")
        for mark in ambiguous(ground.equivalent, faults):
            say(f"{EQUIVALENT_FILE}: {mark.where}: {mark.before!r} stands there more than once;")
            say("  the mark is not used, since nobody can tell which of them is meant")
        say(f"faults   {len(faults)} could be seeded into {len({f.path for f in faults})} files")
        calibrator = Calibrator(ground, Runner(place.pool, judge), _checks(place), say)
        trials = await calibrator.measure(faults, wanted.faults)
        measured = Calibration(
            repo=name,
            corpus=ground.corpus.digest,
            commit=place.commit,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            trials=tuple(trials),
        )
        least = place.mission.gate.min_kill_rate
    good = tell(measured, least, console)
    if ledger is not None:
        await asyncio.to_thread(ledger.calibrate, measured)
        write(console, f"recorded for {name} in {wanted.state}")
    else:
        write(console, "not recorded: --state names the validator's folder")
    if wanted.json is not None:
        await asyncio.to_thread(save, wanted.json, body_of(measured, least))
    return GOOD if good else WEAK


def show(state: Path, name: str, least: float, report: Path | None, console: Console) -> int:
    """Tell the newest measurement of a repository."""
    measured = opened(state).newest_calibration(name)
    if measured is None:
        raise UsageError(
            f"{name} was never calibrated here",
            remedy=f"nightshift gate calibrate REPO --scenarios DIR --name {name} --state {state}",
        )
    good = tell(measured, least, console)
    if report is not None:
        save(report, body_of(measured, least))
    return GOOD if good else WEAK


def _name(repository: Path) -> str:
    """Read `owner/name` from the repository's origin; its folder's name when there is none."""
    found = run_git(repository.resolve(), "remote", "get-url", "origin")
    match = _REMOTE.search(found.stdout.strip()) if found.returncode == 0 else None
    return match[1] if match else f"local/{repository.resolve().name.removesuffix('.git')}"


def _ledger(wanted: Wanted, name: str) -> Ledger | None:
    """Open the validator's ledger before anything costs time."""
    if wanted.state is None:
        return None
    if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", name):
        raise UsageError(f"--name {name}: not OWNER/NAME", remedy="as GitHub spells it")
    return opened(wanted.state)


def _ground(wanted: Wanted, place: Bench) -> Ground:
    sources = {
        path: content
        for path, content in files_of(place.stage.tree).items()
        if path.endswith(".py") and not is_test(path) and not _LOUD.search(path)
    }
    if not sources:
        raise UsageError(
            "there is no Python in this product to seed faults into",
            means="faults are seeded into Python only; a gate for another language cannot be "
            "calibrated, so nothing merges by itself unless NIGHTSHIFT_ACCEPT_UNCALIBRATED=1",
        )
    corpus = load_corpus(wanted.scenarios)
    return Ground(
        place.stage,
        sources,
        corpus,
        place.mission.gate.threshold,
        load_equivalent(wanted.scenarios),
    )


def _faults(ground: Ground, wanted: Wanted) -> Sequence[Fault]:
    found = [
        fault
        for path, source in ground.sources.items()
        for fault in faults_of(path, source, wanted.seed)
    ]
    return chosen(found, len(found), wanted.seed)


def _checks(place: Bench) -> Checks:
    """Run the mission's visible checks as they are run on a change."""
    restored = only(place.stage.tree, protected_patterns(place.mission))
    timeout_s = load_workflow(workflow_folder()).check_timeout_s

    async def green(tree: bytes) -> bool:
        results, _ = await run_checks(
            place.pool,
            tree=tree,
            restored=restored,
            commands=place.mission.checks,
            layers=place.stage.layers,
            timeout_s=timeout_s,
        )
        return all(result.passed for result in results)

    return green
