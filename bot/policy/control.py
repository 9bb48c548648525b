"""Whose word counts: labels steer us only when somebody who may write has put them on.

GitHub lets an issue form put any label on a stranger's issue, and people with the triage role
label as they like. So the label alone is not enough; GitHub's history says who set it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.domain.control import Labelling
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run

TRIGGER = "nightshift"
STOP = "nightshift:stop"
PAUSE = "nightshift:pause"
PAUSE_ALL = "nightshift:pause-all"
"""On any issue, it holds the whole installation."""
DEFAULT_PRIORITY = Priority.P2
_PRIORITIES = {f"priority:{level.name}".casefold(): level for level in Priority}
_STEERING = {TRIGGER, PAUSE_ALL, *_PRIORITIES}


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand is on an issue, as far as it counts."""

    approval: Labelling | None = None
    """Who last set the trigger label, if that person may write."""
    priority: Priority = DEFAULT_PRIORITY
    revision: str = ""
    """The text that the approval covers; empty when it was changed behind the label."""
    pauses_all: str = ""
    """Login of who holds everything by a label on this issue; empty when nobody does."""
    author_writes: bool = False
    """Whether the author may write: then an edited text needs nobody else's word."""


def steers(label: str) -> bool:
    """Whether a label says whether and when we work."""
    return label.casefold() in _STEERING


def busy(labels: Iterable[str]) -> bool:
    """Whether any label speaks to us while a run goes on: of urgency, or to hold everything."""
    return any(label.casefold() in _STEERING - {TRIGGER} for label in labels)


def setters(labels: Iterable[str], history: Iterable[Labelling]) -> tuple[Labelling, ...]:
    """Return the last labelling of each label that is on now and that steers us."""
    on = {label.casefold() for label in labels} & _STEERING
    last: dict[str, Labelling] = {}
    for one in history:
        name = one.label.casefold()
        if one.on and name in on and (name not in last or one.id > last[name].id):
            last[name] = one
    return tuple(last.values())


def weigh(put: Sequence[Labelling], writers: Collection[int], author_id: int) -> Hand:
    """Leave only what people with write permission have said; `writers` holds their numbers."""
    counted = {one.label.casefold(): one for one in put if one.by.id in writers}
    levels = [level for name, level in _PRIORITIES.items() if name in counted]
    return Hand(
        approval=counted.get(TRIGGER),
        pauses_all=counted[PAUSE_ALL].by.login if PAUSE_ALL in counted else "",
        priority=min(levels, default=DEFAULT_PRIORITY),
        author_writes=author_id in writers,
    )


def admissible(issue: Issue) -> bool:
    """Whether an issue could be taken in unasked: open, of a person, and free of our labels."""
    labels = {label.casefold() for label in issue.labels}
    ours = {TRIGGER, STOP, PAUSE, PAUSE_ALL}
    # GitHub gives logins with brackets to Apps alone.
    return issue.state == "open" and not labels & ours and not issue.author.endswith("[bot]")


def approved(issue: Issue, hand: Hand) -> bool:
    """Whether somebody who may write stands behind this very text.

    A label covers the text that was on the issue when it was set. A text that its author has edited
    since is covered if the author may write, or if the label is set anew.
    """
    if hand.approval is None:
        return False
    return hand.author_writes or hand.revision == issue.revision


def swapped(hand: Hand) -> bool:
    """Whether the text was changed, by somebody who may not write, after the label had been set."""
    return hand.approval is not None and not hand.author_writes and not hand.revision


def renewed(last: Run, hand: Hand) -> bool:
    """Whether the trigger label was set again since the last run began."""
    return hand.approval is not None and 0 < last.approval < hand.approval.id
