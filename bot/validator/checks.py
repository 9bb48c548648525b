"""The typed checks of a scenario against what was seen. Whatever cannot be read has failed."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import jsonschema

from bot.domain.verdict import FailureClass
from bot.validator import compare, expression
from bot.validator.functions import ExpressionError
from bot.validator.observation import Ended, NotThere, Observation, Sighting, strict_json, walk
from bot.validator.scenario import Check, Scenario
from bot.validator.template import fill, fill_text

_CLASS_OF = {
    "regex": FailureClass.WRONG_FORMAT,
    "schema": FailureClass.WRONG_FORMAT,
    "exit": FailureClass.ERROR_HANDLING,
    "raises": FailureClass.ERROR_HANDLING,
    "file-equals": FailureClass.STATE,
    "file-hash": FailureClass.STATE,
    "file-absent": FailureClass.STATE,
    "differential-to-base": FailureClass.REGRESSION,
}
_CLASS_OF_END = {
    Ended.CRASHED: FailureClass.CRASH,
    Ended.TIMED_OUT: FailureClass.PERFORMANCE,
    Ended.FLOODED: FailureClass.WRONG_OUTPUT,
    Ended.ABSENT: FailureClass.CONTRACT,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one check. The note is evidence for the owner and never leaves."""

    check: Check
    passed: bool = False
    failure: FailureClass | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a check may look at."""

    names: Mapping[str, Any]
    seen: Sighting
    base: Sighting | None


def judge(
    scenario: Scenario, names: Mapping[str, Any], seen: Sighting, base: Sighting | None = None
) -> tuple[Finding, ...]:
    """Evaluate every check of one trajectory."""
    scene = _Scene(names, seen, base)
    return tuple(_judge_one(check, scene) for check in scenario.checks)


def _judge_one(check: Check, scene: _Scene) -> Finding:
    """Evaluate one check; an observation that is missing or unreadable fails it."""
    try:
        note = _CHECKS[check.verb](check.body, scene)
    except NotThere as absent:
        unreadable = FailureClass.WRONG_FORMAT if absent.unreadable else None
        return Finding(check, failure=_class(check, scene, unreadable), note=str(absent))
    except ExpressionError as error:
        note = str(error)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        note = f"what was seen cannot be compared: {type(error).__name__}"
    if note:
        return Finding(check, failure=_class(check, scene, None), note=note)
    return Finding(check, passed=True)


def _class(check: Check, scene: _Scene, found: FailureClass | None) -> FailureClass:
    """Name the coarse class of a failed check: the author's, how the step ended, its kind."""
    if check.failure:
        return check.failure
    step = scene.seen.steps.get(check.body.get("of", ""))
    ends = [step] if step else list(scene.seen.steps.values())
    for observation in ends:
        if observation.ended in _CLASS_OF_END:
            return _CLASS_OF_END[observation.ended]
    return found or _CLASS_OF.get(check.verb, FailureClass.WRONG_OUTPUT)


def _step(body: Mapping[str, Any], seen: Sighting) -> Observation:
    """Find the observed step; one that never ran, or said too much, shows nothing."""
    observation = seen.steps.get(body["of"])
    if observation is None:
        raise NotThere("the step was not reached")
    if observation.ended is Ended.FLOODED:
        raise NotThere("the step said more than is read")
    return observation


def _exit(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare the exit status that the parent of the process saw."""
    actual = _step(body, scene.seen).at(["exit"])
    wanted = body["code"]
    if wanted == "nonzero":
        return "" if 0 < actual < 126 else f"exit {actual}"  # noqa: PLR2004  126 = did not run
    codes = wanted if isinstance(wanted, list) else [wanted]
    return "" if actual in codes else f"exit {actual}"


def _equals(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare a value of this run's own inputs with what was said."""
    actual = _step(body, scene.seen).at(body["at"])
    expected = fill(body["value"], scene.names)
    if body.get("numeric"):
        tolerance = Decimal(body.get("tolerance", "0"))
        equal = compare.same_number(expected, actual, tolerance)
    elif body.get("strip") and isinstance(actual, str) and isinstance(expected, str):
        equal = actual.strip() == expected.strip()
    else:
        equal = compare.same(expected, actual)
    return "" if equal else f"expected {expected!r}, saw {actual!r}"


def _json_subset(body: Mapping[str, Any], scene: _Scene) -> str:
    """Look for every expected key and item."""
    actual = _step(body, scene.seen).at(body["at"])
    expected = fill(body["value"], scene.names)
    found = compare.contains(expected, actual, numeric=bool(body.get("numeric")))
    return "" if found else f"expected at least {expected!r}, saw {actual!r}"


def _regex(body: Mapping[str, Any], scene: _Scene) -> str:
    """Search a text."""
    actual = _step(body, scene.seen).at(body["at"])
    if not isinstance(actual, str):
        raise NotThere("not a text", unreadable=True)
    pattern = re.compile(fill_text(body["pattern"], scene.names, pattern=True))
    match = pattern.fullmatch(actual) if body.get("full") else pattern.search(actual)
    return "" if bool(match) is not bool(body.get("absent")) else f"saw {actual!r}"


def _schema(body: Mapping[str, Any], scene: _Scene) -> str:
    """Validate against a JSON Schema."""
    actual = _step(body, scene.seen).at(body["at"])
    schema = fill(body["schema"], scene.names)
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(actual)
    )
    return "" if error is None else error.message


