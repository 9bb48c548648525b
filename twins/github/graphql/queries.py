"""Where a query may begin."""

from twins.github.access import may_see
from twins.github.graphql.connections import connection
from twins.github.graphql.lookup import find
from twins.github.graphql.node import Ask, Field, Fields, Node, Refusal, actor, constant
from twins.github.graphql.repositories import repository_node
from twins.github.graphql.threads import issue_node
from twins.github.search import found, found_repositories

THREADS = frozenset({"ISSUE", "ISSUE_ADVANCED"})


def _repository(_: None, ask: Ask) -> Node:
    name = f"{ask.get('owner')}/{ask.get('name')}"
    repo = ask.view.hub.world.repo(name)
    if repo is None or not may_see(ask.view.call.actor, repo):
        message = f"Could not resolve to a Repository with the name '{name}'."
        raise Refusal("NOT_FOUND", message)
    return repository_node(repo)


def _account(*kinds: str, what: str) -> Field:
    article = "an" if what[0] in "AEIO" else "a"

    def account(_: None, ask: Ask) -> Node | None:
        login = ask.get("login")
        node = actor(ask.view.hub.world.user(login))
        if node is not None and node.type in kinds:
            return node
        message = f"Could not resolve to {article} {what} with the login of '{login}'."
        raise Refusal("NOT_FOUND", message)

    return account


def _viewer(_: None, ask: Ask) -> Node:
    """Return who asks; the field has a type that makes a person even of a bot."""
    return Node("User", ask.view.call.user)


def _search(_: None, ask: Ask) -> object:
    if ask.get("type") == "REPOSITORY":
        kept = [repository_node(one) for one in found_repositories(ask.view.call, ask.get("query"))]
        return connection("search", kept, ask, repositoryCount=len(kept))
    if ask.get("type") not in THREADS:
        raise Refusal("UNMODELLED", f"github-twin does not model search of {ask.get('type')}")
    pairs = found(ask.view.call, ask.get("query"))
    nodes = [issue_node(repo, issue) for repo, issue in pairs]
    return connection("search", nodes, ask, issueCount=len(nodes))


FIELDS: dict[str, Fields] = {
    "Query": {
        "repository": _repository,
        "repositoryOwner": _account("User", "Organization", what="RepositoryOwner"),
        "user": _account("User", what="User"),
        "organization": _account("Organization", what="Organization"),
        "viewer": _viewer,
        "node": lambda _, ask: find(ask, ask.get("id")),
        "nodes": lambda _, ask: [find(ask, one) for one in ask.get("ids")],
        "search": _search,
        "rateLimit": lambda _, ask: ask.view.budget,
        "id": constant("Q"),
    }
}
