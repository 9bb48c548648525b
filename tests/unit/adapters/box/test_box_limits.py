"""Limits from an untrusted peer."""

import pytest

from bot.adapters.box import Limits


def test_limits_survive_the_wire() -> None:
    """What is sent is what arrives."""
    limits = Limits(wall_s=1.5, pids=3)
    assert Limits.checked(limits.plain()) == limits


@pytest.mark.parametrize("value", [0, -1, True, "9", None, 1e12, float("nan"), 1.5])
def test_no_limit_can_be_switched_off(value: object) -> None:
    """Zero, a sign, no number, too much: all refused."""
    with pytest.raises(ValueError, match="limits"):
        Limits.checked({**Limits().plain(), "pids": value})


@pytest.mark.parametrize("change", [{"extra": 1}, {"pids": ...}])
def test_the_names_are_exactly_the_known_ones(change: dict[str, object]) -> None:
    """A limit more or a limit less is refused."""
    values: dict[str, object] = {**Limits().plain(), **change}
    with pytest.raises(ValueError, match="limits"):
        Limits.checked({name: value for name, value in values.items() if value is not ...})
