"""Every text that leaves Nightshift for people: rendered from templates, in fixed words.

What issues and models say appears only through bot.policy.neutral. Numbers about hidden scenarios
appear after a run has ended; before, one word says passed or failed, to people as to coders.
"""

import json
import re
from functools import cache

import jinja2

from bot import wire
from bot.domain.run import Attempt, Run, RunState
from bot.domain.usage import Usage
from bot.domain.verdict import Outcome, Purpose, Verdict
from bot.domain.work import BuildRequest
from bot.policy.commands import Verb
from bot.policy.intake import OUTAGES
from bot.policy.neutral import block, code, cut, inline, paragraph, plain
from bot.policy.story import REASONS, STATE_LABELS, STORY, state_label

__all__ = [
    "CHECK_NAME",
    "STATE_LABELS",
    "check_texts",
    "commit_message",
    "cost",
    "evidence",
    "evidence_marker",
    "issue_comment",
    "issue_marker",
    "marker",
    "pull_body",
    "pull_title",
    "reply",
    "scenarios_told",
    "state_label",
    "why_told",
]

CHECK_NAME = "nightshift/satisfaction"
SEARCH = "nightshift-search"
RUN_TRAILER = "Nightshift-Run: "
"""Stands in the message of every commit we make."""
_LONGEST = 60_000
"""GitHub takes 65,536 characters: https://docs.github.com/en/rest/issues/comments"""
_SUBJECT = 68
_BY_ITSELF = "it begins again by itself; nobody has to do anything."


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("bot.policy"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  Markdown and plain text; every value is neutral already
    )


def _render(name: str, **values: object) -> str:
    return cut(_templates().get_template(name).render(**values), _LONGEST)


def marker(key: str) -> str:
    """Return the first line by which we find our own text again."""
    return f"<!-- nightshift:{re.sub(r'[^a-zA-Z0-9/#@:.]', '-', key).replace('--', '-')} -->"


def issue_marker(run: Run) -> str:
    """Return the marker of the one comment on an issue; every run of the issue shares it."""
    return marker(f"issue:{run.issue.number}")


def cost(usage: Usage, model: str) -> str:
    """Say what a run has used, and what kind of thing used it."""
    tokens = (
        usage.input_tokens
        + usage.cache_write_tokens
        + usage.cache_read_tokens
        + usage.output_tokens
    )
    cpu = f"{usage.cpu_seconds:.1f} CPU s"
    if model.startswith(SEARCH):
        return f"{tokens:,} tokens, {cpu} (search brain, not a language model)"
    by = f" ({code(model, 60)})" if model else ""
    return f"{tokens:,} tokens, ${usage.usd:.4f}, {cpu}{by}"


def issue_comment(run: Run) -> str:
    """Tell the person who filed the issue where it stands."""
    chapter = STORY[run.state]
    return _render(
        "issue.md.j2",
        marker=issue_marker(run),
        headline=chapter.headline,
        now=chapter.now,
        next=_BY_ITSELF if run.reason in OUTAGES and run.state.ended else chapter.next,
        why=_why(run),
        said=inline(run.detail, 1000) if run.state.ended else "",
        clause=inline(run.clause.lstrip("-* "), 300),
        approved_by=code(run.approved_by) if run.approved_by else "",
        pull=run.pull,
        landed=run.landed_commit[:12],
        attempts=len(run.attempts),
        cost=cost(run.usage, run.model),
        run=code(run.id),
    )


def _why(run: Run) -> str:
    """Say why a run ended."""
    if not run.state.ended or run.state is RunState.LANDED or not run.reason:
        return ""
    return REASONS.get(run.reason) or code(run.reason, 60)


def reply(mark: str, text: str) -> str:
    """Answer a command in one short comment."""
    verbs = ", ".join(f"`{verb.value}`" for verb in Verb)
    return _render("reply.md.j2", marker=mark, text=text, verbs=verbs)


def why_told(run: Run) -> str:
    """Say where a run stands and why, in the words of its own comment."""
    chapter = STORY[run.state]
    why = f" Why: {_why(run)}" if _why(run) else ""
    said = f" {inline(run.detail, 600)}" if run.state.ended and run.detail else ""
    return f"**{chapter.headline}.** {chapter.now}{why}{said} Next: {chapter.next}"


