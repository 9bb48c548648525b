"""GitHub's published schema: on disk if somebody has fetched it, never in this repository."""

from functools import cache
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate

from twins.contract.fetch import GRAPHQL, TOOLS

PATH = TOOLS / GRAPHQL.folder / "schema.graphql"
COMMAND = f"python -m twins.contract.fetch {GRAPHQL.name}"
MISSING = (
    f"github-twin has no GraphQL schema on this machine; fetch it with `{COMMAND}` (needs npm)"
)

LEAST = """
scalar DateTime
type Query { repository(owner: String!, name: String!): Repository }
type Repository { issue(number: Int!): Issue }
type Issue { number: Int! lastEditedAt: DateTime }
"""
"""Enough of it for what Nightshift itself asks, so that a world needs no npm."""


@cache
def least() -> GraphQLSchema:
    """Return the few types that need no fetching."""
    return build_schema(LEAST)


def is_enough(text: object) -> bool:
    """Whether a document asks for nothing but those."""
    try:
        return isinstance(text, str) and not validate(least(), parse(text))
    except GraphQLError:
        return False


@cache
def load(path: Path) -> GraphQLSchema:
    """Return the schema, parsed once per process; it takes most of a second."""
    text = path.read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)
