"""The bench of the wall runs; what it measures is shown to people and judged by nobody here."""

import json
from dataclasses import fields

import pytest

from bot.benches import wall

pytestmark = pytest.mark.integration


def test_one_run_gives_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """Real boxes, the real runner, both kinds: every key of the JSON is there, as a number."""
    code = wall.main(["--starts", "1", "--rate", "1", "--trajectories", "2", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(found) == {field.name for field in fields(wall.Measured)}
    assert all(isinstance(value, int | float) for name, value in found.items() if name != "tier")


def test_the_lines_name_every_figure() -> None:
    """What people read holds the same numbers."""
    found = wall.Measured(1.5, "A", 6.1, 12.2, 2.0, 31.1, 5.3, 33.3, 4.9, 10_000, 88.8, -0.7)
    for figure in ("1.5", "6.10", "12.20", "x2.0", "31.1", "x5.3", "33.3", "x4.9", "88.8", "-0.7"):
        assert figure in wall.told(found)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [([], 0), ([(1, 5)], 0), ([(1, 5), (1, 6)], 0), ([(0, 1), (10, 21)], 2), ([(0, 4), (9, 4)], 0)],
)
def test_growth_is_the_slope_of_a_line(samples: list[tuple[float, float]], expected: float) -> None:
    """Flat memory has slope zero, and too few looks say nothing."""
    assert wall.slope(samples) == pytest.approx(expected)
