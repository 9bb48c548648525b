"""Each operator class: a wrong line, and the right one among its edits."""

import ast
import re
from pathlib import Path

import pytest

from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.source import Source, replacement_of, shape_of, splice
from twins.anthropic.search.engine.suspects import candidates_of

# name: (body of `def f(a, b, items)`, the body that some edit must give, words of the issue)
TABLE = {
    "compare": ("return a < b", "return a <= b", ""),
    "arithmetic": ("return a + b", "return a - b", ""),
    "boolean": ("return a and b", "return a or b", ""),
    "regroup": ("return a - b * 5 / 9", "return (a - b) * 5 / 9", ""),
    "negate": ("if a:\n        return 1\n    return 2",
               "if not a:\n        return 1\n    return 2", ""),
    "drop not": ("return not a", "return a", ""),
    "truth of a value, choice": ("return a + 1 if a else None",
                                 "return a + 1 if a is not None else None", ""),
    "truth of a value, if": ("if not a:\n        return 1\n    return 2",
                             "if a is None:\n        return 1\n    return 2", ""),
    "truth of a value, while": ("while items.x:\n        a()\n    return a",
                                "while items.x is not None:\n        a()\n    return a", ""),
    "truth of a value, and": ("if a and f(b):\n        return 1\n    return 2",
                              "if a and f(b) is not None:\n        return 1\n    return 2", ""),
    "truth of a value, filter": ("return [i for i in items if i]",
                                 "return [i for i in items if i is not None]", ""),
    "presence of a value": ("return a if a is not None else b", "return a if a else b", ""),
    "absence of a value": ("if a is None:\n        return 1\n    return 2",
                           "if not a:\n        return 1\n    return 2", ""),
    "off by one": ("return items[a]", "return items[a - 1]", ""),
    "constant": ("return a * 10", "return a * 11", ""),
    "constant of the issue": ("return a * 10", "return a * 37", "should be 37 times"),
    "decimal text": ("return Decimal('1.20')", "return Decimal('1.21')", ""),
    "string": ("return a == 'x' or b == 'yy'", "return a == 'yy' or b == 'yy'", ""),
    "variable": ("return a * a", "return a * b", ""),
    "attribute": ("return a.x + a.y * a.x", "return a.x + a.y * a.y", ""),
    "argument swap": ("return pow(a, b)", "return pow(b, a)", ""),
    "argument drop": ("return max(a, b, 3)", "return max(a, b)", ""),
    "argument add": ("return sorted(items)", "return sorted(items, reverse=True)", ""),
    "call name": ("return min(items)", "return max(items)", ""),
    "method name": ("return a.lstrip()", "return a.strip()", ""),
    "rounding": ("return a.quantize(b, ROUND_HALF_EVEN)",
                 "return a.quantize(b, 'ROUND_HALF_UP')", ""),
    "wrap": ("return a == b", "return a.strip() == b", ""),
    "clamp": ("return a - b", "return max(0, a - b)", ""),
    "slice": ("return items[:a]", "return items[:a + 1]", ""),
    "range": ("return list(range(a))", "return list(range(1, a + 1))", ""),
    "ternary": ("return a if b else 0", "return 0 if b else a", ""),
    "format": ("return f'{a:.1f}'", "return f'{a:.2f}'", ""),
    "sort key": ("return sorted(items, key=lambda i: i.x)",
                 "return sorted(items, key=lambda i: -i.x)", ""),
    "filter": ("return [i for i in items if i]", "return [i for i in items if not i]", ""),
    "lookup": ("return a[b]", "return a.get(b)", ""),
    "augmented": ("a += b\n    return a", "a -= b\n    return a", ""),
    "guard": ("return sum(items) / len(items)",
              "if not items:\n        return 0\n    return sum(items) / len(items)", ""),
    "raise": ("return a", "if a < 0:\n        raise ValueError('invalid a')\n    return a", ""),
    "normalise": ("return a == b", "a = a.strip()\n    return a == b", ""),
    "delete": ("a = 3\n    return a", "pass\n    return a", ""),
    "out of block": ("for i in items:\n        a += i\n        return a",
                     "for i in items:\n        a += i\n    return a", ""),
    "into block": ("for i in items:\n        a += i\n    b += 1\n    return b",
                   "for i in items:\n        a += i\n        b += 1\n    return b", ""),
    "handler": ("try:\n        return a\n    except ValueError:\n        return 0",
                "try:\n        return a\n    except (ValueError, TypeError):\n        return 0",
                ""),
    "jump": ("for i in items:\n        if i:\n            break\n        a += 1\n    return a",
             "for i in items:\n        if i:\n            continue\n        a += 1\n    return a",
             ""),
    "add condition": ("if a:\n        return 1\n    return 2",
                      "if a and b:\n        return 1\n    return 2", ""),
}  # fmt: skip

