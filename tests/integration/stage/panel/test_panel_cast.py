"""Every coder gets its parts: whole, distinct, and repeatable under a seed."""

import ast
import json
from collections import Counter
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.stage.panel.cast import Casting, Coder, Part, cast, casting
from bot.stage.panel.forgeries import forgeries
from bot.stage.panel.hostile import ROWS, THREATS
from bot.stage.panel.script import spoken_by
from bot.stage.panel.target import find_target
from bot.stage.panel.tasks import Task, of_folder, of_world
from tests.integration.panel_tasks import write_task
from twins.anthropic.script import ScriptBrain
from twins.anthropic.search.brain import SearchBrain


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Task]:
    """Read both worlds."""
    room = tmp_path_factory.mktemp("worlds")
    return [task for name in ("parcel", "toolshed") for task in of_world(name, room)]


def till(tmp_path: Path, *, fix: bool = True) -> Task:
    """Read the small task."""
    (task,) = of_folder(write_task(tmp_path / "tasks", fix=fix), tmp_path / "room")
    return task


def variants(parts: tuple[Part, ...], coder: Coder) -> list[str]:
    """Name the variants of one coder."""
    return [part.variant for part in parts if part.coder is coder]


def test_everybody_plays(worlds: list[Task]) -> None:
    """All twenty forgeries and all hostile rows once, every issue by the others."""
    parts = cast(worlds, Casting(mutants=2))
    count = Counter(part.coder for part in parts)
    assert {Coder.NULL: 12, Coder.ORACLE: 6, Coder.MUTANT: 12, Coder.SEARCH: 6, Coder.FORGER: 20,
            Coder.HOSTILE: len(ROWS)} == count  # fmt: skip
    assert 20 == len(set(variants(parts, Coder.FORGER)))
    assert len(parts) == len({part.repository for part in parts})
    assert all(len(part.name) <= 100 for part in parts)


def test_the_same_seed_chooses_the_same_mutants(worlds: list[Task]) -> None:
    """And another one chooses others; none is the base's own fault."""
    parcel = worlds[:1]
    first, again, other = (cast(parcel, Casting((Coder.MUTANT,), 3, seed)) for seed in (1, 1, 2))
    assert [part.rules for part in first] == [part.rules for part in again]
    assert [part.rules for part in first] != [part.rules for part in other]
    assert len(first) == len({json.dumps(part.rules) for part in first})


@pytest.mark.parametrize("world", [0, 1])
def test_forgeries_are_twenty_programs(worlds: list[Task], world: int) -> None:
    """For each known fix: distinct, valid Python, and none of them is the fix."""
    task = worlds[world]
    for number in task.numbers:
        made = forgeries(find_target(task, number))
        assert 20 == len({tuple(sorted(forgery.files.items())) for forgery in made})
        for forgery in made:
            for path, content in forgery.files.items():
                if path.endswith(".py"):
                    ast.parse(content)
            changed = {**task.files, **forgery.files}
            assert changed != task.files
            assert changed != task.fixed(number)


@pytest.mark.parametrize("world", [0, 1])
def test_a_forger_strikes_where_the_fix_does(worlds: list[Task], world: int) -> None:
    """The function is one that the known fix changes."""
    task = worlds[world]
    for number in task.numbers:
        assert find_target(task, number).path in task.fixes[number]


def test_without_a_known_fix_forgers_take_the_product(tmp_path: Path) -> None:
    """Oracle and mutant have nothing to do then."""
    task = till(tmp_path, fix=False)
    assert ("till.py", "price") == (find_target(task, 1).path, find_target(task, 1).place)
    parts = cast([task], Casting())
    assert {Coder.NULL, Coder.SEARCH, Coder.FORGER, Coder.HOSTILE} == {p.coder for p in parts}
    with pytest.raises(UsageError, match="nobody"):
        cast([task], Casting((Coder.ORACLE, Coder.MUTANT)))


def test_few_variants_are_chosen_when_few_are_asked_for(tmp_path: Path) -> None:
    """A quick panel is a sample of the long one, the same under one seed."""
    task = till(tmp_path)
    chosen = [cast([task], Casting((Coder.FORGER, Coder.HOSTILE), variants=3)) for _ in range(2)]
    assert [3, 3] == [len(variants(chosen[0], c)) for c in (Coder.FORGER, Coder.HOSTILE)]
    assert [p.name for p in chosen[0]] == [p.name for p in chosen[1]]


def test_every_hostile_row_is_a_row_of_the_threat_table() -> None:
    """Each threat that a coder can play is played, under its number."""
    assert set(THREATS) == {row.threat for row in ROWS}
    assert len(ROWS) == len({row.variant for row in ROWS})


def test_the_script_knows_whose_turn_it_is(tmp_path: Path) -> None:
    """A part's rules answer what is asked about its own repository, and nothing else."""
    parts = cast([till(tmp_path)], Casting(mutants=2))
    script = ScriptBrain([rule for part in parts for rule in part.rules], {"search": SearchBrain()})
    for part in parts:
        mine = [rule for rule in part.rules if "brain" not in rule]
        asked = request(part.repository)
        assert bool(mine) is (part.coder is not Coder.SEARCH)
        if mine:
            assert ScriptBrain(mine).reply(asked).blocks == script.reply(asked).blocks


def test_a_repository_whose_name_goes_on_is_another() -> None:
    """`mutant-1` is not spoken for `mutant-10`."""
    rules = [
        {"when": {"anywhere": spoken_by("panel/a-1")}, "reply": [{"text": "one"}]},
        {"reply": [{"text": "else"}]},
    ]
    told = [ScriptBrain(rules).reply(request(name)) for name in ("panel/a-1", "panel/a-10")]
    assert ["one", "else"] == [reply.blocks[0]["text"] for reply in told]


def request(repository: str) -> dict[str, object]:
    """Ask as a builder does in its first turn."""
    about = json.dumps({"number": 1, "repo": repository, "title": "t"})
    return {
        "model": "m",
        "tools": [{"name": "bash"}],
        "messages": [{"role": "user", "content": f"<issue>\n{about}\n</issue>"}],
    }


@pytest.mark.parametrize(
    "arguments", [("nobody", 3, 0, None), ("null", -1, 0, None), ("null", 3, 0, 0)]
)
def test_a_bad_choice_is_refused(arguments: tuple[str, int, int, int | None]) -> None:
    """Before anything is read or started."""
    with pytest.raises(UsageError):
        casting(*arguments)


def test_the_default_is_everybody() -> None:
    """No list means all, a list means those."""
    assert tuple(Coder) == casting("", 3, 0, None).coders
    assert (Coder.NULL, Coder.FORGER) == casting("null, forger", 3, 0, None).coders
