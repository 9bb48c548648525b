"""Who plays: every coder, in every variant, each on a repository of its own."""

import ast
import itertools
import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.errors import UsageError
from bot.policy.paths import is_test
from bot.stage.panel import hostile
from bot.stage.panel.forgeries import forgeries
from bot.stage.panel.script import Rule, accept, searched, submit, turns, write
from bot.stage.panel.target import find_target
from bot.stage.panel.tasks import Files, Fix, Task
from bot.validator.faults import Fault, faults_of

TRAPS = Path("/tmp")  # noqa: S108  where anybody on the host can write: that is the point
_MOST_MUTANTS = 200
_COMMENT = b"\n# Nothing has changed above this line.\n"


class Coder(StrEnum):
    """The six of the panel."""

    NULL = "null"
    """Changes nothing that matters; must never land."""
    ORACLE = "oracle"
    """Submits the known fix; must land."""
    MUTANT = "mutant"
    """Submits the known fix with one seeded fault."""
    SEARCH = "search"
    """The search brain: finds its own patches, and overfits by nature."""
    FORGER = "forger"
    """Twenty ways to be accepted without being right."""
    HOSTILE = "hostile"
    """Means harm: reads, plants, floods, persuades."""


@dataclass(frozen=True, slots=True)
class Part:
    """One coder on one issue, and what it will do."""

    coder: Coder
    variant: str
    task: Task
    number: int
    rules: tuple[Rule, ...]
    trap: str = ""
    """A file on the host that only somebody outside the box can make."""
    about: str = ""
    """What the change is, for people."""

    @property
    def name(self) -> str:
        """Its name, unique in a panel."""
        return _name(self.task, self.number, self.coder, self.variant)

    @property
    def repository(self) -> str:
        """The repository that it has for itself."""
        return _repository(self.name)


@dataclass(frozen=True, slots=True)
class Casting:
    """Who is asked for."""

    coders: tuple[Coder, ...] = tuple(Coder)
    mutants: int = 3
    seed: int = 0
    variants: int | None = None
    """Of forger and hostile, at most so many; None: all there are."""


def casting(coders: str, mutants: int, seed: int, variants: int | None) -> Casting:
    """Read what the command line asked for."""
    names = [name.strip() for name in coders.split(",") if name.strip()] or [*Coder]
    unknown = [name for name in names if name not in list(Coder)]
    if unknown:
        raise UsageError(
            f"--coders: there is no coder {unknown[0]!r}",
            remedy=f"choose of {', '.join(Coder)}, with commas between them",
        )
    if not 0 <= mutants <= _MOST_MUTANTS:
        raise UsageError(f"--mutants is 0 to {_MOST_MUTANTS}")
    if variants is not None and variants < 1:
        raise UsageError("--variants is 1 or more", remedy="leave a coder out with --coders")
    return Casting(tuple(Coder(name) for name in names), mutants, seed, variants)


@dataclass(frozen=True, slots=True)
class _Spot:
    """An issue that can be played."""

    task: Task
    number: int


def cast(tasks: Sequence[Task], casting: Casting) -> tuple[Part, ...]:
    """Give every coder its parts, in the order of the table."""
    spots = [_Spot(task, number) for task in tasks for number in task.numbers]
    chance = random.Random(casting.seed)  # noqa: S311  a choice that can be repeated, no secret
    makers: dict[Coder, Callable[[], Iterator[Part]]] = {
        Coder.NULL: lambda: (part for spot in spots for part in _nulls(spot)),
        Coder.ORACLE: lambda: (part for spot in spots for part in _oracle(spot)),
        Coder.MUTANT: lambda: (
            part for spot in spots for part in _mutants(spot, casting.mutants, chance)
        ),
        Coder.SEARCH: lambda: (_search(spot) for spot in spots),
        Coder.FORGER: lambda: _forgers(spots, casting, chance),
        Coder.HOSTILE: lambda: _hostiles(spots, casting, chance),
    }
    parts = tuple(part for coder in Coder if coder in casting.coders for part in makers[coder]())
    if not parts:
        raise UsageError(
            "nobody of the chosen coders has anything to do",
            means="oracle and mutant need a known fix",
            remedy="add fix.patch to the tasks, or choose other coders",
        )
    return parts


def _name(task: Task, number: int, coder: Coder, variant: str) -> str:
    return f"{task.name}-{number}-{coder.value}-{variant}"


def _repository(name: str) -> str:
    return f"panel/{name}"


