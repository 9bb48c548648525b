"""What was spent of a corpus, in words."""

from collections.abc import Iterator, Sequence

from bot.policy.feedback import CONSULTATIONS_PER_ISSUE
from bot.validator.burns import Burnt
from bot.validator.ledger import Spending


def told_spending(spending: Sequence[Spending], budget: int | None, burnt: Burnt) -> Iterator[str]:
    """Say per repository what its gate has answered, and what is burnt."""
    of = "" if budget is None else f" of {budget}"
    for one in spending:
        since = f", since {one.since}" if one.since else ""
        yield f"{one.repo}: {one.spent}{of} gate questions spent (epoch {one.epoch}{since})"
        for issue, count in sorted(one.issues.items()):
            yield f"  issue {issue}: {count} of {CONSULTATIONS_PER_ISSUE}"
    if not spending:
        yield "no gate question was answered yet"
    if burnt.ids:
        owed = ", ".join(f"{count} {name}" for name, count in sorted(burnt.required.items()))
        yield f"burnt: {', '.join(sorted(burnt.ids))}; to merge, {owed} others must stand"
