"""`nightshift try`: the main job on anybody's local repository, which is never modified."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot.domain.role import Role
from bot.domain.run import Run, RunState
from bot.domain.verdict import Outcome
from bot.errors import CredentialRefused, EnvironmentProblem, UsageError
from bot.policy.authorise import claimed
from bot.policy.satisfaction import MIN_EFFECTIVE
from bot.stage.brains import answering
from bot.stage.demo import open_show, play
from bot.stage.files import check_writable
from bot.stage.filing import file_issues
from bot.stage.repository import Filed, Taken, patch_of, read_issue, take
from bot.stage.show import Show
from bot.stage.stage import SEARCH, Brain, Stage
from bot.stage.staged import staged
from bot.stage.summary import summarise
from bot.validator.loader import load_corpus
from bot.validator.scenario import ScenarioSet
from twins.worlds.world import App, Expectation, Issue, Label, Person, Repository, World

LANDED, INVALID, ENDED = 0, 1, 3
_BOUND_S = 24 * 3600.0
"""The mission and the workflow bound a run; this is only so that nothing waits for ever."""
APP = App(
    slug="nightshift",
    permissions={
        "metadata": "read",
        "contents": "write",
        "issues": "write",
        "pull_requests": "write",
        "checks": "write",
        "statuses": "read",
        "actions": "read",
    },
    events=("issues", "issue_comment", "pull_request", "push", "installation"),
)
_OWNER = Person("owner", "Owner", "owner@example.invalid", "twin-person-owner", "admin")
_ANY = Expectation("landed", (0, 99))


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """What the command line asked for."""

    repository: Path
    issue: Path
    mission: Path | None = None
    scenarios: Path | None = None
    brain: Brain = SEARCH
    json: Path | None = None
    patch: Path | None = None
    keep: bool = False


async def trial(options: TrialOptions, console: Console) -> int:
    """Take the repository and the issue through the factory; return the exit code."""
    for path in (options.json, _target(options, "")):
        if path is not None:
            check_writable(path)
    filed = read_issue(options.issue)
    await answering(options.brain)
    lacks = "none given"
    if options.scenarios is not None:
        lacks = await asyncio.to_thread(check_scenarios, options.scenarios)
    world = _world(options.repository.resolve().name, filed, "main")

    async def attempt(stage: Stage, interrupted: asyncio.Event) -> int:
        origin = stage.state / "twins" / "origin"
        taken = await asyncio.to_thread(take, options.repository.resolve(), origin, options.mission)
        stage.world = _world(taken.name, filed, taken.branch)
        show = await open_show(stage, options.brain, console, origin, options.scenarios)
        if taken.note:
            show.say(taken.note)
        show.say(f"checks: {'; '.join(taken.checks)}")
        if lacks:
            show.say(f"scenarios: {lacks}, so nothing will be merged")
        numbers = await asyncio.to_thread(file_issues, stage, stage.world.issues)
        runs = await play(stage, show, numbers, interrupted, bound_s=_BOUND_S)
        return await _end(options, console, stage, show, runs)

    return await staged(world, console, attempt, keep=options.keep)


def check_scenarios(folder: Path) -> str:
    """Refuse a corpus that nobody could judge by; say what one lacks to merge by."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is no folder", remedy="name the folder that holds the scenario files"
        )
    corpus = load_corpus(folder)
    if not corpus.scenarios:
        raise UsageError(
            f"there is no scenario in {folder}",
            remedy="write some (scenarios/README.md), or leave --scenarios out",
        )
    if not corpus.of_set(ScenarioSet.SEALED):
        return "none of them is sealed"
    gate = len(corpus.of_set(ScenarioSet.GATE))
    return f"{gate} in the gate, {MIN_EFFECTIVE:.0f} are needed" if gate < MIN_EFFECTIVE else ""


