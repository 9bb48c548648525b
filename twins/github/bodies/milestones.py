"""Milestones."""

from typing import Any

from twins.github.bodies.basics import account_body, iso, node_id
from twins.github.links import Links
from twins.github.state import Milestone, Repository

JsonObject = dict[str, Any]


def milestone_body(links: Links, repo: Repository, one: Milestone) -> JsonObject:
    """Return a milestone."""
    path = f"/repos/{repo.full_name}/milestones/{one.number}"
    states = [issue.state for issue in repo.issues.values() if issue.milestone is one]
    return {
        "url": links.api(path),
        "html_url": links.html(f"/{repo.full_name}/milestone/{one.number}"),
        "labels_url": links.api(f"{path}/labels"),
        "id": one.id,
        "node_id": node_id("MI", one.id),
        "number": one.number,
        "title": one.title,
        "description": one.description,
        "creator": account_body(links, one.creator),
        "open_issues": states.count("open"),
        "closed_issues": states.count("closed"),
        "state": "closed" if one.closed_at else "open",
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
        "due_on": iso(one.due_on),
        "closed_at": iso(one.closed_at),
    }
