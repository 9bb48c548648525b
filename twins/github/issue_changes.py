"""What can happen to an issue: each change, its line of history and its event, told once."""

import re

from twins.github.bodies.basics import account_body
from twins.github.bodies.issues import comment_body, issue_body, label_body
from twins.github.bodies.pulls import pull_payload
from twins.github.events import emit
from twins.github.hub import Context
from twins.github.state import Comment, Issue, IssueEvent, Label, Repository, User

KEYWORD = r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)"
DEFAULT_COLOR = "ededed"


def open_issue(
    context: Context,
    repo: Repository,
    title: str,
    body: str | None,
    *,
    labels: list[str],
    assignees: list[User],
) -> Issue:
    """File an issue; labels it came with are events of their own, as on GitHub."""
    issue = new_issue(context, repo, title, body)
    found = [ensure_label(context, repo, name) for name in labels]
    issue.labels = list(dict.fromkeys(found))
    issue.assignees = list(assignees)
    tell(context, repo, issue, "opened")
    for label in issue.labels:
        _labeled(context, repo, issue, label, "labeled")
    for user in assignees:
        _assigned(context, repo, issue, user, "assigned")
    return issue


def new_issue(context: Context, repo: Repository, title: str, body: str | None) -> Issue:
    """Take the next number, which issues and pull requests share."""
    repo.numbered = number = repo.numbered + 1
    now = context.now
    identity = context.hub.number("issue", 2_800_000_001)
    issue = Issue(identity, number, title, body, context.user, context.app, now, now)
    repo.issues[number] = issue
    return issue


def tell(context: Context, repo: Repository, issue: Issue, action: str, **extra: object) -> None:
    """Emit `issues` or `pull_request`, whichever this is."""
    links = context.links.for_hooks()
    if issue.pull is None:
        emit(context, repo, "issues", action, issue=issue_body(links, repo, issue), **extra)
    else:
        pull = pull_payload(links, repo, issue)
        emit(
            context,
            repo,
            "pull_request",
            action,
            number=issue.number,
            pull_request=pull,
            **extra,
        )


def note(context: Context, issue: Issue, event: str) -> IssueEvent:
    """Write one line of history."""
    number = context.hub.number("event", 15_000_000_001)
    line = IssueEvent(number, event, context.user, context.app, context.now)
    issue.events.append(line)
    issue.updated_at = context.now
    return line


def retitle(context: Context, repo: Repository, issue: Issue, title: str, body: str | None) -> None:
    """Change title and body; no event when both stay."""
    changes = {}
    if title != issue.title:
        changes["title"] = {"from": issue.title}
        note(context, issue, "renamed").rename = (issue.title, title)
    if body != issue.body:
        changes["body"] = {"from": issue.body or ""}
        issue.edited_at = context.now
    if changes:
        issue.title, issue.body, issue.updated_at = title, body, context.now
        tell(context, repo, issue, "edited", changes=changes)


def close(
    context: Context,
    repo: Repository,
    issue: Issue,
    reason: str | None = "completed",
    commit_id: str | None = None,
) -> None:
    """Close; closing what is closed only changes the reason."""
    issue.state_reason = None if issue.pull else reason
    if issue.state == "closed":
        return
    issue.state, issue.closed_at, issue.closed_by = "closed", context.now, context.user
    line = note(context, issue, "closed")
    line.commit_id, line.state_reason = commit_id, issue.state_reason
    tell(context, repo, issue, "closed")


def reopen(context: Context, repo: Repository, issue: Issue) -> None:
    """Open again; nothing happens to what is open."""
    if issue.state == "open":
        return
    issue.state, issue.closed_at, issue.closed_by = "open", None, None
    issue.state_reason = None if issue.pull else "reopened"
    note(context, issue, "reopened")
    tell(context, repo, issue, "reopened")


def set_lock(
    context: Context, repo: Repository, issue: Issue, *, locked: bool, reason: str | None
) -> None:
    """Close or open the conversation; no event when it is so already."""
    before, issue.locked, issue.lock_reason = issue.locked, locked, reason
    if before != locked:
        word = "locked" if locked else "unlocked"
        note(context, issue, word).lock_reason = reason
        tell(context, repo, issue, word)


def ensure_label(context: Context, repo: Repository, name: str) -> Label:
    """Return the label of this name, created on the spot when there is none."""
    found = repo.labels.get(name.lower())
    return found or create_label(context, repo, name, DEFAULT_COLOR, None)