HEAD = "from decimal import Decimal, ROUND_HALF_EVEN\n\n\ndef f(a, b, items):\n    "


def edits_of(tmp_path: Path, text: str, issue: str) -> list[Edit]:
    """Return every edit of a module all of whose lines are suspicious."""
    (tmp_path / "mod.py").write_text(text)
    lines = dict.fromkeys(range(1, text.count("\n") + 2), 1.0)
    found = candidates_of(Layout(tmp_path), {"mod.py": lines}, issue, 0)
    return [candidate.edits[0] for candidate in found]


@pytest.mark.parametrize("name", TABLE)
def test_the_right_line_is_among_the_edits(tmp_path: Path, name: str) -> None:
    """The defect class is covered: one single edit mends it."""
    wrong, right, issue = TABLE[name]
    text = HEAD + wrong + "\n"
    wanted = shape_of(HEAD + right + "\n")
    shapes = set()
    for edit in edits_of(tmp_path, text, issue):
        try:
            shapes.add(shape_of(splice(text, [edit])))
        except SyntaxError:
            continue
    assert wanted in shapes


def test_most_edits_parse_and_none_is_the_original(tmp_path: Path) -> None:
    """Splicing spans keeps programs programs."""
    text = (
        HEAD + TABLE["handler"][0] + "\n\n\ndef g(x, *, y=1):\n    return f(x, y, [x for x in y])\n"
    )
    edits = edits_of(tmp_path, text, "")
    good = 0
    for edit in edits:
        try:
            ast.parse(splice(text, [edit]))
            good += 1
        except SyntaxError:
            continue
    assert good > 0.97 * len(edits) > 100


def test_edits_of_non_ascii_lines_hit_their_place(tmp_path: Path) -> None:
    """Columns of the tree are bytes, offsets are characters."""
    text = "def f(a, b):\n    x = 'größe'; return a < b  # ü\n"
    assert any(
        splice(text, [e]).endswith("return a <= b  # ü\n") for e in edits_of(tmp_path, text, "")
    )


def test_a_replacement_is_unique_both_ways() -> None:
    """Old and new text are found exactly once, so an edit and its revert both work."""
    text = "def f():\n    return 1\n\n\ndef g():\n    return 1\n\n\ndef h():\n    return 2\n"
    start = text.index("1", text.index("def g"))
    edit = Edit("m.py", start, start + 1, "2", "number", 1.0, 6)
    old, new = replacement_of(text, [edit])
    assert text.count(old) == 1
    changed = text.replace(old, new)
    assert changed == splice(text, [edit])
    assert changed.count(new) == 1
    assert changed.replace(new, old) == text


def test_positions_inside_f_strings_are_checked(tmp_path: Path) -> None:
    """No edit lands somewhere else because a position inside an f-string is unreliable."""
    text = "def f(a, b):\n    return f'{a!r} {a + b:>{b}}'\n"
    for edit in edits_of(tmp_path, text, ""):
        source = Source("mod.py", text)
        assert 0 <= edit.start <= edit.end <= len(source.text)


SIGNED = ("items[-1]", "items[0]", "items[0:a]", "items[a:0]", "a * -0.5", "a == '0'")


@pytest.mark.parametrize("value", SIGNED)
def test_zero_has_no_sign_and_stands_once(tmp_path: Path, value: str) -> None:
    """No edit writes `-0` or `--1`; a zero in its place is tried once."""
    text = f"{HEAD}return {value}\n"
    results = [splice(text, [edit]) for edit in edits_of(tmp_path, text, "not -0 but -0.0")]
    assert not [each for each in results if re.search(r"-0(\.0*)?(?![\d.])|--", each)]
    assert results.count(f"{HEAD}return items[0]\n") <= 1
    assert text not in results
