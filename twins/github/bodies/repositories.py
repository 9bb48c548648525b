"""Repositories and their branches."""

from typing import Any

from twins.github.access import role_of
from twins.github.bodies.basics import account_body, iso, node_id
from twins.github.links import Links
from twins.github.state import Repository, User

JsonObject = dict[str, Any]
# Members `<noun>_url`, each with the path below the repository.
URLS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}


def repo_path(repo: Repository) -> str:
    """Return the API path of a repository."""
    return f"/repos/{repo.full_name}"


def brief_body(links: Links, repo: Repository) -> JsonObject:
    """Return a repository in short form."""
    path = repo_path(repo)
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": account_body(links, repo.owner),
        "html_url": links.html(f"/{repo.full_name}"),
        "description": repo.settings.description,
        "fork": repo.parent is not None,
        "url": links.api(path),
        **{f"{noun}_url": links.api(path + below) for noun, below in URLS.items()},
    }


def permission_flags(role: str) -> JsonObject:
    """Return what a role allows, as the older scale of switches."""
    return {
        "admin": role == "admin",
        "maintain": role in {"admin", "maintain"},
        "push": role in {"admin", "maintain", "write"},
        "triage": role in {"admin", "maintain", "write", "triage"},
        "pull": role != "none",
    }


def repo_body(links: Links, repo: Repository, viewer: User | None = None) -> JsonObject:
    """Return a repository as it appears in lists, payloads and pull requests."""
    opened = sum(issue.state == "open" for issue in repo.issues.values())
    page = links.html(f"/{repo.full_name}")
    role = role_of(viewer, repo) if viewer else "read"
    return {
        **brief_body(links, repo),
        "git_url": page.replace("http", "git", 1) + ".git",
        "ssh_url": f"git@{links.origin.partition('://')[2]}:{repo.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": repo.settings.homepage,
        **dict.fromkeys(("language", "mirror_url", "license")),
        **dict.fromkeys(("stargazers_count", "watchers_count", "size", "watchers"), 0),
        **dict.fromkeys(("forks_count", "forks"), repo.forks),
        "default_branch": repo.default_branch,
        "open_issues_count": opened,
        "open_issues": opened,
        "is_template": False,
        "topics": list(repo.settings.topics),
        "has_issues": repo.settings.has_issues,
        "archived": repo.settings.archived,
        **dict.fromkeys(("has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "disabled"), False),
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "visibility": "private" if repo.private else "public",
        "pushed_at": iso(repo.pushed_at),
        "created_at": iso(repo.created_at),
        "updated_at": iso(max(repo.updated_at, repo.pushed_at)),
        "permissions": permission_flags(role),
    }


def _security() -> JsonObject:
    """Return the scanners of a repository, none of which the twin runs."""
    names = (
        "secret_scanning",
        "secret_scanning_push_protection",
        "dependabot_security_updates",
        "secret_scanning_non_provider_patterns",
        "secret_scanning_validity_checks",
    )
    return {name: {"status": "disabled"} for name in names}


def _origin(links: Links, repo: Repository, viewer: User | None) -> JsonObject:
    """Return what a fork tells of where it comes from."""
    if repo.parent is None:
        return {}
    return {
        "parent": repo_body(links, repo.parent, viewer),
        "source": repo_body(links, repo.source, viewer),
    }


def full_body(links: Links, repo: Repository, viewer: User | None) -> JsonObject:
    """Return a repository as its own resource."""
    settings = {
        "squash_merge_commit_title": repo.settings.squash_merge_commit_title,
        "squash_merge_commit_message": repo.settings.squash_merge_commit_message,
        "merge_commit_title": repo.settings.merge_commit_title,
        "merge_commit_message": repo.settings.merge_commit_message,
        "use_squash_pr_title_as_default": repo.settings.squash_merge_commit_title == "PR_TITLE",
        "allow_rebase_merge": repo.settings.allow_rebase_merge,
        "allow_squash_merge": repo.settings.allow_squash_merge,
        "allow_merge_commit": repo.settings.allow_merge_commit,
        "allow_auto_merge": repo.settings.allow_auto_merge,
        "allow_update_branch": repo.settings.allow_update_branch,
        "delete_branch_on_merge": repo.settings.delete_branch_on_merge,
        "temp_clone_token": None,
    }
    flags = permission_flags(role_of(viewer, repo) if viewer else "none")
    is_org = repo.owner.kind == "Organization"
    owned = {"organization": account_body(links, repo.owner), "custom_properties": {}}
    return {
        **repo_body(links, repo, viewer),
        **(settings if flags["push"] else {}),
        **({"security_and_analysis": _security()} if flags["admin"] else {}),
        **(owned if is_org else {}),
        **_origin(links, repo, viewer),
        "subscribers_count": 0,
        "network_count": repo.source.forks,
    }
