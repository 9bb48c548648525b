"""Marks are planted where they are hidden, and nowhere else; the scenarios stay what they were."""

from dataclasses import replace
from pathlib import Path

from bot.stage.panel.marks import PER_SCENARIO, plant, planted
from bot.stage.panel.tasks import of_world
from bot.validator.loader import load_corpus
from bot.validator.scenario import ScenarioSet


def test_two_hundred_marks_in_a_world(tmp_path: Path) -> None:
    """Enough to say of a panel that no word got out, and all of them new each time."""
    (task,) = of_world("parcel", tmp_path / "room")
    first, second = plant(task, tmp_path / "one"), plant(task, tmp_path / "two")
    fresh = [planted(marked) - planted(task) for marked in (first, second)]
    hidden = [one for one in task.scenarios if one.set is not ScenarioSet.DEV]

    assert [PER_SCENARIO * len(hidden)] * 2 == [len(marks) for marks in fresh]
    assert len(fresh[0]) >= 200
    assert not fresh[0] & fresh[1]


def test_only_the_story_of_what_is_hidden_changes(tmp_path: Path) -> None:
    """A scenario asks the same as before; what coders may read carries no mark that would count."""
    (task,) = of_world("toolshed", tmp_path / "room")
    marked = load_corpus(plant(task, tmp_path).corpus).scenarios

    assert task.scenarios == tuple(
        replace(one, story=old.story) for one, old in zip(marked, task.scenarios, strict=True)
    )
    for new, old in zip(marked, task.scenarios, strict=True):
        assert (new.story == old.story) is (old.set is ScenarioSet.DEV)
        assert new.story.endswith(old.story)
