"""OpenAPI 3.0 schemas as JSON Schema 2020-12, each with only what it can reach.

A validator with all 969 schemas attached costs gigabytes; with the reachable ones, nothing.
"""

from typing import Any

JsonObject = dict[str, Any]
PREFIX = "#/components/schemas/"
# What a null may hide behind, besides a plain type.
COMPOSED = ("$ref", "allOf", "anyOf", "oneOf")


def document(schema: JsonObject, components: JsonObject) -> JsonObject:
    """Return one self-contained schema: itself and what it refers to, however far."""
    root = modern(schema)
    found: JsonObject = {}
    left = [root]
    while left:
        for name in _names(left.pop()):
            if name not in found:
                found[name] = modern(components[name])
                left.append(found[name])
    return {**root, "components": {"schemas": found}}


def _names(node: object) -> set[str]:
    """Return the names of the schemas that a schema refers to directly."""
    if isinstance(node, list):
        return set().union(*map(_names, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(_names, node.values()))
    ref = node.get("$ref")
    mine = isinstance(ref, str) and ref.startswith(PREFIX)
    return found | ({str(ref).removeprefix(PREFIX)} if mine else set())


# Members that speak about a schema and constrain nothing.
SPOKEN = ("example", "examples", "description", "title", "discriminator", "xml")


def modern(node: Any) -> Any:  # noqa: ANN401  # any piece of a schema
    """Return a schema whose `nullable` has become part of its type."""
    if isinstance(node, list):
        return [modern(item) for item in node]
    if not isinstance(node, dict):
        return node
    # A property may be called like a keyword: only strings and booleans are keywords' values.
    speaks = {key for key in SPOKEN if not _is_schema(node.get(key))}
    new = {key: modern(value) for key, value in node.items() if key not in speaks}
    if new.pop("nullable", False) is not True:
        return new
    if any(key in new for key in COMPOSED):
        return {"anyOf": [new, {"type": "null"}]}
    if isinstance(new.get("type"), str):
        new["type"] = [new["type"], "null"]
    if "enum" in new and None not in new["enum"]:
        new["enum"] = [*new["enum"], None]
    return new


def _is_schema(value: object) -> bool:
    return isinstance(value, dict) and bool({"type", *COMPOSED} & set(value))
