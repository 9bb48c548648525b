"""A product that is not Python: Node's command line, files and HTTP, through the real validator."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Product
from bot.flows.checks import run_checks
from bot.validator.drivers.visit import Stage, pack
from bot.validator.loader import parse_scenario
from bot.validator.observation import Ended
from bot.validator.trajectories import Runner, Trajectory

NODE = shutil.which("node") or ""
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not NODE.startswith("/usr/"), reason="no Node among the system's programs"),
]

UID_BASE = 2_800_000 + os.getpid() % 20_000 * 16
POOR = str(Path(__file__).with_name("rlimits_launcher.py"))
PRODUCT: Mapping[str, str] = {
    "package.json": '{"name": "till", "type": "module"}\n',
    "src/till.js": """\
export function total(prices, percent) {
  const cents = prices.map((price) => Math.round(Number(price) * 100));
  const sum = cents.reduce((all, one) => all + one, 0);
  return (Math.round((sum * (100 - percent)) / 100) / 100).toFixed(2);
}
""",
    "cli.js": """\
import { readFileSync, writeFileSync } from "node:fs";
import { total } from "./src/till.js";
const [verb, ...rest] = process.argv.slice(2);
if (verb === "total") {
  console.log(total(rest.slice(1), Number(rest[0])));
} else if (verb === "bill") {
  const { percent, prices } = JSON.parse(readFileSync(rest[0], "utf8"));
  writeFileSync(rest[1], JSON.stringify({ total: total(prices, percent) }));
} else {
  console.error(`unknown verb: ${verb}`);
  process.exitCode = 2;
}
""",
    "server.js": """\
import { createServer } from "node:http";
import { total } from "./src/till.js";
const bills = [];
createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.method === "POST") {
    const { percent, prices } = JSON.parse(body);
    bills.push(total(prices, percent));
    response.statusCode = 201;
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ bills }));
}).listen(Number(process.env.PORT), "127.0.0.1");
""",
    "test/till.test.js": """\
import assert from "node:assert";
import test from "node:test";
import { total } from "../src/till.js";
test("nothing off", () => assert.equal(total(["1.10", "2.20"], 0), "3.30"));
test("a tenth off", () => assert.equal(total(["10.00"], 10), "9.00"));
""",
}
WRONG = {**PRODUCT, "src/till.js": PRODUCT["src/till.js"].replace("100 - percent", "100 + percent")}
HEAD = """\
---
id: a
feature: bills
kind: {kind}
set: gate
timeout_s: 20
---
# Story
A clerk bills what was bought.
# Setup
```yaml
vars:
  a: {{decimal: [10, 500, 2]}}
  percent: {{int: [3, 60]}}
compute:
  total: "quantize(a * (100 - percent) / 100, 2)"
{files}
```
# Steps
```yaml
{steps}
```
# Checks
```yaml
{checks}
```
"""
BILL = '{"percent": ${percent}, "prices": ["${a}"]}'
SCENARIOS = {
    "cli": HEAD.format(
        kind="cli",
        files="",
        steps="- {run: 'total ${percent} ${a}', as: sum}\n- {run: nothing, as: odd}",
        checks='- equals: {of: sum, value: "${total}\\n"}\n'
        "- exit: {of: odd, code: 2}\n- regex: {of: odd, at: stderr, pattern: '^unknown verb'}",
    ),
    "file": HEAD.format(
        kind="file",
        files=f"files: {{bill.json: '{BILL}'}}",
        steps="- run: bill bill.json paid.json",
        checks='- file-equals: {path: paid.json, text: \'{"total":"${total}"}\'}',
    ),
    "http": HEAD.format(
        kind="http",
        files="",
        steps="- {request: {method: POST, path: /bills,"
        ' json: {percent: "${percent}", prices: ["${a}"]}}, as: made}\n'
        "- {request: {path: /bills}, as: read}",
        checks="- equals: {of: made, at: status, value: 201}\n"
        '- equals: {of: read, at: body.json, value: {bills: ["${total}"]}}',
    ),
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a directory that other users can walk."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-node-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["", POOR])
async def pool(home: Path, request: pytest.FixtureRequest) -> AsyncIterator[BoxPool]:
    """Open boxes as good as this machine gives them, and boxes that only rlimits bound."""
    scratch = home / ("poor" if request.param else "best")
    config = LauncherConfig(2, UID_BASE, (home / "layers",), scratch)
    launcher = await spawn_launcher(config, **({"entry": (POOR,)} if request.param else {}))
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=scratch)
    opened = await BoxPool.open(settings, launcher)
    assert not request.param or "cgroup limits" in opened.missing
    yield opened
    await opened.close()


async def take(pool: BoxPool, kind: str, files: Mapping[str, str]) -> Trajectory:
    """Run the scenario of a kind on a product."""
    tree = pack({path: text.encode() for path, text in files.items()})
    stage = Stage(tree, (), Product(cli="node cli.js", http="node server.js"))
    return await Runner(pool).run(stage, parse_scenario(SCENARIOS[kind], "a.md"))


@pytest.mark.parametrize("kind", SCENARIOS)
async def test_the_right_product_satisfies(pool: BoxPool, kind: str) -> None:
    """V8 starts within a box's limits, and what it does is seen as of any other program."""
    done = await take(pool, kind, PRODUCT)

    assert (1.0, False) == (done.score, done.seen.box_failed), (done.findings, done.seen)


@pytest.mark.parametrize("kind", SCENARIOS)
async def test_the_wrong_product_does_not(pool: BoxPool, kind: str) -> None:
    """A wrong sum is seen by every driver, and blamed on the product."""
    done = await take(pool, kind, WRONG)

    assert (0.0, True, False) == (done.score, done.seen.started, done.seen.box_failed)


async def test_a_product_that_does_not_load_has_not_started(pool: BoxPool) -> None:
    """An exception that nobody caught is a crash, in Node's words as in Python's."""
    files = {path: text for path, text in PRODUCT.items() if path != "src/till.js"}
    done = await take(pool, "cli", files)

    assert Ended.CRASHED is done.seen.steps["sum"].ended
    assert not done.seen.started


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (PRODUCT, (True, 2)),
        (WRONG, (False, 2)),
        ({"package.json": "{}"}, (False, 0)),
    ],
)
async def test_its_own_tests_are_a_visible_check(
    pool: BoxPool,
    files: Mapping[str, str],
    seen: tuple[bool, int],
) -> None:
    """`node --test` is green, red, or no evidence at all when it finds nothing to run."""
    tree = pack({path: text.encode() for path, text in files.items()})
    (result,), _ = await run_checks(
        pool, tree=tree, restored=pack({}), commands=["node --test"], layers=(), timeout_s=60
    )

    assert seen == (result.passed, result.collected), result.output
