"""The validator's own memory: who asked what, what base shows, and why a verdict was given.

It lives beside the scenario store and is as closed: evidence holds inputs and expectations.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import wire
from bot.domain.calibration import Calibration
from bot.domain.verdict import Judgement, Outcome, Purpose
from bot.policy.feedback import Consultation

KEEP_EVIDENCE = 500
"""Verdicts whose transcripts are kept."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgement (
  nonce TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS consultation (
  nonce TEXT PRIMARY KEY, repo TEXT NOT NULL, corpus TEXT NOT NULL, issue INTEGER NOT NULL,
  purpose TEXT NOT NULL, run TEXT NOT NULL, commit_id TEXT NOT NULL, outcome TEXT NOT NULL,
  k INTEGER NOT NULL, verdict TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS consultation_by_issue ON consultation (repo, corpus, issue, purpose);
CREATE TABLE IF NOT EXISTS shown (
  place TEXT NOT NULL, scenario TEXT NOT NULL, scores TEXT NOT NULL, started INTEGER NOT NULL,
  PRIMARY KEY (place, scenario));
CREATE TABLE IF NOT EXISTS calibration (
  repo TEXT NOT NULL, corpus TEXT NOT NULL, at TEXT NOT NULL, measured BLOB NOT NULL,
  PRIMARY KEY (repo, corpus));
CREATE TABLE IF NOT EXISTS evidence (
  verdict TEXT PRIMARY KEY, transcript BLOB NOT NULL, at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one scenario has shown on one tree so far."""

    scores: tuple[float, ...] = ()
    started: bool = False

    def plus(self, scores: Sequence[float], *, started: bool) -> "Shown":
        """Add more runs."""
        return Shown((*self.scores, *scores), self.started or started)


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered question about a hidden set."""

    nonce: str
    repo: str
    corpus: str
    issue: int
    purpose: Purpose
    run_id: str
    commit: str
    outcome: Outcome
    k: int
    verdict: str
    at: str


class Ledger:
    """A small SQLite file, 0600. Every method is one short transaction."""

    def __init__(self, path: Path, *, keep: int = KEEP_EVIDENCE) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        self._path = path
        self._keep = keep
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)

    def answered(self, nonce: str, question: str) -> Judgement | None:
        """Return the judgement already given to this very question."""
        rows = self._read(
            "SELECT answer FROM judgement WHERE nonce = ? AND question = ?", nonce, question
        )
        return wire.load(Judgement, json.loads(rows[0][0])) if rows else None

    def record(
        self,
        nonce: str,
        question: str,
        judgement: Judgement,
        *,
        at: str,
        entry: Entry | None,
        transcript: Any,
    ) -> None:
        """Keep a judgement, its consultation if it answered anything, and its evidence, at once."""
        verdict = json.loads(judgement.signed.payload)["id"]
        packed = zlib.compress(json.dumps(transcript, default=str).encode())
        with closing(self._open()) as db, db:
            db.execute(
                "INSERT OR IGNORE INTO judgement VALUES (?, ?, ?, ?)",
                (nonce, question, wire.canonical(wire.dump(judgement)), at),
            )
            db.execute("INSERT OR IGNORE INTO evidence VALUES (?, ?, ?)", (verdict, packed, at))
            db.execute(
                "DELETE FROM evidence WHERE rowid NOT IN"
                " (SELECT rowid FROM evidence ORDER BY rowid DESC LIMIT ?)",
                (self._keep,),
            )
            if entry:
                db.execute(
                    "INSERT OR IGNORE INTO consultation VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                    (
                        *(entry.nonce, entry.repo, entry.corpus, entry.issue),
                        *(entry.purpose.value, entry.run_id, entry.commit, entry.outcome.value),
                        *(entry.k, entry.verdict, entry.at),
                    ),
                )

    def consultations(self, repo: str, corpus: str, issue: int) -> tuple[Consultation, ...]:
        """Return what this issue was told about the gate set so far, oldest first."""
        rows = self._read(
            "SELECT outcome, k FROM consultation"
            " WHERE repo = ? AND corpus = ? AND issue = ? AND purpose = ? ORDER BY rowid",
            *(repo, corpus, issue, Purpose.GATE.value),
        )
        return tuple(Consultation(Outcome(outcome), k) for outcome, k in rows)

    def spent(self, repo: str, corpus: str) -> int:
        """Count the gate consultations of a whole corpus."""
        rows = self._read(
            "SELECT count(*) FROM consultation WHERE repo = ? AND corpus = ? AND purpose = ?",
            *(repo, corpus, Purpose.GATE.value),
        )
        return int(rows[0][0])

    def sealed(self, repo: str, run_id: str) -> tuple[tuple[str, Outcome], ...]:
        """Return the commits of a run that the sealed set has answered, with the answers."""
        rows = self._read(
            "SELECT commit_id, outcome FROM consultation"
            " WHERE repo = ? AND run = ? AND purpose = ? ORDER BY rowid",
            *(repo, run_id, Purpose.SEALED.value),
        )
        return tuple((commit, Outcome(outcome)) for commit, outcome in rows)

    def shown(self, place: str) -> dict[str, Shown]:
        """Return what the scenarios have shown at a place: one tree, corpus and environment."""
        rows = self._read("SELECT scenario, scores, started FROM shown WHERE place = ?", place)
        return {
            scenario: Shown(tuple(json.loads(scores)), bool(started))
            for scenario, scores, started in rows
        }

    def remember(self, place: str, shown: dict[str, Shown]) -> None:
        """Keep what scenarios have shown; places are dropped when nobody has used them for long."""
        with closing(self._open()) as db, db:
            db.executemany(
                "INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?)",
                [
                    (place, scenario, json.dumps(seen.scores), int(seen.started))
                    for scenario, seen in shown.items()
                ],
            )
            db.execute(
                "DELETE FROM shown WHERE place NOT IN (SELECT place FROM shown"
                " GROUP BY place ORDER BY max(rowid) DESC LIMIT ?)",
                (self._keep,),
            )

    def calibrate(self, measured: Calibration) -> None:
        """Keep the newest measurement of a corpus for a repository."""
        packed = zlib.compress(wire.canonical(wire.dump(measured)).encode())
        with closing(self._open()) as db, db:
            db.execute(
                "INSERT OR REPLACE INTO calibration VALUES (?, ?, ?, ?)",
                (measured.repo, measured.corpus, measured.at, packed),
            )

    def calibration(self, repo: str, corpus: str) -> Calibration | None:
        """Return what was measured of exactly this corpus, or None."""
        query = "SELECT measured FROM calibration WHERE repo = ? AND corpus = ?"
        return _measured(self._read(query, repo, corpus))

    def newest_calibration(self, repo: str) -> Calibration | None:
        """Return what was measured last for a repository, whatever its corpus was then."""
        query = "SELECT measured FROM calibration WHERE repo = ? ORDER BY at DESC LIMIT 1"
        return _measured(self._read(query, repo))

    def evidence(self, verdict: str) -> Any:
        """Return the transcript behind a verdict, or None when it is unknown or too old."""
        rows = self._read("SELECT transcript FROM evidence WHERE verdict = ?", verdict)
        return json.loads(zlib.decompress(rows[0][0])) if rows else None

    def _read(self, query: str, *values: str | int) -> list[Any]:
        with closing(self._open()) as db:
            return db.execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)


def _measured(rows: Sequence[Any]) -> Calibration | None:
    """Unpack one measurement."""
    return wire.load(Calibration, json.loads(zlib.decompress(rows[0][0]))) if rows else None
