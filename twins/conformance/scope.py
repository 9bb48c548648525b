"""What a twin has promised to model."""

from dataclasses import dataclass
from pathlib import Path

import yaml

GITHUB = Path(__file__).resolve().parents[1] / "github" / "scope.yaml"


@dataclass(frozen=True, slots=True)
class Scope:
    """Declared operations (`METHOD /path`) and events (`event` or `event.action`)."""

    operations: list[str]
    events: list[str]

    @classmethod
    def load(cls, path: Path = GITHUB) -> "Scope":
        """Read a scope file."""
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(text["operations"], text["events"])
