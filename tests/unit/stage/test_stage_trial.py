"""What `try` says of a patch: never more than was measured."""

from pathlib import Path

import pytest

from bot import wire
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Attempt, Run, RunState
from bot.domain.verdict import Outcome, Purpose, SignedVerdict, Verdict
from bot.stage.trial import TrialOptions, _free, _standing


def signed(outcome: Outcome, reason: str = "r") -> SignedVerdict:
    """Make a verdict; nobody verifies it here."""
    verdict = Verdict(
        id="v", outcome=outcome, purpose=Purpose.GATE, reason=reason, repo="o/n", issue=3,
        commit="c",
        tree="t", base="b", corpus="d", box_tier="A", box_digest="e", nonce="n", n=30, k=30,
        n_effective=30.0, trajectories=30, mean=1.0, lower_bound=0.91, threshold=0.9,
        invalid=0, pending=0, seconds=2.0, issued_at="2026-01-05T10:00:00+00:00",
    )  # fmt: skip
    return SignedVerdict(wire.canonical(wire.dump(verdict)), "00")


@pytest.mark.parametrize(
    ("state", "outcomes", "said"),
    [
        (RunState.LANDED, (Outcome.PASS,), ""),
        (RunState.OPENED, (), "not judged"),
        (RunState.OPENED, (Outcome.INVALID,), "not judged"),
        (RunState.OPENED, (Outcome.PASS,), "scenarios hold"),
    ],
)
def test_a_patch_says_what_stands_behind_it(
    state: RunState, outcomes: tuple[Outcome, ...], said: str
) -> None:
    """Landed says all; else whether hidden scenarios hold or nobody was asked."""
    verdicts = tuple(signed(outcome) for outcome in outcomes)
    attempt = Attempt(1, "b", "z", "c1", "t", "did it", (), (), verdicts)
    issue = Issue("o/n", 3, "T", "B", (), "ann", 1)
    run = Run("r", issue, "b", Priority.P2, state, pull=7, attempts=(attempt,))

    told = _standing(run)
    assert (said in told) if said else (told == "")


def test_too_few_scenarios_have_judged_all_the_same() -> None:
    """They held; what is missing is their number."""
    verdicts = (signed(Outcome.INVALID, "too-few-scenarios"),)
    attempt = Attempt(1, "b", "z", "c1", "t", "did it", (), (), verdicts)
    issue = Issue("o/n", 3, "T", "B", (), "ann", 1)
    run = Run("r", issue, "b", Priority.P2, RunState.OPENED, pull=7, attempts=(attempt,))

    assert "too few to merge by" in _standing(run)


def test_nobodys_patch_is_written_over(tmp_path: Path) -> None:
    """The name of the issue may be taken; a name that the caller chose is the caller's."""
    wanted = tmp_path / "ISSUE.patch"
    wanted.write_text("mine")
    plain = TrialOptions(tmp_path, tmp_path / "ISSUE.md")
    chosen = TrialOptions(tmp_path, tmp_path / "ISSUE.md", patch=wanted)

    assert tmp_path / "ISSUE.2.patch" == _free(wanted, plain)
    assert wanted == _free(wanted, chosen)
