"""The hidden scenarios of the world parcel, as files."""

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
    folder = find_corpus(SCENARIOS, load("parcel").repository.full_name)
    assert folder is not None
    assert folder.name == load("parcel").corpus
    return load_corpus(folder).scenarios


def of(scenarios: tuple[Scenario, ...], wanted: str, issue: int | None) -> list[Scenario]:
    """Choose by set and issue."""
    return [one for one in scenarios if one.set == wanted and one.issue == issue]


def test_there_are_enough_of_every_set(scenarios: tuple[Scenario, ...]) -> None:
    """The gate can be passed by what is not pending alone, and the sealed set is not a token."""
    counts = Counter(scenario.set for scenario in scenarios)
    assert counts[ScenarioSet.GATE] >= 34
    assert counts[ScenarioSet.SEALED] >= 14
    assert counts[ScenarioSet.DEV] >= 6
    weights = [scenario.weight for scenario in of(scenarios, "gate", None)]
    effective = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    assert effective >= MIN_EFFECTIVE + 1


def test_every_issue_that_can_land_has_scenarios_in_both_sets(
    scenarios: tuple[Scenario, ...],
) -> None:
    """A fix is asked about by the gate, and by what it never hears of again."""
    for issue in load("parcel").issues:
        lands = issue.expect.outcome == "landed"
        assert (len(of(scenarios, "gate", issue.number)) >= 2) is lands
        assert bool(of(scenarios, "sealed", issue.number)) is lands
    assert not [one for one in scenarios if one.set == "dev" and one.issue]


def test_folder_and_front_matter_agree(scenarios: tuple[Scenario, ...]) -> None:
    """A sealed scenario never lies among the dev ones."""
    assert all(scenario.file.startswith(f"{scenario.set}/") for scenario in scenarios)


def test_every_file_carries_its_own_mark(scenarios: tuple[Scenario, ...]) -> None:
    """A leak is found by one expression: id, story and checks hold a mark of this file alone."""
    marks = []
    for scenario in scenarios:
        text = (SCENARIOS / "parcel" / scenario.file).read_text()
        found = CANARY.findall(text)
        assert len(set(found)) == 1, scenario.file
        assert found[0] in scenario.id
        assert found[0] in scenario.story
        assert any(found[0] in str(check.body) for check in scenario.checks)
        marks.append(found[0])
    assert len(set(marks)) == len(marks)


def test_marks_stay_outside_of_what_enters_a_box(scenarios: tuple[Scenario, ...]) -> None:
    """Nothing that a product is given holds a mark."""
    for scenario in scenarios:
        assert not CANARY.search(str([step.body for step in scenario.steps]))
        assert not CANARY.search(str(scenario.setup))


def test_marks_stand_nowhere_in_the_world() -> None:
    """What coders can read holds no mark."""
    for commit in load("parcel").commits:
        assert not any(CANARY.search(content.decode()) for content in commit.files.values())
    assert not any(CANARY.search(issue.body) for issue in load("parcel").issues)


def test_inputs_are_drawn_anew(scenarios: tuple[Scenario, ...]) -> None:
    """Memorising answers is useless: nearly all scenarios draw their inputs, none fixes a seed."""
    fixed = [scenario.file for scenario in scenarios if not scenario.setup.vars]
    assert fixed == ["gate/list-of-zones.md"]
    assert all(scenario.setup.seed is None for scenario in scenarios)


def test_command_line_and_library_are_both_driven(scenarios: tuple[Scenario, ...]) -> None:
    """The gate looks through both doors of the product."""
    kinds = Counter(scenario.kind for scenario in scenarios if scenario.set == "gate")
    assert kinds[Kind.CLI] >= 10
    assert kinds[Kind.LIB] >= 10
