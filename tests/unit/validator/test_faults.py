"""Seeded faults: each changes what a program means, in one place, repeatably."""

import ast

import pytest

from bot.validator.faults import Fault, chosen, faults_of

SOURCE = b'''\
"""A till."""
from dataclasses import dataclass

RATES = {
    1: 20,
    2: 7,
}


@dataclass(frozen=True)
class Till:
    total: int = 0

    def add(self, price: int, *, count: int = 1) -> int:
        if price < 0:
            raise ValueError(price)
        return self.total + price * count


def first(lines):
    for line in lines:
        if line and not line.startswith("#"):
            return line
    return None


if __name__ == "__main__":
    print(first([]))
'''


@pytest.fixture(name="faults", scope="module")
def _faults() -> list[Fault]:
    return faults_of("till.py", SOURCE)


def test_every_fault_is_a_different_program(faults: list[Fault]) -> None:
    """Each file still parses, means something else than the original, and no two mean the same."""
    forms = {ast.dump(ast.parse(fault.content)) for fault in faults}

    assert len(forms) == len(faults) > 10
    assert ast.dump(ast.parse(SOURCE)) not in forms


def test_a_fault_knows_where_it_is(faults: list[Fault]) -> None:
    """Methods are named with their class, constants belong to the module, and lines are shown."""
    places = {fault.place for fault in faults}

    assert {"Till.add", "first", "<module>"} <= places
    assert all(fault.before != fault.after for fault in faults)
    (negated,) = [f for f in faults if f.operator == "AddNot" and f.place == "Till.add"]
    assert ("if price < 0:", "if not price < 0:") == (negated.before, negated.after)


def test_what_says_nothing_is_left_alone(faults: list[Fault]) -> None:
    """Decorators, the program's own entry, identity and bits of numbers teach nobody anything."""
    texts = [fault.content.decode() for fault in faults]

    assert all("@dataclass(frozen=True)" in text for text in texts)
    assert all('if __name__ == "__main__":' in text for text in texts)
    assert not [f for f in faults if f.operator.endswith(("_Is", "_Pow", "_BitOr", "_LShift"))]


def test_the_same_seed_gives_the_same_faults(faults: list[Fault]) -> None:
    """A calibration can be repeated; another seed varies which of the variants is taken."""
    assert faults_of("till.py", SOURCE) == faults
    assert faults_of("till.py", SOURCE, seed=1) != faults


@pytest.mark.parametrize("source", [b"\xff\xfe", b"def broken(:\n", b"", b"\0"])
def test_what_is_not_python_has_no_faults(source: bytes) -> None:
    """Nothing is guessed about other files, and nothing breaks on them."""
    assert faults_of("data.py", source) == []


def test_choosing_goes_round_all_places(faults: list[Fault]) -> None:
    """No place is asked twice before every place was asked once."""
    places = {fault.where for fault in faults}
    few = chosen(faults, len(places))

    assert places == {fault.where for fault in few}
    assert chosen(faults, 4, seed=7) == chosen(faults, 4, seed=7)
    assert faults == sorted(chosen(faults, 10_000), key=faults.index)
