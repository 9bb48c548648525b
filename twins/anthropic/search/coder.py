"""The coding policy: look, search once in the box, then submit what was found, best first.

Its whole memory is the conversation. The engine's report is read back from the tool result; which
patches were applied and refused is read back from the edits.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twins.anthropic.search.carrier import DELIMITER, engine_command
from twins.anthropic.search.engine.program import MARK
from twins.anthropic.search.prompt import Prompt, Step

JsonObject = dict[str, Any]
LABEL = "Search brain, not a language model."
REFUSED = "Not accepted"
TOOL_SECONDS = 120
_LIST = "find . -name '*.py' -not -path './.*' | sort | head -60"


@dataclass(frozen=True, slots=True)
class State:
    """Where the conversation stands."""

    looked: Step | None
    search: Step | None
    applied: int
    """Patches of the report that were put in place so far, refused ones included."""
    after: tuple[Step, ...]
    """What happened since the last one was put in place, that call included."""


class Coder:
    """Chooses the next tool calls."""

    def __init__(self, *, seed: int, seconds: float) -> None:
        self._seed = seed
        self._seconds = seconds

    def next_blocks(self, prompt: Prompt) -> Iterator[JsonObject]:
        """Yield the content blocks of the next reply."""
        state = _state(prompt)
        if state.looked is None:
            yield _say("First the visible checks as they are.")
            yield _bash(prompt, f"{_LIST}\n{_checks(prompt)}")
        elif state.search is None:
            yield _say("Now the repair engine, on a private copy inside the box.")
            yield _bash(prompt, self._command(prompt), TOOL_SECONDS)
        else:
            report = report_of(state.search.result or "")
            if report is None:
                yield from _give_up("the repair engine did not finish", state.search.result or "")
            else:
                yield from _with_report(prompt, state, report)

    def _command(self, prompt: Prompt) -> str:
        return engine_command(
            {
                "issue": prompt.issue_text,
                "checks": prompt.checks,
                "seed": self._seed,
                "seconds": self._seconds,
            }
        )


def report_of(output: str) -> JsonObject | None:
    """Read the engine's report out of a tool result."""
    found = re.search(rf"^{MARK}(\{{.*\}})\s*$", output, re.MULTILINE)
    if not found:
        return None
    try:
        report = json.loads(found[1])
    except ValueError:
        return None
    return report if isinstance(report, dict) and isinstance(report.get("patches"), list) else None


def _state(prompt: Prompt) -> State:
    looked = search = None
    applied = 0
    after: list[Step] = []
    patches: list[JsonObject] = []
    for step in prompt.steps:
        if step.name == "bash" and DELIMITER in str(step.arguments.get("command", "")):
            search = step
            report = report_of(step.result or "")
            patches = report["patches"] if report else []
        elif search is None:
            looked = step if step.name == "bash" else looked
        elif applied < len(patches) and _applies(step, patches[applied]):
            applied += 1
            after = [step]
        else:
            after.append(step)
    return State(looked, search, applied, tuple(after))


def _applies(step: Step, patch: JsonObject) -> bool:
    return step.name == "edit" and all(
        step.arguments.get(name) == patch[name] for name in ("path", "old", "new")
    )


def _with_report(prompt: Prompt, state: State, report: JsonObject) -> Iterator[JsonObject]:
    patches: list[JsonObject] = report["patches"]
    if not patches:
        yield from _give_up(_nothing_found(report))
        return
    if state.applied == 0:
        yield from _apply(prompt, report, 0)
        return
    current = patches[state.applied - 1]
    if state.after[0].failed:
        yield from _give_up(
            f"the edit of {current['path']} was refused", state.after[0].result or ""
        )
        return
    submitted = [step for step in state.after if step.name == "submit"]
    if not submitted and not _broke_checks(state):
        yield _say("The visible checks are done; asking for judgement.")
        yield _use("submit", summary=_summary(report, state.applied))
    elif submitted and not (submitted[-1].result or "").startswith(REFUSED):
        yield from _give_up("the submission was answered with something that is no verdict")
    elif state.applied < len(patches):
        yield from _apply(prompt, report, state.applied)
    else:
        tried = f"all {len(patches)} patches that behave differently were refused"
        tried = tried if len(patches) > 1 else "the only patch was refused"
        yield from _give_up(f"{tried}; {_figures(report)}{_stopped(report)}")


