"""What a visible check's exit and output mean. Zero tests collected is never a pass."""

import re

_COUNTS = re.compile(r"\b(\d+) (passed|failed|error|errors|skipped|xfailed|xpassed)\b")
_UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
_NODE = re.compile(r"^(?:#|\u2139) (tests|skipped) (\d+)$", re.MULTILINE)
"""Of `node --test`, as TAP or in its own words."""
_NOTHING = re.compile(r"\bno tests ran\b|\bcollected 0 items\b", re.IGNORECASE)


def collected(output: str) -> int | None:
    """Return how many tests the runner says it ran, or None when it does not say."""
    if _NOTHING.search(output):
        return 0
    ran = _UNITTEST.findall(output)
    if ran:
        return int(ran[-1])
    summary = [line for line in output.splitlines() if _COUNTS.search(line) or _NODE.match(line)]
    if not summary:
        return None
    if _NODE.match(summary[-1]):
        node = dict(_NODE.findall(output))
        return int(node.get("tests", 0)) - int(node.get("skipped", 0))
    counts = {word: int(number) for number, word in _COUNTS.findall(summary[-1])}
    return sum(number for word, number in counts.items() if word != "skipped")


def passed(exit_code: int | None, output: str) -> bool:
    """Decide by the process's own exit status; an empty run never passes."""
    return exit_code == 0 and collected(output) != 0
