"""What is wrong with a document before it runs, in the words of GitHub's own library."""

from collections.abc import Sequence
from typing import Any

from graphql import (
    FieldNode,
    FieldsOnCorrectTypeRule,
    FragmentDefinitionNode,
    GraphQLError,
    InlineFragmentNode,
    KnownArgumentNamesRule,
    Node,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    ValidationRule,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from graphql.validation import ASTValidationRule

Ancestors = Sequence[Node | tuple[Node, ...]]


def _where(ancestors: Ancestors, node: Node) -> list[str | int]:
    """Return the path of a place in a document, beginning with its operation or fragment."""
    return [name for one in (*ancestors, node) if isinstance(one, Node) and (name := _named(one))]


def _named(node: Node) -> str:
    match node:
        case OperationDefinitionNode(operation=kind, name=name):
            return f"{kind.value} {name.value}" if name else kind.value
        case FragmentDefinitionNode(name=name):
            return f"fragment {name.value}"
        case InlineFragmentNode(type_condition=condition):
            return f"... on {condition.name.value}" if condition else "..."
        case FieldNode(alias=alias, name=name):
            return (alias or name).value
        case _:
            return ""


def _error(
    message: str, node: Node, path: list[str | int], code: str, **about: str
) -> GraphQLError:
    return GraphQLError(message, node, path=path, extensions={"code": code, **about})


class UndefinedField(ValidationRule):
    """Fields that their type does not have."""

    def enter_field(self, node: FieldNode, *around: Any) -> None:  # noqa: ANN401  # key, parent...
        """Look at one field."""
        of = self.context.get_parent_type()
        if of is None or self.context.get_field_def() is not None:
            return
        name, path = node.name.value, _where(around[-1], node)
        message = f"Field '{name}' doesn't exist on type '{of.name}'"
        about = {"typeName": of.name, "fieldName": name}
        self.report_error(_error(message, node, path, "undefinedField", **about))


class Arguments(ValidationRule):
    """Arguments that a field does not take, and those that it cannot do without."""

    def enter_field(self, node: FieldNode, *around: Any) -> None:  # noqa: ANN401  # key, parent...
        """Look at one field."""
        known = self.context.get_field_def()
        if known is None:
            return
        name, path = node.name.value, _where(around[-1], node)
        given = {one.name.value: one for one in node.arguments or ()}
        for extra in given.keys() - known.args.keys():
            message = f"Field '{name}' doesn't accept argument '{extra}'"
            about = {"name": name, "typeName": "Field", "argumentName": extra}
            where = [*path, extra]
            self.report_error(_error(message, given[extra], where, "argumentNotAccepted", **about))
        lacking = [n for n, a in known.args.items() if is_required_argument(a) and n not in given]
        if lacking:
            names = ", ".join(lacking)
            message = f"Field '{name}' is missing required arguments: {names}"
            about = {"className": "Field", "name": name, "arguments": names}
            self.report_error(_error(message, node, path, "missingRequiredArguments", **about))


class Selections(ValidationRule):
    """Objects of which nothing is asked, and plain values of which something is."""

    def enter_field(self, node: FieldNode, *around: Any) -> None:  # noqa: ANN401  # key, parent...
        """Look at one field."""
        type_ = self.context.get_type()
        if type_ is None or is_leaf_type(get_named_type(type_)) != bool(node.selection_set):
            return
        name, kind = node.name.value, get_named_type(type_).name
        if node.selection_set:
            inner = ", ".join(filter(None, map(_named, node.selection_set.selections)))
            message = f"Selections can't be made on scalars (field '{name}' returns {kind}"
            message += f" but has selections [{inner}])"
        else:
            message = f"Field must have selections (field '{name}' returns {kind} but has no "
            message += f"selections. Did you mean '{name} {{ ... }}'?)"
        about = {"nodeName": f"field '{name}'", "typeName": kind}
        path = _where(around[-1], node)
        self.report_error(_error(message, node, path, "selectionMismatch", **about))


class UnusedVariables(ValidationRule):
    """Variables that are declared for nothing."""

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:  # noqa: ANN401  # key, parent...
        """Look at one operation."""
        used = {usage.node.name.value for usage in self.context.get_recursive_variable_usages(node)}
        who = node.name.value if node.name else f"anonymous {node.operation.value}"
        for one in node.variable_definitions or ():
            name = one.variable.name.value
            if name not in used:
                message = f"Variable ${name} is declared by {who} but not used"
                path: list[str | int] = [_named(node)]
                about = {"variableName": name}
                self.report_error(_error(message, one, path, "variableNotUsed", **about))


INSTEAD: dict[type[ASTValidationRule], type[ASTValidationRule] | None] = {
    FieldsOnCorrectTypeRule: UndefinedField,
    KnownArgumentNamesRule: Arguments,
    ProvidedRequiredArgumentsRule: None,
    ScalarLeafsRule: Selections,
    NoUnusedVariablesRule: UnusedVariables,
}
"""Which of the library's rules these stand for; None: another one does that as well."""
