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
DEEP = dict.fromkeys(("ref", "branch", "basehead", "tree_sha"), ".+") | {"path": ".*"}
FIRST_MOVED = 300
# Described like an error; PyGithub's Issue174.testGetDirContentsWithHttpRedirect has no body.
FOUND = 302
# Where the description and GitHub differ, GitHub is right. It answers these to any call: moved
# (@octokit/fixtures rename-repository), bad credentials, no permission or no allowance, no such
# thing, invalid, slow down (PyGithub's recordings have each of them undescribed).
ANYWHERE = frozenset({301, 307, 400, 401, 403, 404, 422, 429})
# Bots have addresses with brackets, which RFC 5321 wants quoted and GitHub does not quote.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# What the description says and GitHub does not do.
NOISE = {
    # Nothing could satisfy it: an account must be a user and an enterprise at once; the
    # description of a single installation says "or".
    "GET /app/installations 200 application/json": re.compile(r"at /\d+/account: "),
    # The same issue may have no body in every other answer, where the description says so too.
    "GET /search/issues 200 application/json": re.compile(r"at /items/\d+/body: null "),
}
# Labels made by naming them have no description, seen live in
# https://github.com/github/rest-api-description/issues/1812; in all schemas but this one it may be
# null.
SIMPLE_PULL = re.compile(r"at /(?:\d+/)?labels/\d+/description: null ")
ASKED = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"
NOISE |= {
    f"{operation} application/json": SIMPLE_PULL
    for operation in (
        "GET /repos/{owner}/{repo}/pulls 200",
        "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls 200",
        f"POST {ASKED} 201",
        f"DELETE {ASKED} 200",
    )
}
# Live in https://github.com/github/rest-api-description/issues/5562: the head's repository is gone.
NOISE["GET /repos/{owner}/{repo}/pulls/{pull_number} 200 application/json"] = re.compile(
    r"at /head/repo: null "
)
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

    def describes(self, operation: str, status: int) -> bool:
        """Tell whether the description of an operation has a status."""
        method, _, path = operation.partition(" ")
        return str(status) in self.api["paths"][path][method.lower()]["responses"]

    def response_fault(self, operation: str, status: int, media: str, body: object) -> str | None:
        """Return what is wrong with an answer, or None."""
        method, _, path = operation.partition(" ")
        responses = self.api["paths"][path][method.lower()]["responses"]
        response = self._resolved(responses.get(str(status)), self.api)
        if response is None and status not in ANYWHERE:
            return f"status {status} is not described"
        content = response.get("content") if response else None
        if not content and status >= FIRST_MOVED:
            # PyGithub's recordings have bodies of errors that are described without one.
            content = {"application/json": {"schema": BASIC_ERROR}}
        if not content:
            return None if body is None else "a body where none is described"
        kind = media.partition(";")[0].strip()
        if body is None:
            bodiless = kind in PLAIN or status == FOUND
            return None if bodiless else "no body where one is described"
        if kind not in content and kind != "application/json":
            return None if kind in PLAIN or kind.startswith("application/vnd.github") else kind
        schema = content.get(kind, next(iter(content.values()))).get("schema", {})
        if status >= FIRST_MOVED and "oneOf" in schema:
            # Open objects: whatever is a basic error is also every other kind of error.
            schema = {"anyOf": schema["oneOf"]}
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
            self._made[key] = jsonschema_rs.Draft202012Validator(
                whole, validate_formats=True, formats={"email": _is_address}
            )
        noise = NOISE.get(key)
        for error in self._made[key].iter_errors(value):
            told = _told(error)
            if noise is None or not noise.match(told):
                return told
        return None


def _is_address(text: str) -> bool:
    return EMAIL.fullmatch(text) is not None


BASIC_ERROR = {"$ref": "#/components/schemas/basic-error"}


def _told(error: jsonschema_rs.ValidationError) -> str:
    where = "/".join(str(part) for part in error.instance_path)
    return f"at /{where}: {error.message[:300]}"


@cache
def pattern(path: str) -> re.Pattern[str]:
    """Return the expression that a path with `{parameters}` stands for."""
    parts = re.split(r"\{([^}]+)\}", path)
    text = "".join(
        DEEP.get(part, "[^/]+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
    return re.compile(text.replace("/.*", "(?:/.*)?"))


def operation_of(operations: list[str], method: str, path: str) -> str | None:
    """Return the operation that a request is; the one with the most literal text wins."""
    fitting = [
        one
        for one in operations
        if one.startswith(f"{method} ") and pattern(one.partition(" ")[2]).fullmatch(path)
    ]
    return max(fitting, key=lambda one: len(re.sub(r"\{[^}]+\}", "", one)), default=None)
