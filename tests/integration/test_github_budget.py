"""What a landing costs of GitHub's patience, counted by GitHub's side: the twin's journal."""

from typing import Any

import pytest

from bot.domain.run import RunState
from tests.integration.small_world import coder, edit, small_stage, submit

pytestmark = pytest.mark.integration
CREATING = ("/comments", "/pulls", "/check-runs", "/issues", "/labels", "/reactions")
ISSUES = 3


async def test_a_landed_issue_is_cheap() -> None:
    """At most 40 calls that count, six of them creating something; most reads are free."""
    marks = [f"MARK-{number}" for number in range(1, ISSUES + 1)]
    rules = [rule for n, mark in enumerate(marks, 1) for rule in coder(mark, [edit(n), submit()])]
    async with small_stage(rules) as small:
        for mark in marks:
            run = await small.ended(await small.file(f"The sum of {mark} is wrong", mark))
            assert run.state is RunState.LANDED, (run.reason, run.detail)
        journal = await small.asked("/")
    ours = [one for one in journal if agent(one) == "nightshift"]
    reads = [one for one in ours if one["method"] == "GET"]
    counted = [one for one in ours if one["status"] != 304]
    made = [
        one
        for one in counted
        if one["method"] == "POST" and one["path"].endswith(CREATING) and not a_label_itself(one)
    ]

    assert len(counted) / ISSUES <= 40
    assert len(made) / ISSUES <= 6
    assert sum(one["status"] == 304 for one in reads) / len(reads) > 0.55


def agent(entry: dict[str, Any]) -> str:
    """Return who made a call; git and people's clients have other names."""
    headers = {name.lower(): text for name, text in entry["headers"].items()}
    return str(headers.get("user-agent", ""))


def a_label_itself(entry: dict[str, Any]) -> bool:
    """Whether a call makes a label of the repository, which happens once in its life."""
    return bool(entry["path"].endswith("/labels") and "/issues/" not in entry["path"])
