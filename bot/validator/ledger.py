"""The validator's own memory: who asked what, what base shows, and why a verdict was given.

It lives beside the scenario store and is as closed: evidence holds inputs and expectations.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot import wire
from bot.domain.calibration import Calibration
from bot.domain.verdict import Judgement, Outcome, Purpose
from bot.policy.feedback import Consultation
from bot.policy.satisfaction import Standing, standing

KEEP_DAYS = 180
"""Evidence older than this goes."""
KEEP_BYTES = 512 * 1024 * 1024
"""Beyond this, packed, the oldest evidence goes; the newest stays, however large it is."""
_PLACES = 500
"""Trees of which it is remembered what scenarios show."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgement (
  nonce TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS consultation (
  nonce TEXT PRIMARY KEY, repo TEXT NOT NULL, corpus TEXT NOT NULL, issue INTEGER NOT NULL,
  purpose TEXT NOT NULL, run TEXT NOT NULL, commit_id TEXT NOT NULL, outcome TEXT NOT NULL,
  k INTEGER NOT NULL, verdict TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS consultation_by_issue ON consultation (repo, corpus, issue, purpose);
DROP TABLE IF EXISTS shown;
CREATE TABLE IF NOT EXISTS profile (
  place TEXT NOT NULL, scenario TEXT NOT NULL, scores TEXT NOT NULL, started INTEGER NOT NULL,
  seed TEXT NOT NULL, PRIMARY KEY (place, scenario));
CREATE TABLE IF NOT EXISTS calibration (
  repo TEXT NOT NULL, corpus TEXT NOT NULL, at TEXT NOT NULL, measured BLOB NOT NULL,
  PRIMARY KEY (repo, corpus));
CREATE TABLE IF NOT EXISTS epoch (
  repo TEXT NOT NULL, after INTEGER NOT NULL, at TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS in_epoch AS SELECT consultation.rowid AS place, * FROM consultation
  WHERE consultation.rowid >
    (SELECT coalesce(max(after), 0) FROM epoch WHERE epoch.repo = consultation.repo);
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS evidence (
  verdict TEXT PRIMARY KEY, transcript BLOB NOT NULL, at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one scenario has shown on one tree so far."""

    scores: tuple[float, ...] = ()
    started: bool = False
    seed: str = ""
    """What the inputs of these runs are drawn from; empty when every run had inputs of its own."""

    def plus(self, scores: Sequence[float], *, started: bool, seed: str) -> "Shown":
        """Add more runs; those with one seed outweigh earlier ones that had others and differ."""
        mixed = standing((*self.scores, *scores)) is Standing.FLAKY
        known = () if mixed and self.seed != seed else self.scores
        return Shown((*known, *scores), self.started or started, seed)

    @property
    def weight(self) -> tuple[bool, int]:
        """How much is known: that it wavers is never forgotten, and more runs beat fewer."""
        return standing(self.scores) is Standing.FLAKY, len(self.scores)


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


@dataclass(frozen=True, slots=True)
class Spending:
    """What the gate of one repository has answered since its epoch began."""

    repo: str
    epoch: int
    """How often the budgets were started anew."""
    since: str
    spent: int
    issues: Mapping[int, int]


class Ledger:
    """A small SQLite file, 0600. Every method is one short transaction."""

    def __init__(
        self, path: Path, *, keep_days: int = KEEP_DAYS, keep_bytes: int = KEEP_BYTES
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        self._path = path
        self._keep_days = keep_days
        self._keep_bytes = keep_bytes
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._path

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
            self._drop_old(db, at)
            if entry:
                db.execute(
                    "INSERT OR IGNORE INTO consultation VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                    (
                        *(entry.nonce, entry.repo, entry.corpus, entry.issue),
                        *(entry.purpose.value, entry.run_id, entry.commit, entry.outcome.value),
                        *(entry.k, entry.verdict, entry.at),
                    ),
                )

    def _drop_old(self, db: sqlite3.Connection, at: str) -> None:
        """Let evidence go by age, then by size, the oldest first; verdicts themselves stay."""
        oldest = datetime.fromisoformat(at) - timedelta(days=self._keep_days)
        db.execute("DELETE FROM evidence WHERE at < ?", (oldest.isoformat(timespec="seconds"),))
        db.execute(
            "DELETE FROM evidence WHERE rowid < (SELECT max(rowid) FROM evidence) AND rowid IN"
            " (SELECT rowid FROM (SELECT rowid, sum(length(transcript)) OVER"
            " (ORDER BY rowid DESC) AS total FROM evidence) WHERE total > ?)",
            (self._keep_bytes,),
        )

    def verdicts(self) -> list[dict[str, Any]]:
        """Return every verdict that was ever given, oldest first, and whether evidence is left."""
        rows = self._read(
            "SELECT answer, json_extract(json_extract(answer, '$.signed.payload'), '$.id')"
            " IN (SELECT verdict FROM evidence) FROM judgement ORDER BY rowid"
        )
        return [
            {**json.loads(json.loads(answer)["signed"]["payload"]), "evidence": bool(kept)}
            for answer, kept in rows
        ]

    def consultations(self, repo: str, issue: int) -> tuple[Consultation, ...]:
        """Return what this issue was told about the gate set in this epoch, oldest first."""
        rows = self._read(
            "SELECT outcome, k FROM in_epoch WHERE repo = ? AND purpose = ? AND issue = ?"
            " ORDER BY place",
            *(repo, Purpose.GATE.value, issue),
        )
        return tuple(Consultation(Outcome(outcome), k) for outcome, k in rows)

    def spent(self, repo: str) -> int:
        """Count the gate consultations of a repository in this epoch.

        Budgets belong to a repository, not to the bytes of its corpus: editing a file frees none.
        """
        query = "SELECT count(*) FROM in_epoch WHERE repo = ? AND purpose = ?"
        return int(self._read(query, repo, Purpose.GATE.value)[0][0])

    def rotate(self, repo: str, at: str) -> int:
        """Begin a new epoch of a repository: its budgets start anew. Returns what was spent."""
        spent = self.spent(repo)
        with closing(self._open()) as db, db:
            db.execute(
                "INSERT INTO epoch SELECT ?, coalesce(max(rowid), 0), ? FROM consultation",
                (repo, at),
            )
        return spent

    def spending(self) -> tuple[Spending, ...]:
        """Return what every repository has spent in its epoch, and what each issue has."""
        names = self._read("SELECT DISTINCT repo FROM consultation ORDER BY repo")
        return tuple(self._spending(repo) for (repo,) in names)

    def _spending(self, repo: str) -> Spending:
        epochs = self._read("SELECT count(*), max(at) FROM epoch WHERE repo = ?", repo)[0]
        issues = self._read(
            "SELECT issue, count(*) FROM in_epoch WHERE repo = ? AND purpose = ? GROUP BY issue",
            *(repo, Purpose.GATE.value),
        )
        return Spending(repo, int(epochs[0]), epochs[1] or "", self.spent(repo), dict(issues))

    def note_budget(self, budget: int) -> None:
        """Keep the budget that the running validator goes by, for the owner's tools to show."""
        with closing(self._open()) as db, db:
            db.execute("INSERT OR REPLACE INTO known VALUES ('budget', ?)", (str(budget),))

    @property
    def budget(self) -> int | None:
        """The budget of the validator that ran here last; None when none has."""
        rows = self._read("SELECT value FROM known WHERE name = 'budget'")
        return int(rows[0][0]) if rows else None

    def note_proposal(self, repo: str, landed: str) -> None:
        """Remember that a draft was written about a landing."""
        with closing(self._open()) as db, db:
            row = (f"proposal {repo} {landed}", "")
            db.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", row)

    def proposed(self, repo: str, landed: str) -> bool:
        """Whether a draft about a landing was written, wherever it is now."""
        name = f"proposal {repo} {landed}"
        return bool(self._read("SELECT 1 FROM known WHERE name = ?", name))

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
        with closing(self._open()) as db:
            return _profile(db, place)

    def remember(self, place: str, shown: Mapping[str, Shown]) -> None:
        """Keep what scenarios have shown, unless more is known by now.

        Places are dropped when nobody has used them for long.
        """
        with closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            known = _profile(db, place)
            db.executemany(
                "INSERT OR REPLACE INTO profile VALUES (?, ?, ?, ?, ?)",
                [
                    (place, scenario, json.dumps(seen.scores), int(seen.started), seen.seed)
                    for scenario, seen in shown.items()
                    if seen.weight >= known.get(scenario, Shown()).weight
                ],
            )
            db.execute(
                "DELETE FROM profile WHERE place NOT IN (SELECT place FROM profile"
                " GROUP BY place ORDER BY max(rowid) DESC LIMIT ?)",
                (_PLACES,),
            )
            db.commit()

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


def _profile(db: sqlite3.Connection, place: str) -> dict[str, Shown]:
    """Read what is known of one place."""
    query = "SELECT scenario, scores, started, seed FROM profile WHERE place = ?"
    return {
        scenario: Shown(tuple(json.loads(scores)), bool(started), seed)
        for scenario, scores, started, seed in db.execute(query, (place,))
    }
