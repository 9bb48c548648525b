"""The engine on small defective programs: layouts, kinds of defects, hostile code."""

from pathlib import Path

import pytest

from tests.integration.twins.anthropic.search.engine_runs import holds, hunt, plant

pytestmark = pytest.mark.integration


PYTEST = "python -m pytest -q"
# name: (files, issue, checks, a program that the reported patches are held to)
PROGRAMS: dict[str, tuple[dict[str, str], str, list[str], str]] = {
    "boundary, src layout, pytest": (
        {
            "src/ship/__init__.py": "",
            "src/ship/rates.py": '''TIERS = [(1, 500), (5, 900), (20, 2000)]

def price(kg):
    """Price by tier; a tier includes its upper bound."""
    for limit, cents in TIERS:
        if kg < limit:
            return cents
    raise ValueError("too heavy")
''',
            "tests/test_rates.py": """import pytest

from tests.integration.twins.anthropic.search.engine_runs import holds, hunt, plant
from ship.rates import price

def test_light():
    assert price(0.5) == 500

def test_heavy():
    with pytest.raises(ValueError):
        price(21)
""",
        },
        "```python\n>>> from ship.rates import price\n>>> price(5)\n2000\n```\nExpected `900`.",
        [PYTEST],
        "from ship.rates import price\nassert (price(1), price(20), price(4)) == (500, 2000, 900)",
    ),
    "argument order, command line, flat package": (
        {
            "app/__init__.py": "",
            "app/__main__.py": "import sys\nfrom app.cli import main\nsys.exit(main())\n",
            "app/cli.py": """import argparse
from app.core import label

def main():
    parser = argparse.ArgumentParser(prog="app")
    parser.add_argument("name")
    parser.add_argument("--width", type=int, default=10)
    arguments = parser.parse_args()
    print(label(arguments.name, arguments.width))
    return 0
""",
            "app/core.py": """def pad(text, fill, width):
    return text + fill * (width - len(text))

def label(name, width):
    return pad(name.upper(), width, ".") + "|"
""",
        },
        "```console\n$ python -m app abc --width 6\nABC...|\n```\nis right, but it crashes.\n",
        [],
        "from app.core import label\nassert label('x', 4) == 'X...|'",
    ),
    "missing call, single module, no tests": (
        {
            "zones.py": """ZONES = {"DE": "eu", "US": "world"}

def zone_of(country):
    code = country.upper()
    if code not in ZONES:
        raise KeyError(country)
    return ZONES[code]
""",
        },
        "`zone_of(\" de \")` raises `KeyError` but should return `'eu'`.",
        [],
        "from zones import zone_of\nassert zone_of('us ') == 'world'",
    ),
    "table constant, outside any function": (
        {
            "tax.py": """from decimal import Decimal

RATES = {"food": Decimal("0.07"), "book": Decimal("0.17"), "other": Decimal("0.19")}

def tax(kind, net):
    return (Decimal(str(net)) * RATES.get(kind, RATES["other"])).quantize(Decimal("0.01"))
""",
            "tests/test_tax.py": """from decimal import Decimal
from tax import tax

def test_food():
    assert tax("food", 10) == Decimal("0.70")
""",
        },
        '| call | actual | expected |\n|---|---|---|\n| `tax("book", 10)` | `1.70` | `0.70` |\n',
        [PYTEST],
        "from tax import tax\nassert str(tax('book', 100)) == '7.00'",
    ),
    "missing guard": (
        {"avg.py": "def mean(values):\n    total = sum(values)\n    return total / len(values)\n",
         "test_avg.py": "from avg import mean\n\ndef test_mean():\n    assert mean([2, 4]) == 3\n"},
        "`mean([])` crashes with ZeroDivisionError. It should return `0.0`.",
        [PYTEST],
        "from avg import mean\nassert mean([]) == 0 and mean([4, 2]) == 3",
    ),
    "early return, failing test only": (
        {
            "chk.py": """def all_even(numbers):
    for n in numbers:
        if n % 2:
            return False
        return True
    return True
""",
            "test_chk.py": """from chk import all_even

def test_one():
    assert all_even([2])

def test_late():
    assert not all_even([2, 3])
""",
        },
        "test_late is red",
        [PYTEST],
        "from chk import all_even\nassert not all_even([2, 4, 5]) and all_even([2, 4])",
    ),
    "precedence, unittest": (
        {
            "conv.py": "def to_c(f):\n    return f - 32 * 5 / 9\n",
            "test_conv.py": """import unittest
from conv import to_c

class Conversion(unittest.TestCase):
    def test_boiling(self):
        self.assertAlmostEqual(to_c(212), 100)
""",
        },
        "The conversion is wrong.",
        ["python -m unittest"],
        "from conv import to_c\nassert to_c(32) == 0",
    ),
    "wrong attribute, class": (
        {
            "geo.py": """class Box:
    def __init__(self, w, h, d):
        self.w = w
        self.h = h
        self.d = d

    def volume(self):
        return self.w * self.h * self.h
""",
        },
        "    from geo import Box\n    Box(2, 3, 4).volume()\n\nActual: 18\nExpected: 24\n",
        [],
        "from geo import Box\nassert Box(5, 1, 2).volume() == 10",
    ),
    "sort order, setup lines": (
        {
            "rank.py": """def top(items, n=3):
    ordered = sorted(items, key=lambda item: item["stars"])
    return [item["name"] for item in ordered[:n]]
"""
        },
        """```python
from rank import top
a, b = {'name': 'a', 'stars': 1}, {'name': 'b', 'stars': 5}
items = [a, b, {'name': 'c', 'stars': 3}]
top(items, 2)  # returns ['a', 'c'], should be ['b', 'c']
```
""",
        [],
        "from rank import top\nassert top([dict(name=i, stars=i) for i in range(9)], 2) == [8, 7]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_patch_is_among_the_first(tmp_path: Path, name: str) -> None:
    """One of the first three patches is right on inputs that the engine never saw."""
    files, issue, checks, held_out = PROGRAMS[name]
    plant(tmp_path, files)
    found = hunt(tmp_path, issue, *checks, seconds=20.0)
    assert found["patches"], found
    assert any(holds(tmp_path, patch, held_out) for patch in found["patches"][:3]), found


FEATURES = {
    "a new function": "`app.roman(4)` should return `'IV'`",
    "a new keyword": "`app.add(1, 2, carry=3)` should return `6`",
    "a new option": "```\n$ python -m app 1 --minus\n```\n\nExpected:\n\n```\n-1\n```\n",
}


@pytest.mark.parametrize("name", FEATURES)
def test_what_is_not_written_yet_is_given_up_at_once(tmp_path: Path, name: str) -> None:
    """A feature is named as such, without a search that cannot succeed."""
    source = """import argparse

def add(a, b):
    return a + b

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("number")
    print(parser.parse_args().number)
"""
    plant(tmp_path, {"app.py": source})
    found = hunt(tmp_path, FEATURES[name])
    assert (found["patches"], found["candidates"]) == ([], 0)
    assert "nothing defines yet" in found["notes"][0]


def test_weak_examples_are_overfitted(tmp_path: Path) -> None:
    """Where one example is all there is, wrong patches are plausible too: that is the point."""
    source = """def discount(total, items):
    if total >= 100 and items >= 10:
        return total * 0.9
    return total
"""
    plant(tmp_path, {"disc.py": source})
    found = hunt(tmp_path, "`discount(200, 2)` returns `200` but must be `180.0`.")
    program = "from disc import discount\nassert discount(20, 12) == 18 and discount(99, 9) == 99"
    verdicts = [holds(tmp_path, patch, program) for patch in found["patches"]]
    assert False in verdicts
    assert len({patch["new"] for patch in found["patches"]}) > 2


HOSTILE = {
    "exits at import": "import os\n\nos._exit(0)\n\ndef f(n):\n    return n\n",
    "hangs at import": "while True:\n    pass\n\ndef f(n):\n    return n\n",
    "raises at import": "raise SystemExit(3)\n\ndef f(n):\n    return n\n",
    "does not parse": "def f(:\n",
    "eats memory": "def f(n):\n    return len(bytearray(1 << 40))\n",
    "forks for ever": "import os\n\ndef f(n):\n    os.fork()\n    while True:\n        pass\n",
    "kills its parent": "import os\n\ndef f(n):\n    os.kill(os.getppid(), 9)\n",
    "empties the disk": "import os\n\ndef f(n):\n    open('x', 'wb').write(b'x' * (1 << 28))\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_products_end_in_a_report(tmp_path: Path, name: str) -> None:
    """Whatever the product does, the engine reports within its time and touches nothing."""
    plant(tmp_path, {"bad.py": HOSTILE[name]})
    found = hunt(tmp_path, '`f(1)` should return `"VII"`', seconds=2.0)
    assert found["patches"] == []
