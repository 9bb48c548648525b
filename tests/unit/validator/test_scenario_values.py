"""Generated values and the places they are filled into."""

import random
from decimal import Decimal

import pytest

from bot.validator.functions import ExpressionError
from bot.validator.scenario import Setup
from bot.validator.template import fill, fill_text
from bot.validator.variables import draw

SETUP = Setup(
    vars={
        "zone": {"choice": ["a", "b"]},
        "count": {"int": [1, 9]},
        "price": {"decimal": [0.10, 9.99, 2]},
        "name": {"string": 8},
        "day": {"date": ["2024-02-28", "2024-03-01"]},
        "sizes": {"list": {"of": {"int": [1, 3]}, "length": [2, 4]}},
        "echo": {"choice": ["${name}!"]},
    },
    compute={"total": "price * count", "twice": "total * 2"},
)


def test_values_lie_in_their_ranges() -> None:
    """Two hundred draws, each inside its bounds and of its type."""
    entropy = random.Random(1)  # noqa: S311  reproducible
    for _ in range(200):
        names = draw(SETUP, entropy)
        assert names["zone"] in {"a", "b"}
        assert 1 <= names["count"] <= 9
        assert Decimal("0.10") <= names["price"] <= Decimal("9.99")
        assert names["price"].as_tuple().exponent == -2
        assert len(names["name"]) == 8
        assert "2024-02-28" <= names["day"] <= "2024-03-01"
        assert 2 <= len(names["sizes"]) <= 4
        assert names["echo"] == names["name"] + "!"
        assert names["twice"] == names["price"] * names["count"] * 2


def test_values_differ_from_run_to_run_unless_seeded() -> None:
    """A memorised answer fails the next run; a seed brings it back."""
    entropy = random.Random(1)  # noqa: S311  reproducible
    fresh = {draw(SETUP, entropy)["name"] for _ in range(20)}
    seeded = {draw(Setup(seed=4, vars=SETUP.vars), entropy)["name"] for _ in range(20)}

    assert (len(fresh), len(seeded)) == (20, 1)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${n}", 3),
        ("n=${n}", "n=3"),
        ("${p}", "1.50"),
        ("${float(p)}", 1.5),
        ("${flag} ${n + 1}", "true 4"),
        ("$${n}", "${n}"),
        (["${n}", {"k${n}": ["${p}"]}], [3, {"k3": ["1.50"]}]),
        ("${xs}", [1, "2.0"]),
        (7, 7),
    ],
)
def test_filling_keeps_types(template: object, value: object) -> None:
    """A text that is only a place keeps its value's type; decimals become their text."""
    names = {"n": 3, "p": Decimal("1.50"), "flag": True, "xs": [1, Decimal("2.0")]}

    assert fill(template, names) == value


def test_a_value_in_a_pattern_stands_for_itself() -> None:
    """A dot in an amount does not match any character."""
    assert fill_text("^${p}$$", {"p": Decimal("1.5")}, pattern=True) == r"^1\.5$$"


def test_a_list_does_not_fit_inside_a_text() -> None:
    """There is no one way to write it, so it is an error."""
    with pytest.raises(ExpressionError):
        fill_text("x ${xs}", {"xs": [1]})
