"""`nightshift demo`: five issues of a small world become merged pull requests, or honestly do not.

Exit 0 only if every expectation of the world holds, on what GitHub's twin shows, not on what we
say about ourselves.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from github import Auth, Github
from rich.console import Console

from bot.domain.priority import Priority
from bot.domain.role import Role
from bot.domain.run import Run, RunState
from bot.errors import UsageError
from bot.stage.files import check_writable
from bot.stage.filing import file_issues
from bot.stage.show import Show
from bot.stage.stage import SEARCH, SLOTS, Brain, Stage
from bot.stage.staged import staged
from bot.stage.summary import gate_submissions, summarise
from bot.supervise import CODE, need_room
from twins.github.graphql import sdl
from twins.worlds.loader import World, WorldError, build_repository, load

_BOUND_S = 600.0
_LOOK_S = 0.3
_ROOM_TO_GO_ON = 20


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asked for."""

    world: str = "parcel"
    keep: bool = False
    json: Path | None = None
    brain: Brain = SEARCH


async def demo(options: DemoOptions, console: Console) -> int:
    """Play the world; return the exit code."""
    if options.json is not None:
        check_writable(options.json)
    try:
        world = load(options.world)
    except WorldError as error:
        raise UsageError(str(error), remedy="choose one of the worlds it names") from None

    async def evening(stage: Stage, interrupted: asyncio.Event) -> int:
        origin = build_repository(world, stage.state / "twins" / "origin")
        scenarios = CODE / "scenarios" / world.corpus if world.corpus else None
        show = await open_show(stage, options.brain, console, origin, scenarios)
        numbers = await asyncio.to_thread(file_issues, stage, world.issues)
        show.say(f"{len(numbers)} issues filed by {len({i.author for i in world.issues})} people")
        runs = await play(stage, show, numbers, interrupted, bound_s=_BOUND_S)
        unmet = await asyncio.to_thread(check_world, stage, world, runs, show.order)
        unmet += [f"INVALID: {told}" for told in await stage.unmodelled()]
        _tell(console, stage, show, runs, unmet, keep=options.keep)
        if options.json is not None:
            write_json(options.json, stage, show, runs, unmet)
        return 1 if unmet else 0

    return await staged(world, console, evening, keep=options.keep)


async def open_show(
    stage: Stage, brain: Brain, console: Console, origin: Path, scenarios: Path | None
) -> Show:
    """Start the stage, saying what starts."""
    show = Show(console)
    show.say(f"state in {stage.state}")
    await stage.open(brain, origin, scenarios)
    show.say(f"GitHub twin    {stage.github.url}")
    if stage.messages is not None:
        show.say(f"Messages twin  {stage.messages.url}  ({brain.label})")
    tiers = stage.tiers
    show.say(
        f"roles          server {stage.server_url}, builder (box tier {tiers[Role.BUILDER]}), "
        f"validator (box tier {tiers[Role.VALIDATOR]})"
    )
    return show


async def play(
    stage: Stage,
    show: Show,
    numbers: Sequence[int],
    interrupted: asyncio.Event,
    *,
    bound_s: float,
) -> list[Run]:
    """Watch until every issue's run has ended, the bound is reached or somebody interrupts."""
    deadline = time.monotonic() + bound_s
    watching = asyncio.create_task(stage.supervisor.watch())
    try:
        while True:
            runs = list(await stage.store.runs(stage.world.repository.full_name))
            await show.refresh(stage.store, runs)
            ended = {run.issue.number for run in runs if run.state.ended}
            if ended >= set(numbers) or interrupted.is_set() or time.monotonic() > deadline:
                await show.refresh(stage.store, runs)
                return runs
            if watching.done():
                watching.result()
            need_room(stage.state, _ROOM_TO_GO_ON)
            await asyncio.sleep(_LOOK_S)
    finally:
        show.stop()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def check_world(stage: Stage, world: World, runs: Sequence[Run], order: Sequence[int]) -> list[str]:
    """Compare what happened with the world's expectations; GitHub's twin is the witness."""
    unmet = []
    by_number = {run.issue.number: run for run in runs}
    client = Github(
        auth=Auth.Token(world.maintainer.token),
        base_url=stage.github.url,
        seconds_between_requests=0,
    )
    repo = client.get_repo(world.repository.full_name)
    history = [commit.sha for commit in repo.get_commits()]
    for issue in world.issues:
        run = by_number.get(issue.number)
        if run is None:
            unmet.append(f"#{issue.number}: no run was started")
            continue
        told = issue.expect.unmet(run.state.value, gate_submissions(run), run.reason, run.clause)
        if told:
            unmet.append(f"#{issue.number}: {told}")
        unmet += _witness(repo, run, history)
    urgency = {issue.number: _urgency(issue.priority) for issue in world.issues}
    unmet += _out_of_order([(number, urgency[number]) for number in order])
    client.close()
    return unmet