def _ordering(body: Mapping[str, Any], scene: _Scene) -> str:
    """Check that a list is sorted, or that texts follow one another."""
    actual = _step(body, scene.seen).at(body["at"])
    if "texts" in body:
        return _follow(actual, [fill_text(text, scene.names) for text in body["texts"]])
    if not isinstance(actual, list):
        raise NotThere("not a list", unreadable=True)
    keys = [walk(item, body["by"]) for item in actual] if "by" in body else actual
    descending = body.get("direction") == "descending"
    sorted_ = compare.in_order(keys, descending=descending, numeric=bool(body.get("numeric")))
    return "" if sorted_ else f"order {keys!r}"


def _follow(actual: Any, texts: list[str]) -> str:
    """Look for texts one after the other."""
    if not isinstance(actual, str):
        raise NotThere("not a text", unreadable=True)
    position = 0
    for text in texts:
        found = actual.find(text, position)
        if found < 0:
            return f"{text!r} does not follow in {actual!r}"
        position = found + len(text)
    return ""


def _file_equals(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare a file that was left behind."""
    content = _file(body, scene)
    expected = fill_text(body["text"], scene.names)
    try:
        actual = content.decode()
    except UnicodeDecodeError:
        raise NotThere("the file is not UTF-8", unreadable=True) from None
    if body.get("strip"):
        expected, actual = expected.strip(), actual.strip()
    return "" if actual == expected else f"expected {expected!r}, saw {actual!r}"


def _file_hash(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare the digest of a file that was left behind."""
    actual = hashlib.sha256(_file(body, scene)).hexdigest()
    return "" if actual == body["sha256"] else f"sha256 {actual}"


def _file_absent(body: Mapping[str, Any], scene: _Scene) -> str:
    """Check that nothing was left behind under this path; a run that broke off shows nothing."""
    if any(step.ended is not Ended.NORMALLY for step in scene.seen.steps.values()):
        raise NotThere("a step did not end by itself")
    path = fill_text(body["path"], scene.names)
    return "the file is there" if path in scene.seen.files else ""


def _file(body: Mapping[str, Any], scene: _Scene) -> bytes:
    """Find a file that was left behind."""
    path = fill_text(body["path"], scene.names)
    if path not in scene.seen.files:
        raise NotThere("no such file was left behind")
    return scene.seen.files[path]


def _round_trip(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare two places with each other, as JSON when both are."""
    one = _step(body, scene.seen).at(body["at"])
    other = _step(body["to"], scene.seen).at(body["to"]["at"])
    one, other = _as_json(one, other)
    equal = compare.same_number(one, other) if body.get("numeric") else compare.same(one, other)
    return "" if equal else f"{one!r} became {other!r}"


def _as_json(one: Any, other: Any) -> tuple[Any, Any]:
    """Parse two texts when both are JSON."""
    if isinstance(one, str) and isinstance(other, str):
        try:
            return strict_json(one), strict_json(other)
        except NotThere:
            return one, other
    return one, other


def _invariant(body: Mapping[str, Any], scene: _Scene) -> str:
    """Evaluate an expression over variables and observations; only `true` holds."""
    seen = {
        name: {
            **step.fields,
            **({"value": step.fields["return"]} if "return" in step.fields else {}),
        }
        for name, step in scene.seen.steps.items()
        if step.ended is not Ended.FLOODED
    }
    value = expression.parse(body["that"]).evaluate({**scene.names, **seen})
    return "" if value is True else "does not hold"


def _raises(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare the class of what a call raised, or of one of its bases."""
    step = _step(body, scene.seen)
    wanted = str(body["type"])
    if wanted not in step.fields.get("bases", []):
        return f"raised {step.fields.get('raises')!r}"
    if "message" not in body:
        return ""
    pattern = fill_text(body["message"], scene.names, pattern=True)
    found = re.search(pattern, str(step.fields.get("message", "")))
    return "" if found else f"the message was {step.fields.get('message')!r}"


def _differential(body: Mapping[str, Any], scene: _Scene) -> str:
    """Compare with what base shows for the very same inputs."""
    if scene.base is None:
        raise NotThere("base was not run")
    actual = _step(body, scene.seen).at(body["at"])
    before = _step(body, scene.base).at(body["at"])
    return "" if compare.same(before, actual) else f"base showed {before!r}, head {actual!r}"


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], _Scene], str]] = {
    "exit": _exit,
    "equals": _equals,
    "json-subset": _json_subset,
    "regex": _regex,
    "schema": _schema,
    "ordering": _ordering,
    "file-equals": _file_equals,
    "file-hash": _file_hash,
    "file-absent": _file_absent,
    "round-trip": _round_trip,
    "invariant": _invariant,
    "raises": _raises,
    "differential-to-base": _differential,
}
