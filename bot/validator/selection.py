"""Which scenarios of a corpus a question is about, and which are left out, said aloud.

A scenario with `valid_from_commit` applies when that commit is the base or an ancestor of it. When
the history that is here cannot tell, because it was cut, nothing is judged: leaving the scenario
out would let a change pass that was never held against it.

A burnt scenario is known to coders. It never counts again in a hidden set, and until as many
others stand there as did before, the set allows no PASS.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.validator.burns import Burnt
from bot.validator.scenario import Corpus, Scenario, ScenarioSet

Within = Callable[[str], Awaitable[bool | None]]
"""Whether a commit is in the history of the base; None when the history here cannot tell."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scenario that is not asked, and why."""

    scenario: Scenario
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked, what is not, and whether that may pass at all."""

    scenarios: tuple[Scenario, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unknown: tuple[LeftOut, ...] = ()
    """Those of which nobody can say whether they apply."""
    missing: int = 0
    """Replacements of burnt scenarios that are still to be written."""


async def nowhere(commit: str) -> bool | None:  # noqa: ARG001  a Within
    """Say that the history is not known."""
    return None


async def select(corpus: Corpus, wanted: ScenarioSet, burnt: Burnt, within: Within) -> Selection:
    """Choose the scenarios of one set for one base."""
    chosen: list[Scenario] = []
    left_out: list[LeftOut] = []
    unknown: list[LeftOut] = []
    standing = 0
    for scenario in corpus.of_set(wanted):
        if scenario.id in burnt.ids:
            left_out.append(LeftOut(scenario, "burnt: coders know it"))
            continue
        standing += 1
        since = scenario.valid_from_commit
        applies = await within(since) if since else True
        if applies is None:
            why = f"the history here does not tell whether {since} is part of the base"
            unknown.append(LeftOut(scenario, why))
        elif applies:
            chosen.append(scenario)
        else:
            why = f"applies from {since} on, which is not in the history of the base"
            left_out.append(LeftOut(scenario, why))
    missing = max(0, burnt.required.get(wanted.value, 0) - standing)
    return Selection(tuple(chosen), tuple(left_out), tuple(unknown), missing)
