"""The four ways to reach a product, each through a real box."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Product
from bot.domain.verdict import FailureClass
from bot.validator.drivers.visit import Stage, pack
from bot.validator.loader import parse_scenario
from bot.validator.observation import Ended
from bot.validator.trajectories import Runner, Trajectory

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

UID_BASE = 2_000_000 + os.getpid() % 20_000 * 16
TOOL = """\
case "$1" in
  echo) shift; for word; do echo "<$word>"; done ;;
  stdin) tr a-z A-Z ;;
  env) echo "$COLOUR $SOURCE_DATE_EPOCH" ;;
  copy) cp "$2" "$3" ;;
  show) cat "$2" ;;
  fail) echo "no such thing" >&2; exit 3 ;;
  binary) printf '\\377\\376' ;;
  linger) sleep 60 & echo started ;;
  flood) yes | head -c 300000 ;;
esac
"""
SERVER = """\
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    notes = []
    def reply(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)
    def do_GET(self):
        if self.path == "/die":
            os._exit(1)
        if self.path == "/flood":
            return self.reply(200, "x" * 100_000)
        self.reply(302 if self.path == "/moved" else 200, self.notes)
    def do_POST(self):
        if "Content-Length" not in self.headers:
            return self.reply(411, "how long?")
        self.notes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply(201, {"count": len(self.notes)})
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
LIBRARY = """\
import dataclasses, decimal
class Refused(ValueError): pass
@dataclasses.dataclass
class Cart:
    owner: str
    total: decimal.Decimal = decimal.Decimal(0)
    def add(self, price):
        if price < 0:
            raise Refused("below zero")
        self.total += price
        return self
print("noise on standard output")
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a directory that other users can walk."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-drivers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(home: Path) -> AsyncIterator[Runner]:
    """Open two proven boxes."""
    config = LauncherConfig(2, UID_BASE, (home / "layers",), home / "work")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=home / "work")
    pool = await BoxPool.open(settings, await spawn_launcher(config))
    yield Runner(pool)
    await pool.close()


STAGE = Stage(
    pack(
        {
            "tool.sh": TOOL.encode(),
            "server.py": SERVER.encode(),
            "src/shop/__init__.py": LIBRARY.encode(),
        }
    ),
    (),
    Product(cli="sh tool.sh", http="python server.py", lib="shop"),
)


async def take(runner: Runner, kind: str, steps: str, checks: str, setup: str = "{}") -> Trajectory:
    """Run one scenario of these sections."""
    text = (
        f"---\nid: a\nfeature: f\nkind: {kind}\nset: gate\ntimeout_s: 8\n---\n# Story\ns\n"
        f"# Setup\n```yaml\n{setup}\n```\n# Steps\n```yaml\n{steps}\n```\n"
        f"# Checks\n```yaml\n{checks}\n```\n"
    )
    return await runner.run(STAGE, parse_scenario(text, "a.md"))


async def test_arguments_arrive_whole(runner: Runner) -> None:
    """Spaces, quotes, globs and dollars of a value are one argument: there is no shell between."""
    value = 'two  words; $HOME `id` * " ~ $(x) &'
    done = await take(
        runner,
        "cli",
        '- run: echo "${word}" -x ${n}',
        '- equals: {value: "<${word}>\\n<-x>\\n<7>\\n"}',
        f"vars: {{word: {{choice: [{json.dumps(value)}]}}, n: {{choice: [7]}}}}",
    )

    assert done.score == 1, done.findings


async def test_stdin_environment_and_clock(runner: Runner) -> None:
    """What the scenario sets is what the product sees."""
    done = await take(
        runner,
        "cli",
        '- {run: stdin, stdin: "abc", as: loud}\n- {run: env, env: {COLOUR: red}, as: env}',
        '- equals: {of: loud, value: ABC}\n- equals: {of: env, value: "red 1709164800\\n"}',
        "clock: 2024-02-29T00:00:00Z",
    )

    assert done.score == 1, done.findings


async def test_files_go_in_and_come_out(runner: Runner) -> None:
    """Setup, a write between two steps, what is left behind and what is not."""
    done = await take(
        runner,
        "file",
        "- run: copy in.txt out.txt\n- write: {path: sub/in.txt, text: second}\n"
        "- run: copy sub/in.txt sub/out.txt",
        '- file-equals: {path: out.txt, text: "first ${n}"}\n'
        "- file-equals: {path: sub/out.txt, text: second}\n- file-absent: {path: none}",
        "vars: {n: {int: [1, 9]}}\nfiles: {in.txt: 'first ${n}'}",
    )

    assert done.score == 1, done.findings


@pytest.mark.parametrize(
    ("step", "end"),
    [
        ("fail", Ended.NORMALLY),
        ("flood", Ended.FLOODED),
        ("linger", Ended.NORMALLY),
        ("binary", Ended.NORMALLY),
    ],
)
async def test_odd_ends(runner: Runner, step: str, end: Ended) -> None:
    """A refusal is observed, a flood is cut, a daemon dies with the box, bytes are no text."""
    done = await take(runner, "cli", f"- run: {step}", "- exit: 0")
    seen = done.seen.steps["step1"]

    assert (seen.ended, done.seen.box_failed) == (end, False)
    assert ("stdout" in seen.fields) is (step != "binary")


async def test_a_library_by_its_objects(runner: Runner) -> None:
    """Results are used again, errors have their classes, and what is printed disturbs nothing."""
    done = await take(
        runner,
        "lib",
        '- {call: {function: "shop:Cart", args: [ann]}, as: cart}\n'
        '- {call: {on: cart, method: add, args: [{$decimal: "1.20"}]}, as: more}\n'
        "- {call: {on: cart, get: total}, as: total}\n"
        "- {call: {on: cart, method: add, args: [-1]}, as: refused}\n"
        "- {call: {function: shop.nothing}, as: absent}\n"
        "- {call: {function: builtins.dict, kwargs: {on: cart}}, as: word}",
        '- equals: {of: total, value: {$decimal: "1.20"}}\n'
        "- equals: {of: more, at: return.fields.owner, value: ann}\n"
        '- raises: {of: refused, type: ValueError, message: "below"}\n'
        "- equals: {of: word, value: {on: cart}}\n"
        "- invariant: more.value.fields.total == total.value",
    )

    assert done.score == 1, done.findings
    assert done.seen.steps["absent"].ended is Ended.ABSENT


REPLIES = {
    "twice": "reply(nonce)",
    "in advance": "reply('0' * 32); return None",
    "too much": "os.write(3, b' ' * 2_000_000)",
    "no JSON": "os.write(3, b'nothing\\n')",
    "another form": 'os.write(3, b\'{"nonce": "\' + nonce.encode() + b\'", "ok": 7}\\n\')',
    "nothing": "os._exit(0)",
}


@pytest.mark.parametrize("how", REPLIES)
async def test_only_one_reply_in_the_right_form_counts(runner: Runner, how: str) -> None:
    """Even the right value is not believed when the channel was tampered with."""
    source = f"""\
