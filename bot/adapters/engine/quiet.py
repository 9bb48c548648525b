"""Keep the durable-execution library's own log lines down to what a person must know."""

import logging

from bot.errors import NightshiftError

_EXPECTED = (
    "was cancelled during execution",
    "is no longer owned by this execution",
    "is not the latest version",
    "Asyncio task cancelled",
)


class Failed(Exception):
    """How a workflow's typed error passes through DBOS: as `data` of a portable error."""

    def __init__(self, error: NightshiftError, data: object) -> None:
        super().__init__(error.what)
        self.data = data


def hush(record: logging.LogRecord) -> bool:
    """Say whether a record is news: typed failures and cancellations are not."""
    if record.exc_info and isinstance(record.exc_info[1], Failed):
        return False
    message = record.getMessage()
    return not any(part in message for part in _EXPECTED)


def quieten() -> None:
    """Stop DBOS from printing on standard error by itself; its warnings go to our log."""
    logger = logging.getLogger("dbos")
    if hush not in logger.filters:
        logger.addFilter(hush)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else DBOS adds one that prints
    logger.setLevel(logging.WARNING)
