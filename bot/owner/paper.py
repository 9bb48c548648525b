"""Where the owner's tools write: the terminal as it is, and JSON files."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.errors import UsageError


def write(console: Console, text: str) -> None:
    """Write one line as it is: what a product said is no markup and is never wrapped."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def save(path: Path, body: Any) -> None:  # noqa: ANN401  JSON has no narrower type
    """Write JSON that is for the owner's eyes alone."""
    try:
        path.touch(mode=0o600)
        path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
