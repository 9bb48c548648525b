"""What a run comes to, as the JSON that was agreed on and as cells of the table."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot import wire
from bot.adapters.store import Store
from bot.domain.finding import CheckResult
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Attempt, Run, RunState
from bot.domain.usage import Usage
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.stage.show import Show
from bot.stage.summary import (
    Timing,
    gate_submissions,
    judged_by,
    outcome_cell,
    satisfaction_cell,
    summarise,
)

ISSUE = Issue("o/n", 3, "Sums [red]are[/] wrong", "Body", ("nightshift",), "ann", 1)
KEYS = {
    "outcome", "reason", "issue", "pr", "attempts", "satisfaction", "box_tier", "model", "tokens",
    "cost_usd", "seconds", "landed_commit", "patch",
}  # fmt: skip


def signed(purpose: Purpose, outcome: Outcome = Outcome.PASS, k: int = 30) -> SignedVerdict:
    """Make a verdict; nobody verifies it here."""
    verdict = Verdict(
        id="v", outcome=outcome, purpose=purpose, reason="r", repo="o/n", issue=3, commit="c",
        tree="t", base="b", corpus="d", box_tier="A", box_digest="e", nonce="n", n=30, k=k,
        n_effective=30.0, trajectories=30, mean=k / 30, lower_bound=0.91, threshold=0.9,
        invalid=1, pending=2, seconds=2.0, issued_at="2026-01-05T10:00:00+00:00",
    )  # fmt: skip
    return SignedVerdict(wire.canonical(wire.dump(verdict)), "00")


def attempt(index: int, *verdicts: SignedVerdict) -> Attempt:
    """Make an attempt with a green check."""
    check = CheckResult("make test", passed=True, exit_code=0, output="ok", seconds=1.0)
    return Attempt(index, "b", "z", f"c{index}", "t", "did it", (), (check,), verdicts)


LANDED = Run(
    "o/n#3@x-1",
    ISSUE,
    "b",
    Priority.P1,
    RunState.LANDED,
    reason="landed",
    pull=7,
    landed_commit="c9",
    model="nightshift-search-1",
    attempts=(
        attempt(1, signed(Purpose.GATE, Outcome.FAIL, 20)),
        attempt(
            2,
            signed(Purpose.GATE),
            signed(Purpose.GATE),
            signed(Purpose.SEALED, k=12),
            signed(Purpose.TRAIN, k=29),
        ),
    ),
    usage=Usage(1, 2, 3, 4, usd=0.5, model_seconds=3, box_seconds=2, cpu_seconds=1.234, calls=5),
)
BARE = replace(LANDED, state=RunState.REJECTED, reason="triage-reject", attempts=(), pull=None)


def test_the_summary_has_every_agreed_key() -> None:
    """Also for a run that never got as far as an attempt."""
    for run in (LANDED, BARE):
        told = summarise(run, Timing(0.0, 20.0), box_tier="A")
        assert set(told) >= KEYS
        assert set(told["seconds"]) >= {"total", "model", "box", "validator", "overhead"}
    measured = summarise(BARE, Timing(0, 0), box_tier="B")["satisfaction"]
    assert set(measured.values()) == {0}


def test_the_numbers_are_those_of_the_run() -> None:
    """Attempts, tokens and seconds add up; the last word over the gate set is shown."""
    told = summarise(LANDED, Timing(0.0, 20.0), box_tier="A", patch="x.patch")
    seconds = {name: told["seconds"][name] for name in ("total", "model", "box", "validator")}
    assert seconds == {"total": 20.0, "model": 3, "box": 2, "validator": 10.0}
    assert told["seconds"]["overhead"] == 5.0
    assert told["tokens"] == {"input": 1, "cache_write": 2, "cache_read": 3, "output": 4}
    assert told["satisfaction"] == {
        "n": 30, "k": 29, "mean": 0.9667, "lower_bound": 0.91, "invalid": 1
    }  # fmt: skip
    assert [a["verdict"] for a in told["attempts"]] == ["fail", "pass"]
    assert told["attempts"][0]["checks"] == [
        {"command": "make test", "passed": True, "exit_code": 0}
    ]


def test_overhead_is_never_negative() -> None:
    """Parts that ran side by side can be longer than the whole."""
    assert summarise(LANDED, Timing(0.0, 1.0), box_tier="A")["seconds"]["overhead"] == 0.0


def test_a_repeated_question_is_one_submission() -> None:
    """An unanswered question that was asked again spends nothing."""
    assert gate_submissions(LANDED) == 2
    assert gate_submissions(BARE) == 0


def test_the_last_word_is_of_the_gate_set() -> None:
    """The sealed set is another set."""
    found = judged_by(LANDED)
    assert found is not None
    assert (found.purpose, found.k) == (Purpose.TRAIN, 29)
    assert judged_by(BARE) is None


def test_the_cells() -> None:
    """Short words for the table."""
    assert satisfaction_cell(LANDED) == "29/30 (>= 0.91)"
    assert satisfaction_cell(BARE) == "-"
    assert outcome_cell(LANDED) == "landed"
    assert outcome_cell(BARE) == "rejected: triage-reject"


async def test_the_show_tells_each_event_once(tmp_path: Path) -> None:
    """In order, with who started first; markup in a title or an event stays text."""
    out = io.StringIO()
    show = Show(Console(file=out, width=200))
    async with Store(f"sqlite:///{tmp_path}/n.db") as store:
        for run_id, kind, told in [
            ("o/n#5@a-1", "queued", "P0"),
            ("o/n#5@a-1", "triaging", ""),
            ("o/n#3@x-1", "triaging", ""),
            ("o/n#5@a-1", "triaging", "again"),
            ("o/n#3@x-1", "dropped", "[bold]loud[/]"),
        ]:
            await store.record_event(run_id, kind, {"told": told})
        await show.refresh(store, [LANDED])
        said = out.getvalue()
        await show.refresh(store, [LANDED])
    assert out.getvalue() == said
    assert show.order == [5, 3]
    assert said.count("dropped") == 1
    assert "[bold]loud[/]" in said
    assert show.timing(LANDED).total >= 0


@pytest.mark.parametrize("run", [LANDED, BARE])
def test_the_table_shows_titles_as_they_are(run: Run) -> None:
    """A title is a stranger's text, no markup."""
    out = io.StringIO()
    console = Console(file=out, width=200)
    console.print(Show(console).table([run]))
    assert "Sums [red]are[/] wrong" in out.getvalue()
