"""Everything a run of the suite has seen, held against the published contract."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from twins.conformance.inbox import Arrival
from twins.conformance.scope import Scope
from twins.conformance.wire import Answer
from twins.contract.contract import Contract, operation_of

NOT_MODELLED = 501
PREFIX = "/api/v3"
# A repository answers to its id as well; the description does not say so.
BY_ID = re.compile(r"^/repositories/\d+")
FIRST_ERROR = 400
MOST_SAMPLES = 200


def shape(value: object) -> str:
    """Return a text that is equal for bodies of one shape."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{shape(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({shape(one) for one in value})) + "]"
    return type(value).__name__


@dataclass(slots=True)
class Tally:
    """How often something was seen, and how often it was as described."""

    seen: int = 0
    valid: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def add(self, fault: str | None) -> None:
        """Count one."""
        self.seen += 1
        self.valid += fault is None
        if fault is not None:
            self.faults[fault] = self.faults.get(fault, 0) + 1


@dataclass(slots=True)
class Record:
    """The tallies of all answers and deliveries; `touched` is what the current row has called."""

    scope: Scope
    contract: Contract
    answers: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    deliveries: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    # Operations that have answered well at least once.
    worked: set[str] = field(default_factory=set)
    # Some bodies of every operation and status, each of another shape.
    samples: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    # The query parameters that were given, and the reads that did not always say the same.
    queries: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    changing: set[str] = field(default_factory=set)
    _said: dict[str, bytes] = field(default_factory=dict)
    strays: set[str] = field(default_factory=set)

    def note(self, answer: Answer) -> None:
        """Take one answer of the API in."""
        path = unquote(answer.path).removeprefix(PREFIX) or "/"
        path = BY_ID.sub("/repos/by/id", path)
        if path.startswith("/_twin/"):
            return
        operation = operation_of(self.scope.operations, answer.method, path)
        if operation is None or answer.status == NOT_MODELLED:
            self.strays.add(f"{answer.method} {path}")
            return
        self.touched.add(operation)
        if answer.status == 304:  # not modified: there is no body to judge
            self.samples[operation, answer.status] = {"": None}
            return
        body = answer.json if "json" in answer.media else answer.raw.decode("utf-8", "replace")
        fault = self.contract.response_fault(
            operation, answer.status, answer.media, body if answer.raw else None
        )
        known = self.samples.setdefault((operation, answer.status), {})
        if len(known) < MOST_SAMPLES:
            known.setdefault(shape(answer.json), answer.json)
        if answer.status < FIRST_ERROR:
            self.worked.add(operation)
            self._note_read(operation, answer)
        self.answers[operation].add(fault)

    def _note_read(self, operation: str, answer: Answer) -> None:
        if answer.method != "GET":
            return
        self.queries[operation] |= set(parse_qs(answer.target.partition("?")[2]))
        if self._said.setdefault(answer.target, answer.raw) != answer.raw:
            self.changing.add(operation)

    def faults(self) -> list[str]:
        """Return everything that was not as described."""
        tallies = [*self.answers.items(), *self.deliveries.items()]
        return [f"{where}: {fault}" for where, tally in tallies for fault in tally.faults]

    def arrived(self, arrival: Arrival) -> None:
        """Take one delivery in."""
        self.deliveries[arrival.name].add(self.delivery_fault(arrival))

    def delivery_fault(self, arrival: Arrival) -> str | None:
        """Return what is wrong with a delivery's payload or headers."""
        event, action = arrival.event, arrival.action
        fault = self.contract.delivery_fault(event, action, arrival.payload)
        if fault is None:
            wanted = self.contract.headers_of(event, action)
            missing = [one for one in wanted if one.lower() not in arrival.headers]
            fault = f"no header {missing[0]}" if missing else None
        return fault
