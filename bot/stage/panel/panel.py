"""`nightshift panel`: coders of known honesty go through the real flow; one table says what landed.

Exit 0 only if every promise holds: nothing of the null coder, of the forgers and of those who mean
harm landed, nothing escaped, nothing that landed is known to be wrong, known fixes do land.
"""

import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.domain.role import Role
from bot.domain.run import Run, RunState
from bot.domain.verdict import Outcome, Purpose
from bot.stage.files import check_writable
from bot.stage.panel import tasks
from bot.stage.panel.cast import Casting, Part, cast
from bot.stage.panel.evidence import bare
from bot.stage.panel.leaks import Escape, escapes
from bot.stage.panel.marks import plant, planted
from bot.stage.panel.play import Played, play
from bot.stage.panel.table import Ended, body, broken, concerning, notes, table
from bot.stage.panel.tasks import Task
from bot.stage.panel.truth import truth
from bot.stage.show import Show
from bot.stage.stage import Brain, Place, Stage
from bot.stage.staged import staged
from bot.stage.summary import gate_submissions, verdicts_of
from bot.stage.trial import APP
from twins.worlds.world import Label, Person, Repository, World

_MODEL = "nightshift-search-1"
"""Nobody here is a language model, so nothing is charged, for scripted replies neither."""


@dataclass(frozen=True, slots=True)
class PanelOptions:
    """What the command line asked for: a world, or a folder of tasks."""

    world: str = ""
    tasks: Path | None = None
    json: Path | None = None
    casting: Casting = field(default_factory=Casting)


async def panel(options: PanelOptions, console: Console) -> int:
    """Play everything; return the exit code."""
    if options.json is not None:
        check_writable(options.json)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nightshift-panel-") as room:
        read = await asyncio.to_thread(_tasks, options, Path(room))
        chosen = [await asyncio.to_thread(plant, task, Path(room)) for task in read]
        marks = len(set[bytes]().union(*map(planted, chosen)))
        parts = await asyncio.to_thread(cast, chosen, options.casting)
        every = [part.repository for part in parts]

        async def sitting(stage: Stage, interrupted: asyncio.Event) -> int:
            show = Show(console)
            show.say(f"{len(parts)} parts on {len(chosen)} tasks; state in {stage.state}")
            await _open(stage, parts)
            show.say(f"roles ready, {_tiers(stage)}")
            played = await play(stage, show, parts, interrupted)
            show.say(f"looking for what escaped: secrets, traps, {marks} marks of hidden scenarios")
            found = await escapes(stage, parts, played.runs)
            unmodelled = await stage.unmodelled()
            for escape in found:
                show.say(f"ESCAPED  {escape.part}: {escape.what}")
            await stage.supervisor.stop()  # what follows needs the machine, and no role
            show.say("comparing what landed with what is right")
            judged = await _judged(stage, show, parts, played, interrupted)
            ended = [
                replace(
                    one,
                    escapes=_of(found, one.part),
                    unmodelled=concerning(unmodelled, part.repository, every),
                )
                for one, part in zip(judged, parts, strict=True)
            ]
            at_large = [escape.what for escape in found if not escape.part]
            _tell(console, ended, at_large)
            if options.json is not None:
                about = _about(options, stage, time.monotonic() - began) | {"marks": marks}
                text = json.dumps(body(ended, at_large, about), indent=2)
                options.json.write_text(f"{text}\n", encoding="utf-8")
            return 1 if broken(ended, at_large) else 0

        return await staged(_world(chosen, parts), console, sitting)


def _tasks(options: PanelOptions, room: Path) -> list[Task]:
    if options.tasks is not None:
        return tasks.of_folder(options.tasks, room)
    return tasks.of_world(options.world, room)


