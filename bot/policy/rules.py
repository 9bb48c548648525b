"""What the rules of a branch mean for landing: which way is open, and what would open a better one.

Landing directly is a fast-forward push of exactly the proven commit, so histories stay linear by
themselves. The fallback is GitHub's own merge of the pull request. What lets the App through a
rule ("bypass") makes that rule count for nothing here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a change comes onto the branch."""

    DIRECT = "direct"
    MERGE = "merge"
    """`PUT /pulls/N/merge`, and the tree compared after."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that holds on the branch, in GitHub's word for it, and not bypassed by the App."""

    kind: str
    source: str
    """Which ruleset or protection it comes from, for people."""
    reviews: int = 0
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Landing:
    """The way that is open, why no better one is, and what else a landing waits for."""

    way: Way
    because: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """Rules that only the push itself will show."""


_MERGE = {
    "pull_request": "every change has to come through a pull request",
    "required_signatures": "commits have to be signed, and only GitHub's own merge commit is",
}
_CLOSED = {
    "update": "nobody may move the branch",
    "lock_branch": "the branch is locked",
    "merge_queue": "only GitHub's own merge queue may move the branch",
}
_SILENT = {"creation", "deletion", "non_fast_forward", "required_linear_history"}
"""A fast-forward breaks none of these."""


def landing(rules: Iterable[Rule], own_check: str) -> Landing:
    """Say which way is open under all of the rules together."""
    way, because = Way.DIRECT, list[str]()
    waits, doubts = list[str](), list[str]()
    for rule in rules:
        if rule.kind == "pull_request" and rule.reviews:
            way = Way.CLOSED
            because.append(
                f"{rule.reviews} approving review(s) are required, and an App cannot approve its "
                f"own pull request ({rule.source})"
            )
        elif rule.kind in _CLOSED:
            way = Way.CLOSED
            because.append(f"{_CLOSED[rule.kind]} ({rule.source})")
        elif rule.kind in _MERGE:
            way = Way.MERGE if way is Way.DIRECT else way
            because.append(f"{_MERGE[rule.kind]} ({rule.source})")
        elif rule.kind == "required_status_checks":
            others = [check for check in rule.checks if check != own_check]
            if others:
                waits.append(f"{', '.join(others)} on the very commit ({rule.source})")
        elif rule.kind not in _SILENT:
            doubts.append(f"{rule.kind} ({rule.source})")
    return Landing(way, tuple(because), tuple(waits), tuple(doubts))
