"""The bench of the twin runs, and what it says fits what it measured."""

import json
from dataclasses import fields

import pytest

from twins.benches import speed

pytestmark = pytest.mark.integration


def test_one_run_gives_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """Real processes, a real push: every key of the JSON is there, and only GraphQL may be 0."""
    code = speed.main(["--starts", "1", "--calls", "6", "--pushes", "1", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(found) == {field.name for field in fields(speed.Measured)}
    assert all(found[name] > 0 for name in found if not name.startswith(("graphql", "load")))


def test_the_lines_name_every_figure() -> None:
    """What people read holds the same numbers."""
    names = [field.name for field in fields(speed.Measured)]
    figures = {name: number + 0.5 for number, name in enumerate(names, 10)}
    said = speed.told(speed.Measured(**figures))
    assert all(str(figure) in said for figure in figures.values())
