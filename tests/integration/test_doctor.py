"""The doctor looks at the real machine, and names a remedy for whatever is not good."""

import io
import json
from pathlib import Path

from rich.console import Console

from bot.adapters.box import PARTS
from bot.doctor import Health, Scope, doctor
from bot.doctor.machine import judged
from bot.doctor.part import show


async def test_every_part_is_reported_with_a_remedy_where_one_is_needed() -> None:
    """As root or not: the same five parts, and never a weakness without a way out."""
    page = io.StringIO()

    code = await doctor(Console(file=page, width=200), Scope(), as_json=True)
    parts = json.loads(page.getvalue())

    assert ["python", "git", "jj", "box", "disk"] == [part["name"] for part in parts]
    assert [p for p in parts if p["health"] != "good" and not p["remedy"]] == []
    assert code == (4 if any(part["health"] == "missing" for part in parts) else 0)


async def test_people_read_one_line_per_part() -> None:
    """The plain form says the same."""
    page = io.StringIO()

    await doctor(Console(file=page, width=200), Scope(), as_json=False)

    assert all(name in page.getvalue() for name in ("python", "git", "jj", "box", "disk"))


async def test_an_installation_that_is_not_there_is_told_once_per_file(tmp_path: Path) -> None:
    """Everything that needs a file would say the same again."""
    page = io.StringIO()

    code = await doctor(Console(file=page, width=200), Scope(tmp_path, tmp_path), as_json=True)

    broken = [part for part in json.loads(page.getvalue()) if part["health"] == "broken"]
    assert ["server.env", "builder.env", "validator.env"] == [part["name"] for part in broken]
    assert all("nightshift setup" in part["remedy"] for part in broken)
    assert 4 == code


def test_each_missing_part_has_its_own_command() -> None:
    """Tier B names every part it lacks, what that means, and what brings this very part."""
    page = io.StringIO()

    show(Console(file=page, width=400), judged("B", tuple(PARTS), "d" * 64))

    said = page.getvalue()
    assert all(f"missing: {part.name}: {part.means}" in said for part in PARTS.values())
    assert all(f"next: {part.mend}" in said for part in PARTS.values())
    assert judged("A", (), "d" * 64).health is Health.GOOD