def _out_of_order(started: Sequence[tuple[int, int]]) -> list[str]:
    """Name what was started before something more urgent; SLOTS of them start in one moment."""
    return [
        f"#{late} is more urgent than #{early}, but was started after it"
        for place, (early, lesser) in enumerate(started)
        for late, greater in started[place + SLOTS :]
        if greater < lesser
    ]


def _witness(repo: Any, run: Run, history: Sequence[str]) -> list[str]:  # noqa: ANN401  PyGithub
    """Ask GitHub, not ourselves, whether a landed run really landed."""
    landed = run.state is RunState.LANDED
    slug = f"#{run.issue.number}"
    state = repo.get_issue(run.issue.number).state
    told = []
    if landed and run.landed_commit not in history:
        told.append(f"{slug}: main does not contain the landed commit")
    if landed and (run.pull is None or not repo.get_pull(run.pull).merged):
        told.append(f"{slug}: its pull request is not marked merged")
    if landed and state != "closed":
        told.append(f"{slug}: the issue is still open")
    if not landed and run.pull is not None and repo.get_pull(run.pull).merged:
        told.append(f"{slug}: a pull request was merged although the run did not land")
    return told


def _urgency(priority: str) -> int:
    return int(Priority[priority]) if priority in Priority.__members__ else int(Priority.P2)


def _tell(
    console: Console,
    stage: Stage,
    show: Show,
    runs: Sequence[Run],
    unmet: Sequence[str],
    *,
    keep: bool,
) -> None:
    console.print(show.table(runs))
    for run in sorted(runs, key=lambda r: r.issue.number):
        if run.detail:
            clause = f"“{run.clause}” " if run.state is RunState.REJECTED and run.clause else ""
            told = clause + " ".join(run.detail.split())[:300]
            console.print(f"  #{run.issue.number}  {told}", markup=False, highlight=False)
    tiers = " and ".join(sorted({stage.tiers[Role.BUILDER], stage.tiers[Role.VALIDATOR]}))
    console.print(f"box tier {tiers}; model: {_models(runs)}", highlight=False)
    console.print(
        "gate not calibrated: a demo accepts that, `nightshift up` does not", highlight=False
    )
    web = f"{stage.github.url}/{stage.world.repository.full_name}"
    for run in sorted(runs, key=lambda r: r.issue.number):
        place = f"pull/{run.pull}" if run.pull else f"issues/{run.issue.number}"
        console.print(f"  #{run.issue.number}  {web}/{place}", highlight=False)
    if keep:
        console.print(f"  all runs  {stage.pages_url}/   repository  {web}", highlight=False)
        if sdl.PATH.is_file():
            person = stage.world.people[0]
            console.print(
                f"  HTTP_PROXY={stage.github.url} GH_HOST=github.localhost GH_TOKEN={person.token} "
                f"gh issue list -R {stage.world.repository.full_name} -s all",
                soft_wrap=True,
                highlight=False,
            )
    else:
        console.print("  (these pages are open while the demo runs: --keep leaves them)")
    for line in unmet:
        console.print(f"NOT AS EXPECTED  {line}", style="red", highlight=False)
    if not unmet:
        console.print(
            "every issue ended as it should: the world's expectations hold", style="green"
        )


def _models(runs: Sequence[Run]) -> str:
    names = sorted({run.model for run in runs if run.model})
    labelled = [f"{n} (search brain, not a language model)" if "search" in n else n for n in names]
    return ", ".join(labelled) or "none"


def write_json(
    path: Path, stage: Stage, show: Show, runs: Sequence[Run], unmet: Sequence[str]
) -> None:
    """Write the summary of all runs."""
    tier = stage.tiers[Role.BUILDER]
    body = {
        "world": stage.world.name,
        "holds": not unmet,
        "unmet": list(unmet),
        "started": show.order,
        "issues": [
            summarise(run, show.timing(run), box_tier=tier)
            for run in sorted(runs, key=lambda r: r.issue.number)
        ],
    }
    path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
