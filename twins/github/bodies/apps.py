"""Installations, tokens and deliveries."""

from typing import Any

from twins.github.bodies.basics import account_body, iso, node_id, user_body
from twins.github.bodies.repositories import repo_body
from twins.github.links import Links
from twins.github.state import Installation, Repository, Token

JsonObject = dict[str, Any]


def installation_body(links: Links, one: Installation) -> JsonObject:
    """Return an installation."""
    account = one.account
    return {
        "id": one.id,
        "node_id": node_id("MDIzOkl", one.id),
        "client_id": one.app.client_id,
        "account": account_body(links, account),
        "repository_selection": "selected",
        "access_tokens_url": links.api(f"/app/installations/{one.id}/access_tokens"),
        "repositories_url": links.api("/installation/repositories"),
        "html_url": links.html(f"/settings/installations/{one.id}"),
        "app_id": one.app.id,
        "app_slug": one.app.slug,
        "target_id": account.id,
        "target_type": "Organization" if account.kind == "Organization" else "User",
        "permissions": one.permissions,
        "events": one.events,
        "created_at": iso(one.created_at),
        "updated_at": iso(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user_body(links, one.suspended_by),
        "suspended_at": iso(one.suspended_at),
    }


def token_body(links: Links, token: Token, repos: list[Repository]) -> JsonObject:
    """Return a fresh installation token."""
    body: JsonObject = {
        "token": token.value,
        "expires_at": iso(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "selected",
    }
    if token.repo_ids is not None:
        body["repositories"] = [repo_body(links, repo) for repo in repos]
    return body
