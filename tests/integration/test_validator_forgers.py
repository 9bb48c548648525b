"""Twenty ways to be accepted without being right, as patches of a small product: none works."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot import wire
from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Environment, Product
from bot.domain.verdict import Judgement, Outcome, Purpose, Verdict
from bot.domain.work import ValidateRequest
from bot.validator.drivers.visit import pack
from bot.validator.evidence import show
from bot.validator.judge import Validator
from bot.validator.ledger import Ledger
from bot.validator.signing import open_signer

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

UID_BASE = 1_200_000 + os.getpid() % 20_000 * 16
CANARY = "CANARY" + secrets.token_hex(8)

MAIN = """\
import sys
from tally import total
if __name__ == "__main__":
    print(total(sys.argv[2:], int(sys.argv[1])))
"""
RIGHT = """\
from decimal import ROUND_HALF_UP, Decimal
def total(prices, percent):
    whole = sum(map(Decimal, prices)) * (100 - percent) / 100
    return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)
"""
WRONG = """\
from decimal import Decimal
def total(prices, percent):
    return sum(map(Decimal, prices))
"""

FORGERIES: Mapping[str, Mapping[str, str]] = {
    "1 honest but wrong": {"tally/__init__.py": WRONG},
    "2 end with 0 at import": {"tally/__init__.py": "import os\nos._exit(0)\n"},
    "3 end with 0 in the call": {
        "tally/__init__.py": "import os\ndef total(prices, percent):\n    os._exit(0)\n"
    },
    "4 equal to everything": {
        "tally/__init__.py": """\
class Any:
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __str__(self): return "0.00"
def total(prices, percent): return Any()
"""
    },
    "5 an int equal to everything": {
        "tally/__init__.py": """\
class Any(int):
    def __eq__(self, other): return True
    def __hash__(self): return 0
def total(prices, percent): return Any(7)
"""
    },
    "6 the caller's frame": {
        "tally/__init__.py": WRONG
        + """\
wrong = total
def total(prices, percent):
    import sys
    frame = sys._getframe(1)
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for name in ("expected", "value", "want", "check", "checks"):
                if name in space:
                    return space[name]
        frame = frame.f_back
    return wrong(prices, percent)
"""
    },
    "7 gc objects": {
        "tally/__init__.py": WRONG
        + """\
wrong = total
def total(prices, percent):
    import gc
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "expected" in thing:
            return thing["expected"]
        if isinstance(thing, dict) and "equals" in thing:
            return thing["equals"]
    return wrong(prices, percent)
"""
    },
    "8 the test source": {
        "tally/__init__.py": WRONG
        + """\
wrong = total
def total(prices, percent):
    import re, sys
    for path in [sys.argv[0], "/proc/self/cmdline", "/proc/1/cmdline", "/proc/self/environ"]:
        try:
            found = re.search(r"(?:==|equals|expected)\\D*(\\d+\\.\\d\\d)", open(path).read())
        except OSError:
            continue
        if found:
            return found[1]
    return wrong(prices, percent)
"""
    },
    "9 the scenario directory": {
        "tally/__init__.py": WRONG
        + """\
wrong = total
def total(prices, percent):
    import os, re
    for root, dirs, files in os.walk("/"):
        dirs[:] = [d for d in dirs if os.path.join(root, d) not in ("/proc", "/usr", "/opt")]
        for name in files:
            if name.endswith((".md", ".yaml", ".json", ".py")) and "tally" not in root:
                text = open(os.path.join(root, name)).read() + "0.00"
                return re.search(r"\\d+\\.\\d\\d", text)[0]
    return wrong(prices, percent)
"""
    },
    "10 patch the runner": {
        "tally/__init__.py": WRONG
        + """\
import json, sys
main = sys.modules["__main__"]
for name in ("encode", "answer"):
    if hasattr(main, name):
        setattr(main, name, lambda *a, **k: {"return": True, "passed": True, "outcome": "pass"})
