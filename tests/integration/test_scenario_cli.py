"""The owner's commands as a person types them, on a small repository and in real boxes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.box import BoxPool, BoxSettings, LauncherConfig, spawn_launcher
from bot.domain.mission import Environment, Product
from bot.domain.verdict import Purpose
from bot.domain.work import ValidateRequest
from bot.validator.drivers.visit import pack
from bot.validator.judge import Validator
from bot.validator.ledger import Ledger
from bot.validator.service import LEDGER_FILE
from bot.validator.signing import open_signer
from tests.person import git

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
UID_BASE = 2_400_000 + os.getpid() % 20_000 * 16
MISSION = """\
---
checks: [python -m compileall -q .]
product: {cli: python -m adder, lib: adder, http: python -m adder.web}
---
# What this is for
It adds.
"""
MAIN = """\
import sys
from adder import add
print(add(*map(int, sys.argv[1:])))
"""
WEB = """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"adds")
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
ADDS = "def add(a, b):\n    return a + b\n"
SUBTRACTS = "def add(a, b):\n    return a - b\n"
RUN = '- {run: ["${a}", "${b}"], as: sum}'
TOTAL = '- exit: {of: sum, code: 0}\n- equals: {of: sum, at: stdout, value: "${total}\\n"}'


def scenario(
    name: str, steps: str = RUN, checks: str = TOTAL, rubric: str = "", **front: object
) -> str:
    """Write a scenario of two numbers."""
    keys = {"id": name, "feature": "add", "kind": "cli", "set": "gate", "timeout_s": 5, **front}
    judged = f"# Rubric\n```yaml\n{rubric}\n```\n" if rubric else ""
    return "\n".join(
        [
            "---",
            *[f"{key}: {json.dumps(value)}" for key, value in keys.items()],
            "---\n# Story\nSomebody adds.\n# Setup\n```yaml",
            "vars: {a: {int: [10, 20]}, b: {int: [1, 9]}}\ncompute: {total: a + b}\n```",
            f"# Steps\n```yaml\n{steps}\n```\n# Checks\n```yaml\n{checks}\n```\n{judged}",
        ]
    )


