"""`nightshift gate calibrate` as an owner types it, on a small product and in real boxes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.domain.calibration import Fate
from bot.policy.calibration import known
from bot.validator.equivalent import FILE as EQUIVALENT_FILE
from bot.validator.ledger import Ledger
from bot.validator.loader import load_corpus
from bot.validator.service import LEDGER_FILE
from tests.person import git

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
NAME = "acme/till"
MISSION = """\
---
checks: [python -m compileall -q .]
product: {lib: till}
---
# What this is for
It adds and prints.
"""
TILL = """\
def total(prices, percent):
    whole = sum(prices)
    if percent > 0:
        whole = whole - whole * percent // 100
    return whole


def label(amount, width):
    if amount < 0:
        amount = 0 - amount
    text = str(amount * 10 + 1)
    if len(text) >= width:
        return text
    return "0" * (width - len(text)) + text


def unused(x):
    return x + 1
"""
FRONT = (
    "---\nid: {id}\nfeature: {feature}\nkind: lib\nset: {set}\nrepeats: 1\n---\n"
    "# Story\nA clerk works.\n"
)
SUMS = """\
# Setup
```yaml
vars: {a: {int: [10, 900]}, b: {int: [10, 900]}, p: {int: [PERCENT]}}
compute: {whole: a + b, right: "whole - whole * p // 100"}
```
# Steps
```yaml
- call: {function: "till:total", args: [["${a}", "${b}"], "${p}"]}
```
# Checks
```yaml
- equals: {value: "${right}"}
```
"""
LABELS = """\
# Steps
```yaml
- call: {function: "till:label", args: [ARGS]}
```
# Checks
```yaml
- equals: {value: "RIGHT"}
```
"""


OPEN = """\
# Steps
```yaml
- call: {function: "till:unused", args: [0]}
```
# Checks
```yaml
- equals: {value: 0}
```
"""
MARKS = """\
- {where: "till.py:total", before: "if percent > 0:", after: "if percent >= 0:", why: 0 takes off 0}
- where: till.py:label
  before: text = str(amount * 10 + 1)
  after: text = str(amount * 10 + 2)
  why: nobody reads the last digit
