"""What the panel works on: issues of a world, or a folder of tasks that somebody wrote down.

    DIR/NAME/repository    a git repository, bare or not; its current branch is the base
    DIR/NAME/issue.md      the issue; its first heading is the title
    DIR/NAME/scenarios/    the hidden corpus; what the issue asks for says `issue: 1`
    DIR/NAME/fix.patch     the known fix, as `git apply` takes it (optional)
    DIR/NAME/mission.md    used instead of the repository's own (optional)

Everything is read and checked before anything is started.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.missionfile import parse_mission
from bot.domain.mission import Mission
from bot.errors import ScenarioError, UsageError
from bot.foreign import must_git, run_git
from bot.stage.repository import read_issue, take
from bot.supervise import CODE
from bot.validator.loader import load_corpus
from bot.validator.scenario import Scenario, ScenarioSet
from twins.worlds.loader import WorldError, build_repository, load
from twins.worlds.world import Expectation, Issue, Person

_ORACLE = "_oracle"
_FIX = re.compile(r"issue-(\d+)\.patch")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_OWNER = Person("owner", "Owner", "owner@example.invalid", "twin-person-owner", "admin")
_ANY = Expectation("landed", (0, 99))

Files = Mapping[str, bytes]
Fix = Mapping[str, bytes | None]
"""The files of a change as they are afterwards; None where one was removed."""


@dataclass(frozen=True, slots=True)
class Task:
    """A repository, issues about it, what judges them, and what is known to be right."""

    name: str
    origin: Path
    """A clone of our own, with a work tree."""
    branch: str
    people: tuple[Person, ...]
    issues: tuple[Issue, ...]
    """All that were filed, in order; the scenarios count by their numbers."""
    numbers: tuple[int, ...]
    """Those to play."""
    corpus: Path
    scenarios: tuple[Scenario, ...]
    mission: Mission
    files: Files
    """The tree at the base."""
    fixes: Mapping[int, Fix] = field(default_factory=dict)

    @property
    def clause(self) -> str:
        """A line of the mission that a scripted triage can cite."""
        lines = [line.strip() for line in self.mission.prose.splitlines()]
        return next((line for line in lines if line.startswith("- ")), lines[-1] if lines else "")

    def fixed(self, number: int) -> Files | None:
        """Return the tree with the known fix of an issue, if there is one."""
        fix = self.fixes.get(number)
        if fix is None:
            return None
        whole = {**self.files, **fix}
        return {path: content for path, content in whole.items() if content is not None}


def of_world(name: str, room: Path) -> list[Task]:
    """Read the issues of a world whose right answer is known."""
    try:
        world = load(name)
    except WorldError as error:
        raise UsageError(str(error), remedy="choose one of the worlds it names") from None
    corpus = CODE / "scenarios" / world.corpus
    if not world.corpus or not corpus.is_dir():
        raise UsageError(f"the world {name} has no hidden scenarios", remedy="choose another")
    origin = build_repository(world, room / name, bare=False)
    files = _tree(origin)
    patches = {
        int(found[1]): patch
        for patch in sorted((corpus / _ORACLE).glob("*.patch"))
        if (found := _FIX.fullmatch(patch.name))
    }
    numbers = tuple(i.number for i in world.issues if i.expect.outcome == "landed")
    return [
        Task(
            name=name,
            origin=origin,
            branch=world.repository.default_branch,
            people=world.people,
            issues=world.issues,
            numbers=numbers,
            corpus=corpus,
            scenarios=load_corpus(corpus).scenarios,
            mission=_mission(files, name),
            files=files,
            fixes={number: _fix(origin, files, patch) for number, patch in patches.items()},
        )
    ]


def of_folder(folder: Path, room: Path) -> list[Task]:
    """Read every task of a folder; one bad task stops all, naming the file and the mistake."""
    if not folder.is_dir():
        raise UsageError(f"--tasks {folder}: no such folder", remedy="see docs/panel.md")
    shown = (path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_")))
    places = [path for path in shown if path.is_dir()]
    if not places:
        raise UsageError(
            f"--tasks {folder}: there is no task in it",
            remedy="make NAME/repository, NAME/issue.md and NAME/scenarios (docs/panel.md)",
        )
    return [_read(place, room / place.name) for place in places]


def _read(place: Path, room: Path) -> Task:
    if not _NAME.fullmatch(place.name):
        raise UsageError(
            f"{place}: the name of a task is made of a-z, 0-9 and -, at most 40 of them",
            remedy="rename the folder",
        )
    for part, what in (("repository", "a git repository"), ("scenarios", "the hidden corpus")):
        if not (place / part).is_dir():
            raise UsageError(f"{place / part}: there is no such folder", remedy=f"put {what} there")
    filed = read_issue(place / "issue.md")
    corpus = place / "scenarios"
    scenarios = _scenarios(corpus)
    given = place / "mission.md"
    try:
        taken = take((place / "repository").resolve(), room, given if given.is_file() else None)
    except UsageError as error:
        if str(place) in error.what:
            raise
        raise UsageError(f"{place}: {error.what}", remedy=error.remedy) from None
    files = _tree(room)
    fix = place / "fix.patch"
    return Task(
        name=place.name,
        origin=room,
        branch=taken.branch,
        people=(_OWNER,),
        issues=(Issue(1, filed.title, filed.body, _OWNER.login, (), "", _ANY),),
        numbers=(1,),
        corpus=corpus,
        scenarios=scenarios,
        mission=_mission(files, str(place)),
        files=files,
        fixes={1: _fix(room, files, fix)} if fix.is_file() else {},
    )


def _scenarios(corpus: Path) -> tuple[Scenario, ...]:
    """Load a corpus that can judge issue 1."""
    try:
        scenarios = load_corpus(corpus).scenarios
    except ScenarioError as error:
        raise ScenarioError(f"{corpus}/{error.what}", remedy=error.remedy) from None
    for wanted in (ScenarioSet.GATE, ScenarioSet.SEALED):
        if not any(scenario.set is wanted for scenario in scenarios):
            raise ScenarioError(
                f"{corpus}: no scenario has `set: {wanted.value}`",
                means="without it nothing can ever land, and the panel would show nothing",
                remedy="write some (scenarios/README.md)",
            )
    for scenario in scenarios:
        if scenario.issue not in {None, 1}:
            raise ScenarioError(
                f"{corpus / scenario.file}: `issue: {scenario.issue}` belongs to no issue here",
                remedy="a task has one issue: write `issue: 1`, or leave the line out",
            )
    return scenarios


def _mission(files: Files, where: str) -> Mission:
    text = files.get("mission.md", b"").decode("utf-8", "replace")
    return parse_mission(text, source=f"{where}: mission.md")


def _tree(checkout: Path) -> dict[str, bytes]:
    """Read the files that git knows."""
    found = {}
    for path in must_git(checkout, "ls-files", "-z", "--cached").split("\0"):
        file = checkout / path
        if path and file.is_file() and not file.is_symlink():
            found[path] = file.read_bytes()
    return found


def _fix(checkout: Path, before: Files, patch: Path) -> Fix:
    """Say what a patch makes of the base, as whole files; the checkout is put back."""
    done = run_git(checkout, "apply", "--index", "--", str(patch.resolve()))
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise UsageError(
            f"{patch} does not apply to the base: {told}",
            remedy="make it with `git diff --binary BASE FIXED` in that very repository",
        )
    try:
        after = _tree(checkout)
    finally:
        must_git(checkout, "reset", "--quiet", "--hard")
    changed = {path: text for path, text in after.items() if before.get(path) != text}
    removed = dict.fromkeys(path for path in before if path not in after)
    if not changed and not removed:
        raise UsageError(f"{patch} changes nothing", remedy="write the fix into it, or remove it")
    return {**changed, **removed}
