"""The journal, and starting again from it."""

from pathlib import Path

import pytest

from toolshed.journal import Journal
from toolshed.shed import Shed


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shed.jsonl"
    assert list(Journal(path).read()) == []
    Journal(path).append({"event": "cancelled", "tool": "T1", "member": "M1"})
    assert path.read_text() == '{"event": "cancelled", "tool": "T1", "member": "M1"}\n'
    assert list(Journal(path).read()) == [{"event": "cancelled", "tool": "T1", "member": "M1"}]


def test_a_line_that_was_cut_off_never_happened(tmp_path: Path) -> None:
    path = tmp_path / "shed.jsonl"
    Shed(path).add("hand saw", "hand", "24")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event": "add')
    assert list(Shed(path).state.tools) == ["T1"]
    assert path.read_bytes() == whole


@pytest.mark.parametrize("line", ["not JSON", "[]", '{"event": "sold"}', '{"event": "joined"}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "shed.jsonl"
    Shed(path).add("hand saw", "hand", "24")
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match="line 2"):
        Shed(path)


def test_a_shed_starts_again_where_it_stopped(tmp_path: Path) -> None:
    before = Shed(tmp_path / "shed.jsonl")
    ada, bo = before.join("Ada", "2025-03-04"), before.join("Bo", "2025-03-04", "student")
    saw = before.add("hand saw", "hand", "24")
    before.lend(saw, ada, "2025-03-04")
    before.reserve(saw, bo, "2025-03-05")
    before.charge(ada, "2.50", "new blade", "2025-03-05")
    after = Shed(tmp_path / "shed.jsonl")
    assert after.state.tools == before.state.tools
    assert after.state.members == before.state.members
