"""From a change of state to the payload that each App concerned receives."""

import json
from typing import Any

from twins.github.bodies.apps import installation_body
from twins.github.bodies.basics import account_body, iso, node_id, organization_body
from twins.github.bodies.repositories import repo_body
from twins.github.hub import Context
from twins.github.post import Post
from twins.github.state import App, Installation, Repository

JsonObject = dict[str, Any]
# Every App gets these, subscribed or not.
UNASKED = frozenset({"ping", "installation", "installation_repositories"})


def emit(
    context: Context, repo: Repository, event: str, action: str | None, /, **payload: object
) -> None:
    """Tell every App that covers the repository and subscribed to the event."""
    for one in context.hub.world.installations_on(repo):
        if event in UNASKED or event in one.events:
            _send(context, one, event, action, payload, repo=repo)


def emit_to(
    context: Context, repo: Repository, app: App, event: str, action: str, /, **payload: object
) -> None:
    """Tell one App what is its own business and no other App's."""
    for one in context.hub.world.installations_on(repo):
        if one.app is app and event in one.events:
            _send(context, one, event, action, payload, repo=repo)


def emit_installation(
    context: Context, one: Installation, repos: list[Repository], action: str = "created"
) -> None:
    """Tell an App that somebody installed it, or what else became of that."""
    payload: JsonObject = {"repositories": [_brief(repo) for repo in repos], "requester": None}
    _send(context, one, "installation", action, payload)


def emit_repositories(context: Context, one: Installation, repo: Repository, action: str) -> None:
    """Tell an App that it reaches one repository more or less."""
    payload: JsonObject = {
        "repositories_added": [_brief(repo)] if action == "added" else [],
        "repositories_removed": [_brief(repo)] if action == "removed" else [],
        "repository_selection": "selected",
        "requester": None,
    }
    _send(context, one, "installation_repositories", action, payload)


def _brief(repo: Repository) -> JsonObject:
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }


def ping(context: Context, app: App) -> None:
    """Tell an App that its hook has been set up."""
    hook = {
        "type": "App",
        "id": app.hook.id,
        "name": "web",
        "active": True,
        "events": app.events,
        "config": {"content_type": "json", "insecure_ssl": "0", "url": app.hook.url},
        "app_id": app.id,
        "deliveries_url": context.links.api("/app/hook/deliveries"),
        "created_at": iso(app.created_at),
        "updated_at": iso(context.now),
    }
    body = {"zen": "Design for failure.", "hook_id": app.hook.id, "hook": hook}
    raw = json.dumps(body).encode()
    context.hub.sender.send(Post(app, context.hub.core.ids.guid(), "ping", None, None, None, raw))


def _send(
    context: Context,
    one: Installation,
    event: str,
    action: str | None,
    payload: JsonObject,
    *,
    repo: Repository | None = None,
) -> None:
    if not one.app.hook.url:
        return
    links = context.links.for_hooks()
    body: JsonObject = {"action": action} if action else {}
    body |= payload
    if repo is not None:
        body["repository"] = repo_body(links, repo)
        if repo.owner.kind == "Organization":
            body["organization"] = organization_body(links, repo.owner)
    body["sender"] = account_body(links, context.user)
    if event.startswith("installation"):
        body["installation"] = installation_body(links, one)
    else:
        body["installation"] = {"id": one.id, "node_id": node_id("MDIzOkl", one.id)}
    post = Post(
        one.app,
        context.hub.core.ids.guid(),
        event,
        action,
        one.id,
        repo.id if repo else None,
        json.dumps(body).encode(),
    )
    context.hub.sender.send(post)
