"""Threads under lines of a diff: resolved by people, which REST has no form for."""

from twins.github.bodies.basics import node_id
from twins.github.bodies.pulls import pull_of, pull_payload, review_comment_body
from twins.github.events import emit
from twins.github.hub import Context
from twins.github.state import Issue, Repository, ReviewComment


def thread_id(root: ReviewComment) -> str:
    """Return the global id of a thread: that of the remark it began with, under its own kind."""
    return node_id("PRRT", root.id)


def remarks_of(issue: Issue, root: ReviewComment) -> list[ReviewComment]:
    """Return the remark that began a thread, and its replies."""
    remarks = pull_of(issue).review_comments
    return [one for one in remarks if root.id in {one.id, one.in_reply_to}]


def resolve(
    context: Context, repo: Repository, issue: Issue, root: ReviewComment, *, resolved: bool
) -> None:
    """Resolve or reopen a thread; no event when it is so already."""
    if (root.resolved_by is not None) == resolved:
        return
    root.resolved_by = context.user if resolved else None
    links = context.links.for_hooks()
    comments = [review_comment_body(links, repo, issue, one) for one in remarks_of(issue, root)]
    emit(
        context,
        repo,
        "pull_request_review_thread",
        "resolved" if resolved else "unresolved",
        thread={"node_id": thread_id(root), "comments": comments},
        pull_request=pull_payload(links, repo, issue),
    )
