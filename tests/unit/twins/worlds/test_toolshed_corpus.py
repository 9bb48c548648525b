"""The hidden scenarios of the world toolshed, as files."""

import re
from collections import Counter
from pathlib import Path

import pytest

from bot.policy.satisfaction import MIN_EFFECTIVE
from bot.validator.loader import find_corpus, load_corpus
from bot.validator.scenario import Kind, Scenario, ScenarioSet
from twins.worlds.loader import load

SCENARIOS = Path(__file__).parents[4] / "scenarios"
CANARY = re.compile(r"canary-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def scenarios() -> tuple[Scenario, ...]:
    """Load the corpus as the validator does."""
    folder = find_corpus(SCENARIOS, load("toolshed").repository.full_name)
    assert folder is not None
    assert folder.name == load("toolshed").corpus
    return load_corpus(folder).scenarios


def of(scenarios: tuple[Scenario, ...], wanted: str, issue: int | None) -> list[Scenario]:
    """Choose by set and issue."""
    return [one for one in scenarios if one.set == wanted and one.issue == issue]


def test_there_are_enough_of_every_set(scenarios: tuple[Scenario, ...]) -> None:
    """The gate can be passed by what is not pending alone, and the sealed set is not a token."""
    counts = Counter(scenario.set for scenario in scenarios)
    assert counts[ScenarioSet.GATE] >= 42
    assert counts[ScenarioSet.SEALED] >= 16
    assert counts[ScenarioSet.DEV] >= 6
    assert {scenario.weight for scenario in scenarios} == {1}
    assert len(of(scenarios, "gate", None)) >= MIN_EFFECTIVE + 1


def test_the_service_is_asked_over_http_above_all(scenarios: tuple[Scenario, ...]) -> None:
    """Most scenarios drive the running service; the other doors are looked through as well."""
    kinds = Counter(scenario.kind for scenario in scenarios if scenario.set == "gate")
    assert kinds[Kind.HTTP] > len(scenarios) / 3
    assert kinds[Kind.HTTP] > kinds.total() / 2
    assert min(kinds[kind] for kind in (Kind.CLI, Kind.LIB, Kind.FILE)) >= 2


def test_every_issue_that_can_land_has_scenarios_in_both_sets(
    scenarios: tuple[Scenario, ...],
) -> None:
    """A fix is asked about by the gate, and by what it never hears of again."""
    for issue in load("toolshed").issues:
        lands = issue.expect.outcome == "landed"
        assert (len(of(scenarios, "gate", issue.number)) >= 3) is lands
        assert (len(of(scenarios, "sealed", issue.number)) >= 2) is lands
    assert not [one for one in scenarios if one.set == "dev" and one.issue]


def test_every_file_carries_its_own_mark(scenarios: tuple[Scenario, ...]) -> None:
    """A leak is found by one expression: id, story and checks hold a mark of this file alone."""
    marks = []
    for scenario in scenarios:
        assert scenario.file.startswith(f"{scenario.set}/")
        found = CANARY.findall((SCENARIOS / "toolshed" / scenario.file).read_text())
        assert len(set(found)) == 1, scenario.file
        assert found[0] in scenario.id
        assert found[0] in scenario.story
        assert any(found[0] in str(check.body) for check in scenario.checks)
        marks.append(found[0])
    assert len(set(marks)) == len(marks)


def test_marks_stay_outside_of_what_coders_and_products_see(
    scenarios: tuple[Scenario, ...],
) -> None:
    """Nothing that a product is given, and nothing of the world, holds a mark."""
    for scenario in scenarios:
        assert not CANARY.search(str([step.body for step in scenario.steps]))
        assert not CANARY.search(str(scenario.setup))
    for commit in load("toolshed").commits:
        assert not any(CANARY.search(content.decode()) for content in commit.files.values())
    assert not any(CANARY.search(issue.body) for issue in load("toolshed").issues)


def test_inputs_are_drawn_anew(scenarios: tuple[Scenario, ...]) -> None:
    """Memorising answers is useless: every scenario draws its inputs, none fixes a seed."""
    assert all(scenario.setup.vars and scenario.setup.seed is None for scenario in scenarios)
