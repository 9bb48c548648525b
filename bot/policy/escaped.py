"""Which of our landings turned out wrong, as people say it: a revert on main, or a label.

Only the plain form of `git revert` counts, and only in a commit that is not a landing of ours: an
issue may well quote the sentence, and its words stand in the message of what it led to.
"""

import re
from collections.abc import Collection, Iterable, Mapping

ESCAPED = "nightshift:escaped"
"""A maintainer's label on the closed issue, or on its pull request."""
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{40})\b", re.MULTILINE)


def reverted(messages: Iterable[tuple[str, str]], landings: Collection[str]) -> Mapping[str, str]:
    """Return which landings were reverted, each with the commit that says so.

    `messages` are commits of main with their messages; the newest word wins.
    """
    found: dict[str, str] = {}
    for commit, message in messages:
        if commit in landings:
            continue
        for landed in _REVERTS.findall(message):
            if landed in landings:
                found.setdefault(landed, commit)
    return found


def reported(labels: Iterable[str]) -> bool:
    """Whether a maintainer says that a landed change was wrong."""
    return ESCAPED in {label.casefold() for label in labels}
