"""What has to become true: the wishes of the issue, and the tests that are red."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from twins.anthropic.search.engine.shapes import Example, Outcome

_MISSING = re.compile(
    r"has no attribute '(\w+)'|cannot import name '(\w+)'|unexpected keyword argument '(\w+)'"
    r"|unrecognized arguments: --?([\w-]+)|invalid choice: '([\w-]+)'"
)


@dataclass(slots=True)
class Oracle:
    """What has to become true and what has to stay true."""

    targets: list[str] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    tests: dict[str, Outcome] = field(default_factory=dict)


def wishes_of(examples: list[Example], outcomes: list[Outcome]) -> Iterator[int]:
    """Return the examples that do not hold and are meant to.

    An output shown in a block that does not hold is a wish; what a sentence says of the same call
    and nobody labelled is then no second one.
    """
    wished = {
        example.subject
        for example, outcome in zip(examples, outcomes, strict=True)
        if example.polarity == "expected" and outcome != "broken"
    }
    shown = {
        example.code
        for example, outcome in zip(examples, outcomes, strict=True)
        if example.polarity == "neutral" and not example.weak and outcome == "fail"
    }
    firm = [
        index
        for index, example in enumerate(examples)
        if outcomes[index] == "fail"
        and (
            example.polarity == "expected"
            or (
                example.polarity == "neutral"
                and example.subject not in wished
                and example.mode != "survives"
                and not (example.weak and example.code in shown)
            )
        )
    ]
    if firm:
        yield from firm
        return
    for index, example in enumerate(examples):
        if outcomes[index] == "fail" and example.mode == "survives":
            yield index


def is_named(test: str, issue: str) -> bool:
    """Tell whether the issue names a test, by its file or its function."""
    function = test.rsplit("::", 1)[-1].split("[", maxsplit=1)[0].rsplit(".", 1)[-1]
    file = test.partition("::")[0]
    return function in issue or ("::" in test and file in issue)


def missing_name(seen: str) -> str:
    """Return the name that an observation says does not exist, or nothing."""
    found = _MISSING.search(seen)
    return next((name for name in found.groups() if name), "") if found else ""
