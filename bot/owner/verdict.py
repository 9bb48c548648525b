"""`nightshift verdict` list and show: what was judged and why, from the validator's own ledger."""

from pathlib import Path

from rich.console import Console

from bot.owner.memory import opened
from bot.owner.paper import save, write
from bot.validator.evidence import listed, show


def explain(state: Path, verdict: str, report: Path | None, console: Console) -> int:
    """Print the transcript of a verdict; it holds hidden content and is for the owner alone."""
    ledger = opened(state)
    console.print(show(ledger, verdict), end="", markup=False, highlight=False, soft_wrap=True)
    if report is not None:
        save(report, ledger.evidence(verdict))
    return 0


def overview(state: Path, repo: str, issue: int | None, console: Console) -> int:
    """List the verdicts that were given, the newest first."""
    for line in listed(opened(state), repo, issue):
        write(console, line)
    return 0
