"""Schema errors in words: which key, what is wrong with it, what is near; never the content."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema

from bot.errors import ScenarioError
from bot.validator import shapes


@cache
def _validator(
    section: str, path: tuple[str, ...], *, long_form: bool
) -> jsonschema.protocols.Validator:
    """Compile a schema of `shapes` once; a mapping is held to the long form, where there is one."""
    schema: Any = getattr(shapes, section)
    for key in path:
        schema = schema[key]
    forms = [form for form in schema.get("oneOf", ()) if form.get("type") == "object"]
    return jsonschema.Draft202012Validator(forms[0] if long_form and forms else schema)


def check_shape(value: Any, section: str, where: str, *path: str) -> None:
    """Raise ScenarioError unless the value has the shape."""
    for mistake in shape_mistakes(value, section, where, *path):
        raise mistake


def shape_mistakes(value: Any, section: str, where: str, *path: str) -> list[ScenarioError]:
    """Return everything that keeps the value from having the shape, unknown keys first."""
    errors = list(_validator(section, path, long_form=isinstance(value, dict)).iter_errors(value))
    errors.sort(key=lambda error: error.validator != "additionalProperties")
    return [mistake for error in errors for mistake in _told(error, where)]


def _told(error: jsonschema.ValidationError, where: str) -> list[ScenarioError]:
    """Put one error of the schema into words; several keys can be unknown in one place."""
    if error.validator != "additionalProperties":
        error = jsonschema.exceptions.best_match([error])
    place = where + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    )
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        schema: Any = error.schema
        known = schema.get("properties", {})
        return [unknown_key(place, key, known) for key in error.instance if key not in known]
    remedy = "scenarios/README.md has the format"
    return [ScenarioError(f"{place}: {_problem(error)}", remedy=remedy)]


def _problem(error: jsonschema.ValidationError) -> str:
    """Say what rule is broken from the schema's side alone."""
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            present: Any = error.instance
            return f"the key {next(key for key in rule if key not in present)!r} is missing"
        case "enum":
            return "must be one of " + ", ".join(map(str, rule))
        case "type":
            return f"must be of type {rule if isinstance(rule, str) else ' or '.join(rule)}"
        case "minimum" | "exclusiveMinimum":
            return f"must be at least {rule}"
        case "maximum":
            return f"must be at most {rule}"
        case "pattern":
            return f"must match {rule}"
        case "minLength":
            return "must not be empty"
        case "minItems" | "maxItems":
            return f"must have {'at least' if error.validator == 'minItems' else 'at most'} {rule}"
        case _:
            return "does not have a known form"


def unknown_key(where: str, key: str, known: Iterable[str]) -> ScenarioError:
    """Name an unknown key and the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    shown = key if re.fullmatch(r"[\w-]{1,32}", key) else "..."
    hint = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(names)
    return ScenarioError(f"{where}: unknown key {shown!r}", remedy=hint)
