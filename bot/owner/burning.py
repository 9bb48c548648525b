"""`nightshift scenario` burn and rotate: what an owner does when hidden things became known."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bot.errors import UsageError
from bot.owner.choice import readable, selected
from bot.owner.memory import opened
from bot.owner.paper import write
from bot.validator.burns import Burns
from bot.validator.desk.burn import moved_to_dev
from bot.validator.scenario import ScenarioSet


def burn(folder: Path, name: str, state: Path, console: Console) -> int:
    """Record a scenario as burnt, then make it a dev one.

    A crash between the two leaves a file that does not count.
    """
    corpus = readable(folder)
    scenario = selected(corpus, [name])[0]
    burns = Burns(opened(state).path)
    known = folder.resolve().name
    burnt = burns.of(known)
    if scenario.set is ScenarioSet.DEV:
        done = "it was burnt before" if name in burnt.ids else "coders read it anyway"
        raise UsageError(f"{name} is a dev scenario: {done}", remedy="nothing is to be done")
    stood = sum(other.id not in burnt.ids for other in corpus.of_set(scenario.set))
    burns.burn(known, name, was=scenario.set.value, stood=stood, at=_now())
    path = moved_to_dev(folder, scenario)
    owed = burns.of(known).required[scenario.set.value]
    left = sum(o.id not in burnt.ids | {name} for o in corpus.of_set(scenario.set))
    write(console, f"{name} is burnt: coders may read {path}, and it counts no more")
    write(
        console,
        f"{scenario.set.value}: {left} left, {owed} stood before. Nothing merges until {owed} stand"
        " there again, none of them burnt: nightshift scenario new",
    )
    return 0


def rotate(repo: str, state: Path, console: Console) -> int:
    """Begin a new epoch: the budgets of a repository start anew."""
    ledger = opened(state)
    known = {one.repo for one in ledger.spending()}
    if repo not in known:
        raise UsageError(
            f"the gate has never answered a question about {repo!r}",
            remedy=f"one of: {', '.join(sorted(known)) or 'none yet'}",
        )
    spent = ledger.rotate(repo, _now())
    write(console, f"{repo}: a new epoch begins; {spent} gate questions of the last one are closed")
    write(
        console,
        "It says that the gate scenarios were replaced: what coders heard about the old ones must"
        " tell nothing about the new ones. With the same scenarios in place, every answer of the"
        " old epoch still helps a coder to guess, and the bound on wrong merges is void.",
    )
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
