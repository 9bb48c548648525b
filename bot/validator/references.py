"""Every name a scenario uses must exist: variables, observations, fields; defaults filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jsonschema

from bot.errors import ScenarioError
from bot.validator import expression, template
from bot.validator.functions import ExpressionError
from bot.validator.mistakes import Mistakes
from bot.validator.scenario import Check, Scenario, Step

FIELDS: Mapping[str, tuple[str, ...]] = {
    "run": ("exit", "stdout", "stderr"),
    "call": ("return", "raises", "message"),
    "request": ("status", "headers", "body"),
}
_DEFAULT_AT = {"run": ["stdout"], "call": ["return"], "request": ["body"]}
_WANTS_JSON = {"json-subset", "schema", "ordering"}
_SEGMENT = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_NESTED_REPEAT = re.compile(r"[+*}][^()]*\)[+*{]")


def resolve(scenario: Scenario, mistakes: Mistakes) -> Scenario:
    """Return the scenario with every reference proven and every default written out."""
    known = _check_setup(scenario, mistakes)
    observed = {step.name: step for step in scenario.steps if step.name}
    for name in sorted(observed.keys() & known):
        what = f"{scenario.file}: {name!r} is both a variable and an observation"
        mistakes.add([ScenarioError(what)])
    before: set[str] = set()
    for index, step in enumerate(scenario.steps):
        where = f"{scenario.file}: Steps[{index}]"
        with mistakes.noted():
            _check_names(step.body, known, where)
            if step.verb == "call":
                _check_call(step.body, before, where)
        before.add(step.name)
    checks = []
    for index, check in enumerate(scenario.checks):
        where = f"{scenario.file}: Checks[{index}].{check.verb}"
        with mistakes.noted():
            checks.append(_resolve_check(check, observed, known, where))
    for index, statement in enumerate(scenario.rubric):
        for name in statement.sees:
            with mistakes.noted():
                _observation(name, observed, f"{scenario.file}: Rubric[{index}].sees")
    return replace(scenario, checks=tuple(checks))


def _check_setup(scenario: Scenario, mistakes: Mistakes) -> set[str]:
    """Check variables in their order of definition; return all names."""
    known = {"clock", "seed"}
    where = f"{scenario.file}: Setup"
    for name, shape in scenario.setup.vars.items():
        with mistakes.noted():
            _check_names(shape, known, f"{where}.vars.{name}")
        known.add(name)
    for name, text in scenario.setup.compute.items():
        with mistakes.noted():
            if name in known:
                raise ScenarioError(f"{where}.compute.{name}: defined twice")
            for parsed in _parsed([str(text)], f"{where}.compute.{name}", bare=True):
                _check_free(parsed, known, f"{where}.compute.{name}")
        known.add(name)
    with mistakes.noted():
        _check_names(scenario.setup.files, known, f"{where}.files")
    with mistakes.noted():
        _check_names(scenario.setup.env, known, f"{where}.env")
    return known


def _parsed(value: Any, where: str, *, bare: bool) -> Iterator[expression.Expression]:
    """Parse expressions, bare ones or those inside `${...}`."""
    try:
        yield from map(expression.parse, value) if bare else template.expressions(value)
    except ExpressionError as error:
        raise ScenarioError(f"{where}: {error}") from None


def _check_free(parsed: expression.Expression, known: set[str], where: str) -> None:
    """Refuse a name that nothing defines."""
    for name in sorted(parsed.names - known):
        raise ScenarioError(
            f"{where}: the name {name!r} is not defined",
            remedy="known: " + ", ".join(sorted(known)),
        )


def _check_names(value: Any, known: set[str], where: str) -> None:
    """Check every `${...}` in a value."""
    for parsed in _parsed(value, where, bare=False):
        _check_free(parsed, known, where)


def _check_call(body: Mapping[str, Any], before: set[str], where: str) -> None:
    """Accept only results of earlier steps."""
    if "on" in body and body["on"] not in before:
        raise ScenarioError(f"{where}.call.on: no earlier step has this name")
    for reference in _references([body["args"], body["kwargs"]]):
        if reference not in before:
            raise ScenarioError(f"{where}.call: $ref names no earlier step")


def _references(value: Any) -> Iterator[str]:
    """Find every {"$ref": name}."""
    if isinstance(value, Mapping):
        if set(value) == {"$ref"}:
            yield str(value["$ref"])
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _resolve_check(
    check: Check, observed: Mapping[str, Step], known: set[str], where: str
) -> Check:
    """Fill in `of` and `at`, and prove the rest."""
    body = dict(check.body)
    if check.verb == "invariant":
        for parsed in _parsed([body["that"]], where, bare=True):
            _check_free(parsed, known | set(observed), where)
        return check
    _check_names(body, known, where)
    _check_patterns(check.verb, body, where)
    if check.verb.startswith("file-"):
        return check
    body["of"] = _observation(body.get("of", list(observed)[-1]), observed, where)
    verb = observed[body["of"]].verb
    if check.verb in {"exit", "raises"}:
        if verb != {"exit": "run", "raises": "call"}[check.verb]:
            raise ScenarioError(f"{where}: the observed step is a {verb}")
        return replace(check, body=body)
    kind = "texts" if "texts" in body else check.verb
    body["at"] = _place(body.get("at"), kind, verb, f"{where}.at")
    if check.verb == "equals" and _is_text(body["at"]) and not _fits_text(body):
        raise ScenarioError(f"{where}.value: never equals a text", remedy="add at: stdout.json")
    if "to" in body:
        other = _observation(body["to"].get("of", body["of"]), observed, f"{where}.to")
        at = _place(body["to"].get("at"), check.verb, observed[other].verb, f"{where}.to.at")
        body["to"] = {"of": other, "at": at}
    if "by" in body:
        body["by"] = _segments(body["by"], f"{where}.by")
    return replace(check, body=body)


def _is_text(at: list[str | int]) -> bool:
    """Whether a place holds text as it came from the product."""
    return len(at) == 1 and at[0] in {"stdout", "stderr"}


def _fits_text(body: Mapping[str, Any]) -> bool:
    """Whether an expected value can equal a text."""
    return isinstance(body["value"], str) or bool(body.get("numeric"))


def _observation(name: str, observed: Mapping[str, Step], where: str) -> str:
    """Accept the name of an observing step."""
    if name not in observed:
        raise ScenarioError(
            f"{where}: no step is observed as {name!r}", remedy="known: " + ", ".join(observed)
        )
    return name


def _place(at: Any, check: str, verb: str, where: str) -> list[str | int]:
    """Turn `stdout.json.items[0]` into its segments, beginning with a field of the step."""
    if at is None:
        wants_json = check in _WANTS_JSON and verb != "call"
        return [*_DEFAULT_AT[verb], *(["json"] if wants_json else [])]
    segments = _segments(at, where)
    if segments[0] not in FIELDS[verb]:
        raise ScenarioError(
            f"{where}: {verb} has no such field", remedy="known: " + ", ".join(FIELDS[verb])
        )
    return segments


def _segments(at: str | list[str | int], where: str) -> list[str | int]:
    """Split a path at dots and brackets; a list is taken as it is."""
    if isinstance(at, list):
        return at
    found = [int(index) if index else name for name, index in _SEGMENT.findall(at)]
    if not found:
        raise ScenarioError(f"{where}: not a path")
    return [int(part) if isinstance(part, str) and part.isdigit() else part for part in found]


def _check_patterns(verb: str, body: Mapping[str, Any], where: str) -> None:
    """Compile regular expressions and schemas, and refuse repeats inside repeats.

    The text they run over belongs to the product, and a backtracking pattern could be made to hang.
    """
    for key in ("pattern", "message"):
        if key in body and (verb != "raises" or key == "message"):
            pattern = template.blank(body[key])
            try:
                re.compile(pattern)
            except re.error:
                raise ScenarioError(f"{where}.{key}: not a regular expression") from None
            if _NESTED_REPEAT.search(pattern):
                raise ScenarioError(f"{where}.{key}: a repeat inside a repeat can hang")
    if verb == "schema":
        try:
            jsonschema.Draft202012Validator.check_schema(body["schema"])
        except jsonschema.SchemaError:
            raise ScenarioError(f"{where}.schema: not a JSON schema") from None
