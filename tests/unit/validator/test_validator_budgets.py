"""How many runs one judgement makes, and on what it spends them first."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.validator.checks import Finding
from bot.validator.drivers.visit import Stage
from bot.validator.examination import PATIENCE, SECOND_LOOKS, Examination
from bot.validator.exhibit import Exhibit
from bot.validator.ledger import Shown
from bot.validator.observation import Ended, Observation, Sighting
from bot.validator.scenario import Check, Kind, Scenario, ScenarioSet
from bot.validator.trajectories import Trajectory

HEAD, BASE = Stage(b"head", (), None), Stage(b"base", (), None)  # type: ignore[arg-type]  # never driven
PLAIN = Scenario("plain", "f", Kind.CLI, ScenarioSet.GATE, (), (Check("exit", {}),), "A story.")


@dataclass
class Product:
    """A product that is right but for what is named: on base, on head; it counts its runs."""

    broken: dict[bytes, set[str]] = field(default_factory=dict)
    runs: Counter[tuple[bytes, str]] = field(default_factory=Counter)
    width: int = 2
    hangs: set[bytes] = field(default_factory=set)
    waited: list[float] = field(default_factory=list)
    """Seconds that were lost to runs that hung."""

    def values(self, scenario: Scenario, seed: str = "") -> dict[str, Any]:  # noqa: ARG002  a Runner
        """Draw nothing."""
        return {}

    async def run(
        self, stage: Stage, scenario: Scenario, names: object = None, *, base: object = None
    ) -> Trajectory:
        """Answer at once."""
        del names, base
        self.runs[stage.tree, scenario.id] += 1
        if stage.tree in self.hangs:
            self.waited.append(scenario.timeout_s)
            await asyncio.sleep(0)
            steps = {"run": Observation({}, Ended.TIMED_OUT)}
            return Trajectory({}, Sighting(steps, started=True), (), 0.0)
        held = scenario.id not in self.broken.get(stage.tree, ())
        found = Finding(scenario.checks[0], held)
        return Trajectory({}, Sighting(started=True), (found,), float(held))

    async def examined(
        self, scenarios: list[Scenario], known: dict[str, Shown] | None = None, **more: int
    ) -> list[Exhibit]:
        """Examine for issue 1."""
        examination = Examination(self, HEAD, BASE, 1, **more)  # type: ignore[arg-type]  # a Runner
        return await examination.examine(scenarios, known or {})


def many(count: int, **changes: Any) -> list[Scenario]:
    """Return so many scenarios."""
    return [replace(PLAIN, id=f"s{n:02}", **changes) for n in range(count)]


async def test_unproven_runs_three_times_and_proven_once() -> None:
    """The proof saves runs on head; what base has shown ten times is not asked again."""
    product = Product()
    await product.examined(many(2), {"s00": Shown((1.0,) * 10, started=True, seed="s")}, profile=0)

    assert product.runs == {(b"head", "s00"): 1, (b"head", "s01"): 3, (b"base", "s01"): 1}


async def test_growth_has_a_budget_and_an_order() -> None:
    """First what silently waits for another issue, then what is nearest to its proof."""
    product = Product({b"base": {"s02"}})
    one, two = many(2)
    foreign = replace(PLAIN, id="s02", issue=9)
    known = {"s01": Shown((1.0,) * 6, started=True, seed="s")}
    shown = await product.examined([one, two, foreign], known, profile=12)

    assert [len(exhibit.before.scores) for exhibit in shown] == [1, 9, 10]


async def test_what_the_author_fixed_does_not_grow() -> None:
    """A written `repeats` says how often head is run: no run on base could change it.

    What waits for another issue grows all the same: it must not waver in silence.
    """
    product = Product({b"base": {"other"}})
    once, other = (replace(PLAIN, id=name, repeats=1) for name in ("once", "other"))
    await product.examined([*many(1), once, replace(other, issue=9)], profile=20)

    assert {"s00": 10, "once": 1, "other": 10} == {
        scenario: n for (tree, scenario), n in product.runs.items() if tree == b"base"
    }


@pytest.mark.parametrize(("extra", "head"), [(400, 30), (7, 16), (0, 10)])
async def test_repeats_are_bounded_but_for_what_decides(extra: int, head: int) -> None:
    """The bound takes whole scenarios; nothing grows beyond it; the issue's own is always three."""
    product = Product({b"base": {"own"}})
    own = replace(PLAIN, id="own", issue=1)
    await product.examined([*many(10), own], extra=extra)
    counts = {scenario: n for (tree, scenario), n in product.runs.items() if tree == b"head"}

    assert counts.pop("own") == 3
    assert sum(counts.values()) == head
    grown = sum(n for (tree, _), n in product.runs.items() if tree == b"base") - 11
    assert grown == min(20, max(0, extra - (head - 10)))


async def test_a_lost_cause_is_not_run_again() -> None:
    """One failure of the issue's own, or one certain loss, decides; head stays at one run each."""
    own = replace(PLAIN, id="own", issue=1)
    for broken in ("own", "s00"):
        product = Product({b"head": {broken}, b"base": {"own"}})
        await product.examined([*many(3), own], profile=0)
        heads = [n for (tree, _), n in product.runs.items() if tree == b"head"]
        assert heads == [1, 1, 1, 1]


async def test_nobody_waits_for_a_product_that_hangs_everywhere() -> None:
    """The first few have all their time, some a second chance; the others end after a second."""
    product = Product(hangs={b"head"})
    shown = await product.examined(many(30, timeout_s=10), profile=0)

    assert sum(product.waited) <= 10 * (SECOND_LOOKS + PATIENCE + product.width) + 30
    assert len(product.waited) == 30 + SECOND_LOOKS
    assert not any(exhibit.result.satisfied for exhibit in shown)
    assert any(exhibit.result.newly_failing for exhibit in shown)


async def test_what_hangs_on_base_as_well_hurries_nobody() -> None:
    """It decides nothing, so a slow and right scenario keeps all the time that it was given."""
    product = Product({b"base": {f"s{n:02}" for n in range(30)}}, hangs={b"head"})
    await product.examined(many(30, timeout_s=10, repeats=1), profile=0)

    assert {10} == set(product.waited)


async def test_a_flaky_or_pending_scenario_is_not_run_on_head() -> None:
    """It could be no evidence."""
    product = Product({b"base": {"other"}})
    flaky = {"s00": Shown((1.0, 0.0), started=True, seed="s")}
    await product.examined([*many(1), replace(PLAIN, id="other", issue=9)], flaky, profile=0)

    assert product.runs == {(b"base", "other"): 1}
