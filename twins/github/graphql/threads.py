"""What issues and pull requests share, their comments and their labels."""

from typing import Any

from twins.github.bodies.basics import REACTIONS, iso, node_id
from twins.github.bodies.issues import association, comment_body, issue_body, label_body
from twins.github.bodies.milestones import milestone_body
from twins.github.graphql.connections import connection, empty
from twins.github.graphql.node import Ask, Field, Fields, Node, actor, constant, path_of
from twins.github.state import Issue, Milestone, Repository

CONTENTS = {
    "+1": "THUMBS_UP",
    "-1": "THUMBS_DOWN",
    "laugh": "LAUGH",
    "hooray": "HOORAY",
    "confused": "CONFUSED",
    "heart": "HEART",
    "rocket": "ROCKET",
    "eyes": "EYES",
}
PERMISSION = {"Issue": "issues", "PullRequest": "pull_requests"}


def issue_node(repo: Repository, issue: Issue) -> Node:
    """Return an issue or a pull request, whichever this is."""
    return Node("PullRequest" if issue.pull else "Issue", issue, repo)


def _body(node: Node, ask: Ask) -> dict[str, Any]:
    return issue_body(ask.view.links, node.home, node.thing)


def _writable(node: Node, ask: Ask) -> bool:
    permission = PERMISSION.get(node.type, "issues")
    return ask.view.may(node.home, permission, "write")


def _own_or_writable(node: Node, ask: Ask) -> bool:
    return node.thing.user is ask.view.call.actor.user or _writable(node, ask)


def _labels(node: Node, ask: Ask) -> object:
    found = [Node("Label", label, node.home) for label in node.thing.labels]
    return connection("labels", found, ask)


def _comments(node: Node, ask: Ask) -> object:
    found = [Node("IssueComment", comment, node.home) for comment in node.thing.comments]
    order = ask.get("orderBy")
    if order and order["direction"] == "DESC":
        found.reverse()
    return connection("comments", found, ask)


def _participants(node: Node, ask: Ask) -> object:
    people = [node.thing.user, *(comment.user for comment in node.thing.comments)]
    found = [actor(user) for user in dict.fromkeys(people) if user.kind == "User"]
    return connection("participants", found, ask)


def _reaction_groups(node: Node, _: Ask) -> list[Node]:
    reactions = node.thing.reactions
    kept = ((name, [one for one in reactions if one.content == name]) for name in REACTIONS)
    return [Node("ReactionGroup", pair, node.repo) for pair in kept]


def user_list(name: str, member: str) -> Field:
    """Return a field that lists the accounts of one member of a noun."""
    return lambda node, ask: connection(name, map(actor, getattr(node.thing, member)), ask)


def _lock_reason(node: Node, _: Ask) -> str | None:
    reason: str | None = node.thing.lock_reason
    return reason.upper().replace("-", "_").replace(" ", "_") if reason else None


def milestone_node(repo: Repository, one: Milestone | None) -> Node | None:
    """Return a milestone."""
    return Node("Milestone", one, repo) if one else None


def linked_branch(repo: Repository, issue: Issue, ref: str) -> Node:
    """Return a branch that was made to work on an issue."""
    return Node("LinkedBranch", (issue, ref), repo)


def _linked(node: Node, ask: Ask) -> object:
    refs = [ref for ref in node.thing.branches if ref in node.home.refs]
    found = [linked_branch(node.home, node.thing, ref) for ref in refs]
    return connection("linkedBranches", found, ask)


def _goal(node: Node, ask: Ask) -> dict[str, Any]:
    return milestone_body(ask.view.links, node.home, node.thing)


def _aiming(node: Node, ask: Ask, name: str, kind: str) -> object:
    states = ask.get("states")
    found = [
        issue_node(node.home, issue)
        for issue in node.home.issues.values()
        if issue.milestone is node.thing and (not states or issue.state.upper() in states)
    ]
    return connection(name, [one for one in found if one.type == kind], ask)


def _progress(node: Node, ask: Ask) -> float:
    body = _goal(node, ask)
    total = body["open_issues"] + body["closed_issues"]
    return 100.0 * body["closed_issues"] / total if total else 0.0


