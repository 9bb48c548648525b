"""Steps, checks and trajectories in words, with the values of one run filled in."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.validator.checks import Finding
from bot.validator.observation import Observation
from bot.validator.scenario import Check, Scenario, Step
from bot.validator.template import as_text, fill, fill_text, plain
from bot.validator.trajectories import Trajectory

_SHOWN = 1200
"""Characters of one field that a person is shown."""
_FLAGS = ("numeric", "tolerance", "strip", "full", "absent", "direction", "by")


def told_step(step: Step, names: Mapping[str, Any]) -> str:
    """Write one step as a person would do it."""
    body = step.body
    match step.verb:
        case "run":
            words = [_word(argument, names) for argument in body["argv"]]
            said = ["run", shlex.join(words)]
            said += [f"stdin={_json(fill_text(body['stdin'], names))}"] if body["stdin"] else []
            said += [
                f"{key}={_json(fill(body[key], names))}" for key in ("env", "files") if body[key]
            ]
            return " ".join(said)
        case "call":
            target = body.get("function") or f"{body['on']}.{body.get('method') or body.get('get')}"
            if "get" in body:
                return f"get {target}"
            words = [_json(item) for item in _listed(fill(body["args"], names))]
            words += [f"{key}={_json(item)}" for key, item in fill(body["kwargs"], names).items()]
            return f"call {target}({', '.join(words)})"
        case "request":
            said = [body.get("method", "GET"), fill_text(body["path"], names)]
            more = [key for key in ("headers", "json", "body") if key in body]
            return " ".join(said + [f"{key}={_json(fill(body[key], names))}" for key in more])
        case "write":
            text = _json(fill_text(body["text"], names))
            return f"write {fill_text(body['path'], names)} {text}"
        case _:
            return f"wait {body['seconds']} s"


def told_check(check: Check, names: Mapping[str, Any]) -> str:
    """Write one check as a sentence about what was observed."""
    body = check.body
    flags = "".join(f", {flag} {_json(body[flag])}" for flag in _FLAGS if flag in body)
    soft = "" if check.must else f"  (soft, weight {check.weight})"
    return f"{check.verb} {_claim(check.verb, body, names)}{flags}{soft}"


def _claim(verb: str, body: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """Say what a check expects of which place."""
    if verb == "invariant":
        return str(body["that"])
    if verb.startswith("file-"):
        return _left_behind(body, names)
    told = ".".join([body["of"], *map(str, body.get("at", ()))])
    match verb:
        case "exit":
            return f"{told}: {body['code']}"
        case "regex":
            return f"{told}: /{fill_text(body['pattern'], names, pattern=True)}/"
        case "raises":
            message = fill_text(body.get("message", ""), names, pattern=True)
            return f"{told}: {body['type']}" + (f" /{message}/" if message else "")
        case "round-trip":
            return f"{told}: as {_claim('', body['to'], names)}"
        case "differential-to-base":
            return f"{told}: as on base"
        case _:
            wanted = [body[key] for key in ("value", "schema", "texts") if key in body]
            return ": ".join([told, *[_json(fill(value, names)) for value in wanted]])


def _left_behind(body: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """Say what is expected of a file."""
    told = fill_text(body["path"], names)
    if "text" in body:
        return f"{told}: {_json(fill_text(body['text'], names))}"
    return f"{told}: sha256 {body['sha256']}" if "sha256" in body else told


def told_values(names: Mapping[str, Any]) -> str:
    """Write the values of one run; those that nobody set are left out."""
    unset = {"clock": "", "seed": 0}
    told = [
        f"{name} = {as_text(value) if isinstance(value, Decimal) else _json(plain(value))}"
        for name, value in names.items()
        if name not in unset or value != unset[name]
    ]
    return ", ".join(told) or "none"


def told_scenario(scenario: Scenario, names: Mapping[str, Any]) -> Iterator[str]:
    """Render a scenario with one set of drawn values."""
    marks = [scenario.set.value, scenario.feature, scenario.kind.value, f"weight {scenario.weight}"]
    marks += ["must pass"] if scenario.must_pass else []
    marks += [f"issue {scenario.issue}"] if scenario.issue else []
    marks += [f"{scenario.repeats} repeats"] if scenario.repeats else []
    yield f"{scenario.id}  ({', '.join(marks)})"
    yield f"  file    {scenario.file}"
    for line in scenario.story.splitlines():
        yield f"  {line}".rstrip()
    yield f"  values  {told_values(names)}"
    for path, text in scenario.setup.files.items():
        yield f"  file    {fill_text(path, names)}: {_json(fill_text(text, names))}"
    for key, text in scenario.setup.env.items():
        yield f"  env     {key}={fill_text(text, names)}"
    for step in scenario.steps:
        yield f"  step    {step.name or '-'}: {told_step(step, names)}"
    for check in scenario.checks:
        yield f"  check   {told_check(check, names)}"
    for statement in scenario.rubric:
        yield f"  judged  {statement.statement}  (weight {statement.weight})"


def told_run(scenario: Scenario, run: Trajectory) -> Iterator[str]:
    """Tell one trajectory: what was done, what was seen, which check failed and why."""
    yield f"  values  {told_values(run.names)}"
    if run.seen.box_failed:
        yield f"  the box failed: {run.seen.trouble}"
        return
    for step in scenario.steps:
        yield f"  step    {step.name or '-'}: {told_step(step, run.names)}"
        if step.name:
            yield from _seen(run.seen.steps.get(step.name))
    for finding in run.findings:
        yield from _judged(finding, run.names)
    for one in run.opinions:
        score = "not evaluated" if one.score is None else f"{one.score:.1f}"
        yield f"  judged  {one.statement}"
        yield f"            {score}: {_cut(one.why)}"


def first_failure(run: Trajectory) -> str:
    """Say in one line why a trajectory is not satisfied."""
    if run.seen.box_failed:
        return f"the box failed: {run.seen.trouble}"
    failed = sorted((f for f in run.findings if not f.passed), key=lambda f: not f.check.must)
    if not failed:
        worst = min(run.opinions, key=lambda one: one.score or 0.0)
        return f"judged: {worst.statement}: {_cut(worst.why)}"
    note = _cut(failed[0].note)
    return f"{told_check(failed[0].check, run.names)}: {note}"


def _seen(step: Observation | None) -> Iterator[str]:
    """Tell what one step showed."""
    if step is None:
        yield "            not reached"
        return
    fields = {key: value for key, value in step.fields.items() if key not in {"bases", "headers"}}
    short = {key: value for key, value in fields.items() if isinstance(value, int)}
    told = ", ".join([step.ended.value, *[f"{key} {value}" for key, value in short.items()]])
    yield f"            {told}"
    for key, value in fields.items():
        if key not in short and value != "":
            first, *others = _lines(value) if isinstance(value, str) else [_json(value)]
            yield f"            {key}: {first}"
            yield from (f"            {' ' * len(key)}  {line}" for line in others)


def _judged(finding: Finding, names: Mapping[str, Any]) -> Iterator[str]:
    """Tell one check; a failed one with what was seen."""
    mark = "ok    " if finding.passed else "FAILED"
    yield f"  {mark}  {told_check(finding.check, names)}"
    if not finding.passed:
        yield f"            {_cut(finding.note)}"
        if finding.failure:
            yield f"            class: {finding.failure.value}"


def _cut(text: str) -> str:
    """Show what a product said: on one line, nothing a terminal would obey, not without end."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_SHOWN])
    return shown if len(text) <= _SHOWN else f"{shown} [... {len(text) - _SHOWN} more characters]"


def _lines(text: str) -> list[str]:
    """Show what a program printed line by line, to a bounded length."""
    lines = text[:_SHOWN].splitlines() or [""]
    more = [f"[... {len(text) - _SHOWN} more characters]"] if len(text) > _SHOWN else []
    return [_cut(line) for line in lines] + more


def _word(argument: object, names: Mapping[str, Any]) -> str:
    filled = fill(argument, names)
    return filled if isinstance(filled, str) else as_text(filled)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _json(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))