- {where: "till.py:gone", before: return 1, after: return 2, why: it was there once}
"""


def scenario(feature: str, number: int, text: str, chosen: str = "gate") -> str:
    """Write one scenario."""
    return FRONT.format(id=f"{feature}-{number}", feature=feature, set=chosen) + text


@dataclass
class Shop:
    """A repository, its corpora, and a validator's folder."""

    home: Path

    def git(self, *words: str) -> None:
        """Run git as the author."""
        git(self.home / "repo", *words)

    def corpus(self, name: str, *, labels: bool) -> Path:
        """Write a corpus that looks at sums, and at labels too if it is a good one."""
        folder = self.home / name
        folder.mkdir()
        percents = ["0, 0", "1, 1", "2, 40", "50, 99"]
        texts = [scenario("sums", n, SUMS.replace("PERCENT", p)) for n, p in enumerate(percents)]
        wanted = [
            ("5, 3", "051"), ("5, 2", "51"), ("-7, 4", "0071"), ("0, 2", "01"),
            ("123, 2", "1231"), ("-1, 1", "11"), ("5, 5", "00051"),
        ]  # fmt: skip
        if labels:
            texts += [
                scenario("labels", n, LABELS.replace("ARGS", a).replace("RIGHT", r))
                for n, (a, r) in enumerate(wanted)
            ]
        for number, text in enumerate(texts):
            (folder / f"{number}.md").write_text(text)
        return folder

    def begin(self, corpus: Path, *words: object) -> subprocess.Popen[str]:
        """Type the command."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "bot", "gate", "calibrate",
             str(self.home / "repo"), "--scenarios", str(corpus), *map(str, words)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.home / "tmp")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def calibrate(self, corpus: Path, *words: object) -> subprocess.CompletedProcess[str]:
        """Type the command and wait for its end."""
        with self.begin(corpus, *words) as begun:
            told, complained = begun.communicate(timeout=300)
        return subprocess.CompletedProcess((), begun.returncode, told, complained)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """Give a committed product."""
    home = Path(tempfile.mkdtemp(prefix="nightshift-shop-"))
    home.chmod(0o755)
    for name in ("repo", "tmp", "state"):
        (home / name).mkdir()
    (home / "tmp").chmod(0o755)
    found = Shop(home)
    found.git("init", "-q", "-b", "main")
    (home / "repo" / "mission.md").write_text(MISSION)
    (home / "repo" / "till.py").write_text(TILL)
    (home / "repo" / "test_till.py").write_text("x = 1 + 1\n")
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "begin")
    Ledger(home / "state" / LEDGER_FILE)
    yield found
    shutil.rmtree(home)


def test_a_gate_that_looks_at_half_is_told_where_it_is_blind(shop: Shop) -> None:
    """Exit 1, the feature without scenarios by name, survivors with their lines, all recorded."""
    corpus = shop.corpus("half", labels=False)
    shown = LABELS.replace("ARGS", "5, 3").replace("RIGHT", "051")
    (corpus / "shown.md").write_text(scenario("labels", 0, shown, "dev"))
    (corpus / "open.md").write_text(
        scenario("counts", 0, OPEN).replace("---\n#", "issue: 9\n---\n#")
    )
    (corpus / EQUIVALENT_FILE).write_text(MARKS)
    report = shop.home / "half.json"
    state = shop.home / "state"
    done = shop.calibrate(corpus, "--name", NAME, "--state", state, "--json", report)
    told: dict[str, Any] = json.loads(report.read_text())
    fates = {(trial["where"], trial["fate"]) for trial in told["trials"]}
    marked = {trial["after"]: trial["fate"] for trial in told["trials"] if trial["excuse"]}
    kept = Ledger(state / LEDGER_FILE).calibration(NAME, load_corpus(corpus).digest)

    assert 1 == done.returncode, done.stdout + done.stderr
    assert "(no scenario runs there)" in done.stdout
    assert "scenarios are missing for" in done.stdout
    killed = sum(trial["fate"] == "killed" for trial in told["trials"])
    unseen = [trial for trial in told["trials"] if trial["fate"] == "survived"]
    wrong = killed + sum(trial["differs"] != "" for trial in unseen)
    assert f"some input of the corpus: {killed}/{wrong} = " in done.stdout
    assert ("till.py:total", "killed") in fates
    assert ("till.py:label", "survived") in fates
    assert ("till.py:label", "killed") not in fates
    assert not [where for where, _ in fates if where.startswith("test_till")]
    assert kept is not None
    assert (told["kill_rate"], ("till.py",)) == (known(kept).rate.share, known(kept).blind)
    assert {"if percent >= 0:": "equivalent", "text = str(amount * 10 + 2)": "survived"} == marked
    assert "1 marked as equivalent by hand, 2 mend what fails on main" in done.stdout
    assert {"mends"} == {fate for where, fate in fates if where == "till.py:unused"}
    assert "says that it changes nothing: take that out" in done.stdout
    assert "till.py:gone has no line 'return 1' any more" in done.stdout
    assert 0o600 == report.stat().st_mode & 0o777


@pytest.mark.slow
def test_a_gate_that_looks_everywhere_may_merge(shop: Shop) -> None:
    """Nearly all is noticed; what no scenario reaches counts against it and is said to be so."""
    corpus = shop.corpus("whole", labels=True)
    report = shop.home / "whole.json"
    shop.calibrate(corpus, "--json", report)
    told: dict[str, Any] = json.loads(report.read_text())
    survived = [trial for trial in told["trials"] if trial["fate"] == Fate.SURVIVED]
    reached = [trial for trial in survived if trial["features"]]

    assert {trial["where"] for trial in survived if not trial["features"]} == {"till.py:unused"}
    assert [] == [trial for trial in reached if trial["differs"]]
    assert told["kill_rate"] > 0.75
    labels = next(one for one in told["features"] if one["feature"] == "labels")
    assert labels["kill_rate"] > 0.85


def test_main_has_to_stand_its_own_gate(shop: Shop) -> None:
    """Nothing is measured against a product that fails; the message says what shows it."""
    corpus = shop.corpus("wrong", labels=True)
    (corpus / "0.md").write_text(
        scenario("sums", 0, LABELS.replace("ARGS", "1, 1").replace("RIGHT", "x"))
    )
    done = shop.calibrate(corpus)

    assert 2 == done.returncode
    assert "does not pass its own gate" in done.stderr
    assert "nightshift scenario run" in done.stderr
    assert "Traceback" not in done.stderr


def test_whoever_ends_it_finds_nothing_left(shop: Shop) -> None:
    """SIGTERM in the middle: exit 130, no folder of ours, and no word of Python's."""
    corpus = shop.corpus("ended", labels=True)
    with shop.begin(corpus) as begun:
        assert begun.stdout is not None
        first = begun.stdout.readline()
        begun.terminate()
        _, complained = begun.communicate(timeout=60)

    assert first.startswith("commit")
    assert (130, "") == (begun.returncode, complained)
    assert [] == list((shop.home / "tmp").iterdir())
