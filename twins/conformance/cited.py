"""Rows that name the page which says so, for the hold-out and for what was taken from it."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect
from twins.conformance.rows import Row, behaviours
from twins.conformance.wire import Answer

Check = Callable[[Ground, Random], None]
REST = "docs.github.com/rest/"
EVENTS = f"{REST}using-the-rest-api/issue-event-types"
UNSEEN, OPENED = "unseen ", "opened "
NEXT = re.compile(r'<([^>]+)>; rel="([a-z]+)"')


def facts(area: str, *told: tuple[Check, str], mark: str = UNSEEN) -> tuple[Row, ...]:
    """Return checks as rows with their sources; the mark keeps names apart."""
    return tuple(
        Row("B", f"{mark}{row.name}", check, source)
        for check, source in told
        for row in behaviours(area, check)
    )


def of(items: Iterable[dict[str, Any]], member: str = "number") -> list[Any]:
    """Return one member of each item."""
    return [one[member] for one in items]


def shifted(stamp: str, seconds: int) -> str:
    """Return a time stamp of the API so many seconds later."""
    moved = datetime.fromisoformat(stamp) + timedelta(seconds=seconds)
    return moved.strftime("%Y-%m-%dT%H:%M:%SZ")


def links(answer: Answer) -> dict[str, str]:
    """Return the targets in a link header by their relation, without scheme and host."""
    found = NEXT.findall(answer.headers.get("link", ""))
    return {name: re.sub(r"^https?://[^/]+", "", url) for url, name in found}


def refused(what: str, answer: Answer, *statuses: int) -> None:
    """Expect one of some refusals."""
    expect(what, True, answer.status in statuses or f"{answer.status} {answer.raw[:120]!r}")


def say(plot: Plot, number: int, body: str, by: str = "read") -> dict[str, Any]:
    """Comment on an issue or a pull request."""
    return dict(plot.ok("POST", f"issues/{number}/comments", {"body": body}, by=by))
