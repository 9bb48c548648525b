"""A world of one file, a corpus that is generated, and a coder that does what a test says.

Everything around it is the production path: the twins, the three roles as processes, boxes, a
validator with a key of its own. Only the size is small, so that one stage costs a few seconds.
"""

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.domain.run import Run
from bot.stage.filing import file_issues
from bot.stage.stage import Brain, Stage
from bot.stage.trial import APP
from twins.worlds.history import build_repository
from twins.worlds.world import Commit, Expectation, Issue, Label, Person, Repository, World

REPO = "acme/calc"
CLAUSE = "- Functions that multiply and add."
GATE, SEALED = 30, 12
PARTS = GATE + SEALED
ENDS_S = 600.0
"""Far longer than any run here takes: a deadline, not a measure."""
OWNER = Person("olga", "Olga", "olga@calc.example", "twin-person-olga", "admin")
VISITOR = Person("vic", "Vic", "vic@calc.example", "twin-person-vic", "triage")
"""May label, and may not write."""
_MISSION = f"""---
checks: [python -m unittest -q]
product: {{lib: calc}}
protected: [mission.md, .github/**]
limits: {{attempts: 2, usd_per_issue: 3, minutes: 15, diff_lines: 60}}
gate: {{threshold: 0.90}}
autonomy: 5
---
# What this is for

Sums for a small shop.

## In scope

{CLAUSE}

## Out of scope

- Everything that needs a network.
"""
_TESTS = """import unittest

import calc


class Parts(unittest.TestCase):
    def test_first(self) -> None:
        self.assertEqual(calc.part_1(2), 3)


if __name__ == "__main__":
    unittest.main()
"""
_SCENARIO = """---
id: {id}
feature: parts
kind: lib
set: {set}
repeats: 1
---
# Story
A clerk multiplies by {factor} and adds one. {canary}

# Setup
```yaml
vars:
  n: {{int: [10, 9000]}}
compute:
  right: "n * {factor} + 1"
```

# Steps
```yaml
- call: {{function: "calc:part_{factor}", args: ["${{n}}"]}}
```

# Checks
```yaml
- equals: {{value: "${{right}}"}}
```
"""
STRANGER = Person("sue", "Sue", "sue@calc.example", "twin-person-sue", "read")

Rule = dict[str, Any]


def canary(number: int) -> str:
    """Return the mark of one scenario, which stands nowhere else."""
    return f"canary-{hashlib.sha256(b'small world %d' % number).hexdigest()[:12]}"


def write_corpus(folder: Path) -> Path:
    """Write the hidden scenarios: what every part of the product does today, and has to do."""
    folder.mkdir(parents=True)
    for number in range(1, PARTS + 1):
        name = "gate" if number <= GATE else "sealed"
        mark = canary(number)
        text = _SCENARIO.format(id=f"part-{number}-{mark}", set=name, factor=number, canary=mark)
        (folder / f"part-{number}.md").write_text(text, encoding="utf-8")
    return folder


def product() -> dict[str, bytes]:
    """Return the tree of the only commit: parts that are right, and `fix_N` that wait for work."""
    parts = [f"def part_{n}(n):\n    return n * {n} + 1\n" for n in range(1, PARTS + 1)]
    fixes = [f"def fix_{n}(n):\n    return {n}\n" for n in range(1, 13)]
    return {
        "calc.py": ("\n\n".join([*parts, *fixes])).encode(),
        "test_calc.py": _TESTS.encode(),
        "mission.md": _MISSION.encode(),
        ".github/workflows/ci.yml": b"on: push\n",
    }


def small_world() -> World:
    """Return the world, before anybody has filed an issue."""
    begun = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    levels = [Label(f"priority:P{n}", "c2e0c6") for n in range(4)]
    return World(
        name="small",
        repository=Repository(REPO),
        app=APP,
        people=(OWNER, VISITOR, STRANGER),
        labels=(Label("nightshift", "1d76db"), *levels),
        commits=(Commit(OWNER.login, begun, "Begin", product()),),
        issues=(),
    )


# -- what the coder does ---------------------------------------------------------------------------


def tool(name: str, **arguments: object) -> dict[str, Any]:
    """Return one call of a tool."""
    return {"tool_use": {"name": name, "input": arguments}}