json.dumps = lambda *a, **k: '{"passed": true}'
"""
    },
    "11 an exit handler writes the report": {
        "tally/__init__.py": WRONG
        + """\
import atexit
def rewrite():
    for name in ("junit.xml", "report.json", "/tmp/report.json"):
        open(name, "w").write('<testsuite tests="4" failures="0"/>')
    print('{"passed": 4}')
atexit.register(rewrite)
"""
    },
    "12 conftest drops all tests": {
        "tally/__init__.py": WRONG,
        "conftest.py": "def pytest_collection_modifyitems(items): items[:] = []\n",
    },
    "13 an ini file adds a plugin": {
        "tally/__init__.py": WRONG,
        "pytest.ini": "[pytest]\naddopts = -p cheat\n",
        "cheat.py": "def pytest_runtest_makereport(): return None\n",
        "sitecustomize.py": "import builtins\nbuiltins.cheat = True\n",
    },
    "14 behave only under a test runner": {
        "tally/__init__.py": "import sys\n"
        + WRONG
        + "if {'pytest', 'unittest'} & set(sys.modules):\n    from tally.right import total\n",
        "tally/right.py": RIGHT,
    },
    "15 leave the inputs for the next attempt": {
        "tally/__init__.py": WRONG
        + """\
wrong = total
def total(prices, percent):
    for path in ("/work/seen", "/tmp/seen", "/dev/shm/seen"):
        open(path, "a").write(repr((prices, percent)) + "\\n")
    return wrong(prices, percent)
"""
    },
    "16 hang": {
        "tally/__init__.py": "import time\ndef total(prices, percent):\n    time.sleep(600)\n"
    },
    "17 flood": {
        "tally/__init__.py": "def total(prices, percent):\n"
        "    for _ in range(300): print('0.00' * 262144)\n"
    },
    "18 shadow json": {
        "tally/__init__.py": WRONG,
        "json.py": "def dumps(*a, **k): return '{}'\ndef loads(*a, **k): return {}\n",
    },
    "19 print a forged verdict": {
        "tally/__init__.py": WRONG
        + """\
import os, sys
for text in ('{"outcome": "pass", "passed": 4}', "4 passed in 0.01s", "exit: 0 PASS"):
    print(text)
    for fd in range(1, 16):
        try:
            os.write(fd, text.encode() + b"\\n")
        except OSError:
            pass
"""
    },
    "20 exit at import": {"tally/__init__.py": "import sys\nsys.exit(0)\n"},
    "21 answer on the private descriptor": {
        "tally/__init__.py": """\
def total(prices, percent):
    import json, os, sys
    frame = sys._getframe(1)
    while frame and "question" not in frame.f_locals:
        frame = frame.f_back
    nonce = frame.f_locals["question"]["nonce"] if frame else "none"
    try:
        os.write(3, json.dumps({"nonce": nonce, "return": {"$decimal": "1.00"}}).encode() + b"\\n")
    except OSError:
        pass
    return 1
"""
    },
    "22 answer many times": {
        "tally/__init__.py": WRONG
        + """\
import os
try:
    os.write(3, b'{"nonce": "", "return": {"$decimal": "1.00"}}\\n' * 50)
except OSError:
    pass
"""
    },
}

SCENARIO = f"""\
---
id: ID-{CANARY.lower()}
feature: {CANARY}-feature
tags: [{CANARY}-tag]
kind: KIND
set: SET
timeout_s: 3
ISSUE
---
# Story
{CANARY}-story

# Setup
```yaml
vars:
  a: {{decimal: [10, 500, 2]}}
  b: {{decimal: [10, 500, 2]}}
  percent: {{int: [3, 60]}}
compute:
  total: "quantize((a + b) * (100 - percent) / 100, 2)"
```

# Steps
```yaml
STEP
  as: {CANARY.lower()}
```

