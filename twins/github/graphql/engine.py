"""Documents: parsed, checked and run, with errors as GitHub words them."""

from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from twins.core.server import ENTRY
from twins.github.git_store import GitError
from twins.github.graphql import commits, people, pulls, queries, repositories, threads
from twins.github.graphql.complaints import INSTEAD
from twins.github.graphql.connections import Connection
from twins.github.graphql.issue_mutations import MUTATIONS as ISSUE_MUTATIONS
from twins.github.graphql.node import Ask, Fields, JsonObject, Node, Refusal, View
from twins.github.graphql.pricing import MOST_NODES, price_of
from twins.github.graphql.pull_mutations import MUTATIONS as PULL_MUTATIONS
from twins.github.graphql.repository_mutations import MUTATIONS as REPOSITORY_MUTATIONS
from twins.github.problem import Problem

FIELDS: dict[str, Fields] = {
    **queries.FIELDS,
    **people.FIELDS,
    **repositories.FIELDS,
    **threads.FIELDS,
    **pulls.FIELDS,
    **commits.FIELDS,
    "Mutation": {**ISSUE_MUTATIONS, **PULL_MUTATIONS, **REPOSITORY_MUTATIONS},
}
# GitHub lets one name mean `Issue.state` here and `PullRequest.state` there; gh relies on it.
RULES = [
    rule
    for given in specified_rules
    if given is not OverlappingFieldsCanBeMergedRule
    and (rule := INSTEAD.get(given, given)) is not None
]
UNMODELLED = "UNMODELLED"
KINDS = {401: "FORBIDDEN", 403: "FORBIDDEN", 404: "NOT_FOUND"}


def run(
    schema: GraphQLSchema, view: View, text: str, variables: JsonObject, name: str | None
) -> JsonObject:
    """Run a document; what went wrong stands beside the data.

    A mutation that comes too soon after others is not run: that Problem is the whole answer.
    """
    try:
        document = parse(text)
    except GraphQLError as error:
        return {"errors": [_told(error)]}
    if refused := validate(schema, document, RULES):
        return {"errors": [_told(error) for error in refused]}
    operation = get_operation_ast(document, name)
    if operation is not None:
        view.price = price_of(schema, document, operation, variables)
        if view.price.nodes > MOST_NODES:
            return {"errors": [_too_many(view.price.nodes)]}
    if operation is not None and operation.operation is OperationType.MUTATION:
        view.write()
    done = execute_sync(
        schema,
        document,
        context_value=view,
        variable_values=variables,
        operation_name=name,
        field_resolver=_resolve,
        type_resolver=_type_of,
    )
    errors = [_told(error) for error in done.errors or []]
    if any(error.get("type") == UNMODELLED for error in errors):
        view.call.request[ENTRY].unmodelled = True
    shown: JsonObject = {"errors": errors} if errors else {}
    if done.data is None and not any("path" in error for error in errors):
        return shown  # the variables would not do, and nothing was run
    return {"data": done.data, **shown}


def _too_many(nodes: int) -> JsonObject:
    message = (
        f"This query requests up to {nodes:,} possible nodes which exceeds the maximum limit of "
        f"{MOST_NODES:,}."
    )
    return {"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}


def _type_of(value: Node, _: GraphQLResolveInfo[View], __: GraphQLAbstractType) -> str:
    return value.type


def _resolve(source: Any, info: GraphQLResolveInfo[View], **args: Any) -> Any:  # noqa: ANN401  # any field
    type_name, name = info.parent_type.name, info.field_name
    if type_name == "Mutation":
        args = args["input"]
    try:
        match source:
            case Connection():
                return source.value(name)
            case dict():
                return source[name]
            case _:
                field = FIELDS[type_name][name]
    except KeyError as error:
        message = f"github-twin does not model {type_name}.{name}"
        raise Refusal(UNMODELLED, message) from error
    found = field(source, Ask(info.context, args))
    if type_name == "Mutation":
        found["clientMutationId"] = args.get("clientMutationId")
    return found


def _told(error: GraphQLError) -> JsonObject:
    told: JsonObject = {}
    match error.original_error:
        case Refusal(kind=kind):
            told["type"] = kind
        case Problem(status=status):
            told["type"] = KINDS.get(status, "UNPROCESSABLE")
        case GitError():
            told["type"] = "UNPROCESSABLE"
        case None | GraphQLError():
            pass
        case bug:
            raise bug
    if error.path is not None:
        told["path"] = error.path
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.extensions:
        told["extensions"] = error.extensions
    return {**told, "message": _message(error)}


def _message(error: GraphQLError) -> str:
    """Return the reason; a refusal of REST keeps its own in the list beside the message."""
    cause = error.original_error
    if not isinstance(cause, Problem) or not cause.errors:
        return error.message
    return "; ".join(map(_reason, cause.errors))


def _reason(error: Any) -> str:  # noqa: ANN401  # a sentence, or an object of REST
    match error:
        case {"message": str(said)}:
            return said
        case {"resource": resource, "code": code}:
            return f"{resource} {error.get('field', '')} {code}"
        case _:
            return str(error)
