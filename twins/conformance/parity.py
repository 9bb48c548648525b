"""The twin beside recordings of the real service.

@octokit/fixtures is played again, request by request, on a world like the one it was recorded in.
PyGithub's recordings are reads of accounts that nobody can rebuild: each is held against the
nearest answer that the twin has given to the same operation with the same status.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from twins.conformance.ground import Ground, Plot, ground
from twins.conformance.misses import Miss
from twins.conformance.moves import begin, file, issue
from twins.conformance.record import BY_ID, Record
from twins.conformance.recordings import Exchange, fixtures, pygithub
from twins.conformance.shapes import likeness
from twins.contract.contract import operation_of

# How the recordings name what has another name here.
OWNER, ME, OTHER = "octokit-fixture-org", "octokit-fixture-user-a", "octokit-fixture-user-b"
TOKENS = {"0" * 39 + "1": "admin", "0" * 39 + "2": "stranger"}
# What all refs were listed at before there were matching refs.
OLD_REFS = re.compile(r"/repos/[^/]+/[^/]+/git/refs/?")
TEXTS = ("open sesame", "sesame street", "nothing")


@dataclass(frozen=True, slots=True)
class Parity:
    """How like the twin's answer is to one recorded one."""

    exchange: Exchange
    operation: str
    found: int
    likeness: float


def compare(record: Record) -> list[Parity]:
    """Return the parity of every recorded exchange on a declared operation."""
    declared = Declared(record)
    replayed = list(_replayed(list(fixtures()), declared))
    return replayed + [one for x in pygithub() if (one := nearest(x, record, declared))]


class Declared:
    """Tells which declared operation a recorded request is, if it is one."""

    def __init__(self, record: Record) -> None:
        self._scope = set(record.scope.operations)
        self._every = record.contract.operations()

    def __call__(self, exchange: Exchange) -> str | None:
        """Return the operation, or None."""
        path = BY_ID.sub("/repos/by/id", exchange.path)
        if exchange.method == "GET" and OLD_REFS.fullmatch(path):
            return "GET /repos/{owner}/{repo}/git/matching-refs/{ref}"
        found = operation_of(self._every, exchange.method, path)
        return found if found in self._scope else None


def mean(found: Iterable[Parity]) -> tuple[float, int]:
    """Return likeness averaged per operation and status, and how many of those there are."""
    groups: dict[tuple[str, int], list[float]] = defaultdict(list)
    for one in found:
        groups[one.operation, one.exchange.status].append(one.likeness)
    means = [sum(group) / len(group) for group in groups.values()]
    return (sum(means) / len(means) if means else 0.0), len(means)


def nearest(exchange: Exchange, record: Record, declared: Declared) -> Parity | None:
    """Hold an exchange against the likest answer to its operation, if that is declared."""
    operation = declared(exchange)
    if operation is None:
        return None
    known = record.samples.get((operation, exchange.status))
    if known is None:
        return Parity(exchange, operation, 0, 0.0)
    best = max(likeness(exchange.json, one) for one in known.values())
    return Parity(exchange, operation, exchange.status, best)


def _replayed(exchanges: list[Exchange], declared: Declared) -> Iterable[Parity]:
    with ground() as one:
        scenarios: dict[str, list[Exchange]] = defaultdict(list)
        for exchange in exchanges:
            scenarios[exchange.source].append(exchange)
        for name, steps in scenarios.items():
            yield from _scenario(one, name, steps, declared)


def _scenario(
    one: Ground, name: str, steps: list[Exchange], declared: Declared
) -> Iterable[Parity]:
    wanted = [(step, operation) for step in steps if (operation := declared(step))]
    if not wanted:
        return
    plot = one.plot(Random(name), org=True)  # repeatable on purpose
    names = _prepare(plot, name)
    for step, operation in wanted:
        path, body = _renamed(step.target, names), _renamed_in(step.body, names)
        role = TOKENS.get(step.token, "admin")
        try:
            answer = plot.call(step.method, path, body, by=role, headers={"Accept": step.media})
        except (Miss, OSError):
            continue
        if answer.json and "/collaborators/" in path and "id" in answer.json:
            names["/repository_invitations/1000"] = f"/repository_invitations/{answer.json['id']}"
        alike = likeness(step.json, answer.json) if answer.status == step.status else 0.0
        yield Parity(step, operation, answer.status, alike)


def _prepare(plot: Plot, scenario: str) -> dict[str, str]:
    """Build what a scenario was recorded on; return what to call things here."""
    first = begin(plot)
    second = file(plot, "second.txt", "2")
    if scenario == "lock-issue":
        issue(plot)
    if scenario == "paginate-issues":
        for _ in range(13):
            issue(plot)
    if scenario == "search-issues":
        for text in TEXTS:
            issue(plot, title=text, body=text)
    if scenario == "git-refs":
        first, second = second, first  # there the branch moves from the second forward to the first
    identity = plot.ok("GET", "")["id"]
    return {
        "/octokit-fixture-org/hello-world": f"/{plot.full_name}",
        f"{OWNER}/{scenario}": plot.full_name,
        f"{OWNER}%2F{scenario}": plot.full_name,
        OWNER: plot.owner,
        ME: plot.logins["admin"],
        OTHER: plot.logins["stranger"],
        "/repositories/1000": f"/repositories/{identity}",
        "0" * 39 + "1": first,
        "0" * 39 + "2": second,
    }


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def _renamed_in(body: object, names: Mapping[str, str]) -> object:
    if isinstance(body, str):
        return _renamed(body, names)
    if isinstance(body, dict):
        return {key: _renamed_in(value, names) for key, value in body.items()}
    return [_renamed_in(one, names) for one in body] if isinstance(body, list) else body
