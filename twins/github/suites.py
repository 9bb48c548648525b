"""Check suites with what git knows about their commit."""

from typing import Any

from twins.github.bodies.checks import suite_body
from twins.github.bodies.commits import push_commit
from twins.github.commit_log import one
from twins.github.hub import Hub
from twins.github.links import Links
from twins.github.state import CheckSuite, Repository

JsonObject = dict[str, Any]


def head_commit(hub: Hub, links: Links, repo: Repository, sha: str) -> JsonObject:
    """Return a commit in the short form that suites carry."""
    head = push_commit(links, hub.world, repo, one(hub.git, repo.path, sha))
    brief = {name: head[name] for name in ("id", "tree_id", "message", "timestamp")}
    people = {
        role: {part: head[role][part] for part in ("name", "email")}
        for role in ("author", "committer")
    }
    return brief | people


def suite_payload(hub: Hub, links: Links, repo: Repository, suite: CheckSuite) -> JsonObject:
    """Return a check suite as events carry it."""
    head = head_commit(hub, links, repo, suite.head_sha)
    return {**suite_body(links, repo, suite), "head_commit": head}