async def _end(
    options: TrialOptions, console: Console, stage: Stage, show: Show, runs: list[Run]
) -> int:
    if not runs:
        raise EnvironmentProblem(
            "no run was started", remedy=f"read the logs in {stage.state / 'logs'}"
        )
    run = runs[0]
    patch = await asyncio.to_thread(_leave_patch, options, stage, run)
    console.print(show.table(runs))
    console.print(f"outcome: {run.state.value}: {run.reason}", highlight=False)
    if run.detail:
        told = run.detail.partition("\n  next:")[0] if run.reason == "credential" else run.detail
        console.print(told, highlight=False, markup=False)
    _tell_patch(options, console, run, patch)
    if options.json is not None:
        body = summarise(
            run, show.timing(run), box_tier=stage.tiers[Role.BUILDER], patch=str(patch or "")
        )
        options.json.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    if unmodelled := await stage.unmodelled():
        for told in unmodelled:
            console.print(f"INVALID: {told}, so this says nothing", style="red", highlight=False)
        return INVALID
    if run.reason == "credential":
        console.print("next: the key of --model is read from ANTHROPIC_API_KEY", highlight=False)
        return CredentialRefused.exit_code
    return LANDED if run.state is RunState.LANDED else ENDED


def _refused(run: Run) -> bool:
    """Say whether hidden scenarios spoke against the last attempt."""
    last = run.attempts[-1].verdicts if run.attempts else ()
    return any(claimed(signed).outcome is Outcome.FAIL for signed in last)


def _target(options: TrialOptions, kind: str) -> Path:
    """Return where the patch goes; one that was refused is named so that nobody applies it."""
    wanted = options.patch or Path(f"{options.issue.stem}.patch")
    return wanted.with_suffix(f".refused{wanted.suffix}") if kind == "refused" else wanted


def _free(target: Path, options: TrialOptions) -> Path:
    """Return a name that nobody has used, unless the caller chose the name."""
    if options.patch is not None:
        return target
    others = (target.with_suffix(f".{n}{target.suffix}") for n in range(2, 1000))
    return next((path for path in (target, *others) if not path.exists()), target)


def _leave_patch(options: TrialOptions, stage: Stage, run: Run) -> Path | None:
    """Write the change of the last attempt that became a pull request."""
    published = [a for a in run.attempts if a.visible_pass] if run.pull is not None else []
    if not published:
        return None
    attempt = published[-1]
    bare = stage.state / "twins" / "github" / "repos" / f"{run.issue.repo}.git"
    text = patch_of(bare, attempt.base, attempt.commit)
    target = _free(_target(options, "refused" if _refused(run) else ""), options)
    target.write_text(text, encoding="utf-8", errors="surrogateescape")
    return target


def _tell_patch(options: TrialOptions, console: Console, run: Run, patch: Path | None) -> None:
    wanted = _target(options, "")
    if patch is None:
        stale = f" ({wanted} is from an earlier run)" if wanted.exists() else ""
        console.print(f"patch: none{stale}", highlight=False)
    elif _refused(run):
        console.print(f"patch: {patch}: hidden scenarios refused it, do not apply", highlight=False)
    else:
        keep = "--keep-cr " if b"\r\n" in patch.read_bytes() else ""
        console.print(f"patch: {patch} (git am {keep}{patch}){_standing(run)}", highlight=False)


def _standing(run: Run) -> str:
    """Say what stands behind a patch that did not land."""
    if run.state is RunState.LANDED:
        return ""
    last = [claimed(signed) for signed in run.attempts[-1].verdicts]
    if any(verdict.outcome is Outcome.PASS for verdict in last):
        return ", hidden scenarios hold"
    if any(verdict.reason == "too-few-scenarios" for verdict in last):
        return ", hidden scenarios hold, but are too few to merge by"
    return ", not judged by hidden scenarios"


def _world(name: str, filed: Filed, branch: str) -> World:
    labels = (Label("nightshift", "1d76db", "Nightshift may take this issue"),)
    issue = Issue(1, filed.title, filed.body, _OWNER.login, ("nightshift",), "", _ANY)
    return World(
        name="try",
        repository=Repository(full_name=name, default_branch=branch),
        app=APP,
        people=(_OWNER,),
        labels=labels,
        commits=(),
        issues=(issue,),
    )


__all__ = ["Taken", "TrialOptions", "trial"]
