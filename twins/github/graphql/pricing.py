"""What a document costs, by GitHub's published formula: its connections, as if all were full.

https://docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

MOST_NODES = 500_000
PER_POINT = 100


@dataclass(slots=True)
class Price:
    """How often lists are asked for, and how many entries they may have."""

    requests: int = 0
    nodes: int = 0

    @property
    def cost(self) -> int:
        """Return the points of the hourly allowance, one at least."""
        return max(1, round(self.requests / PER_POINT))


def price_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Price:
    """Return the price of one operation of a document that has been checked."""
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    root = schema.get_root_type(operation.operation)
    counted = _Counter(schema, fragments, variables)
    counted.walk(operation.selection_set, root, 1)
    return counted.price


class _Counter:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self.price = Price()
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def walk(
        self,
        selections: SelectionSetNode | None,
        of: GraphQLCompositeType | GraphQLObjectType | None,
        times: int,
    ) -> None:
        """Count what is selected on a type that is met so many times."""
        for one in selections.selections if selections else ():
            match one:
                case FieldNode():
                    self._field(one, of, times)
                case InlineFragmentNode(type_condition=condition, selection_set=inner):
                    self.walk(inner, self._named(condition.name.value) if condition else of, times)
                case FragmentSpreadNode(name=name):
                    fragment = self._fragments[name.value]
                    on = self._named(fragment.type_condition.name.value)
                    self.walk(fragment.selection_set, on, times)
                case _:
                    pass

    def _named(self, name: str) -> GraphQLCompositeType | None:
        found = self._schema.get_type(name)
        return found if is_composite_type(found) else None

    def _field(self, field: FieldNode, of: GraphQLCompositeType | None, times: int) -> None:
        known = of.fields if isinstance(of, GraphQLObjectType | GraphQLInterfaceType) else {}
        about = known.get(field.name.value)
        if about is None:
            return  # __typename and the like
        if {"first", "last"} <= about.args.keys():
            self.price.requests += times
            times *= self._size(field)
            self.price.nodes += times
        inner = get_named_type(about.type)
        self.walk(field.selection_set, inner if is_composite_type(inner) else None, times)

    def _size(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value not in {"first", "last"}:
                continue
            match argument.value:
                case IntValueNode(value=text):
                    return int(text)
                case VariableNode(name=name):
                    given = self._variables.get(name.value)
                    if isinstance(given, int):
                        return given
                case _:
                    pass
        return 0
