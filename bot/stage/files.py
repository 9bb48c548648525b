"""Files that a command will write at its end: looked at before anything costs time or money."""

import os
from pathlib import Path

from bot.errors import UsageError


def check_writable(path: Path) -> None:
    """Refuse a place that could not be written at the end."""
    folder = path.resolve().parent
    if path.is_dir():
        why = "it is a folder"
    elif not folder.is_dir():
        why = f"there is no folder {folder}"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        why = "it may not be written"
    else:
        return
    raise UsageError(f"cannot write {path}: {why}", remedy="name a file in a folder of yours")