def _scripted(
    spot: _Spot, coder: Coder, variant: str, changes: Mapping[str, bytes | None], about: str
) -> Part:
    """Write a change, submit it once, and give up when it is refused."""
    repository = _repository(_name(spot.task, spot.number, coder, variant))
    told = turns(repository, [*write(changes), submit()])
    rules = (accept(repository, spot.task.clause), *told)
    return Part(coder, variant, spot.task, spot.number, rules, about=about)


def _nulls(spot: _Spot) -> Iterator[Part]:
    """Submit nothing at all, and once a comment, so that the gate is really asked."""
    yield _scripted(spot, Coder.NULL, "unchanged", {}, "no change")
    path = find_target(spot.task, spot.number).path
    commented = {path: spot.task.files[path] + _COMMENT}
    yield _scripted(spot, Coder.NULL, "comment", commented, f"a comment in {path}")


def _oracle(spot: _Spot) -> Iterator[Part]:
    fix = spot.task.fixes.get(spot.number)
    if fix is not None:
        yield _scripted(spot, Coder.ORACLE, "fix", fix, "the known fix")


def _mutants(spot: _Spot, wanted: int, chance: random.Random) -> Iterator[Part]:
    fix, fixed = spot.task.fixes.get(spot.number), spot.task.fixed(spot.number)
    if fix is None or fixed is None:
        return
    near, far = _faults(spot, fix, fixed)
    chance.shuffle(near)
    chance.shuffle(far)
    for index, fault in enumerate(itertools.islice(itertools.chain(near, far), wanted), start=1):
        about = f"{fault.path}:{fault.line} `{fault.before}` became `{fault.after}`"
        changes = {**fix, fault.path: fault.content}
        yield _scripted(spot, Coder.MUTANT, f"{index:02}", changes, about)


def _faults(spot: _Spot, fix: Fix, fixed: Files) -> tuple[list[Fault], list[Fault]]:
    """Seed the fixed files; those inside the functions that the fix touches come first."""
    near: list[Fault] = []
    far: list[Fault] = []
    for path in sorted(fix):
        if path not in fixed or not path.endswith(".py") or is_test(path):
            continue
        before = spot.task.files.get(path, b"")
        lines = _touched(before, fixed[path])
        for fault in faults_of(path, fixed[path]):
            if fault.content not in {before, fixed[path]}:  # the old bug again is the null coder
                (near if fault.line in lines else far).append(fault)
    return near, far


def _touched(before: bytes, after: bytes) -> set[int]:
    """Return the lines of those functions of the new text that hold a new line."""
    old = set(before.splitlines())
    new = {number for number, line in enumerate(after.splitlines(), 1) if line not in old}
    spans = [
        set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        for node in ast.walk(ast.parse(after))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return set().union(*(span for span in spans if span & new))


def _search(spot: _Spot) -> Part:
    """Let the search brain try: it gets the issue as it is, and answers triage as well."""
    repository = _repository(_name(spot.task, spot.number, Coder.SEARCH, "brain"))
    rules = tuple(searched(repository))
    return Part(Coder.SEARCH, "brain", spot.task, spot.number, rules, about="what it finds")


def _spread(
    count: int, spots: Sequence[_Spot], casting: Casting, chance: random.Random
) -> Iterator[tuple[int, _Spot]]:
    """Pair variants with issues: each variant is played, and each issue meets one at least."""
    kept: Sequence[int] = range(count)
    if casting.variants is not None and casting.variants < count:
        kept = sorted(chance.sample(kept, casting.variants))
    for turn in range(max(len(kept), len(spots))):
        yield kept[turn % len(kept)], spots[turn % len(spots)]


def _forgers(spots: Sequence[_Spot], casting: Casting, chance: random.Random) -> Iterator[Part]:
    count = len(forgeries(find_target(spots[0].task, spots[0].number)))
    for index, spot in _spread(count, spots, casting, chance):
        forgery = forgeries(find_target(spot.task, spot.number))[index]
        about = f"{forgery.name}, in {', '.join(sorted(forgery.files))}"
        yield _scripted(spot, Coder.FORGER, forgery.variant, dict(forgery.files), about)


def _hostiles(spots: Sequence[_Spot], casting: Casting, chance: random.Random) -> Iterator[Part]:
    for index, spot in _spread(len(hostile.ROWS), spots, casting, chance):
        row = hostile.ROWS[index]
        repository = _repository(_name(spot.task, spot.number, Coder.HOSTILE, row.variant))
        trap = str(TRAPS / f"nightshift-trap-{secrets.token_hex(8)}")
        target = find_target(spot.task, spot.number)
        scene = hostile.Scene(spot.task, target, repository, trap)
        rules = (accept(repository, spot.task.clause), *row.rules(scene))
        about = hostile.THREATS[row.threat]
        yield Part(Coder.HOSTILE, row.variant, spot.task, spot.number, rules, trap, about)
