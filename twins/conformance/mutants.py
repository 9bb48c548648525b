"""Twins with one seeded fault each: whatever passes on them was not looking.

python -m twins.conformance.mutants '{"kind": ...}' --port 0 --state DIR
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from twins.core.server import run
from twins.github.api import Call, Operation, Reply
from twins.github.app import make_twin

DROPPED, SWAPPED, SKIPPED, DEAF, STALE = (
    "field dropped",
    "status swapped",
    "event skipped",
    "filter ignored",
    "stale read",
)
OTHER_STATUS = {200: 201, 201: 200, 202: 200, 204: 200}
FIRST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: its kind, the operation (or event) it sits in, and the detail."""

    kind: str
    where: str
    detail: str = ""

    @property
    def name(self) -> str:
        """Return a line for people."""
        return f"{self.kind}: {self.where} {self.detail}".rstrip()

    @property
    def module(self) -> tuple[str, ...]:
        """Return what `python -m` runs."""
        return ("twins.conformance.mutants", json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Soil:
    """Where faults can sit: what a healthy run has shown."""

    fields: dict[str, list[str]]
    statuses: dict[str, list[int]]
    events: list[str]
    filters: dict[str, list[str]]
    changing: list[str]


def draw(soil: Soil, each: int, random: Random) -> list[Mutant]:
    """Return so many mutants of every kind, or as many as there can be."""

    def some(found: dict[str, list[Any]], kind: str) -> list[Mutant]:
        every = [Mutant(kind, where, str(one)) for where in found for one in found[where]]
        return random.sample(every, min(each, len(every)))

    return [
        *some(soil.fields, DROPPED),
        *some(soil.statuses, SWAPPED),
        *some({one: [""] for one in soil.events}, SKIPPED),
        *some(soil.filters, DEAF),
        *some({one: [""] for one in soil.changing}, STALE),
    ]


def alteration(mutant: Mutant) -> Callable[[Operation], Operation]:
    """Return what turns the one operation into a faulty one and leaves the others alone."""
    method, _, path = mutant.where.partition(" ")
    kept: dict[str, Reply] = {}

    def alter(operation: Operation) -> Operation:
        if (operation.method, _shape(operation.path)) != (method, _shape(path)):
            return operation

        def handler(call: Call) -> Reply:
            if mutant.kind == DEAF:
                return _deaf(operation, call, mutant.detail)
            reply = operation.handler(call)
            if reply.status >= FIRST_ERROR:
                return reply
            if mutant.kind == STALE:
                return kept.setdefault(f"{call.request.path_qs} {call.actor.bucket}", reply)
            if mutant.kind == DROPPED:
                return replace(reply, body=_without(reply.body, mutant.detail))
            swap = reply.status == int(mutant.detail)
            return replace(reply, status=OTHER_STATUS[reply.status]) if swap else reply

        return replace(operation, handler=handler)

    return alter


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _deaf(operation: Operation, call: Call, parameter: str) -> Reply:
    """Answer as if the caller had not given a parameter."""

    class Deaf(Call):
        def query(self, name: str, default: str = "") -> str:
            return default if name == parameter else Call.query(self, name, default)

    deaf = Deaf(call.request, call.hub, call.actor, call.links, call.raw)
    reply = operation.handler(deaf)
    call.accepted, call.link_header = deaf.accepted, deaf.link_header
    return reply


def _without(value: Any, name: str) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, list):
        return [_without(one, name) for one in value]
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if key != name}
    return value


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="twins.conformance.mutants", description=__doc__)
    parser.add_argument("mutant", type=json.loads)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    alter = alteration(Mutant(**arguments.mutant))
    return run(make_twin(arguments.state, alter=alter), port=arguments.port)


if __name__ == "__main__":
    sys.exit(main())