def _world(chosen: Sequence[Task], parts: Sequence[Part]) -> World:
    """Put the people of all tasks on one GitHub; the repositories are the parts'."""
    people: dict[str, Person] = {}
    labels = {"nightshift"}
    for task in chosen:
        people |= {person.login: person for person in task.people}
        labels |= {label for issue in task.issues for label in issue.labels}
    first = parts[0]
    return World(
        name="panel",
        repository=Repository(first.repository, first.task.branch),
        app=APP,
        people=tuple(people.values()),
        labels=tuple(Label(name, "1d76db") for name in sorted(labels)),
        commits=(),
        issues=(),
    )


async def _open(stage: Stage, parts: Sequence[Part]) -> None:
    """Start the stage with a repository per part and one script for all of them."""
    script = stage.state / "twins" / "script.json"
    rules = [rule for part in parts for rule in part.rules]
    script.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    key = f"panel-model-key-{secrets.token_hex(16)}"
    brain = Brain("the panel", _MODEL, key=key, twin_brain=f"script:{script}")
    first, *others = [
        Place(Repository(part.repository, part.task.branch), part.task.origin, part.task.corpus)
        for part in parts
    ]
    await stage.open(brain, first.origin, first.scenarios, beside=others)


async def _judged(
    stage: Stage,
    show: Show,
    parts: Sequence[Part],
    played: Played,
    interrupted: asyncio.Event,
) -> list[Ended]:
    """Say of every part how it ended, and of what landed whether it is right."""
    ended = []
    for part in parts:
        run = played.runs.get(part.name)
        one = _ended(part, run)
        if run is not None and one.landed and not interrupted.is_set():
            known = await truth(part, bare(stage, part.repository), run.landed_commit)
            one = replace(one, basis=known.basis, wrong=known.wrong)
            show.say(f"{part.name}: {known.wrong or 'nothing is shown against it'}")
        ended.append(one)
    return ended


def _of(found: Sequence[Escape], part: str) -> tuple[str, ...]:
    return tuple(escape.what for escape in found if escape.part == part)


def _ended(part: Part, run: Run | None) -> Ended:
    blank = Ended(
        part=part.name,
        coder=part.coder,
        variant=part.variant,
        task=part.task.name,
        issue=part.number,
        about=part.about,
        outcome="",
    )
    if run is None or not run.state.ended:
        return blank
    verdicts = verdicts_of(run)
    gates = [v for v in verdicts if v.purpose is not Purpose.SEALED]
    return replace(
        blank,
        outcome=run.state.value,
        reason=run.reason,
        detail=" ".join(run.detail.split())[:300],
        pull=run.pull,
        visible=any(attempt.visible_pass for attempt in run.attempts),
        submissions=gate_submissions(run),
        passed_gate=any(v.outcome is Outcome.PASS for v in gates),
        landed=run.state is RunState.LANDED,
        cpu_seconds=round(run.usage.cpu_seconds, 2),
        usd=run.usage.usd,
        seconds=round(sum(v.seconds for v in verdicts) + run.usage.box_seconds, 2),
    )


def _tiers(stage: Stage) -> str:
    return f"box tiers {stage.tiers[Role.BUILDER]} and {stage.tiers[Role.VALIDATOR]}"


def _about(options: PanelOptions, stage: Stage, seconds: float) -> dict[str, Any]:
    return {
        "world": options.world,
        "tasks": str(options.tasks or ""),
        "mutants": options.casting.mutants,
        "seed": options.casting.seed,
        "box_tier": stage.tiers[Role.VALIDATOR],
        "seconds": round(seconds, 1),
    }


def _tell(console: Console, ended: Sequence[Ended], at_large: Sequence[str]) -> None:
    console.print(table(ended))
    for note in notes(ended):
        console.print(f"  {note}", highlight=False, markup=False)
    promises = broken(ended, at_large)
    for promise in promises:
        console.print(f"BROKEN  {promise}", style="red", highlight=False, markup=False)
    if not promises:
        console.print("every promise of the panel holds", style="green")
