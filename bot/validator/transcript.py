"""Writes down everything that a judgement has seen, for the owner of the scenarios alone."""

import json
from collections.abc import Sequence
from typing import Any

from bot.validator.exhibit import Exhibit
from bot.validator.trajectories import Trajectory

KEPT = 4000
"""Characters of each field that evidence keeps."""


def transcript(exhibits: Sequence[Exhibit]) -> list[dict[str, Any]]:
    """Write down all evidence."""
    return [
        {
            "id": exhibit.scenario.id,
            "file": exhibit.scenario.file,
            "base": exhibit.standing.value,
            "known_on_base": len(exhibit.before.scores),
            "pending": exhibit.result.pending,
            "quarantined": exhibit.result.quarantined,
            "invalid": exhibit.invalid,
            "head": [_told(run) for run in exhibit.head],
            "base_runs": [_told(run) for run in (*exhibit.base, *exhibit.confirmed)],
        }
        for exhibit in exhibits
    ]


def _told(run: Trajectory) -> dict[str, Any]:
    """Write down one trajectory."""
    return {
        "score": run.score,
        "values": {name: str(value) for name, value in run.names.items()},
        "trouble": run.seen.trouble,
        "seconds": round(run.seen.seconds, 3),
        "steps": {
            name: {"ended": step.ended.value, **{k: _short(v) for k, v in step.fields.items()}}
            for name, step in run.seen.steps.items()
        },
        "checks": [
            {"check": finding.check.verb, "passed": finding.passed, "note": finding.note[:KEPT]}
            for finding in run.findings
        ],
        "judged": [
            {"statement": one.statement, "score": one.score, "why": one.why} for one in run.opinions
        ],
    }


def _short(value: object) -> str:
    """Write down what a product said, however it is shaped, to a bounded length."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (ValueError, RecursionError):
        return "(cannot be written down)"
    return text if len(text) <= KEPT else f"{text[:KEPT]} [... {len(text) - KEPT} more]"
