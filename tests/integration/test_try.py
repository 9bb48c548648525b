"""`nightshift try` as a person runs it: the real command line on repositories made for the day."""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.supervise import CODE
from tests.person import git
from twins.anthropic.app import make_twin
from twins.anthropic.script import ScriptBrain

pytestmark = pytest.mark.integration

LONGEST_S = 900
SOURCE = """\
def clamp(value, low, high):
    if value < low:
        return low
    if value > high:
        return low
    return value


def spread(values):
    return max(values) - min(values)
"""
TESTS = """\
import unittest

from bounds import clamp, spread


class Bounds(unittest.TestCase):
    def test_inside(self):
        self.assertEqual(clamp(5, 0, 10), 5)

    def test_below(self):
        self.assertEqual(clamp(-5, 0, 10), 0)

    def test_spread(self):
        self.assertEqual(spread([3, 9, 4]), 6)
"""
MISSION = """\
---
checks: [python -m unittest discover -s tests]
product: {lib: bounds}
---
# What this is for

Keeps numbers within bounds.

## In scope

- Bugs in the functions of the library.

## Out of scope

- Everything that needs a network.
"""
ISSUE = """\
# clamp returns the lower bound for values above the upper one

`clamp(12, 0, 10)` returns `0`. It should return `10`.
"""
LIBRARY = {
    "src/bounds/__init__.py": SOURCE,
    "tests/test_bounds.py": TESTS,
    "mission.md": MISSION,
    "pyproject.toml": '[project]\nname = "bounds"\nversion = "1.0"\n',
}
BARE = {"bounds.py": SOURCE, "README.md": "# Bounds\n\nKeeps numbers within bounds.\n"}
SCENARIO = """\
---
id: {id}
feature: {feature}
kind: lib
set: {set}
repeats: 1
---
# Story
A gauge shows no value outside its scale.

# Setup
```yaml
vars:
  low: {{int: [-90, -1]}}
  high: {{int: [1, 90]}}
  far: {{int: [1, 500]}}
compute:
  value: "{value}"
  right: "min(max(value, low), high)"
```

# Steps
```yaml
- call: {{function: "bounds:clamp", args: ["${{value}}", "${{low}}", "${{high}}"]}}
```

# Checks
```yaml
- equals: {{value: "${{right}}"}}
```
"""
VALUES = ("high + far", "low - far", "far % high", "low + far % 3")
KEYS = {
    "outcome", "reason", "issue", "pr", "attempts", "satisfaction", "box_tier", "model", "tokens",
    "cost_usd", "seconds", "landed_commit", "patch",
}  # fmt: skip
ATTEMPT = {"change_id", "commit", "tree", "guards", "checks", "verdict"}


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the content of everything in a folder, git's own files too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def mentioning(word: str) -> list[str]:
    """Return the command lines of the processes that were told of a word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if word.encode() in told and folder.name != str(os.getpid()):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, UnicodeDecodeError):
            continue
    return found


@dataclass
class Desk:
    """A person's folders: where the repository is, and where programs put what they throw away."""

    home: Path
    scratch: Path

    def repository(self, name: str, branch: str, files: Mapping[str, str]) -> Path:
        """Make a repository of one commit."""
        folder = self.home / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git(folder, "init", "-q", "-b", branch)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "Begin")
        return folder

    async def run(self, repository: Path, *words: str) -> tuple[int, str, dict[str, Any]]:
        """Type the command; return its exit code, what it said and the JSON that it left.

        Whatever happens, the repository is as it was and nothing is left behind.
        """
        issue, told = self.home / "issue.md", self.home / "out.json"
        issue.write_text(ISSUE)
        before = fingerprint(repository)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "try", str(repository), "--issue", str(issue)),
            *("--json", str(told), "--patch", str(self.home / "fix.patch"), *words),
            cwd=CODE,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.scratch), "LANG": "C.UTF-8"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(LONGEST_S):
            output, _ = await process.communicate()
        said = output.decode()
        assert "Traceback" not in said
        assert before == fingerprint(repository)
        assert [] == mentioning(str(self.scratch))
        assert [] == await asyncio.to_thread(lambda: list(self.scratch.iterdir()))
        assert process.returncode is not None
        return process.returncode, said, json.loads(told.read_text()) if told.exists() else {}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give folders; the scratch one can be walked by the users of roles and boxes."""
    scratch = Path(tempfile.mkdtemp(prefix="nightshift-try-"))
    scratch.chmod(0o755)
    yield Desk(tmp_path, scratch)
    shutil.rmtree(scratch)


def corpus(folder: Path) -> Path:
    """Write 28 gate scenarios and two sealed ones."""
    folder.mkdir()
    for number in range(30):
        text = SCENARIO.format(
            id=f"clamp-{number}",
            feature=f"side {number % 4}",
            set="gate" if number < 28 else "sealed",
            value=VALUES[number % 4],
        )
        (folder / f"clamp-{number}.md").write_text(text)
    return folder


def patched(repository: Path, patch: Path) -> Path:
    """Apply the patch to a clone, as its first line says."""
    clone = repository.with_name("clone")
    git(repository.parent, "clone", "-q", str(repository), str(clone))
    git(clone, "am", "-q", str(patch))
    return clone


async def test_a_library_with_hidden_scenarios_lands(desk: Desk) -> None:
    """A src layout on a branch of another name: exit 0, the whole contract, a patch for git am."""
    repository = desk.repository("bounds", "trunk", LIBRARY)
    code, said, told = await desk.run(repository, "--scenarios", str(corpus(desk.home / "hidden")))

    assert (0, "landed") == (code, told.get("outcome")), said
    assert set(told) >= KEYS
    (attempt,) = told["attempts"]
    assert set(attempt) >= ATTEMPT
    assert "PASS" == attempt["verdict"].upper()
    assert {"n", "k", "mean", "lower_bound", "invalid"} == set(told["satisfaction"])
    assert (28, 28) == (told["satisfaction"]["n"], told["satisfaction"]["k"])
    assert told["satisfaction"]["lower_bound"] >= 0.90
    assert set(told["seconds"]) >= {"total", "model", "box", "validator", "overhead"}
    clone = patched(repository, Path(told["patch"]))
    assert "return high" in (clone / "src/bounds/__init__.py").read_text()
    assert ["src/bounds/__init__.py"] == git(clone, "diff", "--name-only", "HEAD^").split()
    assert f"git am {told['patch']}" in said.replace("\n", "")


async def test_without_tests_and_scenarios_it_stops_at_the_pull_request(desk: Desk) -> None:
    """Nothing hidden can judge, so nothing merges: exit 3, and the patch says it was not judged."""
    repository = desk.repository("bare", "main", BARE)
    code, said, told = await desk.run(repository)

    assert (3, "opened") == (code, told.get("outcome")), said
    assert set(told) >= KEYS
    assert (None, 0) == (told["landed_commit"] or None, told["satisfaction"]["n"])
    assert told["pr"]
    assert "not judged by hidden scenarios" in said.replace("\n", " ")
    assert "return high" in (patched(repository, Path(told["patch"])) / "bounds.py").read_text()


async def test_a_model_that_talks_nonsense_changes_nothing(desk: Desk) -> None:
    """Words in the right shape without sense: exit 3, the reason said, no patch."""
    repository = desk.repository("bounds", "main", LIBRARY)
    brain = ScriptBrain([{"reply": [{"text": "Colourless green ideas sleep furiously."}]}])
    async with TestServer(make_twin(brain)) as server:
        code, said, told = await desk.run(repository, "--model", str(server.make_url("")))

    assert (3, "parked", "") == (code, told.get("outcome"), told.get("patch")), said
    assert told["reason"]


async def test_an_endpoint_that_is_no_messages_api_is_named(desk: Desk) -> None:
    """Somebody listens there, but it is something else: exit 4, and what to look at."""
    repository = desk.repository("bounds", "main", LIBRARY)
    async with TestServer(web.Application()) as server:
        code, said, told = await desk.run(repository, "--model", str(server.make_url("")))

    assert (4, "credential") == (code, told.get("reason")), said
    assert "404" in said
