"""Reading examples out of issue texts, as people really write them."""

import pytest

from twins.anthropic.search.engine.claims import examples_of
from twins.anthropic.search.engine.oracle import wishes_of

# name: (issue text, [(kind, code, mode, want, polarity)])
TABLE = {
    "instead of": (
        "`quote(2)` returns `8.41` instead of `8.40`.",
        [("expr", "quote(2)", "value", "8.41", "actual"),
         ("expr", "quote(2)", "value", "8.40", "expected")],
    ),
    "should, not": (
        "`quote(2)` should return `8.40`, not `8.41`",
        [("expr", "quote(2)", "value", "8.40", "expected"),
         ("expr", "quote(2)", "value", "8.41", "actual")],
    ),
    "bare numbers": (
        "Calling `quote(2)`: expected 8.40, got 8.41.",
        [("expr", "quote(2)", "value", "8.40", "expected"),
         ("expr", "quote(2)", "value", "8.41", "actual")],
    ),
    "value before call": (
        "I got 8.41 where 8.40 was expected from `quote(2)`",
        [
            ("expr", "quote(2)", "value", "8.41", "actual"),
            ("expr", "quote(2)", "value", "8.40", "expected"),
        ],
    ),
    "bullets": (
        "Run `quote(2, 'eu')`.\n\n- Expected: `8.40`\n- Actual: `8.41`\n",
        [("expr", "quote(2, 'eu')", "value", "8.40", "expected"),
         ("expr", "quote(2, 'eu')", "value", "8.41", "actual")],
    ),
    "bold labels": (
        "`f(1)`\n\n**Expected:** 2\n**Actual:** 3\n",
        [("expr", "f(1)", "value", "2", "expected"), ("expr", "f(1)", "value", "3", "actual")],
    ),
    "headings and fences": (
        "### Expected\n```pycon\n>>> quote(2)\n8.40\n```\n### Actual\n```\n>>> quote(2)\n8.41\n```",
        [("expr", "quote(2)", "value", "8.40", "expected"),
         ("expr", "quote(2)", "value", "8.41", "actual")],
    ),
    "doctest then prose": (
        "```python\n>>> quote(2)\nDecimal('8.41')\n```\nThis should be `Decimal('8.40')`.",
        [("expr", "quote(2)", "value", "Decimal('8.41')", "neutral"),
         ("expr", "quote(2)", "value", "Decimal('8.40')", "expected")],
    ),
    "doctest traceback": (
        ">>> f(0)\nTraceback (most recent call last):\n  File x\nZeroDivisionError: by zero\n",
        [("expr", "f(0)", "raises", "ZeroDivisionError", "neutral")],
    ),
    "hash inside a string": (
        ">>> is_comment('  # note')  # says False\nTrue\n",
        [("expr", "is_comment('  # note')", "value", "False", "actual"),
         ("expr", "is_comment('  # note')", "value", "True", "neutral")],
    ),
    "shell session": (
        ("```\n$ python -m parcel quote --weight 2\ntotal 8.41\n```\n\n"
        "Expected:\n\n```\ntotal 8.40\n```"),
        [("shell", "python -m parcel quote --weight 2", "stdout", "total 8.41", "neutral"),
         ("shell", "python -m parcel quote --weight 2", "stdout", "total 8.40", "expected")],
    ),
    "command in prose": (
        "Running `python -m parcel zone AB1` prints `north` rather than `south`.",
        [("shell", "python -m parcel zone AB1", "stdout", "north", "actual"),
         ("shell", "python -m parcel zone AB1", "stdout", "south", "expected")],
    ),
    "exit code": (
        "`python -m parcel quote` exits with code 0, it should exit with code 2.",
        [("shell", "python -m parcel quote", "exit", "0", "neutral"),
         ("shell", "python -m parcel quote", "exit", "2", "expected")],
    ),
    "trailing comments": (
        "```python\nq(1)  # 3, expected 4\nprint(q(2))  # should be 5 but prints 6\n```",
        [("expr", "q(1)", "value", "3", "neutral"), ("expr", "q(1)", "value", "4", "expected"),
         ("expr", "q(2)", "value", "5", "expected"), ("expr", "q(2)", "value", "6", "actual")],
    ),
    "assertion": (
        "```python\nassert q(2) == 4\n```",
        [("script", "assert q(2) == 4", "true", "", "expected")],
    ),
    "comparison": (
        "`q(1) == 4` should hold", [("expr", "q(1) == 4", "value", "True", "neutral")]
    ),
    "arrow": (
        "`q(1) -> 3`, should be `4`",
        [("expr", "q(1)", "value", "3", "neutral"), ("expr", "q(1)", "value", "4", "expected")],
    ),
    "table": (
        "| call | expected | actual |\n|---|---|---|\n| `q(1)` | `4` | `3` |",
        [("expr", "q(1)", "value", "4", "expected"), ("expr", "q(1)", "value", "3", "actual")],
    ),
    "crash": (
        "`q(0)` crashes with `ZeroDivisionError`, it should return `0`.",
        [("expr", "q(0)", "raises", "ZeroDivisionError", "actual"),
         ("expr", "q(0)", "survives", "ZeroDivisionError", "neutral"),
         ("expr", "q(0)", "value", "0", "expected")],
    ),
    "should raise": (
        "`q(-1)` should raise `ValueError` but returns `0`",
        [("expr", "q(-1)", "raises", "ValueError", "expected"),
         ("expr", "q(-1)", "value", "0", "actual")],
    ),
    "labels inside a fence": (
        "```\nq(1)\nExpected: 4\nActual: 3\n```",
        [("expr", "q(1)", "value", "4", "expected"), ("expr", "q(1)", "value", "3", "actual")],
    ),
    "indented code": (
        "Steps:\n\n    print(q(1))\n\nActual: 3\nExpected: 4",
        [("expr", "q(1)", "value", "3", "actual"), ("expr", "q(1)", "value", "4", "expected")],
    ),
    "labelled sentences": (
        "Actual behaviour: `q(1)` is `3`.\nExpected behaviour: `q(1)` is `4`.",
        [("expr", "q(1)", "value", "3", "actual"), ("expr", "q(1)", "value", "4", "expected")],
    ),
    "expected and actual on two lines": (
        "`f(1)`\n\nExpected 1\nActual 2\n",
        [("expr", "f(1)", "value", "1", "expected"), ("expr", "f(1)", "value", "2", "actual")],
    ),
    "expected to return": (
        "Expected `roman.toRoman(4999)` to return `'MMMMCMXCIX'`.",
        [("expr", "roman.toRoman(4999)", "value", "'MMMMCMXCIX'", "expected")],
    ),
    "expected to equal, but": (
        "I expected `q(3)` to equal `4`, but it gives `5`.",
        [("expr", "q(3)", "value", "4", "expected"), ("expr", "q(3)", "value", "5", "actual")],
    ),
    "expected to be, bare": (
        "We expect `q(3)` to be 4.", [("expr", "q(3)", "value", "4", "expected")]
    ),
    "expected that it returns": (
        "I would expect that `q(3)` returns `4`", [("expr", "q(3)", "value", "4", "expected")]
    ),
    "a label and a sentence after the value": (
        "`q(3)`\n\nExpected: 1. Later items should move up.\nActual: [2, 'a.b']. Strange.",
        [("expr", "q(3)", "value", "1", "expected"),
         ("expr", "q(3)", "value", "[2, 'a.b']", "actual")],
    ),
    "ought to": ("`q(3)` ought to be `4`.", [("expr", "q(3)", "value", "4", "expected")]),
    "a wish before, a fact after": (
        "It should work. Now `q(3)` returns `4`", [("expr", "q(3)", "value", "4", "actual")]
    ),
    "a hope, but": (
        "This should be easy but `q(3)` returns `4`", [("expr", "q(3)", "value", "4", "actual")]
    ),
    "for me": (
        "The call `q(3)`: `4` for me", [("expr", "q(3)", "value", "4", "actual")]
    ),
    "I get": ("With `q(3)` I get `4`.", [("expr", "q(3)", "value", "4", "actual")]),
    "right doctest, wrong values in prose": (
        ">>> q(11)\n'11th'\n>>> q(23)\n'23rd'\n\nThe first two give `13rd` and `113rd` for me.",
        [("expr", "q(11)", "value", "'11th'", "neutral"),
         ("expr", "q(23)", "value", "'23rd'", "neutral"),
         ("expr", "q(23)", "value", "13rd", "actual"),
         ("expr", "q(23)", "value", "113rd", "actual")],
    ),
    "an expected block wins over a wish in prose": (
        "`q(23)`\n\nExpected: `'23rd'`\n\nThe next one should be `24th`.",
        [("expr", "q(23)", "value", "'23rd'", "expected")],
    ),
    "no example": ("Please add an export to PDF, it should be easy.", []),
    "names in passing": ("The function `quote` in `rates.py` is slow, see `--fast`.", []),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_issue_texts_become_examples(name: str) -> None:
    """Each way of writing gives exactly these examples."""
    text, wanted = TABLE[name]
    found = [(e.kind, e.code, e.mode, e.want, e.polarity) for e in examples_of(text)]
    assert found == wanted


def test_setup_lines_travel_with_the_example() -> None:
    """Imports and assignments before a call are kept to run first."""
    (example,) = examples_of("```python\nfrom p import q\nx = 3\nq(x)  # should be 4\n```")
    assert example.setup == "from p import q\nx = 3"


ACTS = {
    "silent call": ">>> s = Box()\n>>> s.spoil(2)\n>>> s.find(3)\n2\n",
    "known mutator with output": ">>> s = Box()\n>>> s.pop()\n2\n>>> s.find(3)\n2\n",
    "statements": "```python\ns = Box()\ns.discard(2)\nprint(s.find(3))  # 2, expected 1\n```",
}


@pytest.mark.parametrize("name", ACTS)
def test_what_is_done_to_an_object_before_the_look_is_setup(name: str) -> None:
    """An act whose result nobody shows still has to happen before the next line is judged."""
    last = examples_of(ACTS[name])[-1]
    lines = [line for line in last.setup.split("\n") if line]
    assert last.code == "s.find(3)"
    assert lines[0] == "s = Box()"
    assert lines[1] in {"s.spoil(2)", "s.pop()", "s.discard(2)"}


def test_a_look_without_output_is_no_setup() -> None:
    """A call that is only shown is not run before the next one: it may be what crashes."""
    first, second = examples_of(">>> q(1)\n\nExpected: 3\n\n`q(2)` should be `4`")
    assert (first.setup, second.setup) == ("", "")


def test_a_session_told_twice_starts_again() -> None:
    """The wrong and the right output belong to the same subject."""
    session = ">>> s = Box()\n>>> s.pop()\n1\n>>> s.find(3)\n"
    found = examples_of(f"Actual:\n```\n{session}2\n```\nExpected:\n```\n{session}1\n```\n")
    looks = [each for each in found if each.code == "s.find(3)"]
    assert [each.want for each in looks] == ["2", "1"]
    assert looks[0].subject == looks[1].subject


def test_a_block_that_does_not_hold_wins_over_a_mention() -> None:
    """Two values for one call cannot both be wished for; one that holds already is no wish."""
    found = examples_of(">>> q(23)\n'23rd'\n\nAlso `113rd` in the list.")
    assert [(each.want, each.polarity) for each in found] == [
        ("'23rd'", "neutral"),
        ("113rd", "neutral"),
    ]
    assert list(wishes_of(found, ["fail", "fail"])) == [0]
    assert list(wishes_of(found, ["pass", "fail"])) == [1]


def test_a_test_in_the_issue_is_run_whole() -> None:
    """A test function in a fence becomes a script that calls it."""
    (example,) = examples_of("```python\ndef test_q():\n    assert q(1) == 2\n```")
    assert (example.kind, example.mode) == ("script", "true")
    assert example.code.endswith("test_q()")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "```",
        "`",
        "|",
        ">>>",
        "$ ",
        "Expected:",
        "`(`",
        "\x00",
        "#" * 99,
        ">>> %time q\n>>> s.pop()\n1\n",
    ],
)
def test_broken_markdown_is_read_without_complaint(text: str) -> None:
    """Whatever stands there, reading never fails."""
    assert isinstance(examples_of(text), list)