import json, os, sys
def seven():
    frame = sys._getframe(1)
    while "question" not in frame.f_locals:
        frame = frame.f_back
    nonce = frame.f_locals["question"]["nonce"]
    def reply(nonce):
        os.write(3, json.dumps({{"nonce": nonce, "return": 7}}).encode() + b"\\n")
    {REPLIES[how]}
    return 7
"""
    stage = Stage(pack({"forger.py": source.encode()}), (), Product(lib="forger"))
    scenario = parse_scenario(
        "---\nid: a\nfeature: f\nkind: lib\nset: gate\n---\n# Story\ns\n# Steps\n```yaml\n"
        '- call: {function: "forger:seven"}\n```\n# Checks\n```yaml\n- equals: {value: 7}\n```\n',
        "a.md",
    )
    done = await runner.run(stage, scenario)

    assert (done.score, done.seen.steps["step1"].ended) == (0.0, Ended.CRASHED)


async def test_a_server_keeps_its_state_between_requests(runner: Runner) -> None:
    """One server per trajectory; redirects are shown, not followed; chunks carry no length."""
    done = await take(
        runner,
        "http",
        '- {request: {method: POST, path: /notes, json: {n: "${n}"}}, as: made}\n'
        "- {request: {path: /notes}, as: read}\n- {request: {path: /moved}, as: moved}\n"
        "- request: {method: POST, path: /notes, headers: {Transfer-Encoding: chunked}, body: x}\n"
        "  as: unsized",
        "- equals: {of: made, at: status, value: 201}\n"
        '- equals: {of: read, at: body.json, value: [{n: "${n}"}]}\n'
        "- equals: {of: moved, at: status, value: 302}\n"
        "- equals: {of: moved, at: headers.location, value: /elsewhere}\n"
        "- equals: {of: unsized, at: status, value: 411}",
        "vars: {n: {int: [1, 99]}}",
    )

    assert done.score == 1, done.findings


@pytest.mark.parametrize(("path", "end"), [("/die", Ended.CRASHED), ("/flood", Ended.FLOODED)])
async def test_a_server_that_misbehaves(runner: Runner, path: str, end: Ended) -> None:
    """A death ends the trajectory, a flood is not read."""
    done = await take(
        runner,
        "http",
        f"- request: {{path: {path}}}\n- request: {{path: /notes}}",
        "- equals: {of: step1, at: status, value: 200}",
    )

    assert list(done.seen.steps) == ["step1"]
    assert done.seen.steps["step1"].ended is end
    assert done.score == 0


async def test_time_is_shared_by_all_steps(runner: Runner) -> None:
    """A product that waits for ever ends with its scenario's time, as a matter of performance."""
    stage = Stage(STAGE.tree, (), Product(cli="sleep"))
    scenario = parse_scenario(
        "---\nid: a\nfeature: f\nkind: cli\nset: gate\ntimeout_s: 1\n---\n# Story\ns\n# Steps\n"
        "```yaml\n- run: ['0.1']\n- run: ['60']\n- run: ['0']\n```\n"
        "# Checks\n```yaml\n- exit: 0\n```\n",
        "a.md",
    )
    done = await runner.run(stage, scenario)

    assert [step.ended for step in done.seen.steps.values()] == [Ended.NORMALLY, Ended.TIMED_OUT]
    assert done.failure is FailureClass.PERFORMANCE
