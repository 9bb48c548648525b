"""The dev set: shown to coders in full, with what a change made of it.

It answers its own kind of question and loads every file again by itself: a text goes out only when
the very bytes that go out say `set: dev`. Nothing here is signed, and nothing here lets a change
pass. A product that cannot be rehearsed is no failure: the gate is asked next and decides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.work import RehearseReply, RehearseRequest
from bot.errors import ScenarioError
from bot.validator.burns import Burnt
from bot.validator.desk.telling import told_run
from bot.validator.examination import Examination
from bot.validator.exhibit import Exhibit
from bot.validator.loader import find_corpus, load_corpus, parse_scenario
from bot.validator.scenario import Corpus, Kind, Scenario, ScenarioSet
from bot.validator.selection import Within, select

TEXT = 30_000
"""Characters of one answer; what does not fit is named."""
_RESULT = 3000


@dataclass(frozen=True, slots=True)
class Shown:
    """One dev scenario as a coder reads it."""

    scenario: Scenario
    text: str
    exhibit: Exhibit

    @property
    def failed(self) -> bool:
        """Whether the change is to blame: what it is for does not hold, or what held before."""
        result = self.exhibit.result
        missed = result.own and bool(result.scores) and not result.satisfied
        return missed or result.newly_failing


async def rehearse(
    examination: Examination,
    scenarios: Path,
    request: RehearseRequest,
    offers: Callable[[Kind], bool],
    within: Within,
) -> RehearseReply:
    """Run the dev set and tell all of it."""
    folder = find_corpus(scenarios, request.repo)
    corpus = load_corpus(folder) if folder else None
    if corpus is None:
        return RehearseReply()
    asked = await select(corpus, ScenarioSet.DEV, Burnt(), within)
    texts = {s.id: _text(corpus, s) for s in asked.scenarios if offers(s.kind)}
    chosen = [scenario for scenario in asked.scenarios if scenario.id in texts]
    exhibits = await examination.examine(chosen, {})
    shown = [Shown(e.scenario, texts[e.scenario.id], e) for e in exhibits if not e.invalid]
    failed = [one for one in shown if one.failed]
    return RehearseReply(len(shown), len(failed), _written([*failed, *_others(shown)]))


def _text(corpus: Corpus, scenario: Scenario) -> str:
    """Read the file of a dev scenario; the very bytes that go out must say what they are."""
    text = (corpus.root / scenario.file).read_text(encoding="utf-8")
    found = parse_scenario(text, scenario.file)
    if found.set is not ScenarioSet.DEV or found.id != scenario.id:
        raise ScenarioError(f"{scenario.file}: changed while it was read")
    return text


def _others(shown: Sequence[Shown]) -> list[Shown]:
    """Put what does not fail behind what does."""
    return [one for one in shown if not one.failed]


def _written(shown: Sequence[Shown]) -> str:
    """Write everything down, failures first, to a bounded length."""
    parts: list[str] = []
    left = TEXT
    dropped = []
    for one in shown:
        part = "\n".join(_told(one))
        if len(part) <= left:
            parts.append(part)
            left -= len(part)
        else:
            dropped.append(one.scenario.id)
    if dropped:
        parts.append(f"(too long to be shown: {', '.join(dropped)[:1000]})")
    return "\n\n".join(parts)


def _told(one: Shown) -> Iterator[str]:
    """Tell one scenario: how it ended, its whole text, and what was seen when it failed."""
    yield f"=== {one.scenario.id}: {_end(one)}"
    yield one.text.strip()
    if one.failed:
        run = next(run for run in one.exhibit.head if run.score < 1)
        yield "--- what was seen"
        yield "\n".join(told_run(one.scenario, run))[:_RESULT]


def _end(one: Shown) -> str:
    """Say in words how it ended."""
    result = one.exhibit.result
    if one.failed:
        return "FAILS"
    if result.pending:
        return "waits for another issue"
    if result.quarantined:
        return "wavers before the change already"
    return "holds" if result.satisfied else "fails before the change already"
