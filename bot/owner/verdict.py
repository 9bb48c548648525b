"""`nightshift verdict show`: why a verdict was given, from the validator's own ledger."""

from pathlib import Path

from rich.console import Console

from bot.errors import UsageError
from bot.owner.paper import save
from bot.validator.evidence import show
from bot.validator.ledger import Ledger
from bot.validator.service import LEDGER_FILE


def explain(state: Path, verdict: str, report: Path | None, console: Console) -> int:
    """Print the transcript of a verdict; it holds hidden content and is for the owner alone."""
    ledger = opened(state / LEDGER_FILE)
    console.print(show(ledger, verdict), end="", markup=False, highlight=False, soft_wrap=True)
    if report is not None:
        save(report, ledger.evidence(verdict))
    return 0


def opened(path: Path) -> Ledger:
    """Open a ledger that exists: looking never makes one."""
    try:
        with path.open("r+b"):
            return Ledger(path)
    except FileNotFoundError:
        raise UsageError(
            f"there is no ledger {path}",
            means="no validator has kept its state there",
            remedy="name the validator's folder with --state",
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot open the ledger {path}: {error.strerror}",
            remedy="run it as root or as the validator's own user",
        ) from None
