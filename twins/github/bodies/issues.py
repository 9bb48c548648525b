"""Issues, labels, comments and an issue's history."""

from typing import Any
from urllib.parse import quote

from twins.github.bodies.basics import account_body, iso, node_id, reactions_body, user_body
from twins.github.bodies.milestones import milestone_body
from twins.github.bodies.repositories import repo_path
from twins.github.links import Links
from twins.github.state import App, Comment, Issue, IssueEvent, Label, Repository, User

JsonObject = dict[str, Any]


DEPENDENCIES = ("blocked_by", "total_blocked_by", "blocking", "total_blocking")


def association(repo: Repository, user: User) -> str:
    """Return how the author of something stands to the repository."""
    if user is repo.owner:
        return "OWNER"
    if user.id in repo.collaborators:
        return "COLLABORATOR"
    merged = any(i.pull and i.pull.merged_at and i.user is user for i in repo.issues.values())
    return "CONTRIBUTOR" if merged else "NONE"


def label_body(links: Links, repo: Repository, label: Label) -> JsonObject:
    """Return a label."""
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": links.api(f"{repo_path(repo)}/labels/{quote(label.name, safe=':')}"),
        "name": label.name,
        "color": label.color,
        "default": label.default,
        "description": label.description,
        **(dict.fromkeys(("archived_at", "archived_by")) if links.in_hook else {}),
    }


def app_body(links: Links, app: App) -> JsonObject:
    """Return an App."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": account_body(links, app.owner),
        "name": app.slug,
        "description": "",
        "external_url": links.html(f"/apps/{app.slug}"),
        "html_url": links.html(f"/apps/{app.slug}"),
        "created_at": iso(app.created_at),
        "updated_at": iso(app.created_at),
        "permissions": app.permissions,
        "events": app.events,
    }


def issue_body(links: Links, repo: Repository, issue: Issue) -> JsonObject:
    """Return an issue, or a pull request seen as one."""
    path = f"{repo_path(repo)}/issues/{issue.number}"
    kind = "pull" if issue.pull else "issues"
    body: JsonObject = {
        "url": links.api(path),
        "repository_url": links.api(repo_path(repo)),
        "labels_url": links.api(f"{path}/labels{{/name}}"),
        "comments_url": links.api(f"{path}/comments"),
        "events_url": links.api(f"{path}/events"),
        "html_url": links.html(f"/{repo.full_name}/{kind}/{issue.number}"),
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull else "I", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": account_body(links, issue.user),
        "labels": [label_body(links, repo, label) for label in issue.labels],
        "state": issue.state,
        "locked": issue.locked,
        "assignee": user_body(links, issue.assignees[0] if issue.assignees else None),
        "assignees": [account_body(links, user) for user in issue.assignees],
        "milestone": issue.milestone and milestone_body(links, repo, issue.milestone),
        "comments": len(issue.comments),
        "created_at": iso(issue.created_at),
        "updated_at": iso(issue.updated_at),
        "closed_at": iso(issue.closed_at),
        "author_association": association(repo, issue.user),
        "active_lock_reason": issue.lock_reason,
        "body": issue.body,
        "reactions": reactions_body(links, path, issue.reactions),
        "timeline_url": links.api(f"{path}/timeline"),
        "performed_via_github_app": issue.app and app_body(links, issue.app),
        "state_reason": issue.state_reason,
        "closed_by": user_body(links, issue.closed_by),
        "type": None,
        "pinned_comment": None,
        "sub_issues_summary": dict.fromkeys(("total", "completed", "percent_completed"), 0),
        "issue_dependencies_summary": dict.fromkeys(DEPENDENCIES, 0),
    }
    if issue.pull:
        body["draft"] = issue.pull.draft
        body["pull_request"] = _pull_links(links, repo, issue)
    return body


def _pull_links(links: Links, repo: Repository, issue: Issue) -> JsonObject:
    page = links.html(f"/{repo.full_name}/pull/{issue.number}")
    return {
        "url": links.api(f"{repo_path(repo)}/pulls/{issue.number}"),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": iso(issue.pull.merged_at) if issue.pull else None,
    }


def comment_body(links: Links, repo: Repository, comment: Comment) -> JsonObject:
    """Return a comment."""
    issue = comment.issue
    path = f"{repo_path(repo)}/issues/comments/{comment.id}"
    kind = "pull" if issue.pull else "issues"
    page = f"/{repo.full_name}/{kind}/{issue.number}#issuecomment-{comment.id}"
    return {
        "url": links.api(path),
        "html_url": links.html(page),
        "issue_url": links.api(f"{repo_path(repo)}/issues/{issue.number}"),
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "user": account_body(links, comment.user),
        "created_at": iso(comment.created_at),
        "updated_at": iso(comment.updated_at),
        "author_association": association(repo, comment.user),
        "body": comment.body,
        "reactions": reactions_body(links, path, comment.reactions),
        "performed_via_github_app": comment.app and app_body(links, comment.app),
    }


def event_body(links: Links, repo: Repository, event: IssueEvent) -> JsonObject:
    """Return one line of an issue's history."""
    commit_url = f"{repo_path(repo)}/commits/{event.commit_id}"
    body: JsonObject = {
        "id": event.id,
        "node_id": node_id("EV", event.id),
        "url": links.api(f"{repo_path(repo)}/issues/events/{event.id}"),
        "actor": account_body(links, event.actor),
        "event": event.event,
        "commit_id": event.commit_id,
        "commit_url": links.api(commit_url) if event.commit_id else None,
        "created_at": iso(event.created_at),
        "performed_via_github_app": event.app and app_body(links, event.app),
    }
    if event.label:
        body["label"] = {"name": event.label.name, "color": event.label.color}
    if event.assignee:
        body["assignee"] = account_body(links, event.assignee)
        body["assigner"] = account_body(links, event.actor)
    if event.rename:
        body["rename"] = {"from": event.rename[0], "to": event.rename[1]}
    if event.event == "closed":
        body["state_reason"] = event.state_reason
    if event.lock_reason:
        body["lock_reason"] = event.lock_reason
    if event.milestone:
        body["milestone"] = {"title": event.milestone}
    if event.dismissed:
        number, state, said = event.dismissed
        about = {"review_id": number, "state": state.lower(), "dismissal_message": said or None}
        body["dismissed_review"] = about
    if event.reviewer:
        body["requested_reviewer"] = account_body(links, event.reviewer)
        body["review_requester"] = account_body(links, event.actor)
    return body


def timeline_comment(links: Links, repo: Repository, comment: Comment) -> JsonObject:
    """Return a comment as a line of the timeline."""
    user = account_body(links, comment.user)
    return {**comment_body(links, repo, comment), "event": "commented", "actor": user}
