"""Branches, their protection and rulesets."""

from typing import Any
from urllib.parse import quote

from twins.github.bodies.basics import account_body, iso, node_id
from twins.github.bodies.issues import app_body
from twins.github.bodies.repositories import repo_path
from twins.github.governance import Allowed, Protection, Ruleset
from twins.github.guard import is_protected
from twins.github.links import Links
from twins.github.state import Repository, World

JsonObject = dict[str, Any]


def branch_path(repo: Repository, name: str) -> str:
    """Return the API path of a branch."""
    return f"{repo_path(repo)}/branches/{quote(name, safe='/')}"


def _allowed_body(world: World, links: Links, allowed: Allowed) -> JsonObject:
    users = filter(None, map(world.user, allowed.users))
    apps = [app for app in world.apps.values() if app.slug in allowed.apps]
    return {
        "users": [account_body(links, user) for user in users],
        "teams": [],
        "apps": [app_body(links, app) for app in apps],
    }


def restrictions_body(
    world: World, links: Links, repo: Repository, name: str, one: Protection
) -> JsonObject:
    """Return who may push to a branch."""
    url = links.api(f"{branch_path(repo, name)}/protection/restrictions")
    below = {f"{noun}_url": f"{url}/{noun}" for noun in ("users", "teams", "apps")}
    return {"url": url, **below, **_allowed_body(world, links, one.pushers or Allowed())}


def protection_body(
    world: World, links: Links, repo: Repository, name: str, one: Protection
) -> JsonObject:
    """Return what protects a branch."""
    url = links.api(f"{branch_path(repo, name)}/protection")
    body: JsonObject = {
        "url": url,
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": one.admins},
        "required_linear_history": {"enabled": one.linear},
        "allow_force_pushes": {"enabled": one.force_pushes},
        "allow_deletions": {"enabled": one.deletions},
        "block_creations": {"enabled": False},
        "required_conversation_resolution": {"enabled": one.conversations},
        "lock_branch": {"enabled": one.lock},
        "allow_fork_syncing": {"enabled": False},
    }
    if one.checks is not None:
        checks = f"{url}/required_status_checks"
        body["required_status_checks"] = {
            "url": checks,
            "strict": one.strict,
            "contexts": [check.context for check in one.checks],
            "contexts_url": f"{checks}/contexts",
            "checks": [{"context": c.context, "app_id": c.app_id} for c in one.checks],
        }
    if one.reviews is not None:
        body["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": one.reviews.dismiss_stale,
            "require_code_owner_reviews": one.reviews.code_owners,
            "require_last_push_approval": one.reviews.last_push,
            "required_approving_review_count": one.reviews.approvals,
        }
        if one.reviews.dismissals is not None:
            where = f"{url}/dismissal_restrictions"
            body["required_pull_request_reviews"]["dismissal_restrictions"] = {
                "url": where,
                "users_url": f"{where}/users",
                "teams_url": f"{where}/teams",
                **_allowed_body(world, links, one.reviews.dismissals),
            }
    if one.pushers is not None:
        body["restrictions"] = restrictions_body(world, links, repo, name, one)
    return body


def branch_extras(links: Links, repo: Repository, name: str) -> JsonObject:
    """Return what a branch tells of its protection."""
    one = repo.protections.get(name)
    contexts = [check.context for check in (one.checks or ())] if one else []
    level = ("everyone" if one.admins else "non_admins") if one and one.checks else "off"
    pairs = [{"context": c.context, "app_id": c.app_id} for c in (one.checks or ())] if one else []
    checks = {"enforcement_level": level, "contexts": contexts, "checks": pairs}
    return {
        "protected": is_protected(repo, name),
        "protection": {"enabled": one is not None, "required_status_checks": checks},
        "protection_url": links.api(f"{branch_path(repo, name)}/protection"),
    }


def ruleset_brief(links: Links, repo: Repository, one: Ruleset) -> JsonObject:
    """Return a ruleset as lists have it: without conditions and rules."""
    path = f"{repo_path(repo)}/rulesets/{one.id}"
    return {
        "id": one.id,
        "name": one.name,
        "target": one.target,
        "source_type": "Repository",
        "source": repo.full_name,
        "enforcement": one.enforcement,
        "node_id": node_id("RRS", one.id),
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
        "_links": {
            "self": {"href": links.api(path)},
            "html": {"href": links.html(f"/{repo.full_name}/rules/{one.id}")},
        },
    }


def ruleset_body(
    links: Links, repo: Repository, one: Ruleset, *, bypasses: bool, writes: bool
) -> JsonObject:
    """Return a ruleset for somebody whom it lets past or not, and who may write it or not."""
    conditions = {"ref_name": {"include": one.include, "exclude": one.exclude}}
    can = "always" if bypasses else "never"
    actors = {"bypass_actors": one.bypass_actors} if writes else {}
    brief = ruleset_brief(links, repo, one)
    rules = {"conditions": conditions, "rules": one.rules}
    return {**brief, **rules, **actors, "current_user_can_bypass": can}


def rule_bodies(repo: Repository, one: Ruleset) -> list[JsonObject]:
    """Return a ruleset's rules as the list of a branch has them."""
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repo.full_name,
        "ruleset_id": one.id,
    }
    return [{**rule, **source} for rule in one.rules]
