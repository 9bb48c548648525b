"""OpenAPI 3.0 becomes JSON Schema without losing or gaining a meaning."""

import jsonschema_rs
import pytest

from twins.contract.contract import operation_of
from twins.contract.schemas import document, modern

COMPONENTS = {
    "user": {"type": "object", "properties": {"boss": {"$ref": "#/components/schemas/user"}}},
    "issue": {"type": "object", "properties": {"user": {"$ref": "#/components/schemas/user"}}},
    "unrelated": {"type": "string"},
}


def test_only_what_can_be_reached_is_attached() -> None:
    """A loop ends, and the rest of the description stays out."""
    whole = document({"$ref": "#/components/schemas/issue"}, COMPONENTS)

    assert {"issue", "user"} == set(whole["components"]["schemas"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "nullable": True},
        {"type": "string", "enum": ["a"], "nullable": True},
        {"allOf": [{"type": "object"}], "nullable": True},
    ],
)
def test_nullable_lets_null_in_and_nothing_else(schema: dict[str, object]) -> None:
    """Null is valid where it was allowed; a number still is not."""
    judge = jsonschema_rs.Draft202012Validator(modern(schema))

    assert [True, False] == [judge.is_valid(None), judge.is_valid(3)]


def test_a_property_may_be_called_like_a_keyword() -> None:
    """`description` and `example` as names of properties keep their schemas."""
    schema = {
        "properties": {"description": {"type": "string"}, "example": {"type": "integer"}},
        "description": "talk",
    }

    assert {"properties": schema["properties"]} == modern(schema)


def test_the_operation_with_the_most_literal_path_wins() -> None:
    """A fixed segment beats a parameter, and a ref may hold slashes."""
    operations = ["GET /r/{owner}/commits/{ref}", "GET /r/{owner}/commits/{ref}/status"]

    assert operations[1] == operation_of(operations, "GET", "/r/me/commits/a/b/status")
    assert operations[0] == operation_of(operations, "GET", "/r/me/commits/a/b")
    assert operation_of(operations, "POST", "/r/me/commits/a") is None
