"""Refusals as lines of a table: what is asked, by whom, and how it is refused.

Source `openapi`: the description of the operation has the status, which is checked. Else a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twins.conformance.cited import UNSEEN
from twins.conformance.ground import Ground
from twins.conformance.landscape import Landscape, lay_out
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import issue
from twins.conformance.rows import Row
from twins.contract.contract import Contract, operation_of

OPENAPI = "openapi"


@dataclass(frozen=True, slots=True)
class Line:
    """One refusal; `{names}` are the landscape's; an empty header is left out altogether."""

    what: str
    method: str
    path: str
    status: int
    body: Any = None
    by: str = "bot"
    says: str = ""
    code: str = ""
    source: str = OPENAPI
    headers: dict[str, str] = field(default_factory=dict)


def no(
    what: str,
    request: str,
    status: int,
    body: Any = None,  # noqa: ANN401  # JSON
    **more: Any,  # noqa: ANN401  # what a Line takes
) -> Line:
    """Return a line; a request is `METHOD path`, below the repository unless it has a slash."""
    method, _, path = request.partition(" ")
    return Line(what, method, path, status, body, **more)


def remark(**more: object) -> dict[str, object]:
    """Return the order for a remark on the open pull request."""
    base = {"body": "x", "commit_id": "{topic_head}", "path": "{path}", "line": 1}
    return {**base, "side": "RIGHT", **more}


@dataclass(frozen=True, slots=True)
class Terrain:
    """A landscape with what these lines need beside it."""

    land: Landscape


def _terrain(ground: Ground, random: Random) -> Terrain:
    land = lay_out(ground, random)
    locked = issue(land.plot)["number"]
    land.plot.ok("PUT", f"issues/{locked}/lock", {}, by="write")
    head = land.plot.ok("GET", f"pulls/{land.names['pull']}")["head"]["sha"]
    more = {"locked": str(locked), "topic_head": head, "full": land.plot.full_name}
    return Terrain(Landscape(land.plot, land.names | more))


def refusals(table: Iterable[Line], mark: str = UNSEEN) -> tuple[Row, ...]:
    """Return a table as rows; the mark keeps names apart."""

    def row(line: Line) -> Row:
        def run(ground: Ground, random: Random) -> None:
            _refused(line, ground, ground.keep(Terrain, lambda: _terrain(ground, random)).land)

        return Row("E", f"{mark}refusal: {line.what}", run, line.source)

    return tuple(row(line) for line in table)


def undescribed(contract: Contract, table: Iterable[Line]) -> list[str]:
    """Return the lines that cite the description for a status it does not have."""
    found = []
    for line in table:
        path = line.path.partition("?")[0]
        whole = path if path.startswith("/") else f"/repos/o/r/{path}".rstrip("/")
        operation = operation_of(contract.operations(), line.method, whole)
        known = operation is not None and contract.describes(operation, line.status)
        if line.source == OPENAPI and not known:
            found.append(line.what)
    return found


def _refused(line: Line, ground: Ground, land: Landscape) -> None:
    plot, path = land.plot, str(land.fill(line.path))
    target = path if path.startswith("/") else f"{plot.path}/{path}".rstrip("/")
    tokens = {**plot.tokens, "app": ground.proof(), "!": plot.word("token"), "": ""}
    token = tokens[line.by]
    sent = {"Accept": "application/vnd.github+json", "User-Agent": "conformance"}
    sent |= {"Authorization": f"Bearer {token}"} if token else {}
    sent = {name: value for name, value in (sent | line.headers).items() if value}
    answer = ground.wire.send(line.method, target, land.fill(line.body), sent)
    expect(f"{answer.raw[:200]!r}", line.status, answer.status)
    if not answer.media.startswith("application/json"):
        return
    message = answer.json["message"]
    expect_that(f"says {message!r}, not {line.says!r}", line.says in message)
    if line.code:
        codes = [one.get("code") for one in answer.json["errors"]]
        expect_that(f"codes {codes}", line.code in codes)
