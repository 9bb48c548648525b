"""Explains a verdict to the owner of the scenarios, and to nobody else."""

from collections.abc import Mapping
from typing import Any

from bot.errors import UsageError
from bot.validator.ledger import Ledger

SHOWN = 25
"""Failing runs that are told in full."""


def show(ledger: Ledger, verdict: str) -> str:
    """Return a readable transcript: what failed first, with its steps."""
    evidence = ledger.evidence(verdict)
    if evidence is None:
        raise UsageError(
            f"there is no evidence for verdict {verdict!r}",
            means="The id is not of this validator, or the verdict is older than what is kept.",
        )
    told = evidence["verdict"]
    lines = [
        f"verdict {told['id']}: {told['outcome']} ({told['reason']})",
        f"  {told['repo']}#{told['issue']} {told['purpose']} {told['commit']} on {told['base']}",
        (
            f"  {told['k']}/{told['n']} satisfied, mean {told['mean']},"
            f" lower bound {told['lower_bound']} (threshold {told['threshold']}),"
            f" effective {told['n_effective']}"
        ),
        (
            f"  pending {told['pending']}, not run {told['invalid']},"
            f" quarantined {evidence['quarantined']}, box {told['box_tier']}, {told['seconds']} s"
        ),
    ]
    if evidence["note"]:
        lines.append(f"  note: {evidence['note']}")
    if evidence.get("scenarios_commit"):
        why = f" ({evidence['scenarios_note']})" if evidence["scenarios_note"] else ""
        lines.append(f"  scenarios at {evidence['scenarios_commit']}{why}")
    lines += [f"  left out {one['id']}: {one['why']}" for one in evidence.get("left_out", ())]
    ordered = sorted(evidence["scenarios"], key=lambda scenario: (_worst(scenario), scenario["id"]))
    left = SHOWN
    for scenario in ordered:
        lines += _scenario(scenario, left)
        left -= min(left, len(_failed(scenario)))
    failed = sum(len(_failed(scenario)) for scenario in ordered)
    if failed > SHOWN:
        lines += ["", f"{failed - SHOWN} more failing runs are not shown: --json FILE holds them"]
    return "\n".join(lines) + "\n"


def listed(ledger: Ledger, repo: str, issue: int | None) -> list[str]:
    """Return one line per verdict, the newest first."""
    lines = []
    for told in reversed(ledger.verdicts()):
        if (repo and told["repo"] != repo) or (issue is not None and told["issue"] != issue):
            continue
        gone = "" if told["evidence"] else "  (evidence is gone)"
        lines.append(
            f"{told['issued_at']}  {told['id']}  {told['purpose']:<6} {told['outcome']:<7}"
            f" {told['k']}/{told['n']}  {told['repo']}#{told['issue']} {told['commit'][:12]}"
            f"  {told['reason']}{gone}"
        )
    return lines


def _worst(scenario: Mapping[str, Any]) -> float:
    """Order by the worst score on head; what did not run comes last."""
    return min((run["score"] for run in scenario["head"]), default=2.0)


def _failed(scenario: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the runs on head that are not satisfied."""
    return [run for run in scenario["head"] if run["score"] < 1]


def _scenario(scenario: Mapping[str, Any], most: int) -> list[str]:
    """Tell one scenario with at most so many failing runs; a satisfied one in one line."""
    scores = " ".join(f"{run['score']:.2f}" for run in scenario["head"]) or "-"
    marks = [word for word in ("pending", "invalid", "quarantined") if scenario.get(word)]
    lines = ["", " ".join([f"{scenario['id']} [{scores}] base {scenario['base']}", *marks])]
    for run in _failed(scenario)[:most]:
        lines += _run(run)
    return lines


def _run(run: Mapping[str, Any]) -> list[str]:
    """Tell one trajectory that failed."""
    lines = [f"  values: {run['values']}"]
    if run["trouble"]:
        lines.append(f"  the box failed: {run['trouble']}")
    for name, step in run["steps"].items():
        lines.append(f"  step {name}: {step['ended']}")
        lines += [f"    {key}: {value!r}" for key, value in step.items() if key != "ended"]
    for check in run["checks"]:
        if not check["passed"]:
            lines.append(f"  FAILED {check['check']}: {check['note']}")
    for opinion in run.get("judged", ()):
        score = "not evaluated" if opinion["score"] is None else f"{opinion['score']:.1f}"
        lines.append(f"  judged {score}: {opinion['statement']} ({opinion['why']})")
    return lines