MILESTONE: Fields = {
    "id": lambda node, ask: _goal(node, ask)["node_id"],
    "number": lambda node, _: node.thing.number,
    "title": lambda node, _: node.thing.title,
    "description": lambda node, _: node.thing.description,
    "state": lambda node, _: node.thing.state.upper(),
    "closed": lambda node, _: node.thing.state == "closed",
    "closedAt": lambda node, _: iso(node.thing.closed_at),
    "createdAt": lambda node, _: iso(node.thing.created_at),
    "updatedAt": lambda node, _: iso(node.thing.updated_at),
    "dueOn": lambda node, _: iso(node.thing.due_on),
    "creator": lambda node, _: actor(node.thing.creator),
    "url": lambda node, ask: _goal(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(_goal(node, ask)["html_url"]),
    "progressPercentage": _progress,
    "issues": lambda node, ask: _aiming(node, ask, "issues", "Issue"),
    "pullRequests": lambda node, ask: _aiming(node, ask, "pullRequests", "PullRequest"),
    "repository": lambda node, _: Node("Repository", node.home, node.home),
}
# What people write and what stands around it.
TEXT: Fields = {
    "author": lambda node, _: actor(node.thing.user),
    "authorAssociation": lambda node, _: association(node.home, node.thing.user),
    "body": lambda node, _: node.thing.body or "",
    "bodyText": lambda node, _: node.thing.body or "",
    "createdViaEmail": constant(value=False),
    "databaseId": lambda node, _: node.thing.id,
    "fullDatabaseId": lambda node, _: node.thing.id,
    "repository": lambda node, _: Node("Repository", node.home, node.home),
    "viewerDidAuthor": lambda node, ask: node.thing.user is ask.view.call.actor.user,
    "viewerCanUpdate": _own_or_writable,
}
DATED: Fields = {
    "createdAt": lambda node, _: iso(node.thing.created_at),
    "publishedAt": lambda node, _: iso(node.thing.created_at),
    "updatedAt": lambda node, _: iso(node.thing.updated_at),
}
THREAD: Fields = {
    **TEXT,
    **DATED,
    "id": lambda node, ask: _body(node, ask)["node_id"],
    "number": lambda node, _: node.thing.number,
    "title": lambda node, _: node.thing.title,
    "url": lambda node, ask: _body(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(_body(node, ask)["html_url"]),
    "closed": lambda node, _: node.thing.state == "closed",
    "closedAt": lambda node, _: iso(node.thing.closed_at),
    "lastEditedAt": lambda node, _: iso(node.thing.edited_at),
    "includesCreatedEdit": lambda node, _: node.thing.edited_at is not None,
    "locked": lambda node, _: node.thing.locked,
    "activeLockReason": _lock_reason,
    "milestone": lambda node, _: milestone_node(node.home, node.thing.milestone),
    "labels": _labels,
    "assignees": user_list("assignees", "assignees"),
    "comments": _comments,
    "participants": _participants,
    "reactionGroups": _reaction_groups,
    "projectCards": empty("projectCards"),
    "projectItems": empty("projectItems"),
    "viewerCanClose": _own_or_writable,
    "viewerCanReopen": _own_or_writable,
    "viewerCanLabel": _writable,
}


def _state_reason(node: Node, ask: Ask) -> str | None:
    reason: str | None = node.thing.state_reason
    if reason == "duplicate" and not ask.get("enableDuplicate"):
        reason = "not_planned"
    return reason.upper() if reason else None


ISSUE: Fields = {
    **THREAD,
    "state": lambda node, _: node.thing.state.upper(),
    "stateReason": _state_reason,
    "isPinned": lambda node, _: node.thing in node.home.pinned,
    "linkedBranches": _linked,
    "viewerCanDelete": lambda node, ask: ask.view.may(node.home, "administration", "write"),
}


def _comment(node: Node, ask: Ask) -> dict[str, Any]:
    return comment_body(ask.view.links, node.home, node.thing)


def _subject(kind: str) -> Field:
    def subject(node: Node, _: Ask) -> Node | None:
        found = issue_node(node.home, node.thing.issue)
        return found if found.type == kind else None

    return subject


COMMENT: Fields = {
    **TEXT,
    **DATED,
    "id": lambda node, ask: _comment(node, ask)["node_id"],
    "url": lambda node, ask: _comment(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(_comment(node, ask)["html_url"]),
    # Unlike the pull request, the issue must be there: GitHub shows the thread as one.
    "issue": lambda node, _: Node("Issue", node.thing.issue, node.home),
    "pullRequest": _subject("PullRequest"),
    "includesCreatedEdit": lambda node, _: node.thing.updated_at != node.thing.created_at,
    "isMinimized": constant(value=False),
    "minimizedReason": constant(None),
    "reactionGroups": _reaction_groups,
    "viewerCanDelete": _own_or_writable,
}


def _label(node: Node, ask: Ask) -> dict[str, Any]:
    return label_body(ask.view.links, node.home, node.thing)


LABEL: Fields = {
    "id": lambda node, ask: _label(node, ask)["node_id"],
    "name": lambda node, _: node.thing.name,
    "color": lambda node, _: node.thing.color,
    "description": lambda node, _: node.thing.description,
    "isDefault": lambda node, _: node.thing.default,
    # Labels do not remember when they were made; they come with their repository.
    "createdAt": lambda node, _: iso(node.home.created_at),
    "updatedAt": lambda node, _: iso(node.home.created_at),
    "url": lambda node, ask: ask.view.page(f"/{node.home.full_name}/labels/{node.thing.name}"),
    "repository": lambda node, _: Node("Repository", node.home, node.home),
}
REACTIONS_OF_A_KIND: Fields = {
    "content": lambda node, _: CONTENTS[node.thing[0]],
    "createdAt": lambda node, _: iso(node.thing[1][0].created_at) if node.thing[1] else None,
    "users": lambda node, ask: connection(
        "users", [actor(reaction.user) for reaction in node.thing[1]], ask
    ),
    "viewerHasReacted": lambda node, ask: any(
        reaction.user is ask.view.call.actor.user for reaction in node.thing[1]
    ),
}
FIELDS: dict[str, Fields] = {
    "Issue": ISSUE,
    "IssueComment": COMMENT,
    "Label": LABEL,
    "Milestone": MILESTONE,
    "LinkedBranch": {
        "id": lambda node, _: node_id("LB", f"{node.thing[0].id}:{node.thing[1]}"),
        "ref": lambda node, _: Node("Ref", node.thing[1], node.home),
    },
    "ReactionGroup": REACTIONS_OF_A_KIND,
}
