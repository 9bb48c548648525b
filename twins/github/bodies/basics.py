"""People, times and node ids."""

import base64
from datetime import UTC, datetime
from typing import Any, overload
from urllib.parse import quote

from twins.github.links import Links
from twins.github.state import Reaction, User

JsonObject = dict[str, Any]
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


@overload
def iso(at: float) -> str: ...
@overload
def iso(at: None) -> None: ...
def iso(at: float | None) -> str | None:
    """Return a moment as `YYYY-MM-DDTHH:MM:SSZ`; strict clients take no fractions."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int | str) -> str:
    """Return an opaque global id."""
    return f"{kind}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def user_body(links: Links, user: User | None) -> JsonObject | None:
    """Return an account as it appears inside other bodies."""
    return None if user is None else account_body(links, user)


def account_body(links: Links, user: User) -> JsonObject:
    """Return an account in short form."""
    path = f"/users/{quote(user.login, safe='')}"
    page = f"/apps/{user.login.removesuffix('[bot]')}" if user.kind == "Bot" else f"/{user.login}"
    return {
        "login": user.login,
        "id": user.id,
        "node_id": node_id("BOT" if user.kind == "Bot" else "U", user.id),
        "avatar_url": links.html(f"/avatars/{user.id}"),
        "gravatar_id": "",
        "url": links.api(path),
        "html_url": links.html(page),
        "followers_url": links.api(f"{path}/followers"),
        "following_url": links.api(f"{path}/following{{/other_user}}"),
        "gists_url": links.api(f"{path}/gists{{/gist_id}}"),
        "starred_url": links.api(f"{path}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": links.api(f"{path}/subscriptions"),
        "organizations_url": links.api(f"{path}/orgs"),
        "repos_url": links.api(f"{path}/repos"),
        "events_url": links.api(f"{path}/events{{/privacy}}"),
        "received_events_url": links.api(f"{path}/received_events"),
        "type": user.kind,
        "user_view_type": "public",
        "site_admin": user.site_admin,
    }


def organization_body(links: Links, org: User) -> JsonObject:
    """Return an organisation as payloads carry it."""
    path = f"/orgs/{quote(org.login, safe='')}"
    short = {name: account_body(links, org)[name] for name in ("login", "id", "node_id")}
    return {
        **short,
        "url": links.api(path),
        "repos_url": links.api(f"{path}/repos"),
        "events_url": links.api(f"{path}/events"),
        "hooks_url": links.api(f"{path}/hooks"),
        "issues_url": links.api(f"{path}/issues"),
        "members_url": links.api(f"{path}/members{{/member}}"),
        "public_members_url": links.api(f"{path}/public_members{{/member}}"),
        "avatar_url": links.html(f"/avatars/{org.id}"),
        "description": "",
    }


def profile_body(links: Links, user: User) -> JsonObject:
    """Return an account in full."""
    empty = ("company", "location", "email", "hireable", "bio", "twitter_username")
    counts = ("public_repos", "public_gists", "followers", "following")
    return {
        **account_body(links, user),
        "name": user.login,
        "blog": "",
        **dict.fromkeys(empty),
        **dict.fromkeys(counts, 0),
        "created_at": iso(user.created_at),
        "updated_at": iso(user.created_at),
    }


def reactions_body(links: Links, path: str, reactions: list[Reaction]) -> JsonObject:
    """Return the counts of reactions to something."""
    counts = {name: sum(r.content == name for r in reactions) for name in REACTIONS}
    return {"url": links.api(f"{path}/reactions"), "total_count": len(reactions), **counts}


def reaction_body(links: Links, reaction: Reaction) -> JsonObject:
    """Return one reaction."""
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": account_body(links, reaction.user),
        "content": reaction.content,
        "created_at": iso(reaction.created_at),
    }