def _broke_checks(state: State) -> bool:
    """Tell whether checks that were green before are red with the patch."""
    ran = [step for step in state.after if step.name == "bash"]
    was_green = state.looked is not None and state.looked.exit_code == 0
    return bool(ran) and was_green and ran[-1].failed


def _apply(prompt: Prompt, report: JsonObject, index: int) -> Iterator[JsonObject]:
    patch = report["patches"][index]
    yield _say(
        f"Patch {index + 1} of {len(report['patches'])}: {patch['label']}. {_figures(report)}."
    )
    if index:
        last = report["patches"][index - 1]
        yield _use("edit", path=last["path"], old=last["new"], new=last["old"])
    yield _use("edit", path=patch["path"], old=patch["old"], new=patch["new"])
    yield _bash(prompt, _checks(prompt))


def _figures(report: JsonObject) -> str:
    return f"{_tried(report)}, {report['plausible']} made the examples hold"


def _tried(report: JsonObject) -> str:
    return (
        f"tried {_counted(report['candidates'], 'candidate')} of one or two small edits in"
        f" {report['seconds']} s over {_counted(report['files'], 'file')}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _stopped(report: JsonObject) -> str:
    """Say that the search was cut short, if it was."""
    limit = report.get("stopped")
    return f"; stopped at the time limit of {limit:g} s" if limit else ""


def _nothing_found(report: JsonObject) -> str:
    oracle = report["oracle"]
    counts = {noun: oracle.get(f"failing_{noun}s", 0) for noun in ("example", "test")}
    failing = [f"{_counted(count, f'failing {noun}')}" for noun, count in counts.items() if count]
    said = "; ".join(str(note) for note in report.get("notes", ())[:3])
    notes = f" ({said})" if said else ""
    if report.get("stopped"):
        wish = " and ".join(failing)
        return f"{_tried(report)}{_stopped(report)}, before any made the {wish} pass{notes}"
    if report["candidates"]:
        wish = " and ".join(failing)
        return f"{_tried(report)}; none makes the {wish} pass while the others stay green{notes}"
    if failing:
        return f"{said or 'no candidate could be made'}; a search over small edits cannot help"
    return f"there is nothing to search by: {_nothing_fails(oracle.get('examples', 0))}{notes}"


def _nothing_fails(examples: int) -> str:
    tests = "no visible test fails"
    if not examples:
        return f"no example could be read from the issue, and {tests}"
    if examples == 1:
        return f"the one example that could be read from the issue does not fail now, and {tests}"
    return (
        f"none of the {examples} examples that could be read from the issue fails now, and {tests}"
    )


def _summary(report: JsonObject, number: int) -> str:
    patch = report["patches"][number - 1]
    several = len(report["patches"]) > 1
    rank = f"candidate {number} of {len(report['patches'])} that behave differently"
    return (
        f"{LABEL} Changed in {patch['path']} {patch['label']};"
        f" {rank if several else 'the only candidate'}. Found by search: {_figures(report)}."
        " It fits the examples that could be read; nothing is known beyond them."
    )


def _give_up(reason: str, evidence: str = "") -> Iterator[JsonObject]:
    tail = f" Last output: {evidence.strip()[-400:]}" if evidence.strip() else ""
    yield _say("No honest way on.")
    yield _use("give_up", reason=f"{LABEL} It gives up: {reason}.{tail}")


def _checks(prompt: Prompt) -> str:
    """Return a command that runs every check and fails when one does."""
    lines = ["code=0"]
    for check in prompt.checks:
        lines += [f"echo {shlex.quote('$ ' + check)}", f"{check} || code=1"]
    return "\n".join([*lines, "echo", "(exit $code)"])


def _say(text: str) -> JsonObject:
    return {"type": "text", "text": f"{LABEL} {text}"}


def _use(name: str, **arguments: object) -> JsonObject:
    return {"type": "tool_use", "name": name, "input": arguments}


def _bash(prompt: Prompt, command: str, seconds: int = 0) -> JsonObject:
    arguments: JsonObject = {"command": command}
    if seconds and "timeout_s" in prompt.tool_properties.get("bash", {}):
        arguments["timeout_s"] = seconds
    return _use("bash", **arguments)
