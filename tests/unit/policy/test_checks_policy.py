"""What a check's exit and output mean: nothing that ran nothing ever passes."""

import pytest

from bot.policy.checks import collected, passed

PYTEST = "....\n4 passed in 0.03s"
MIXED = "=== 1 failed, 3 passed, 2 skipped in 0.10s ==="


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (PYTEST, 4),
        (MIXED, 4),
        ("2 skipped in 0.01s", 0),
        ("no tests ran in 0.00s", 0),
        ("collected 0 items", 0),
        ("Ran 7 tests in 0.001s\n\nOK", 7),
        ("Ran 1 test in 0.001s\n\nOK", 1),
        ("Ran 0 tests in 0.000s\n\nOK", 0),
        ("1 passed in 1s\nlater: 12 passed, 1 xfailed in 2s", 13),
        ("1..0\n# tests 0\n# suites 0\n# pass 0\n# skipped 0\n", 0),
        ("ok 1\n# tests 6\n# pass 4\n# fail 0\n# skipped 2\n# todo 0\n", 4),
        ("\u2139 tests 3\n\u2139 pass 2\n\u2139 fail 1\n\u2139 skipped 0\n", 3),
        ("# tests 5\n# skipped 0\n3 skipped in 0.01s", 0),
        ("all good", None),
        ("", None),
    ],
)
def test_what_ran_is_counted(output: str, count: int | None) -> None:
    """By what the runner says of itself; None when it says nothing. Skipped is not run."""
    assert collected(output) == count


@pytest.mark.parametrize(
    ("code", "output", "green"),
    [
        (0, PYTEST, True),
        (0, "Success: no issues found", True),
        (0, "no tests ran in 0.00s", False),
        (0, "3 skipped in 0.01s", False),
        (1, PYTEST, False),
        (5, "", False),
        (None, PYTEST, False),
    ],
)
def test_the_exit_decides_and_an_empty_run_never_passes(
    code: int | None, output: str, *, green: bool
) -> None:
    """A killed runner (None) is red, whatever it had printed."""
    assert passed(code, output) is green