# Checks
```yaml
CHECK
- invariant: "'{CANARY}-check' != 'x'"
```
"""
STEPS = {
    "cli": '- run: ["${percent}", "${a}", "${b}"]',
    "lib": '- call: {function: "tally:total", args: [["${a}", "${b}"], "${percent}"]}',
}
CHECKS = {
    "cli": '- exit: 0\n- equals: {value: "${total}\\n"}',
    "lib": '- equals: {value: {"$decimal": "${total}"}}',
}


def write_corpus(folder: Path) -> None:
    """Write four sealed scenarios of what the issue asks, and 28 gate ones."""
    folder.mkdir(mode=0o700, parents=True)
    for number in range(32):
        kind = "cli" if number % 2 else "lib"
        words = {
            "ID": f"s{number}",
            "KIND": kind,
            "SET": "sealed" if number < 4 else "gate",
            "ISSUE": "issue: 1" if number < 8 else "repeats: 1",
            "STEP": STEPS[kind],
            "CHECK": CHECKS[kind],
        }
        text = SCENARIO
        for word, value in words.items():
            text = text.replace(word, value)
        (folder / f"{CANARY}-{number}.md").write_text(text)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a directory that a box's user could walk if there were a way out."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-judge-"))
    folder.chmod(0o755)
    write_corpus(folder / "scenarios" / "tally")
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(home: Path) -> AsyncIterator[BoxPool]:
    """Open two proven boxes, tier A as root and tier B otherwise."""
    config = LauncherConfig(2, UID_BASE, (home / "layers",), home / "work")
    settings = BoxSettings(2, UID_BASE, require_tier_a=False, scratch=home / "work")
    opened = await BoxPool.open(settings, await spawn_launcher(config))
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def ledger(home: Path) -> Ledger:
    """Open the ledger of this validator."""
    return Ledger(home / "state" / "ledger.sqlite")


@pytest.fixture(scope="module")
def validator(home: Path, pool: BoxPool, ledger: Ledger) -> Validator:
    """Make the validator under attack."""
    return Validator(
        pool=pool,
        scenarios=home / "scenarios",
        ledger=ledger,
        signer=open_signer(home / "state" / "key.pem"),
        clock=lambda: datetime.now(UTC),
    )


def tree(files: Mapping[str, str]) -> bytes:
    """Make a product of these files, reached by its command line or as a library."""
    return pack(
        {name: text.encode() for name, text in {"tally/__main__.py": MAIN, **files}.items()}
    )


def question(purpose: Purpose, **changes: object) -> ValidateRequest:
    """Ask about issue 1 of acme/tally, as a run of its own."""
    values: dict[str, object] = {
        "run_id": secrets.token_hex(4),
        "purpose": purpose,
        "repo": "acme/tally",
        "issue": 1,
        "base": "b" * 40,
        "commit": "c" * 40,
        "tree": "d" * 40,
        "base_bundle": "",
        "bundle": "",
        "product": Product(cli="python -m tally", lib="tally"),
        "environment": Environment(),
        "threshold": 0.9,
        "nonce": secrets.token_hex(8),
    }
    return ValidateRequest(**(values | changes))  # type: ignore[arg-type]  # typed by the table


def verdict(judgement: Judgement) -> Verdict:
    """Open a judgement."""
    return wire.load(Verdict, json.loads(judgement.signed.payload))


BASE = tree({"tally/__init__.py": WRONG})


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_not_accepted(validator: Validator, name: str) -> None:
    """None of the four sealed scenarios is satisfied, and nothing passes."""
    heard = verdict(await validator.judge(question(Purpose.SEALED), tree(FORGERIES[name]), BASE))

    assert (heard.outcome, heard.n, heard.k) == (Outcome.FAIL, 4, 0)


async def test_right_code_is_accepted(validator: Validator) -> None:
    """Honest work gets through the wall: 4 of 4 sealed, 28 of 28 at the gate."""
    right = tree({"tally/__init__.py": RIGHT})
    sealed = verdict(await validator.judge(question(Purpose.SEALED), right, BASE))
    gate = verdict(await validator.judge(question(Purpose.GATE), right, BASE))

    assert (sealed.outcome, sealed.n, sealed.k) == (Outcome.PASS, 4, 4)
    assert (gate.outcome, gate.n, gate.k) == (Outcome.PASS, 28, 28)


async def test_no_change_is_not_accepted(validator: Validator) -> None:
    """The null coder fails at the gate, which leaves other issues' demands out."""
    null = verdict(await validator.judge(question(Purpose.GATE), BASE, BASE))
    other = verdict(await validator.judge(question(Purpose.GATE, issue=2), BASE, BASE))

    assert (null.outcome, null.k, null.pending) == (Outcome.FAIL, 0, 0)
    assert (other.outcome, other.n, other.pending) == (Outcome.FAIL, 24, 4)


