"""What GitHub's published contract says about one answer or one delivery."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from twins.contract.fetch import OPENAPI, TOOLS, WEBHOOKS, ensure
from twins.contract.schemas import document

JsonObject = dict[str, Any]
SPEC = "generated/api.github.com.json"
METHODS = ("get", "post", "put", "patch", "delete")
# Parameters whose value may hold slashes.
DEEP = frozenset({"path", "ref", "branch", "basehead", "tree_sha"})
FIRST_ERROR = 400
# GitHub answers these to any call, whether the description of the operation says so or not:
# bad credentials, no permission or no allowance, no such thing, invalid, slow down.
ANYWHERE = frozenset({400, 401, 403, 404, 422, 429})
PLAIN = {"text/plain", "application/vnd.github.diff", "application/vnd.github.patch"}


@dataclass(slots=True)
class Contract:
    """Both descriptions, with a validator per operation and status made when first needed."""

    api: JsonObject
    hooks: JsonObject
    _made: dict[str, jsonschema_rs.Draft202012Validator] = field(default_factory=dict)

    @classmethod
    def load(cls, tools: Path = TOOLS) -> "Contract":
        """Read the descriptions, fetching them when they are not there."""
        return cls(
            json.loads((ensure(OPENAPI, tools) / SPEC).read_bytes()),
            json.loads((ensure(WEBHOOKS, tools) / SPEC).read_bytes()),
        )

    def operations(self) -> list[str]:
        """Return every operation as `METHOD /path`."""
        paths = self.api["paths"].items()
        return [f"{m.upper()} {path}" for path, item in paths for m in METHODS if m in item]

    def response_fault(self, operation: str, status: int, media: str, body: object) -> str | None:
        """Return what is wrong with an answer, or None."""
        method, _, path = operation.partition(" ")
        responses = self.api["paths"][path][method.lower()]["responses"]
        response = self._resolved(responses.get(str(status)), self.api)
        if response is None and status >= FIRST_ERROR and status in ANYWHERE:
            response = {"content": {"application/json": {"schema": BASIC_ERROR}}}
        if response is None:
            return f"status {status} is not described"
        content = response.get("content")
        if not content:
            return None if body is None else "a body where none is described"
        if body is None:
            return "no body where one is described"
        kind = media.partition(";")[0].strip()
        if kind not in content and kind != "application/json":
            return None if kind in PLAIN or kind.startswith("application/vnd.github") else kind
        schema = content.get(kind, next(iter(content.values()))).get("schema", {})
        return self._fault(f"{operation} {status} {kind}", schema, self.api, body)

    def delivery_fault(self, event: str, action: str | None, payload: JsonObject) -> str | None:
        """Return what is wrong with a delivery's payload, or None."""
        name = "-".join(filter(None, (event, action))).replace("_", "-")
        found = self.hooks["webhooks"].get(name)
        if found is None:
            return f"no such event and action: {name}"
        schema = found["post"]["requestBody"]["content"]["application/json"]["schema"]
        return self._fault(f"webhook {name}", schema, self.hooks, payload)

    def headers_of(self, event: str, action: str | None) -> list[str]:
        """Return the headers a delivery carries."""
        name = "-".join(filter(None, (event, action))).replace("_", "-")
        parameters = self.hooks["webhooks"][name]["post"]["parameters"]
        return [one["name"] for one in parameters if one["in"] == "header"]

    def _resolved(self, node: JsonObject | None, spec: JsonObject) -> JsonObject | None:
        if node is None or "$ref" not in node:
            return node
        found: Any = spec
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    def _fault(self, key: str, schema: JsonObject, spec: JsonObject, value: object) -> str | None:
        if key not in self._made:
            whole = document(schema, spec["components"]["schemas"])
            self._made[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        error = next(self._made[key].iter_errors(value), None)
        return None if error is None else _told(error)


BASIC_ERROR = {"$ref": "#/components/schemas/basic-error"}


def _told(error: jsonschema_rs.ValidationError) -> str:
    where = "/".join(str(part) for part in error.instance_path)
    return f"at /{where}: {error.message[:300]}"


@cache
def pattern(path: str) -> re.Pattern[str]:
    """Return the expression that a path with `{parameters}` stands for."""
    parts = re.split(r"\{([^}]+)\}", path)
    text = "".join(
        (".+" if part in DEEP else "[^/]+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
    return re.compile(text)


def operation_of(operations: list[str], method: str, path: str) -> str | None:
    """Return the operation that a request is; the one with the most literal text wins."""
    fitting = [
        one
        for one in operations
        if one.startswith(f"{method} ") and pattern(one.partition(" ")[2]).fullmatch(path)
    ]
    return max(fitting, key=lambda one: len(re.sub(r"\{[^}]+\}", "", one)), default=None)
