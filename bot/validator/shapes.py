"""The JSON Schemas of a scenario file, one per section, step verb and check verb."""

from typing import Any

Schema = dict[str, Any]

_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$"}
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_PATH = {"type": "string", "pattern": r"^(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\x00]{1,200}$"}
_ENV = {
    "type": "object",
    "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
    "additionalProperties": {"type": "string"},
}
_FILES = {"type": "object", "propertyNames": _PATH, "additionalProperties": {"type": "string"}}
_AT: Schema = {
    "oneOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
    ]
}
_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def _shape(required: list[str] | None = None, **properties: Any) -> Schema:
    """Describe an object with exactly these keys."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in properties.items()}
    return {
        "type": "object",
        "properties": named,
        "required": required or [],
        "additionalProperties": False,
    }


FRONT_MATTER: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,79}$"},
        "feature": {"type": "string", "minLength": 1, "maxLength": 80},
        "tags": {"type": "array", "items": _TEXT},
        "weight": {"type": "integer", "minimum": 1, "maximum": 5},
        "must_pass": _FLAG,
        "kind": {"enum": ["cli", "http", "lib", "file"]},
        "repeats": {"type": "integer", "minimum": 1, "maximum": 10},
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 120},
        "set": {"enum": ["dev", "gate", "sealed"]},
        "origin": {"enum": ["human", "generated", "incident"]},
        "valid_from_commit": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
        "issue": {"type": "integer", "minimum": 1},
    },
    "required": ["id", "feature", "kind", "set"],
    "additionalProperties": False,
}

EQUIVALENT: Schema = {
    "type": "array",
    "items": _shape(
        required=["where", "before", "after", "why"],
        where={"type": "string", "pattern": "^[^:]+:.+$"},
        before=_TEXT,
        after=_TEXT,
        why={"type": "string", "minLength": 1},
    ),
}

SETUP: Schema = _shape(
    files=_FILES,
    env=_ENV,
    seed={"type": "integer"},
    clock=_TEXT,
    vars={"type": "object", "propertyNames": _NAME, "additionalProperties": {"type": "object"}},
    compute={
        "type": "object",
        "propertyNames": _NAME,
        "additionalProperties": {"type": ["string", "integer"]},
    },
)

_INT_PAIR = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
VARIABLES: dict[str, Schema] = {
    "choice": {"type": "array", "minItems": 1},
    "int": _INT_PAIR,
    "decimal": {
        "type": "array",
        "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "integer"}],
        "minItems": 3,
        "maxItems": 3,
    },
    "string": {"type": "integer", "minimum": 1, "maximum": 64},
    "date": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "minItems": 2,
        "maxItems": 2,
    },
    "list": _shape(["of", "length"], of={"type": "object"}, length=_INT_PAIR),
}

_ARGS: Schema = {"oneOf": [{"type": "array"}, _TEXT]}
STEPS: dict[str, Schema] = {
    "run": {
        "oneOf": [
            _TEXT,
            {"type": "array", "items": {"type": ["string", "integer", "number"]}},
        ]
    },
    "call": _shape(
        function={"type": "string", "pattern": r"^[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?$"},
        on=_NAME,
        method={"type": "string", "pattern": r"^[A-Za-z]\w*$"},
        get={"type": "string", "pattern": r"^[A-Za-z]\w*$"},
        args=_ARGS,
        kwargs={"type": "object"},
    ),
    "request": _shape(
        ["path"],
        method={"enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]},
        path={"type": "string", "pattern": "^/"},
        headers={"type": "object", "additionalProperties": {"type": "string"}},
        json={},
        body=_TEXT,
    ),
    "write": _shape(["path", "text"], path=_PATH, text=_TEXT),
    "wait": {"type": "number", "minimum": 0, "maximum": 30},
}
STEP_OPTIONS: dict[str, dict[str, Schema]] = {
    "run": {"as": _NAME, "stdin": _TEXT, "env": _ENV, "files": _FILES},
    "call": {"as": _NAME},
    "request": {"as": _NAME},
    "write": {},
    "wait": {},
}

_OF_AT: Schema = _shape(of=_NAME, at=_AT)
CHECKS: dict[str, Schema] = {
    "exit": {
        "oneOf": [
            {"type": "integer"},
            {"const": "nonzero"},
            _shape(
                ["code"],
                of=_NAME,
                code={
                    "oneOf": [
                        {"type": "integer"},
                        {"const": "nonzero"},
                        {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                    ]
                },
            ),
        ]
    },
    "equals": _shape(
        ["value"], of=_NAME, at=_AT, value={}, numeric=_FLAG, tolerance=_TEXT, strip=_FLAG
    ),
    "json-subset": _shape(["value"], of=_NAME, at=_AT, value={}, numeric=_FLAG),
    "regex": _shape(["pattern"], of=_NAME, at=_AT, pattern=_TEXT, full=_FLAG, absent=_FLAG),
    "schema": _shape(["schema"], of=_NAME, at=_AT, schema={"type": ["object", "boolean"]}),
    "ordering": _shape(
        of=_NAME,
        at=_AT,
        by=_AT,
        direction={"enum": ["ascending", "descending"]},
        texts={"type": "array", "items": _TEXT, "minItems": 2},
        numeric=_FLAG,
    ),
    "file-equals": _shape(["path", "text"], path=_PATH, text=_TEXT, strip=_FLAG),
    "file-hash": _shape(
        ["path", "sha256"], path=_PATH, sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"}
    ),
    "file-absent": _shape(["path"], path=_PATH),
    "round-trip": _shape(["to"], of=_NAME, at=_AT, to=_OF_AT, numeric=_FLAG),
    "invariant": {"oneOf": [_TEXT, _shape(["that"], that=_TEXT)]},
    "raises": {
        "oneOf": [_TEXT, _shape(["type"], of=_NAME, type_=_TEXT, message=_TEXT)],
    },
    "differential-to-base": _shape(of=_NAME, at=_AT),
}
CHECK_OPTIONS: dict[str, Schema] = {
    "must": _FLAG,
    "weight": {"type": "integer", "minimum": 1, "maximum": 5},
    "class": {
        "enum": [
            "crash",
            "wrong output",
            "wrong format",
            "error handling",
            "state or persistence",
            "performance",
            "regression of existing behaviour",
            "contract or API",
        ]
    },
}

RUBRIC: Schema = {
    "type": "array",
    "items": _shape(
        ["statement"],
        statement=_TEXT,
        weight={"type": "integer", "minimum": 1, "maximum": 5},
        sees={"type": "array", "items": _NAME},
    ),
}
