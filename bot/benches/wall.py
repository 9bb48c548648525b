"""`make bench-wall`: what the validator's boxes cost, as ratios against a bare process.

One run measures three things with the production parts: how long a box with Python takes to start
and end, how many trajectories of a small product pass per second on two slots, and whether the
validator's memory grows while many of them pass. Timings depend on whatever else the machine does,
so the load stands beside them and a bare process is measured in the same minute.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Product
from bot.errors import NightshiftError
from bot.validator.drivers.visit import Stage
from bot.validator.loader import parse_scenario
from bot.validator.scenario import Scenario
from bot.validator.trajectories import Runner

SLOTS = 2
_FIRST_UID = 1_600_000
_BLOCKS, _BLOCK = 20_000, 16
_SAMPLES = 50
"""How often memory is looked at."""
_PYTHON = ("-I", "-S", "-c", "pass")
_PRODUCT = {
    "shop.py": "import sys\ndef price(count): return count * 3\n"
    "if __name__ == '__main__': print(price(int(sys.argv[1])))\n",
}
_SCENARIO = """---
id: {kind}-price
feature: price
kind: {kind}
set: gate
timeout_s: 20
---
# Story
A customer asks for a price.
# Setup
```yaml
vars: {{n: {{choice: [1, 2, 3, 4]}}}}
```
# Steps
```yaml
{step}
```
# Checks
```yaml
{check}
```
"""
_STEPS = {
    "cli": ("- run: ${n}", '- regex: {pattern: "[0-9]+"}'),
    "lib": ("- call: {function: 'shop:price', args: [2]}", "- equals: {value: 6}"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run."""

    load: float
    """Of the machine, over the last minute, when it began."""
    tier: str
    bare_ms: float
    """Median of a bare Python process from start to end."""
    box_ms: float
    """Median of the same in a box."""
    box_ratio: float
    cli_per_s: float
    cli_ratio: float
    """What a trajectory costs, on all slots together, in bare processes."""
    lib_per_s: float
    lib_ratio: float
    trajectories: int
    rss_mb: float
    """Of this process at the end."""
    rss_kb_per_1000: float
    """Growth per thousand trajectories, after the first half has warmed everything up."""


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return the growth per unit of a line through the points; 0 when there are too few."""
    if len({x for x, _ in samples}) <= 1:
        return 0.0
    xs, ys = zip(*samples, strict=True)
    return statistics.linear_regression(xs, ys).slope


async def measure(*, starts: int, rate: int, trajectories: int) -> Measured:
    """Measure everything once; a trajectory that does not pass ends it."""
    load = os.getloadavg()[0]
    async with _pool() as pool:
        bare = await _median_ms(starts, _bare)
        async with pool.box() as box:
            boxed = await _median_ms(starts, lambda: box.run(["python", *_PYTHON]))
        runner, stage = Runner(pool), Stage(_tree(), (), Product(cli="python shop.py", lib="shop"))
        rates = {kind: await _rate(runner, stage, scenario(kind), rate) for kind in _STEPS}
        samples = await _grow(runner, stage, trajectories)
        tier = pool.tier
    return Measured(
        load=round(load, 2),
        tier=tier,
        bare_ms=round(bare, 2),
        box_ms=round(boxed, 2),
        box_ratio=round(boxed / bare, 2),
        cli_per_s=round(rates["cli"], 1),
        cli_ratio=round(1000 / rates["cli"] / bare, 2),
        lib_per_s=round(rates["lib"], 1),
        lib_ratio=round(1000 / rates["lib"] / bare, 2),
        trajectories=trajectories,
        rss_mb=round(_rss_kb() / 1024, 1),
        rss_kb_per_1000=round(1000 * slope(samples[len(samples) // 2 :]), 1),
    )


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    """Make a folder that every box user can pass through."""
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as room:
        Path(room).chmod(0o711)
        yield Path(room)


@contextlib.asynccontextmanager
async def _pool() -> AsyncIterator[BoxPool]:
    with _room() as home:
        uid = _FIRST_UID + os.getpid() % _BLOCKS * _BLOCK
        config = LauncherConfig(SLOTS, uid, (home / "layers",), home / "work")
        settings = BoxSettings(SLOTS, uid, require_tier_a=False, scratch=home / "own")
        pool = await BoxPool.open(settings, await spawn_launcher(config))
        try:
            yield pool
        finally:
            await pool.close()


def scenario(kind: str) -> Scenario:
    """Return the small scenario of a kind."""
    step, check = _STEPS[kind]
    return parse_scenario(_SCENARIO.format(kind=kind, step=step, check=check), f"{kind}.md")


def _tree() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in _PRODUCT.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


async def _bare() -> None:
    await asyncio.to_thread(_run_bare)


def _run_bare() -> None:
    interpreter = str(Path(sys.executable).resolve())
    subprocess.run([interpreter, *_PYTHON], env={}, check=True)


async def _median_ms(times: int, once: Callable[[], Awaitable[object]]) -> float:
    await once()  # what is read for the first time is not what a start costs
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await once()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


async def _rate(runner: Runner, stage: Stage, wanted: Scenario, count: int) -> float:
    """Return how many trajectories of a scenario pass per second, with every slot busy."""
    began = time.perf_counter()
    await _pass(runner, stage, [wanted] * count)
    return count / (time.perf_counter() - began)


async def _grow(runner: Runner, stage: Stage, count: int) -> list[tuple[float, float]]:
    """Take many trajectories and look at our memory between: (how many so far, KB)."""
    kinds = [scenario(kind) for kind in _STEPS]
    step = max(1, count // _SAMPLES)
    samples = []
    for done in range(0, count, step):
        await _pass(runner, stage, (kinds * step)[: min(step, count - done)])
        samples.append((float(done + step), float(_rss_kb())))
    return samples


async def _pass(runner: Runner, stage: Stage, scenarios: Sequence[Scenario]) -> None:
    left = iter(scenarios)

    async def one_slot() -> None:
        for wanted in left:
            done = await runner.run(stage, wanted)
            if done.score != 1:
                raise NightshiftError(f"a trajectory of {wanted.id} did not pass: {done.findings}")

    async with asyncio.TaskGroup() as group:
        for _ in range(SLOTS):
            group.create_task(one_slot())


def _rss_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def told(found: Measured) -> str:
    """Say the figures in lines, with what they are hoped to be on an idle machine."""
    growth = f"{found.rss_kb_per_1000:+.1f} KB"
    return "\n".join(
        (
            f"load {found.load}, box tier {found.tier}, {SLOTS} slots",
            f"bare Python process   {found.bare_ms:8.2f} ms",
            f"box with Python       {found.box_ms:8.2f} ms   x{found.box_ratio}   (idle: < 25 ms)",
            f"trajectories, cli     {found.cli_per_s:8.1f} /s   x{found.cli_ratio}   (idle: >= 20)",
            f"trajectories, lib     {found.lib_per_s:8.1f} /s   x{found.lib_ratio}   (idle: >= 20)",
            f"memory, {found.trajectories:<13}{found.rss_mb:8.1f} MB   {growth} per 1000  (flat)",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-wall", description=__doc__)
    parser.add_argument("--starts", type=int, default=100, help="boxes to start (default: 100)")
    parser.add_argument("--rate", type=int, default=200, help="trajectories per kind, timed")
    parser.add_argument("--trajectories", type=int, default=10_000, help="for the memory")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    chosen = parser.parse_args(argv)
    found = asyncio.run(
        measure(starts=chosen.starts, rate=chosen.rate, trajectories=chosen.trajectories)
    )
    sys.stdout.write((json.dumps(asdict(found)) if chosen.json else told(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
