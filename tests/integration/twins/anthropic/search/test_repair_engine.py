"""The engine on tiny programs without tests: examples of the issue are all it has."""

from pathlib import Path

from tests.integration.twins.anthropic.search.engine_runs import holds, hunt, plant


def test_a_one_word_slip_is_found_from_one_sentence(tmp_path: Path) -> None:
    """The first patch is right beyond the example, and the tree is untouched."""
    plant(tmp_path, {"chk.py": "def most(a, b):\n    if a < b:\n        return a\n    return b\n"})
    found = hunt(tmp_path, "`most(2, 5)` gives `2`, expected `5`")
    assert found["patches"]
    assert holds(
        tmp_path,
        found["patches"][0],
        "from chk import most; assert most(9, 1) == 9 and most(1, 9) == 9",
    )


def test_a_boundary_in_a_method_that_only_acts_is_found(tmp_path: Path) -> None:
    """The call that prints nothing runs before the one that shows the damage."""
    source = """class Places:
    def __init__(self, names):
        self.items = list(names)
        self.map = {name: at for at, name in enumerate(self.items)}

    def drop(self, name):
        i = self.map.pop(name)
        del self.items[i]
        for k, v in self.map.items():
            if v > i + 1:
                self.map[k] = v - 1

    def place(self, name):
        return self.map[name]
"""
    plant(tmp_path, {"places.py": source})
    issue = (
        "```\n>>> s = Places('abc')\n>>> s.drop('b')\n>>> s.place('c')\n```\nExpected 1 / Actual 2"
    )
    found = hunt(tmp_path, issue)
    assert found["patches"]
    program = "from places import Places as P; s = P('abcd'); s.drop('a'); assert s.place('b') == 0"
    assert holds(tmp_path, found["patches"][0], program + " and s.place('d') == 2")


def test_nothing_to_search_by_ends_at_once(tmp_path: Path) -> None:
    """An issue without a failing example costs no search."""
    plant(tmp_path, {"app.py": "def add(a, b):\n    return a + b\n"})
    found = hunt(tmp_path, "# Please add PDF export\nLike `add(1, 2)` returns `3`, but PDF.")
    assert (found["candidates"], found["patches"], found["stopped"]) == (0, [], 0)
    assert found["oracle"]["failing_examples"] == 0


def test_what_no_edit_can_mend_is_given_up_with_numbers(tmp_path: Path) -> None:
    """A feature stays unfound; the report says how much was tried."""
    plant(tmp_path, {"app.py": "def add(a, b):\n    return a + b\n"})
    found = hunt(tmp_path, '`add(3, 4)` should return `"VII"`', seconds=0.5)
    assert found["patches"] == []
    assert found["candidates"] > 5
    assert found["stopped"] == 0.5