def scenarios_told(run: Run) -> str:
    """Say how many hidden scenarios there were and how many held; never what they are."""
    return _satisfaction(run)


def pull_title(run: Run) -> str:
    """Return the pull request's title: the issue's own words."""
    return plain(run.issue.title, 120) or f"Issue {run.issue.number}"


def pull_body(run: Run) -> str:
    """Return the pull request's body: what changed and why; the evidence has its own comment."""
    last = run.attempts[-1] if run.attempts else None
    return _render(
        "pull.md.j2",
        marker=marker(f"pull:{run.issue.number}"),
        closing=f"Closes #{run.issue.number}",
        clause=inline(run.clause.lstrip("-* "), 300),
        summary=block(last.summary, 3000) if last and last.summary.strip() else "",
        check=CHECK_NAME,
        run=code(run.id),
    )


def evidence_marker(run: Run) -> str:
    """Return the marker of the one comment on a pull request; a later run rewrites it."""
    return marker(f"evidence:{run.issue.number}")


def evidence(run: Run) -> str:
    """Return the comment that says on the pull request what its end rests on."""
    last = run.attempts[-1] if run.attempts else None
    return _render(
        "evidence.md.j2",
        marker=evidence_marker(run),
        headline=STORY[run.state].headline,
        satisfaction=_satisfaction(run),
        why=_not_merged(run),
        rows=[_row(run, attempt) for attempt in run.attempts],
        told=[_told(attempt) for attempt in run.attempts if attempt.told],
        clause=inline(run.clause.lstrip("-* "), 300),
        landed=code(run.landed_commit[:12]) if run.landed_commit else "",
        tier=_tier(run),
        cost=cost(run.usage, run.model),
        change=code(last.change_id) if last else "",
        base=code(last.base[:12]) if last else "",
        run=code(run.id),
    )


def _told(attempt: Attempt) -> str:
    """Repeat what the coder heard: GitHub is public, so nobody is told more or less."""
    return f"- Attempt {attempt.index} was told: {inline(attempt.told, 600)}"


def _not_merged(run: Run) -> str:
    """Say why a pull request is left to people, in the run's own sentence."""
    if run.state is not RunState.OPENED:
        return ""
    return inline(run.detail, 600) or _why(run)


def check_texts(run: Run) -> tuple[str, str]:
    """Return title and summary of the check run for the last attempt."""
    last = run.attempts[-1] if run.attempts else None
    title = _check_title(run, last)
    summary = _render(
        "check.md.j2",
        line=f"Attempt {last.index if last else 0}: {STORY[run.state].now}",
        satisfaction=_satisfaction(run),
        why=_not_merged(run),
        guards=_guards(last) if last else "not run",
        checks=_checks(last) if last else "not run",
        tier=_tier(run),
        cost=cost(run.usage, run.model),
    )
    return title, summary


def _check_title(run: Run, last: Attempt | None) -> str:
    """Say the one thing that fits a line."""
    verdicts = _verdicts(last) if last else []
    if run.state.ended and verdicts and verdicts[-1].n:
        seen = verdicts[-1]
        return (
            f"{STORY[run.state].headline}: {seen.k}/{seen.n} satisfied, at least {_percent(seen)}"
            + (f" ({run.reason})" if run.state is RunState.OPENED else "")
        )
    if run.state.ended:
        return plain(f"{STORY[run.state].headline}: {run.reason or 'no verdict'}", 100)
    return f"Hidden scenarios: {_hidden(verdicts) if verdicts else 'in progress'}"


def commit_message(request: BuildRequest, summary: str, model: str, *, change_id: str = "") -> str:
    """Return the message of an attempt's commit; its trailers make `git log` an audit trail."""
    issue = request.issue
    named = {
        "Issue": issue.slug,
        "Run": request.run_id,
        "Attempt": str(request.index),
        "Base": request.base,
        "Model": model,
        "Clause": request.clause,
        "Change-Id": change_id,
    }
    trailers = [(name, cut(_one_line(value), 200)) for name, value in named.items() if value]
    subject = plain(issue.title, _SUBJECT) or f"Issue {issue.number}"
    return _render("commit.txt.j2", subject=subject, summary=paragraph(summary), trailers=trailers)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _row(run: Run, attempt: Attempt) -> dict[str, object]:
    """Return one line of the evidence table."""
    return {
        "index": attempt.index,
        "commit": attempt.commit[:12],
        "guards": _guards(attempt),
        "checks": _checks(attempt),
        "hidden": _counts(run, attempt),
    }


