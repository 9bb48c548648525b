"""Plays all parts on one stage: files their issues, and watches until every run has ended."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.run import Run, RunState
from bot.stage.filing import file_issues
from bot.stage.panel.cast import Part
from bot.stage.show import Show
from bot.stage.stage import Stage
from bot.stage.summary import gate_submissions
from bot.supervise import need_room
from twins.worlds.world import Issue

_LABEL = "nightshift"
_LOOK_S = 0.5
_AT_ONCE = 4
"""Parts whose issues are filed between two looks."""
_BOUND_S, _EACH_S = 900.0, 120.0
_QUIET_S = 1200.0
"""Longer than the longest judgement: when nothing ends for so long, nothing will."""
_ROOM_TO_GO_ON = 50


@dataclass(frozen=True, slots=True)
class Played:
    """The last run of every part that had one, by the part's name."""

    runs: Mapping[str, Run]
    interrupted: bool


async def play(
    stage: Stage, show: Show, parts: Sequence[Part], interrupted: asyncio.Event
) -> Played:
    """File and watch; say one line per part that has ended."""
    by_repository = {part.repository: part for part in parts}
    waiting = list(parts)
    told: dict[str, Run] = {}
    deadline = time.monotonic() + _BOUND_S + _EACH_S * len(parts)
    changed = time.monotonic()
    watching = asyncio.create_task(stage.supervisor.watch())
    try:
        while True:
            for part in waiting[:_AT_ONCE]:
                await asyncio.to_thread(_file, stage, part)
            waiting = waiting[_AT_ONCE:]
            runs = {
                by_repository[run.issue.repo].name: run
                for run in await stage.store.runs()
                if run.issue.repo in by_repository
            }
            for name, run in runs.items():
                if run.state.ended and name not in told:
                    told[name] = run
                    changed = time.monotonic()
                    show.say(f"[{len(told)}/{len(parts)}] {name}: {_outcome(run)}")
            now = time.monotonic()
            over = now > deadline or now - changed > _QUIET_S
            if len(told) == len(parts) or interrupted.is_set() or over:
                return Played(runs, interrupted.is_set())
            if watching.done():
                watching.result()
            need_room(stage.state, _ROOM_TO_GO_ON)
            if not waiting:
                await asyncio.sleep(_LOOK_S)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _file(stage: Stage, part: Part) -> None:
    """File all issues up to the wanted one, so that it gets its number; only it may be taken."""
    before = [_unlabelled(issue) for issue in part.task.issues[: part.number - 1]]
    wanted = part.task.issues[part.number - 1]
    labels = tuple(dict.fromkeys((*wanted.labels, _LABEL)))
    issues = [*before, replace(wanted, labels=labels)]
    file_issues(stage, issues, part.repository)


def _unlabelled(issue: Issue) -> Issue:
    return replace(issue, labels=tuple(name for name in issue.labels if name != _LABEL))


def _outcome(run: Run) -> str:
    submissions = gate_submissions(run)
    gate = f", {submissions} gate submissions" if submissions else ""
    if run.state is RunState.LANDED:
        return f"landed{gate}"
    return f"{run.state.value}: {run.reason}{gate}"
