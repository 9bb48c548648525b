"""Whether what landed is right, told by somebody who knows the answer, not by the gate."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.foreign import must_git, must_git_bytes
from bot.owner.workbench import Bench, bench
from bot.stage.panel.cast import Coder, Part
from bot.validator.difference import difference
from bot.validator.drivers.visit import Stage, pack
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner

DRAWS = 8
"""Fresh values per scenario: a fault that one value in four shows is missed by 1 panel in 10."""
_NEVER_RIGHT = {Coder.NULL, Coder.FORGER, Coder.HOSTILE}


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one landed change."""

    basis: str
    """`by definition`, `known fix` or `scenarios only`."""
    wrong: str
    """A sentence; empty when nothing was shown against it."""


async def truth(part: Part, bare: Path, commit: str) -> Truth:
    """Compare what landed with the known fix, over all hidden scenarios and fresh values."""
    if part.coder in _NEVER_RIGHT:
        return Truth("by definition", "it does not do what the issue asks for")
    fixed = part.task.fixed(part.number)
    if fixed is not None and await asyncio.to_thread(is_fix, bare, commit, part):
        return Truth("known fix", "")
    async with bench(bare, commit, None, lambda _: None) as on:
        runner = Runner(on.pool)
        if fixed is None:
            return Truth("scenarios only", await _missed(runner, on, _asked(part)))
        right = Stage(pack(fixed), on.stage.layers, on.stage.product)
        seen = await difference(runner, on.stage, right, part.task.scenarios, DRAWS)
        return Truth("known fix", seen.told)


def is_fix(bare: Path, commit: str, part: Part) -> bool:
    """Say whether what landed is the known fix itself, byte for byte."""
    base = must_git(part.task.origin, "rev-parse", "HEAD").strip()
    changed = must_git(bare, "diff", "--name-only", "--no-renames", "-z", base, commit)
    fix = part.task.fixes[part.number]
    return {path for path in changed.split("\0") if path} == set(fix) and all(
        content is not None and must_git_bytes(bare, "show", f"{commit}:{path}") == content
        for path, content in fix.items()
    )


def _asked(part: Part) -> list[Scenario]:
    """Return the scenarios that hold once the issue is done."""
    return [s for s in part.task.scenarios if s.issue in {None, part.number}]


async def _missed(runner: Runner, on: Bench, scenarios: list[Scenario]) -> str:
    """Say which scenario the landed tree misses; they are all there is to judge by."""
    for scenario in scenarios:
        for _ in range(DRAWS):
            seen = await runner.run(on.stage, scenario)
            if seen.score < 1:
                return f"it misses the scenario {scenario.id}"
    return ""
