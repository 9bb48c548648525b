"""Marks of a person: read strictly, known without their line, told when out of date."""

from pathlib import Path

import pytest

from bot.errors import ScenarioError
from bot.validator.equivalent import FILE, Equivalent, load_equivalent, stale

MARK = Equivalent("till.py:add", "return a + b", "return b + a", "adding commutes")
TEXT = """\
- where: till.py:add
  before: return a + b
  after: return b + a
  why: adding commutes
"""


def test_a_corpus_without_the_file_has_no_marks(tmp_path: Path) -> None:
    """Nothing is excused that nobody wrote down."""
    assert () == load_equivalent(tmp_path)


def test_marks_are_read(tmp_path: Path) -> None:
    """Four keys each."""
    (tmp_path / FILE).write_text(TEXT)

    assert (MARK,) == load_equivalent(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("adding commutes", '""'), "must not be empty"),
        (TEXT.replace("  why: adding commutes\n", ""), "'why' is missing"),
        (TEXT.replace("why", "wy"), "did you mean 'why'"),
        (TEXT.replace("till.py:add", "till.py"), "must match"),
        ("where: [", "not valid YAML"),
        ("just words", "must be of type array"),
    ],
)
def test_a_mark_needs_its_place_and_a_reason(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong is named with the file."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load_equivalent(tmp_path)

    assert FILE in str(caught.value)
    assert said in str(caught.value)


def test_a_mark_ends_with_its_line() -> None:
    """Its file may be gone as well."""
    assert [] == stale([MARK], {"till.py": b"def add(a, b):\n    return a + b\n"})
    assert [MARK] == stale([MARK], {"till.py": b"def add(a, b):\n    return a - b\n"})
    assert [MARK] == stale([MARK], {})
