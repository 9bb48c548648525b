"""What GraphQL can do to repositories as a whole: REST does the work."""

from twins.github import repositories, repository_life
from twins.github.body import Body
from twins.github.graphql.lookup import find_as
from twins.github.graphql.node import Ask, Field, Fields, JsonObject, Node, Refusal
from twins.github.graphql.repositories import repository_node


def _create(_: None, ask: Ask) -> JsonObject:
    for name in ("teamId", "template"):
        if ask.get(name):
            raise Refusal("UNMODELLED", f"github-twin does not model the input {name}")
    call = ask.view.call
    owner = find_as(ask, ask.get("ownerId"), "User", "Organization") if ask.get("ownerId") else None
    body: JsonObject = {
        "name": ask.get("name"),
        "description": ask.get("description"),
        "homepage": ask.get("homepageUrl"),
        "visibility": ask.get("visibility").lower(),
        "has_issues": ask.get("hasIssuesEnabled"),
    }
    account = owner.thing if owner else call.user
    made = repository_life.make(call, account, Body({k: v for k, v in body.items() if v}))
    return {"repository": repository_node(made)}


def _update(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("repositoryId"), "Repository")
    body = {
        "name": ask.get("name"),
        "description": ask.get("description"),
        "homepage": ask.get("homepageUrl"),
        "has_issues": ask.get("hasIssuesEnabled"),
    }
    repositories.update(ask.view.errand(node.home, body))
    return {"repository": node}


def _archived(*, archived: bool) -> Field:
    def change(_: None, ask: Ask) -> JsonObject:
        node: Node = find_as(ask, ask.get("repositoryId"), "Repository")
        repositories.update(ask.view.errand(node.home, {"archived": archived}))
        return {"repository": node}

    return change


MUTATIONS: Fields = {
    "createRepository": _create,
    "updateRepository": _update,
    "archiveRepository": _archived(archived=True),
    "unarchiveRepository": _archived(archived=False),
}
