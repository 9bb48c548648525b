"""Burnt scenarios: once a coder has read one, it proves nothing, and a replacement is owed."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS burnt (
  corpus TEXT NOT NULL, scenario TEXT NOT NULL, was TEXT NOT NULL, stood INTEGER NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (corpus, scenario));
"""


@dataclass(frozen=True, slots=True)
class Burnt:
    """What is burnt of one corpus, and what is owed for it."""

    ids: frozenset[str] = frozenset()
    required: Mapping[str, int] = field(default_factory=dict)
    """Per set, how many scenarios that are not burnt have to stand before it may pass again."""


class Burns:
    """The part of the ledger that remembers them, by the name of the corpus' folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._open()) as db:
            db.executescript(_SCHEMA)

    def burn(self, corpus: str, scenario: str, *, was: str, stood: int, at: str) -> None:
        """Remember one; a second time changes nothing.

        `stood` counts the scenarios of its set that were not burnt, itself included.
        """
        with closing(self._open()) as db, db:
            row = (corpus, scenario, was, stood, at)
            db.execute("INSERT OR IGNORE INTO burnt VALUES (?, ?, ?, ?, ?)", row)

    def of(self, corpus: str) -> Burnt:
        """Return what is burnt of a corpus."""
        query = "SELECT scenario, was, stood FROM burnt WHERE corpus = ?"
        with closing(self._open()) as db:
            rows = db.execute(query, (corpus,)).fetchall()
        required: dict[str, int] = {}
        for _, was, stood in rows:
            required[was] = max(required.get(was, 0), stood)
        return Burnt(frozenset(scenario for scenario, _, _ in rows), required)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)
