"""Judges as the field builds them, in the same boxes as ours: what forgeries are worth elsewhere.

A hidden pytest file lies beside the code, read-only, and somebody believes what the run says of
itself: its exit code, its report file or its text. `BlackBox` is our own design on the very same
examples.
"""

import compileall
import importlib.util
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

from bot.adapters.box import BoxPool, BoxResult, Layer, Limits
from bot.domain.mission import Product
from bot.validator.drivers.visit import Stage, pack
from bot.validator.loader import parse_scenario
from bot.validator.trajectories import Runner

EXAMPLES = (
    (("10.00", "5.50"), 10, "13.95"),
    (("99.99",), 5, "94.99"),
    (("1.10", "2.20", "3.30"), 33, "4.42"),
    (("250.00", "0.05"), 50, "125.03"),
)
HIDDEN = f"""\
from decimal import Decimal
import pytest
from tally import total
EXAMPLES = [
{"".join(f"    ({list(a)}, {b}, Decimal({c!r})),{chr(10)}" for a, b, c in EXAMPLES)}]
@pytest.mark.parametrize(("prices", "percent", "expected"), EXAMPLES)
def test_total(prices, percent, expected):
    assert total(prices, percent) == expected
"""
OUTSIDE = "/layers/hidden"
LIMITS = Limits(wall_s=120, cpu_s=20, memory_mb=512, work_mb=64, tmp_mb=32)
_PARTS = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
_RUN = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
_PASSED = re.compile(rf"^{len(EXAMPLES)} passed in ")

_WRONG = """\
from decimal import Decimal
def wrong(prices, percent):
    return sum(map(Decimal, prices))
"""
_LOOKED_UP = """\
def looked_up(path, prices):
    import re
    text = open(path, errors="replace").read()
    found = re.search(re.escape(repr(list(prices))) + r", \\d+, Decimal\\('([\\d.]+)'\\)", text)
    return Decimal(found[1]) if found else None
"""
AIMED: Mapping[str, Mapping[str, str]] = {
    "7 gc objects": {
        "tally/__init__.py": _WRONG
        + """\
def total(prices, percent):
    import gc
    for thing in gc.get_objects():
        if isinstance(thing, dict) and thing.get("prices") is prices and "expected" in thing:
            return thing["expected"]
    return wrong(prices, percent)
"""
    },
    "8 the test source": {
        "tally/__init__.py": _WRONG
        + _LOOKED_UP
        + """\
def total(prices, percent):
    import sys
    return looked_up(sys._getframe(1).f_code.co_filename, prices) or wrong(prices, percent)
"""
    },
    "9 the scenario directory": {
        "tally/__init__.py": _WRONG
        + _LOOKED_UP
        + """\
def total(prices, percent):
    import pathlib
    for top in ("/layers", "/work"):
        for path in pathlib.Path(top).rglob("test*.py"):
            if found := looked_up(path, prices):
                return found
    return wrong(prices, percent)
"""
    },
    "10 patch the runner": {
        "tally/__init__.py": _WRONG
        + """\
total = wrong
import sys
if "_pytest.reports" in sys.modules:
    from _pytest.reports import TestReport
    make = TestReport.from_item_and_call.__func__
    def passed(cls, item, call):
        report = make(cls, item, call)
        report.outcome, report.longrepr = "passed", None
        return report
    TestReport.from_item_and_call = classmethod(passed)
"""
    },
    "11 an exit handler writes the report": {
        "tally/__init__.py": _WRONG
        + """\
total = wrong
import atexit, os
def rewrite():
    open("junit.xml", "w").write('<testsuite tests="4" failures="0" errors="0"/>')
    os._exit(0)
atexit.register(rewrite)
"""
    },
    "12 conftest drops all tests": {
        "tally/__init__.py": _WRONG + "total = wrong\n",
        "conftest.py": "def pytest_collection_modifyitems(items): items[:] = []\n"
        "def pytest_sessionfinish(session): session.exitstatus = 0\n",
    },
    "13 an ini file adds a plugin": {
        "tally/__init__.py": _WRONG + "total = wrong\n",
        "pytest.ini": "[pytest]\naddopts = -p cheat\n",
        "cheat.py": "def pytest_pyfunc_call(pyfuncitem): return True\n",
        "cheat-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: cheat\nVersion: 1.0\n",
        "cheat-1.0.dist-info/entry_points.txt": "[pytest11]\ncheat = cheat\n",
    },
}
"""The same ideas, aimed at pytest: a forger aims at the judge that is there."""


