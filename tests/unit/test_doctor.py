"""The doctor looks at the real machine, and names a remedy for whatever is not good."""

import io
import json

from rich.console import Console

from bot.doctor import doctor


async def test_every_part_is_reported_with_a_remedy_where_one_is_needed() -> None:
    """As root or not: the same five parts, and never a weakness without a way out."""
    page = io.StringIO()

    code = await doctor(Console(file=page, width=200), as_json=True)
    parts = json.loads(page.getvalue())

    assert ["python", "git", "jj", "box", "disk"] == [part["name"] for part in parts]
    assert [p for p in parts if p["health"] != "good" and not p["remedy"]] == []
    assert code == (4 if any(part["health"] == "missing" for part in parts) else 0)


async def test_people_read_one_line_per_part() -> None:
    """The plain form says the same."""
    page = io.StringIO()

    await doctor(Console(file=page, width=200), as_json=False)

    assert all(name in page.getvalue() for name in ("python", "git", "jj", "box", "disk"))