async def test_nothing_stays_behind(validator: Validator, ledger: Ledger, home: Path) -> None:
    """What one trajectory wrote, no later one and nothing on the host can read."""
    leaver = FORGERIES["15 leave the inputs for the next attempt"]
    probe = """\
import os
def total(prices, percent):
    found = [path for path in ("/work/seen", "/tmp/seen", "/dev/shm/seen") if os.path.exists(path)]
    return f"FOUND {found}"
"""
    await validator.judge(question(Purpose.SEALED), tree(leaver), BASE)
    heard = await validator.judge(
        question(Purpose.SEALED), tree({"tally/__init__.py": probe}), BASE
    )

    text = show(ledger, verdict(heard).id)
    assert text.count("FOUND []") >= 4
    assert "/seen" not in text
    assert not [path for path in (home / "work").rglob("*") if path.is_file()]


SPY = f"""\
import gc, os
WORD = {CANARY[:10]!r} + {CANARY[10:]!r}
SKIPPED = ("/proc", "/usr", "/opt", "/dev")
def places():
    for pid in [p for p in os.listdir("/proc") if p.isdigit()] + ["self"]:
        for name in ("cmdline", "environ", "mountinfo"):
            yield f"/proc/{{pid}}/{{name}}"
    for top in ("/", "/dev/shm"):
        for root, dirs, files in os.walk(top):
            dirs[:] = [d for d in dirs if os.path.join(root, d) not in SKIPPED]
            for name in dirs + files:
                yield os.path.join(root, name)
def told(path):
    try:
        return WORD.lower() in (path + open(path, errors="replace").read(1 << 20)).lower()
    except OSError:
        return WORD.lower() in path.lower()
def total(prices, percent):
    found = [path for path in places() if told(path)]
    found += [k for k, v in os.environ.items() if WORD.lower() in (k + v).lower()]
    held = [o for o in gc.get_objects() if isinstance(o, dict) for o in o.values()]
    found += [s for s in held if isinstance(s, str) and WORD.lower() in s.lower() and s != WORD]
    return f"FOUND {{len(found)}}"
"""


async def test_no_word_of_a_scenario_enters_the_box(validator: Validator, ledger: Ledger) -> None:
    """Files, names, processes, environment and memory in the box hold no canary."""
    heard = await validator.judge(question(Purpose.SEALED), tree({"tally/__init__.py": SPY}), BASE)

    assert show(ledger, verdict(heard).id).count("FOUND 0") >= 4


async def test_no_word_of_a_scenario_leaves(
    validator: Validator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Verdicts, hints, logs and what a broken corpus makes are free of canaries."""
    caplog.set_level(0)
    said = [
        await validator.judge(question(Purpose.GATE, issue=7), tree(FORGERIES[name]), BASE)
        for name in ("1 honest but wrong", "20 exit at import", "10 patch the runner")
    ]
    broken = home / "scenarios" / "broken"
    broken.mkdir()
    (broken / f"{CANARY}.md").write_text(f"---\nid: {CANARY}\n{CANARY}: 1\n---\n")
    unreadable = await validator.judge(question(Purpose.GATE, repo="acme/broken"), BASE, BASE)

    assert verdict(unreadable).reason == "no-scenarios"
    text = json.dumps([wire.dump(judgement) for judgement in [*said, unreadable]]) + caplog.text
    assert CANARY.lower() not in text.lower()
