"""Small settings files that are whole at every moment."""

import errno
import os
from pathlib import Path

from bot.errors import DiskFull


def put(path: Path, text: str) -> None:
    """Make a file hold exactly this text; a reader or a crash never meets half of it."""
    content = text.encode("utf-8")
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_bytes(content)
        fresh.chmod(0o644)
        fresh.replace(path)
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"cannot write {path}: the disk is full",
                remedy="free disk space, then start again",
            ) from problem
        raise