def create_label(
    context: Context, repo: Repository, name: str, color: str, description: str | None
) -> Label:
    """Add a label to the repository."""
    label = Label(context.hub.number("label", 7_000_000_001), name, color, description)
    repo.labels[name.lower()] = label
    links = context.links.for_hooks()
    emit(context, repo, "label", "created", label=label_body(links, repo, label))
    return label


def add_labels(context: Context, repo: Repository, issue: Issue, names: list[str]) -> None:
    """Add labels; one that is there already is no event."""
    for name in names:
        label = ensure_label(context, repo, name)
        if label not in issue.labels:
            issue.labels.append(label)
            _labeled(context, repo, issue, label, "labeled")


def remove_labels(context: Context, repo: Repository, issue: Issue, labels: list[Label]) -> None:
    """Take labels off."""
    for label in labels:
        issue.labels.remove(label)
        _labeled(context, repo, issue, label, "unlabeled")


def set_labels(context: Context, repo: Repository, issue: Issue, names: list[str]) -> None:
    """Make these the labels, with events only for the difference."""
    keep = {name.lower() for name in names}
    gone = [label for label in issue.labels if label.name.lower() not in keep]
    remove_labels(context, repo, issue, gone)
    add_labels(context, repo, issue, names)


def _labeled(context: Context, repo: Repository, issue: Issue, label: Label, action: str) -> None:
    note(context, issue, action).label = label
    body = label_body(context.links.for_hooks(), repo, label)
    tell(context, repo, issue, action, label=body)


def set_assignees(context: Context, repo: Repository, issue: Issue, users: list[User]) -> None:
    """Make these the assignees, with events only for the difference."""
    before, issue.assignees = issue.assignees, list(dict.fromkeys(users))
    for user in before:
        if user not in issue.assignees:
            _assigned(context, repo, issue, user, "unassigned")
    for user in issue.assignees:
        if user not in before:
            _assigned(context, repo, issue, user, "assigned")


def _assigned(context: Context, repo: Repository, issue: Issue, user: User, action: str) -> None:
    note(context, issue, action).assignee = user
    body = account_body(context.links.for_hooks(), user)
    tell(context, repo, issue, action, assignee=body)


def add_comment(context: Context, repo: Repository, issue: Issue, body: str) -> Comment:
    """Comment on an issue or pull request."""
    now = context.now
    number = context.hub.number("comment", 3_500_000_001)
    comment = Comment(number, issue, context.user, context.app, body, now, now)
    issue.comments.append(comment)
    issue.updated_at = now
    _commented(context, repo, comment, "created")
    return comment


def edit_comment(context: Context, repo: Repository, comment: Comment, body: str) -> None:
    """Rewrite a comment; the same text again is no event."""
    if body == comment.body:
        return
    before, comment.body, comment.updated_at = comment.body, body, context.now
    comment.issue.updated_at = context.now
    _commented(context, repo, comment, "edited", changes={"body": {"from": before}})


def delete_comment(context: Context, repo: Repository, comment: Comment) -> None:
    """Remove a comment."""
    comment.issue.comments.remove(comment)
    _commented(context, repo, comment, "deleted")


def _commented(
    context: Context, repo: Repository, comment: Comment, action: str, **extra: object
) -> None:
    links = context.links.for_hooks()
    emit(
        context,
        repo,
        "issue_comment",
        action,
        issue=issue_body(links, repo, comment.issue),
        comment=comment_body(links, repo, comment),
        **extra,
    )


def closing_numbers(repo: Repository, text: str) -> list[int]:
    """Return the issues that a text promises to close: `Fixes #3`, `closes owner/name#3`, a URL."""
    name = re.escape(repo.full_name)
    pattern = rf"\b{KEYWORD}:?\s+(?:(?:{name})?#|https?://[^\s/]+/{name}/issues/)(\d+)\b"
    return list(dict.fromkeys(int(n) for n in re.findall(pattern, text, re.IGNORECASE)))


def close_promised(
    context: Context, repo: Repository, text: str, commit_id: str | None = None
) -> None:
    """Close every open issue that a text, now on the default branch, promised to close."""
    for number in closing_numbers(repo, text):
        issue = repo.issues.get(number)
        if issue is not None and issue.pull is None and issue.state == "open":
            close(context, repo, issue, "completed", commit_id)