def submit() -> dict[str, Any]:
    """Ask for judgement."""
    return tool("submit", summary="done as asked")


def edit(number: int, *, line: str = "") -> dict[str, Any]:
    """Make `fix_N` do its work; `line` makes it do something else."""
    head = f"def fix_{number}(n):\n    "
    new = line or f"return n * {number}"
    return tool("edit", path="calc.py", old=f"{head}return {number}", new=f"{head}{new}")


def coder(mark: str, *turns: Sequence[dict[str, Any]]) -> list[Rule]:
    """Answer the build calls of the issue whose body holds `mark`, turn by turn."""
    return [
        {"when": {"anywhere": mark, "tools": True, "turn": turn}, "reply": list(reply)}
        for turn, reply in enumerate(turns)
    ]


def accept_all() -> Rule:
    """Answer every triage call with a yes; put special answers in front of it."""
    answer = {
        "decision": "accept",
        "clause": CLAUSE,
        "reason": "asked for",
        "question": "",
        "duplicate_of": None,
    }
    return {"when": {"schema": "decision"}, "reply": [{"json": answer}]}


# -- the stage -------------------------------------------------------------------------------------


async def until(
    what: str, look: Callable[[], Awaitable[object]], *, seconds: float = ENDS_S
) -> Any:
    """Poll until the look returns something; a missed deadline says what was awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")


@dataclass
class Small:
    """A running small world."""

    stage: Stage

    async def file(self, title: str, body: str, *labels: str) -> int:
        """Let a person file an issue for Nightshift; return its number."""
        issue = Issue(
            0, title, body, OWNER.login, ("nightshift", *labels), "", Expectation("landed", (0, 9))
        )
        return (await asyncio.to_thread(file_issues, self.stage, [issue]))[0]

    async def run_of(self, number: int) -> Run | None:
        """Return the newest run of an issue."""
        runs = [r for r in await self.stage.store.runs(REPO) if r.issue.number == number]
        return runs[-1] if runs else None

    async def ended(self, number: int, *, seconds: float = ENDS_S) -> Run:
        """Wait for the end of an issue's run."""

        async def look() -> Run | None:
            run = await self.run_of(number)
            return run if run is not None and run.state.ended else None

        found: Run = await until(f"the end of #{number}", look, seconds=seconds)
        return found

    async def fault(self, *rules: Mapping[str, object], messages: bool = False) -> None:
        """Plan what goes wrong on a twin."""
        twin = self.stage.messages if messages else self.stage.github
        assert twin is not None
        await twin.admin("POST", "faults", {"rules": [dict(rule) for rule in rules]})

    async def asked(self, path: str, *, messages: bool = False) -> list[dict[str, Any]]:
        """Return the journal entries of a twin whose path contains `path`."""
        twin = self.stage.messages if messages else self.stage.github
        assert twin is not None
        entries: list[dict[str, Any]] = await twin.admin("GET", f"journal?path={path}")
        return entries

    def bare(self) -> Path:
        """Return the repository as GitHub holds it."""
        return self.stage.state / "twins" / "github" / "repos" / f"{REPO}.git"


@contextlib.asynccontextmanager
async def small_stage(
    rules: Sequence[Rule],
    *,
    key: str = "none",
    slots: int = 2,
    watch: bool = True,
    dev: str = "",
) -> AsyncIterator[Small]:
    """Open the stage with a scripted coder; roles that die are started again while `watch`.

    `dev` is a scenario that coders may read; there is none without it.
    """
    stage = Stage.make(small_world())
    watching: asyncio.Task[None] | None = None
    try:
        script = stage.state / "twins" / "script.json"
        script.write_text(json.dumps({"rules": [*rules, accept_all()]}), encoding="utf-8")
        origin = build_repository(stage.world, stage.state / "twins" / "origin")
        corpus = write_corpus(stage.state / "twins" / "corpus")
        if dev:
            (corpus / "shown.md").write_text(dev, encoding="utf-8")
        brain = Brain("script", "nightshift-script-1", key=key, twin_brain=f"script:{script}")
        await stage.open(brain, origin, corpus, slots)
        if watch:
            watching = asyncio.create_task(stage.supervisor.watch())
        yield Small(stage)
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await stage.close()
