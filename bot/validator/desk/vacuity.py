"""Vacuity: a scenario has to fail on a product that is not there, and on one that does nothing.

And it has to pass on the reference, or nobody's change could satisfy it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.domain.mission import Product
from bot.errors import ScenarioError
from bot.validator.desk.remark import Remark, Weight
from bot.validator.desk.telling import first_failure
from bot.validator.drivers.tour import offered
from bot.validator.drivers.visit import Stage, pack
from bot.validator.functions import ExpressionError
from bot.validator.scenario import Kind, Scenario
from bot.validator.trajectories import Runner, Trajectory

_IDLE_SERVER = (
    "import http.server, os\n"
    "class Idle(http.server.BaseHTTPRequestHandler):\n"
    "    def answer(self):\n"
    "        self.send_response(200)\n"
    "        self.send_header('Content-Length', '0')\n"
    "        self.end_headers()\n"
    "    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer\n"
    "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Idle).serve_forever()\n"
)
_IDLE_MODULE = (
    "class Idle:\n"
    "    def __call__(self, *args, **kwargs): return None\n"
    "    def __getattr__(self, name): return Idle()\n"
    "def __getattr__(name):\n"
    "    if name.startswith('__'): raise AttributeError(name)\n"
    "    return Idle()\n"
)
_IDLE = Product(cli="true", http="python -I idle_server.py", lib="idle")


@dataclass(frozen=True, slots=True)
class Tried:
    """What one scenario showed on the null products and on the reference."""

    scenario: Scenario
    offered: bool = True
    absent: Trajectory | None = None
    """On an empty tree."""
    idle: Trajectory | None = None
    """On a product that ends well, answers 200 and returns nothing, whatever it is asked."""
    reference: tuple[Trajectory, ...] = ()
    trouble: str = ""

    @property
    def runs(self) -> Iterator[Trajectory]:
        """All of it."""
        yield from (run for run in (self.absent, self.idle) if run is not None)
        yield from self.reference


@dataclass(slots=True)
class Vacuity:
    """Tries scenarios on the null products and on the reference."""

    runner: Runner
    reference: Stage
    progress: Callable[[Tried], None] = field(default=lambda _: None)

    async def try_all(self, scenarios: Sequence[Scenario]) -> list[Tried]:
        """Run everything, as much at a time as there are boxes."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._try(scenario)) for scenario in scenarios]
        return [task.result() for task in tasks]

    async def _try(self, scenario: Scenario) -> Tried:
        try:
            tried = await self._tried(scenario)
        except (ScenarioError, ExpressionError) as error:
            tried = Tried(scenario, trouble=str(error))
        self.progress(tried)
        return tried

    async def _tried(self, scenario: Scenario) -> Tried:
        if not offered(self.reference, scenario.kind):
            return Tried(scenario, offered=False)
        absent = Stage(pack({}), self.reference.layers, self.reference.product)
        idle = Stage(pack(_idle_files(scenario)), (), _IDLE)
        run, base = self.runner.run, self.reference
        return Tried(
            scenario,
            absent=await run(absent, scenario, base=base),
            idle=await run(idle, scenario, base=base),
            reference=tuple(
                [
                    await run(self.reference, scenario, base=base)
                    for _ in range(scenario.repeats or 1)
                ]
            ),
        )


def remarks(tried: Sequence[Tried]) -> list[Remark]:
    """Say which scenarios prove nothing, and which ones nobody could satisfy."""
    return [remark for one in tried for remark in _remarks(one)]


def _remarks(tried: Tried) -> Iterator[Remark]:
    scenario = tried.scenario
    if not tried.offered:
        what = f"the mission offers no product of kind {scenario.kind.value}"
        remedy = "name its command under `product` in mission.md: until then no verdict is possible"
        yield Remark(Weight.FINDING, "reference", scenario.file, what, remedy)
        return
    trouble = tried.trouble or next((r.seen.trouble for r in tried.runs if r.seen.box_failed), "")
    if trouble:
        yield Remark(Weight.FINDING, "not-run", scenario.file, f"could not be run: {trouble}")
        return
    nulls = {"an empty tree": tried.absent, "a product that does nothing": tried.idle}
    for name, run in nulls.items():
        if run is not None and run.score >= 1:
            remedy = "check something that only a working product shows"
            yield Remark(Weight.FINDING, "vacuous", scenario.file, f"passes on {name}", remedy)
    failed = [run for run in tried.reference if run.score < 1]
    if failed and scenario.issue is None:
        what = f"fails on the reference, {len(failed)} of {len(tried.reference)}: "
        remedy = "mend it, or tag it `issue: N` when the product is to be mended"
        yield Remark(
            Weight.FINDING, "reference", scenario.file, what + first_failure(failed[0]), remedy
        )
    if scenario.issue is not None and not failed:
        what = f"passes on the reference although it belongs to issue {scenario.issue}"
        yield Remark(Weight.NOTE, "issue", scenario.file, what, "drop the tag once that has landed")


def _idle_files(scenario: Scenario) -> dict[str, bytes]:
    """Write a product with every module that the scenario asks for, in which nothing happens."""
    files = {"idle_server.py": _IDLE_SERVER.encode()}
    if scenario.kind is not Kind.LIB:
        return files
    for step in scenario.steps:
        module = str(step.body.get("function", "idle")).partition(":")[0]
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            files["/".join([*parts[:depth], "__init__.py"])] = _IDLE_MODULE.encode()
    return files
