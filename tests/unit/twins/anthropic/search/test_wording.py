"""What a patch did, in words."""

import pytest

from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.wording import what_changed

LONG = "if " + " and ".join(f"name_{number}" for number in range(12))
# name: (old text, new text, words)
TABLE = {
    "operator": ("<=", "<", "line 20: `<=` became `<`"),
    "insertion": ("", "    if not x:\n        return 0\n", "line 20: added `if not x: return 0`"),
    "deletion": ("x = 3", "pass", "line 20: removed `x = 3`"),
    "backticks": ("'`'", "''", "line 20: `'''` became `''`"),
    "long and longer": (
        LONG,
        f"{LONG} or x",
        "line 20: `..._10 and name_11` became `..._10 and name_11 or x`",
    ),
    "long": (
        LONG,
        LONG.replace("name_11", "other"),
        "line 20: `...nd name_10 and name_11` became `...nd name_10 and other`",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_an_edit_is_told_in_words(name: str) -> None:
    """Old and new text stand side by side, on one line."""
    old, new, wanted = TABLE[name]
    told = what_changed(f"# {old}\n", Edit("m.py", 2, 2 + len(old), new, "any", 0.5, 20))
    assert told == wanted


def test_long_texts_are_cut_to_sixty_characters() -> None:
    """A commit message stays readable, whatever was replaced."""
    told = what_changed(LONG, Edit("m.py", 0, len(LONG), LONG.upper() * 3, "any", 0.5, 1))
    first, second = told.removeprefix("line 1: ").split(" became ")
    assert max(len(first), len(second)) == len("``") + 60
