"""GitHub's published schema: on disk if somebody has fetched it, never in this repository."""

from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from twins.contract.fetch import GRAPHQL, TOOLS

PATH = TOOLS / GRAPHQL.folder / "schema.graphql"
COMMAND = f"python -m twins.contract.fetch {GRAPHQL.name}"
MISSING = (
    f"github-twin has no GraphQL schema on this machine; fetch it with `{COMMAND}` (needs npm)"
)


@cache
def load(path: Path) -> GraphQLSchema:
    """Return the schema, parsed once per process; it takes most of a second."""
    text = path.read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)
