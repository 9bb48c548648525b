"""What a finished run comes to, as plain JSON and as a row of the table."""

from dataclasses import dataclass
from typing import Any

from bot import wire
from bot.domain.run import Attempt, Run, RunState
from bot.domain.verdict import Purpose, Verdict
from bot.policy.authorise import claimed


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run as its events tell them."""

    queued: float
    """Before anything was done for it."""
    total: float
    """From then to its end."""


def verdicts_of(run: Run) -> list[Verdict]:
    """Return every verdict of a run, in the order they were given."""
    return [claimed(signed) for attempt in run.attempts for signed in attempt.verdicts]


def judged_by(run: Run) -> Verdict | None:
    """Return the last verdict over the gate set: what the landing stands on."""
    gate = [v for v in verdicts_of(run) if v.purpose is not Purpose.SEALED]
    return gate[-1] if gate else None


def summarise(run: Run, timing: Timing, *, box_tier: str, patch: str = "") -> dict[str, Any]:
    """Return the agreed JSON of one run."""
    usage, verdict = run.usage, judged_by(run)
    validator = sum(v.seconds for v in verdicts_of(run))
    parts = {
        "total": timing.total,
        "queued": timing.queued,
        "model": usage.model_seconds,
        "box": usage.box_seconds,
        "validator": validator,
        "overhead": max(0.0, timing.total - usage.model_seconds - usage.box_seconds - validator),
    }
    return {
        "outcome": run.state.value,
        "reason": run.reason,
        "detail": run.detail,
        "clause": run.clause,
        "issue": run.issue.number,
        "title": run.issue.title,
        "priority": run.priority.name,
        "pr": run.pull,
        "attempts": [_attempt(attempt) for attempt in run.attempts],
        "satisfaction": _satisfaction(verdict),
        "box_tier": box_tier,
        "model": run.model,
        "tokens": {
            "input": usage.input_tokens,
            "cache_write": usage.cache_write_tokens,
            "cache_read": usage.cache_read_tokens,
            "output": usage.output_tokens,
        },
        "cost_usd": round(usage.usd, 6),
        "cpu_seconds": round(usage.cpu_seconds, 2),
        "seconds": {name: round(value, 2) for name, value in parts.items()},
        "landed_commit": run.landed_commit,
        "patch": patch,
    }


def _satisfaction(verdict: Verdict | None) -> dict[str, Any]:
    """Say what the gate measured; all zero when it was not asked, and never more than it was."""
    if verdict is None:
        return {"n": 0, "k": 0, "mean": 0.0, "lower_bound": 0.0, "invalid": 0}
    return {
        "n": verdict.n,
        "k": verdict.k,
        "mean": round(verdict.mean, 4),
        "lower_bound": round(verdict.lower_bound, 4),
        "invalid": verdict.invalid,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    verdicts = [claimed(signed) for signed in attempt.verdicts]
    return {
        "index": attempt.index,
        "change_id": attempt.change_id,
        "commit": attempt.commit,
        "tree": attempt.tree,
        "guards": [wire.dump(finding) for finding in attempt.guards],
        "checks": [
            {"command": c.command, "passed": c.passed, "exit_code": c.exit_code}
            for c in attempt.checks
        ],
        "verdict": verdicts[-1].outcome.value if verdicts else None,
        "verdicts": [
            {"purpose": v.purpose.value, "outcome": v.outcome.value, "reason": v.reason}
            for v in verdicts
        ],
    }


def gate_submissions(run: Run) -> int:
    """Count how often the hidden gate was consulted for this run."""
    return len(
        {
            attempt.index
            for attempt in run.attempts
            for signed in attempt.verdicts
            if claimed(signed).purpose is Purpose.GATE
        }
    )


def satisfaction_cell(run: Run) -> str:
    """Show k of n with the lower bound, or why there is none."""
    verdict = judged_by(run)
    if verdict is None or not verdict.n:
        return "-"
    return f"{verdict.k}/{verdict.n} (>= {verdict.lower_bound:.2f})"


def outcome_cell(run: Run) -> str:
    """Show the end and its reason in a few words."""
    if run.state is RunState.LANDED:
        return "landed"
    return f"{run.state.value}: {run.reason}"
