"""The Steps section: one verb per step, and only the verbs of the scenario's kind."""

import shlex
from typing import Any

from bot.errors import ScenarioError
from bot.validator.mistakes import Mistakes
from bot.validator.scenario import Kind, Step
from bot.validator.shapecheck import check_shape, unknown_key
from bot.validator.shapes import STEP_OPTIONS, STEPS

OBSERVING = ("run", "call", "request")
_OF_KIND = {Kind.CLI: "run", Kind.FILE: "run", Kind.LIB: "call", Kind.HTTP: "request"}


def read(value: Any, kind: Kind, where: str, mistakes: Mistakes) -> tuple[Step, ...]:
    """Read the section; unnamed observations are called step1, step2, ... by their place."""
    if not isinstance(value, list) or not value:
        raise ScenarioError(f"{where}: needs a list with at least one step")
    result: list[Step] = []
    for index, item in enumerate(value):
        with mistakes.noted():
            result.append(_step(item, kind, f"{where}[{index}]", f"step{index + 1}"))
    if len(result) < len(value):
        return ()
    names = [step.name for step in result if step.name]
    if not names:
        raise ScenarioError(f"{where}: no step observes anything")
    if len(set(names)) != len(names):
        raise ScenarioError(f"{where}: two steps have the same name")
    return tuple(result)


def _keys(verb: str) -> set[str]:
    """Name what a step verb takes inside its own mapping."""
    forms = STEPS[verb].get("oneOf", [STEPS[verb]])
    return {key for form in forms for key in form.get("properties", {})}


def _step(item: Any, kind: Kind, where: str, name: str) -> Step:
    """Read one step."""
    if not isinstance(item, dict):
        raise ScenarioError(f"{where}: a step is a mapping")
    verbs = [key for key in item if key in STEPS]
    options = STEP_OPTIONS[verbs[0]] if len(verbs) == 1 else {}
    for key in item:
        if key not in STEPS and key not in options:
            if verbs and key in _keys(verbs[0]):
                raise ScenarioError(
                    f"{where}: the key {key!r} stands beside {verbs[0]!r}",
                    remedy=f"it belongs inside: {verbs[0]}: {{..., {key}: ...}}",
                )
            raise unknown_key(where, key, [*STEPS, *options])
    if len(verbs) != 1:
        raise ScenarioError(f"{where}: needs exactly one of " + ", ".join(STEPS))
    verb = verbs[0]
    if verb in OBSERVING and verb != _OF_KIND[kind]:
        raise ScenarioError(f"{where}: a scenario of kind {kind} has no step {verb!r}")
    check_shape(item[verb], "STEPS", f"{where}.{verb}", verb)
    for option in item.keys() - {verb}:
        check_shape(item[option], "STEP_OPTIONS", f"{where}.{option}", verb, option)
    name = item.get("as", name) if verb in OBSERVING else ""
    return Step(verb, _body(verb, item, where), name)


def _body(verb: str, item: dict[str, Any], where: str) -> dict[str, Any]:
    """Bring the short forms to the one long form."""
    value = item[verb]
    match verb:
        case "run":
            argv = _split(value, where) if isinstance(value, str) else value
            return {
                "argv": argv,
                "stdin": item.get("stdin", ""),
                "env": item.get("env", {}),
                "files": item.get("files", {}),
            }
        case "call":
            return _call(value, f"{where}.call")
        case "wait":
            return {"seconds": value}
        case _:
            return dict(value)


def _split(text: str, where: str) -> list[str]:
    """Split a command line before anything is filled in, so a value is always one argument."""
    try:
        return shlex.split(text)
    except ValueError:
        raise ScenarioError(f"{where}.run: a quotation is not closed") from None


def _call(value: dict[str, Any], where: str) -> dict[str, Any]:
    """Accept a function, or a method or attribute of an earlier result."""
    forms = (value.keys() - {"args", "kwargs"}) or {"nothing"}
    if forms not in ({"function"}, {"on", "method"}, {"on", "get"}):
        raise ScenarioError(f"{where}: needs function, or on with method, or on with get")
    return {"args": [], "kwargs": {}, **value}