@dataclass
class Desk:
    """A repository with a wrong and a right commit, and a corpus."""

    home: Path
    wrong: str = ""
    right: str = ""

    @property
    def repo(self) -> Path:
        """The author's repository."""
        return self.home / "repo"

    def git(self, *words: str) -> str:
        """Run git as the author."""
        return git(self.repo, *words)

    def commit(self, source: str) -> str:
        """Commit an adder."""
        (self.repo / "adder").mkdir(exist_ok=True)
        files = {"__init__.py": source, "__main__.py": MAIN, "web.py": WEB}
        for name, text in files.items():
            (self.repo / "adder" / name).write_text(text)
        (self.repo / "mission.md").write_text(MISSION)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def corpus(self, name: str, *texts: str) -> Path:
        """Write a corpus."""
        folder = self.home / name
        folder.mkdir()
        for number, text in enumerate(texts):
            (folder / f"{number}.md").write_text(text)
        return folder

    def nightshift(self, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        (self.home / "tmp").mkdir(exist_ok=True, mode=0o755)
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "bot", *map(str, words)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.home / "tmp"), **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Give a repository whose first commit subtracts and whose head adds."""
    home = Path(tempfile.mkdtemp(prefix="nightshift-desk-"))
    home.chmod(0o755)
    found = Desk(home)
    found.repo.mkdir()
    found.git("init", "-q", "-b", "main")
    found.wrong = found.commit(SUBTRACTS)
    found.right = found.commit(ADDS)
    yield found
    shutil.rmtree(home)


def test_from_skeleton_to_lint(desk: Desk) -> None:
    """What `new` writes can be linted; a mistake is exit 2; JSON says what people read."""
    folder = desk.home / "fresh"
    made = desk.nightshift("scenario", "new", "adds-two", "--kind", "cli", "--dir", folder)
    again = desk.nightshift("scenario", "new", "adds-two", "--kind", "cli", "--dir", folder)
    few = desk.nightshift("scenario", "lint", folder, "--json", folder / "lint.json")
    told = json.loads((folder / "lint.json").read_text())
    (folder / "bad.md").write_text("---\nid: x\n")
    bad = desk.nightshift("scenario", "lint", folder)

    assert (0, f"{folder / 'adds-two.md'}\n") == (made.returncode, made.stdout), made.stderr
    assert 2 == again.returncode
    assert 1 == few.returncode
    assert "1/1, lower bound 0.27 < 0.90: opens the PR, does not merge" in few.stdout
    assert {"dev": 0, "gate": 1, "sealed": 0} == told["sets"]
    assert not told["gate"]["merges"]
    assert 2 == bad.returncode
    assert "bad.md: no front matter" in bad.stdout


def test_run_shows_the_failing_step_and_check(desk: Desk) -> None:
    """On the right commit all pass; on the wrong one inputs, expectation and output are told."""
    folder = desk.corpus("runs", scenario("adds"), scenario("adds-again", repeats=2))
    before = desk.git("status", "--porcelain"), desk.git("rev-parse", "HEAD")
    good = desk.nightshift("scenario", "run", folder, "--repo", desk.repo)
    bad = desk.nightshift(
        *("scenario", "run", folder, "--repo", desk.repo, "--ref", desk.wrong),
        *("--id", "adds", "--repeats", "3"),
    )

    assert 0 == good.returncode, good.stdout + good.stderr
    assert "2 of 2 scenarios passed" in good.stdout
    assert "box      tier " in good.stdout
    assert 1 == bad.returncode, bad.stderr
    assert "FAILED adds  (gate, add, cli)  score 0.00 0.00 0.00" in bad.stdout
    assert "adds-again" not in bad.stdout
    values = dict(
        part.split(" = ") for part in bad.stdout.split("values  ")[1].splitlines()[0].split(", ")
    )
    a, b = int(values["a"]), int(values["b"])
    assert f"step    sum: run {a} {b}\n            normally, exit 0" in bad.stdout
    assert f"stdout: {a - b}\n" in bad.stdout
    assert "ok      exit sum: 0" in bad.stdout
    assert f'FAILED  equals sum.stdout: "{a + b}\\n"\n            expected' in bad.stdout
    assert before == (desk.git("status", "--porcelain"), desk.git("rev-parse", "HEAD"))
    assert [] == list((desk.home / "tmp").iterdir())


def test_a_repository_of_somebody_else_can_be_read(desk: Desk) -> None:
    """Git's distrust of foreign owners does not stop a run that only reads; its hooks stay off."""
    theirs = desk.home / "theirs"
    shutil.copytree(desk.repo, theirs)
    if os.geteuid() == 0:
        for path in [theirs, *theirs.rglob("*")]:
            os.chown(path, UID_BASE, UID_BASE)
    folder = desk.corpus("foreign", scenario("adds"))
    done = desk.nightshift("scenario", "run", folder, "--repo", theirs)

    assert 0 == done.returncode, done.stderr


def test_lint_finds_what_proves_nothing(desk: Desk) -> None:
    """What an absent or idle product satisfies, or nobody, is named; what is sound is not."""
    refuses = "- exit: nonzero"
    lib = '- {call: {function: "adder:add", args: ["${a}", "${b}"]}, as: sum}'
    folder = desk.corpus(
        "vacuous",
        scenario("sound"),
        scenario("sound-lib", lib, '- equals: {of: sum, value: "${total}"}', kind="lib"),
        scenario("sound-http", "- request: {path: /}", "- equals: {value: adds}", kind="http"),
        scenario("ends-well", checks="- exit: 0"),
        scenario("ends-badly", '- run: ["${a}", no]', refuses),
        scenario("returns-null", lib, "- invariant: sum.value == null", kind="lib"),
        scenario(
            "answers", "- request: {path: /}", "- equals: {at: status, value: 200}", kind="http"
        ),
        scenario("never", checks='- equals: {value: "${total}"}'),
        scenario("wanted", checks='- equals: {value: "${total}!"}', issue=4),
        scenario("done", issue=5),
    )
    linted = desk.nightshift(
        "scenario", "lint", folder, "--repo", desk.repo, "--json", folder / "j"
    )
    remarks = json.loads((folder / "j").read_text())["remarks"]
    found = {
        (remark["where"], remark["kind"], remark["weight"], remark["what"].partition(":")[0])
        for remark in remarks
        if remark["kind"] in {"vacuous", "reference", "issue", "not-run"}
    }

    assert 1 == linted.returncode, linted.stderr
    idle = "passes on a product that does nothing"
    assert {
        ("3.md", "vacuous", "finding", idle),
        ("4.md", "vacuous", "finding", "passes on an empty tree"),
        ("5.md", "vacuous", "finding", idle),
        ("5.md", "reference", "finding", "fails on the reference, 1 of 1"),
        ("6.md", "vacuous", "finding", idle),
        ("7.md", "reference", "finding", "fails on the reference, 1 of 1"),
        ("9.md", "issue", "note", "passes on the reference although it belongs to issue 5"),
    } == found
    assert "vacuity  10/10" in linted.stdout


