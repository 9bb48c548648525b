"""What docs/threats.md and docs/github.md say is covered has a test of that name."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"^\| (\d+) \|.*\| (S|P|none) \|.*\| (`(tests/\S+)::(test_\w+)`|without a test) \|$"
)


def rows() -> list[re.Match[str]]:
    """Return the rows of all tables; a line that looks like one and is none is a mistake."""
    lines = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8").splitlines()
    found = [(line, ROW.match(line)) for line in lines if re.match(r"\| \d", line)]
    assert [] == [line for line, row in found if row is None]
    return [row for _, row in found if row is not None]


def test_every_named_test_exists() -> None:
    """A defence whose test was renamed or deleted is not covered any more."""
    missing = [
        row[3]
        for row in rows()
        if row[4] and f"def {row[5]}(" not in (ROOT / row[4]).read_text(encoding="utf-8")
    ]

    assert [] == missing


def test_no_threat_is_left_out() -> None:
    """Numbers without a gap, and no structural defence that nobody has tried."""
    table = rows()

    assert list(range(1, len(table) + 1)) == [int(row[1]) for row in table]
    assert [] == [row[1] for row in table if row[2] == "S" and not row[4]]


def test_every_row_of_the_failure_table_names_a_test_that_exists() -> None:
    """Numbers without a gap; a row whose test was renamed is not covered any more."""
    text = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (\d+) \|.*\| `(tests/\S+)::(test_\w+)` \|$", text, re.MULTILINE)

    assert [str(number) for number in range(1, 22)] == [row[0] for row in table]
    assert [] == [
        row for row in table if f"def {row[2]}(" not in (ROOT / row[1]).read_text(encoding="utf-8")
    ]
