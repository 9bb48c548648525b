"""A plan of what goes wrong, and when.

A rule names what it matches (`method` and `path` of a request, or `event` of a delivery; all are
regular expressions that must match the whole text), the matching call it starts at (`nth`, from 1),
how many calls it hits (`count`, 0 = for ever), the `share` of those that it hits at all (drawn, but
the same on every run) and what happens then:

    {"method": "POST", "path": ".*/comments", "nth": 2, "status": 502}
    {"path": "/repos/.*/merge", "when": "after", "status": 500}      done, but told otherwise
    {"path": "/v1/messages", "delay": 30}                            slow, then answered normally
    {"path": ".*", "cut": true}                                      connection dropped
    {"event": "issues[.]opened", "deliver": "lost"}                  also: duplicate, late, reorder
    {"event": ".*", "deliver": "lost", "count": 0, "share": 0.05}    one in twenty, for ever
    {"path": "/v1/messages", "params": {"stop_reason": "refusal"}}   for the twin's own code
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from random import Random
from typing import Any, Literal, Self

JsonObject = dict[str, Any]

DELIVERIES = ("duplicate", "late", "lost", "reorder")


class BadFault(ValueError):
    """A rule nobody could obey."""


def _fits(value: object, example: object) -> bool:
    """Tell whether a JSON value has the type of a field's default; None stands for any."""
    if example is None or isinstance(example, float):
        return example is None or isinstance(value, int | float)
    return type(value) is type(example)


@dataclass(slots=True)
class Fault:
    """One rule and the count of calls it has seen."""

    method: str = ".*"
    path: str = ".*"
    event: str = ""
    nth: int = 1
    count: int = 1
    share: float = 1.0
    when: Literal["before", "after"] = "before"
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: object = None
    delay: float = 0.0
    cut: bool = False
    deliver: str = ""
    params: JsonObject = field(default_factory=dict)
    seen: int = 0

    @classmethod
    def parse(cls, rule: object) -> Self:
        """Read one rule, refusing unknown keys and expressions that do not compile."""
        if not isinstance(rule, dict):
            raise BadFault("a fault is a JSON object")
        known = {f.name for f in fields(cls)} - {"seen"}
        if unknown := sorted(set(rule) - known):
            raise BadFault(f"unknown fault key {unknown[0]!r}; known: {', '.join(sorted(known))}")
        usual = cls()
        for name, value in rule.items():
            if not _fits(value, getattr(usual, name)):
                raise BadFault(f"{name} cannot be {value!r}")
        fault = cls(**rule)
        if fault.deliver not in ("", *DELIVERIES):
            raise BadFault(f"deliver is one of {', '.join(DELIVERIES)}")
        if fault.when not in {"before", "after"}:
            raise BadFault("when is before or after")
        try:
            for expression in (fault.method, fault.path, fault.event):
                re.compile(expression)
        except re.error as error:
            raise BadFault(f"not a regular expression: {error}") from error
        return fault

    def due(self, random: Random) -> bool:
        """Count one matching call and tell whether it is one to spoil."""
        self.seen += 1
        counted = self.seen >= self.nth and (not self.count or self.seen < self.nth + self.count)
        return counted and (self.share >= 1 or random.random() < self.share)


class FaultPlan:
    """The rules in force, oldest first; the first that is due wins."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self.random = Random(0)  # noqa: S311  # repeatable on purpose

    def add(self, rule: object) -> Fault:
        """Add one rule given as JSON."""
        fault = Fault.parse(rule)
        self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every rule, and begin the draw anew."""
        self._rules.clear()
        self.random = Random(0)  # noqa: S311  # as above

    def rules(self) -> list[JsonObject]:
        """Return the rules as JSON, with how many calls each has seen."""
        return [asdict(rule) for rule in self._rules]

    def for_request(self, method: str, path: str) -> Fault | None:
        """Return the fault this request meets, if any."""
        return self._first(
            rule
            for rule in self._rules
            if not rule.event
            and re.fullmatch(rule.method, method, re.IGNORECASE)
            and re.fullmatch(rule.path, path)
        )

    def for_delivery(self, event: str) -> Fault | None:
        """Return the fault a delivery such as `issues.opened` meets, if any."""
        return self._first(r for r in self._rules if r.event and re.fullmatch(r.event, event))

    def _first(self, matching: Iterable[Fault]) -> Fault | None:
        # Every matching rule counts the call: `nth` means the same whatever else is planned.
        due = [rule for rule in matching if rule.due(self.random)]
        return due[0] if due else None