@dataclass(frozen=True, slots=True)
class WeakJudges:
    """The four designs, asked about one product after the other."""

    pool: BoxPool
    layers: tuple[Layer, Layer]

    @staticmethod
    def over(pool: BoxPool, folder: Path) -> "WeakJudges":
        """Lay out pytest and the hidden tests where boxes can see them, read-only."""
        site = folder / "pytest" / "site"
        for name in _PARTS:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            origin = Path(spec.origin)
            if origin.stem == "__init__":
                shutil.copytree(origin.parent, site / name)
            else:
                shutil.copy(origin, site)
        compileall.compile_dir(site, quiet=1)  # boxes cannot, and would do it in each run
        hidden = folder / "hidden"
        hidden.mkdir()
        (hidden / "test_total.py").write_text(HIDDEN)
        return WeakJudges(pool, (Layer(site.parent, "/env"), Layer(hidden, OUTSIDE)))

    async def accepting(self, files: Mapping[str, str], patience_s: float) -> set[str]:
        """Name the designs that take this product for a right one."""
        limits = replace(LIMITS, wall_s=patience_s)
        tree = {**files, "tests/test_total.py": HIDDEN}
        beside, _ = await self._run(limits, tree, "tests/test_total.py")
        alone = ("--noconftest", "--junitxml=junit.xml", f"{OUTSIDE}/test_total.py")
        outside, report = await self._run(limits, files, *alone)
        lines = outside.stdout.decode(errors="replace").split("\n")
        said = {
            "beside, exit code": beside.exit_code == 0,
            "outside, exit code": outside.exit_code == 0,
            "outside, report": _all_passed(report),
            "outside, text": any(_PASSED.match(line) for line in lines[-2:]),
        }
        return {design for design, accepted in said.items() if accepted}

    async def _run(
        self, limits: Limits, files: Mapping[str, str], *words: str
    ) -> tuple[BoxResult, bytes | None]:
        async with self.pool.box(self.layers, LIMITS) as box:
            await box.put(pack({path: text.encode() for path, text in files.items()}))
            done = await box.run([*_RUN, *words], limits=limits)
            return done, await box.get_file("junit.xml")


def _all_passed(report: bytes | None) -> bool:
    """Whether a JUnit report tells of the right number of tests, and of none that is bad."""
    try:
        root = ET.fromstring(report or b"")  # noqa: S314  what the weak design does
    except ET.ParseError:
        return False
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    counts = {} if suite is None else suite.attrib
    bad = int(counts.get("failures", 0)) + int(counts.get("errors", 0))
    return int(counts.get("tests", 0)) == len(EXAMPLES) and bad == 0


@dataclass(frozen=True, slots=True)
class BlackBox:
    """Our design on the same examples: what is expected never enters the box."""

    runner: Runner

    async def accepts(self, files: Mapping[str, str], patience_s: float) -> bool:
        """Whether one trajectory over all examples is satisfied."""
        steps = "".join(
            f'- {{call: {{function: "tally:total", args: [{list(a)}, {b}]}}, as: s{n}}}\n'
            for n, (a, b, _) in enumerate(EXAMPLES)
        )
        checks = "".join(
            f'- equals: {{of: s{n}, value: {{$decimal: "{c}"}}}}\n'
            for n, (_, _, c) in enumerate(EXAMPLES)
        )
        scenario = parse_scenario(
            f"---\nid: a\nfeature: f\nkind: lib\nset: gate\ntimeout_s: {patience_s}\n---\n"
            f"# Story\ns\n# Steps\n```yaml\n{steps}```\n# Checks\n```yaml\n{checks}```\n",
            "a.md",
        )
        tree = pack({path: text.encode() for path, text in files.items()})
        seen = await self.runner.run(Stage(tree, (), Product(lib="tally")), scenario)
        return seen.score >= 1
