"""Judged statements: a model reads what was seen as data, and can only lower a score.

It is asked only about what every check has passed, so nothing that failed can be talked into a
pass. One statement per question, with only the observations that it may see: what one step shows
cannot speak about another statement. No usable answer is "not evaluated", which lowers nothing and
keeps a must-pass scenario from passing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.errors import NightshiftError
from bot.validator.observation import NotThere, Sighting, strict_json
from bot.validator.scenario import Scenario, Statement

_SCORES = {"yes": 1.0, "partly": 0.5, "no": 0.0}
SHOWN = 4000
"""Characters of each field that a judge is shown."""
_WHY = 400
_AT_ONCE = 4
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"holds": {"enum": list(_SCORES)}, "why": {"type": "string"}},
    "required": ["holds", "why"],
    "additionalProperties": False,
}

Ask = Callable[[Mapping[str, Any]], Awaitable[str]]
"""Puts {story, statement, observations} to a model; returns its text or raises NightshiftError."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge holds of one statement; no score when it was not evaluated."""

    statement: str
    weight: int
    score: float | None
    why: str = ""
    """For the owner alone: the model's reason, or why there is none."""


class Judge(Protocol):
    """Anybody who reads observations and says whether a statement holds."""

    async def judge(self, scenario: Scenario, seen: Sighting) -> tuple[Opinion, ...]:
        """Return one opinion per statement of the rubric; never raises for want of an answer."""
        ...


class Nobody:
    """The judge of an installation that has none: nothing is evaluated."""

    async def judge(self, scenario: Scenario, seen: Sighting) -> tuple[Opinion, ...]:  # noqa: ARG002  a Judge
        """Return no score for any statement."""
        return tuple(
            Opinion(one.statement, one.weight, None, "no judge is configured")
            for one in scenario.rubric
        )


class ModelJudge:
    """Asks a model, a few questions at a time."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def judge(self, scenario: Scenario, seen: Sighting) -> tuple[Opinion, ...]:
        """Ask about every statement of the rubric."""
        asked = [self._opinion(scenario, statement, seen) for statement in scenario.rubric]
        return tuple(await asyncio.gather(*asked))

    async def _opinion(self, scenario: Scenario, statement: Statement, seen: Sighting) -> Opinion:
        question = {
            "story": scenario.story,
            "statement": statement.statement,
            "observations": _observations(statement, seen),
        }
        score, why = None, "the answer is not in the form that was asked for"
        try:
            async with self._turns:
                answer = _read(await self._ask(question))
            if answer is not None:
                score, why = answer
        except NightshiftError as error:
            why = f"the judge gave no answer ({error.slug})"
        except TimeoutError:
            why = "the judge gave no answer in time"
        return Opinion(statement.statement, statement.weight, score, why[:_WHY])


def lowered(opinions: Sequence[Opinion]) -> tuple[float, ...]:
    """Return the factor that the evaluated statements come to, by weight; none without any."""
    heard = [(one.weight, one.score) for one in opinions if one.score is not None]
    weight = sum(weight for weight, _ in heard)
    return (sum(weight * score for weight, score in heard) / weight,) if weight else ()


def _observations(statement: Statement, seen: Sighting) -> dict[str, Any]:
    """Choose what a statement may see: the steps it names, or all of them."""
    return {
        name: {"ended": step.ended.value, **{key: _cut(item) for key, item in step.fields.items()}}
        for name, step in seen.steps.items()
        if not statement.sees or name in statement.sees
    }


def _cut(value: object) -> str:
    """Write down what a product said, however it is shaped, to a bounded length."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (ValueError, RecursionError):
        return "(cannot be written down)"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} [... {len(text) - SHOWN} more]"


def _read(text: str) -> tuple[float, str] | None:
    """Read an answer strictly; None for anything that is not exactly one."""
    try:
        answer = strict_json(text)
    except NotThere:
        return None
    if not isinstance(answer, dict) or set(answer) != {"holds", "why"}:
        return None
    holds, why = answer["holds"], answer["why"]
    if not isinstance(holds, str) or holds not in _SCORES or not isinstance(why, str):
        return None
    return _SCORES[holds], why
