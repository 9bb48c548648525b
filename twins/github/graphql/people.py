"""Accounts: people, bots and organisations."""

from twins.github.access import may_see
from twins.github.bodies.basics import account_body, iso, profile_body
from twins.github.graphql.connections import connection
from twins.github.graphql.node import Ask, Fields, Node, constant, path_of


def _body(node: Node, ask: Ask) -> dict[str, object]:
    return account_body(ask.view.links, node.thing)


def _repositories(node: Node, ask: Ask) -> object:
    found = [
        Node("Repository", repo, repo)
        for repo in ask.view.hub.world.repos.values()
        if repo.owner is node.thing and may_see(ask.view.call.actor, repo)
    ]
    return connection("repositories", found, ask)


def _repository(node: Node, ask: Ask) -> Node | None:
    repo = ask.view.hub.world.repo(f"{node.thing.login}/{ask.get('name')}")
    return Node("Repository", repo, repo) if repo and may_see(ask.view.call.actor, repo) else None


ACCOUNT: Fields = {
    "id": lambda node, ask: _body(node, ask)["node_id"],
    "databaseId": lambda node, _: node.thing.id,
    "login": lambda node, _: node.thing.login,
    "url": lambda node, ask: _body(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(str(_body(node, ask)["html_url"])),
    "avatarUrl": lambda node, ask: _body(node, ask)["avatar_url"],
    "createdAt": lambda node, _: iso(node.thing.created_at),
}
OWNER: Fields = {
    **ACCOUNT,
    "name": lambda node, ask: profile_body(ask.view.links, node.thing)["name"],
    "email": constant(""),
    "repositories": _repositories,
    "repository": _repository,
}
FIELDS: dict[str, Fields] = {
    # Here a bot goes by its slug alone, except where it is the viewer.
    "Bot": {**ACCOUNT, "login": lambda node, _: node.thing.login.removesuffix("[bot]")},
    "Organization": {**OWNER, "viewerCanCreateRepositories": constant(value=False)},
    "User": {
        **OWNER,
        "isViewer": lambda node, ask: ask.view.call.actor.user is node.thing,
        "isSiteAdmin": lambda node, _: node.thing.site_admin,
    },
}
