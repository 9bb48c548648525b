"""Opens what a validator remembers, for its owner."""

from pathlib import Path

from bot.errors import UsageError
from bot.validator.ledger import Ledger
from bot.validator.service import LEDGER_FILE


def opened(state: Path) -> Ledger:
    """Open a ledger that exists: looking never makes one."""
    path = state / LEDGER_FILE
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