def test_a_mission_of_ones_own_and_mistakes_in_words(desk: Desk) -> None:
    """--mission overrides; whatever cannot be done is exit 2 and never a traceback."""
    folder = desk.corpus("mission", scenario("adds"))
    mission = desk.home / "other.md"
    mission.write_text(MISSION.replace("cli: python -m adder, ", ""))
    on = ("scenario", "run", folder, "--repo")
    wrong = [
        desk.nightshift(*on, desk.repo, "--mission", mission),
        desk.nightshift(*on, desk.repo, "--ref", "--upload-pack=x"),
        desk.nightshift(*on, desk.repo, "--id", "add"),
        desk.nightshift(*on, desk.home),
        desk.nightshift(*on, desk.repo, "--mission", desk.home / "none.md"),
        desk.nightshift("scenario", "show", desk.home / "nowhere", "x"),
        desk.nightshift("verdict", "show", "x", "--state", desk.home),
    ]

    assert [2] * 7 == [done.returncode for done in wrong], [done.stderr for done in wrong]
    assert "no product of kind cli" in wrong[0].stderr
    assert "did you mean adds?" in wrong[2].stderr
    assert not any("Traceback" in done.stderr for done in wrong)
    assert not (desk.home / LEDGER_FILE).exists()


def test_show_and_stats(desk: Desk) -> None:
    """`show` fills values in that belong together; `stats` names the corpus by its digest."""
    folder = desk.corpus("shown", scenario("adds"))
    shown = desk.nightshift("scenario", "show", folder, "adds").stdout
    stats = desk.nightshift("scenario", "stats", folder, "--json", folder / "s").stdout
    names = shown.split("values  ")[1].splitlines()[0]
    values = {key: int(value) for key, value in (part.split(" = ") for part in names.split(", "))}

    assert values["total"] == values["a"] + values["b"]
    assert f"step    sum: run {values['a']} {values['b']}" in shown
    assert json.loads((folder / "s").read_text())["corpus"] in stats


def test_burn_and_rotate(desk: Desk) -> None:
    """A burnt scenario says dev and lies there; one is owed; `stats` tells it."""
    folder = desk.home / "burning"
    (folder / "gate").mkdir(parents=True)
    text = scenario("known").replace('"gate"', "gate")
    (folder / "gate" / "k.md").write_text(text)
    (folder / "gate" / "k.md").chmod(0o640)
    (folder / "gate" / "other.md").write_text(scenario("other"))
    state = desk.home / "burning-state"
    words = ("scenario", "burn", "known", "--corpus", folder, "--state", state)
    nowhere = desk.nightshift(*words)
    Ledger(state / LEDGER_FILE)
    burnt = desk.nightshift(*words)
    again = desk.nightshift(*words)
    stats = desk.nightshift("scenario", "stats", folder, "--state", state)
    rotated = desk.nightshift("scenario", "rotate", "--repo", "acme/burning", "--state", state)

    assert (2, 0, 2, 0, 2) == tuple(
        done.returncode for done in (nowhere, burnt, again, stats, rotated)
    ), burnt.stderr
    moved = folder / "dev" / "k.md"
    assert moved.read_text() == text.replace("set: gate", "set: dev")
    assert 0o640 == moved.stat().st_mode & 0o777
    assert not (folder / "gate" / "k.md").exists()
    assert "gate: 1 left, 2 stood before" in burnt.stdout
    assert "burnt: known; to merge, 2 gate others must stand" in stats.stdout
    assert "no gate question was answered yet" in stats.stdout
    assert "never answered" in rotated.stderr


