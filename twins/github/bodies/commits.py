"""Commits, files, refs and trees."""

from typing import Any
from urllib.parse import quote

from twins.github.bodies.basics import iso, node_id, user_body
from twins.github.bodies.repositories import repo_path
from twins.github.commit_log import FileChange, LogEntry, Signature
from twins.github.links import Links
from twins.github.state import Repository, World

JsonObject = dict[str, Any]
UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def signature_body(signature: Signature) -> JsonObject:
    """Return author or committer as git knows them."""
    return {"name": signature.name, "email": signature.email, "date": iso(signature.at)}


def git_commit_body(links: Links, repo: Repository, entry: LogEntry) -> JsonObject:
    """Return a commit as a git object."""
    path = repo_path(repo)
    page = f"/{repo.full_name}/commit"
    return {
        "sha": entry.sha,
        "node_id": node_id("C", entry.sha),
        "url": links.api(f"{path}/git/commits/{entry.sha}"),
        "html_url": links.html(f"{page}/{entry.sha}"),
        "author": signature_body(entry.author),
        "committer": signature_body(entry.committer),
        "tree": {"sha": entry.tree, "url": links.api(f"{path}/git/trees/{entry.tree}")},
        "message": entry.message,
        "parents": [
            {
                "sha": sha,
                "url": links.api(f"{path}/git/commits/{sha}"),
                "html_url": links.html(f"{page}/{sha}"),
            }
            for sha in entry.parents
        ],
        "verification": UNSIGNED,
    }


def commit_body(links: Links, world: World, repo: Repository, entry: LogEntry) -> JsonObject:
    """Return a commit as a page of the project's history."""
    path = repo_path(repo)
    url = f"{path}/commits/{entry.sha}"
    page = f"/{repo.full_name}/commit"
    return {
        "sha": entry.sha,
        "node_id": node_id("C", entry.sha),
        "commit": {
            "author": signature_body(entry.author),
            "committer": signature_body(entry.committer),
            "message": entry.message,
            "tree": {"sha": entry.tree, "url": links.api(f"{path}/git/trees/{entry.tree}")},
            "url": links.api(f"{path}/git/commits/{entry.sha}"),
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": links.api(url),
        "html_url": links.html(f"{page}/{entry.sha}"),
        "comments_url": links.api(f"{url}/comments"),
        "author": user_body(links, world.user_by_email(entry.author.email)),
        "committer": user_body(links, world.user_by_email(entry.committer.email)),
        "parents": [
            {
                "sha": sha,
                "url": links.api(f"{path}/commits/{sha}"),
                "html_url": links.html(f"{page}/{sha}"),
            }
            for sha in entry.parents
        ],
    }


def file_body(links: Links, repo: Repository, sha: str, change: FileChange) -> JsonObject:
    """Return one changed file of a commit, comparison or pull request."""
    name = quote(change.path)
    body = {
        "sha": change.blob,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": links.html(f"/{repo.full_name}/blob/{sha}/{name}"),
        "raw_url": links.html(f"/{repo.full_name}/raw/{sha}/{name}"),
        "contents_url": links.api(f"{repo_path(repo)}/contents/{name}?ref={sha}"),
    }
    if change.patch is not None:
        body["patch"] = change.patch
    if change.before:
        body["previous_filename"] = change.before
    return body


def ref_body(links: Links, repo: Repository, ref: str, sha: str, kind: str) -> JsonObject:
    """Return a ref."""
    path = repo_path(repo)
    return {
        "ref": ref,
        "node_id": node_id("REF", f"{repo.id}:{ref}"),
        "url": links.api(f"{path}/git/{quote(ref)}"),
        "object": {"sha": sha, "type": kind, "url": links.api(f"{path}/git/{kind}s/{sha}")},
    }


def push_commit(links: Links, world: World, repo: Repository, entry: LogEntry) -> JsonObject:
    """Return a commit as the push event carries it."""
    changed = {status: [f.path for f in entry.files if f.status == status] for status in STATUSES}
    return {
        "id": entry.sha,
        "tree_id": entry.tree,
        "distinct": True,
        "message": entry.message,
        "timestamp": iso(entry.committer.at),
        "url": links.html(f"/{repo.full_name}/commit/{entry.sha}"),
        "author": _pusher(world, entry.author),
        "committer": _pusher(world, entry.committer),
        **changed,
    }


STATUSES = ("added", "removed", "modified")


def _pusher(world: World, signature: Signature) -> JsonObject:
    user = world.user_by_email(signature.email)
    body = {"name": signature.name, "email": signature.email, "date": iso(signature.at)}
    return body | ({"username": user.login} if user else {})