def _guards(attempt: Attempt) -> str:
    if not attempt.guards:
        return "passed"
    names = sorted({finding.rule for finding in attempt.guards})
    return "refused: " + ", ".join(code(name, 40) for name in names[:5])


def _checks(attempt: Attempt) -> str:
    passed = sum(check.passed for check in attempt.checks)
    return f"{passed} of {len(attempt.checks)} passed" if attempt.checks else "not run"


def _verdicts(attempt: Attempt) -> list[Verdict]:
    """Read the verdicts for display only; deciding on one needs its signature checked."""
    return [wire.load(Verdict, json.loads(signed.payload)) for signed in attempt.verdicts]


def _hidden(verdicts: list[Verdict]) -> str:
    """Say the one bit: a later question about the same attempt overrules an earlier one."""
    words = {
        Outcome.PASS: "passed",
        Outcome.FAIL: "failed",
        Outcome.INVALID: "could not be checked",
    }
    return words[verdicts[-1].outcome] if verdicts else "not asked"


def _counts(run: Run, attempt: Attempt) -> str:
    """Add the counts to the bit once nobody can learn from them any more."""
    verdicts = _verdicts(attempt)
    counted = [v for v in verdicts if v.purpose is Purpose.GATE and v.n]
    if not run.state.ended or not counted:
        return _hidden(verdicts)
    return f"{_hidden(verdicts)} (gate {counted[-1].k}/{counted[-1].n})"


def _satisfaction(run: Run) -> str:
    """Say what the hidden scenarios say, as much as may be said now."""
    verdicts = [verdict for attempt in run.attempts[-1:] for verdict in _verdicts(attempt)]
    if not verdicts:
        return (
            "Satisfaction: not judged yet." if not run.state.ended else "Satisfaction: not judged."
        )
    if not run.state.ended:
        return f"Satisfaction: {_hidden(verdicts)}. Numbers follow when the run has ended."
    lines = [_measured(verdict) for verdict in verdicts if verdict.n]
    return "\n".join(lines) or "Satisfaction: could not be measured."


def _measured(verdict: Verdict) -> str:
    kept = [f"{verdict.invalid} could not be run"] if verdict.invalid else []
    kept += [f"{verdict.pending} wait for other issues"] if verdict.pending else []
    kept += [f"{verdict.quarantined} waver on main"] if verdict.quarantined else []
    left_out = f" ({', '.join(kept)})" if kept else ""
    head = (
        f"- {verdict.purpose.value} on {code(verdict.commit[:12])}: **{verdict.outcome.value}**,"
        f" {verdict.k}/{verdict.n} scenarios satisfied"
    )
    if verdict.purpose is Purpose.SEALED:
        return f"{head}; asked once, all of them must be{left_out}; verdict {code(verdict.id, 20)}"
    return (
        f"{head}, mean {verdict.mean:.3f}, lower bound {verdict.lower_bound:.3f} against"
        f" {verdict.threshold:.2f}, {verdict.trajectories} trajectories{left_out}"
        f"{_calibrated(verdict)}; verdict {code(verdict.id, 20)}"
    )


def _calibrated(verdict: Verdict) -> str:
    """Say how much the gate was seen to notice."""
    if not verdict.calibrated_at:
        return ", never calibrated"
    rate, day = 100 * verdict.kill_rate, verdict.calibrated_at[:10]
    return f", notices {rate:.0f} % of seeded faults ({day})"


def _percent(verdict: Verdict) -> str:
    return f"{100 * verdict.lower_bound:.0f} %"


def _tier(run: Run) -> str:
    """Name the weakest box that judged the last attempt."""
    judged = [verdict for attempt in run.attempts[-1:] for verdict in _verdicts(attempt)]
    tiers = {verdict.box_tier for verdict in judged}
    missing = sorted({part for verdict in judged for part in verdict.box_missing})
    lacks = f", missing: {', '.join(code(part, 40) for part in missing)}" if missing else ""
    return f"tier {code(max(tiers), 20)}{lacks}" if tiers else ""
