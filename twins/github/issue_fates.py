"""What only GraphQL and pages can do to an issue: pin it, delete it, move it elsewhere."""

from twins.github.bodies.issues import issue_body
from twins.github.bodies.repositories import repo_body
from twins.github.events import emit
from twins.github.hub import Context
from twins.github.issue_changes import note, open_issue, tell
from twins.github.problem import Problem
from twins.github.state import Issue, Repository

MOST_PINNED = 3


def pin(context: Context, repo: Repository, issue: Issue) -> None:
    """Show an issue above the others; three at most."""
    if issue in repo.pinned:
        return
    if len(repo.pinned) >= MOST_PINNED:
        raise Problem(422, "Maximum 3 pinned issues per repository")
    repo.pinned.append(issue)
    note(context, issue, "pinned")
    tell(context, repo, issue, "pinned")


def unpin(context: Context, repo: Repository, issue: Issue) -> None:
    """Put it back among the others."""
    if issue in repo.pinned:
        repo.pinned.remove(issue)
        note(context, issue, "unpinned")
        tell(context, repo, issue, "unpinned")


def delete(context: Context, repo: Repository, issue: Issue) -> None:
    """Remove an issue for good; its number is never given again."""
    tell(context, repo, issue, "deleted")
    _take_out(repo, issue)
    repo.deleted.add(issue.number)


def transfer(context: Context, repo: Repository, issue: Issue, target: Repository) -> Issue:
    """Move an issue to another repository of the same owner; what is asked here is led there.

    Labels come along where the other repository has one of that name, assignees where they belong.
    """
    if target is repo or target.owner is not repo.owner:
        raise Problem(422, "Issues can only be transferred between repositories of one owner")
    people = [u for u in issue.assignees if u is target.owner or u.id in target.collaborators]
    new = open_issue(
        Context(context.hub, issue.user, issue.app, context.links),
        target,
        issue.title,
        issue.body,
        labels=[one.name for one in issue.labels if one.name.lower() in target.labels],
        assignees=people,
    )
    new.comments, new.reactions, new.created_at = issue.comments, issue.reactions, issue.created_at
    for comment in new.comments:
        comment.issue = new
    note(context, new, "transferred")
    links = context.links.for_hooks()
    changes = {
        "new_issue": issue_body(links, target, new),
        "new_repository": repo_body(links, target),
    }
    emit(
        context,
        repo,
        "issues",
        "transferred",
        issue=issue_body(links, repo, issue),
        changes=changes,
    )
    _take_out(repo, issue)
    repo.transferred[issue.number] = (target, new.number)
    return new


def _take_out(repo: Repository, issue: Issue) -> None:
    del repo.issues[issue.number]
    if issue in repo.pinned:
        repo.pinned.remove(issue)