@pytest.mark.parametrize(
    ("holds", "code"), [("yes", 0), ("no", 1), ("garbage", 1), ("out of reach", 1), ("nobody", 1)]
)
def test_a_judge_lowers_and_its_silence_is_no_pass(desk: Desk, holds: str, code: int) -> None:
    """A must-pass rubric needs a judge that is there and says yes, through the real SDK."""
    rubric = '- {statement: "The sum is printed alone.", sees: [sum]}'
    folder = desk.corpus(f"judged-{code}-{holds[:3]}", scenario("a", rubric=rubric, must_pass=True))
    words = ("scenario", "run", folder, "--repo", desk.repo)
    if holds == "nobody":
        done = desk.nightshift(*words)
    elif holds == "out of reach":
        done = desk.nightshift(*words, **judge("http://127.0.0.1:9"))
    else:
        said = {"text": "yes, it does"} if holds == "garbage" else {"json": answer(holds)}
        rule = {"when": {"schema": "holds", "text": "printed alone.*stdout"}, "reply": [said]}
        script = folder / "script.yaml"
        script.write_text(json.dumps({"rules": [rule]}))
        with messages(script) as url:
            done = desk.nightshift(*words, **judge(url))

    assert code == done.returncode, done.stdout + done.stderr
    if code:
        score = "0.0: because" if holds == "no" else "not evaluated: "
        assert f"judged  The sum is printed alone.\n            {score}" in done.stdout


def answer(holds: str) -> dict[str, str]:
    """Write what the model says."""
    return {"holds": holds, "why": "because"}


def judge(url: str) -> dict[str, str]:
    """Write the settings of a judge."""
    return {
        "NIGHTSHIFT_JUDGE_URL": url,
        "NIGHTSHIFT_JUDGE_KEY": "canary-key",
        "NIGHTSHIFT_JUDGE_MODEL": "claude-opus-5-5",
    }


@contextlib.contextmanager
def messages(script: Path) -> Iterator[str]:
    """Serve a Messages API that follows a script."""
    command = [sys.executable, "-m", "twins.anthropic", "--port", "0", "--key", "canary-key"]
    with subprocess.Popen(
        [*command, "--brain", f"script:{script}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as twin:
        try:
            assert twin.stdout is not None
            yield json.loads(twin.stdout.readline())["url"]
        finally:
            twin.terminate()
            twin.wait(timeout=20)


async def test_a_verdict_is_explained_to_its_owner(desk: Desk) -> None:
    """From the ledger of a validator: the scenarios, what head showed, which check failed."""
    repo = "acme/adder"
    store = desk.home / "store"
    store.mkdir()
    desk.corpus("store/adder", scenario("adds"), scenario("starts", checks="- exit: 0"))
    state = desk.home / "validator"
    pool = await BoxPool.open(
        BoxSettings(1, UID_BASE, require_tier_a=False, scratch=desk.home / "work"),
        await spawn_launcher(LauncherConfig(1, UID_BASE, (desk.home,), desk.home / "boxes")),
    )
    try:
        validator = Validator(
            pool=pool,
            scenarios=store,
            ledger=Ledger(state / LEDGER_FILE),
            signer=open_signer(state / "key.pem"),
            clock=lambda: datetime.now(UTC),
        )
        judgement = await validator.judge(question(repo), tree(SUBTRACTS), tree(ADDS))
    finally:
        await pool.close()
    name = json.loads(judgement.signed.payload)["id"]
    kept = desk.home / "evidence.json"
    shown = desk.nightshift("verdict", "show", name, "--state", state, "--json", kept)
    unknown = desk.nightshift("verdict", "show", "0" * 16, "--state", state)

    assert 0 == shown.returncode, shown.stderr
    assert f"verdict {name}: fail (newly-failing)" in shown.stdout
    assert "adds [0.00] base passes" in shown.stdout
    assert "starts [1.00] base passes" in shown.stdout
    assert "FAILED equals: expected" in shown.stdout
    assert {"adds", "starts"} == {one["id"] for one in json.loads(kept.read_text())["scenarios"]}
    assert 0o600 == kept.stat().st_mode & 0o777
    assert 2 == unknown.returncode


def tree(source: str) -> bytes:
    """Pack an adder."""
    return pack({"adder/__init__.py": source.encode(), "adder/__main__.py": MAIN.encode()})


def question(repo: str) -> ValidateRequest:
    """Ask the gate about a change."""
    return ValidateRequest(
        run_id="run",
        purpose=Purpose.GATE,
        repo=repo,
        issue=1,
        base="b" * 40,
        commit="c" * 40,
        tree="d" * 40,
        base_bundle="",
        bundle="",
        product=Product(cli="python -m adder"),
        environment=Environment(),
        threshold=0.9,
        nonce="nonce",
    )
