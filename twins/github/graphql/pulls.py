"""Pull requests, reviews and the threads on their lines."""

from collections.abc import Callable, Iterable
from typing import Any

from twins.github.bodies.basics import iso, node_id
from twins.github.bodies.pulls import pull_body, pull_of, review_body, review_comment_body
from twins.github.commit_log import changes, log
from twins.github.graphql.commits import commit_node, ref_node, rollup, upper
from twins.github.graphql.connections import connection
from twins.github.graphql.node import Ask, Field, Fields, Node, actor, constant, path_of
from twins.github.graphql.threads import DATED, TEXT, THREAD
from twins.github.guard import guard_of
from twins.github.issue_changes import closing_numbers
from twins.github.pull_changes import judge_mergeable
from twins.github.review_threads import remarks_of, thread_id
from twins.github.state import Issue, Pull, Review, ReviewComment

HEADS = "refs/heads/"
MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}
OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED"})


def _of_pull(read: Callable[[Pull], object]) -> Field:
    return lambda node, _: read(node.thing.pull)


def _body(node: Node, ask: Ask) -> dict[str, Any]:
    return pull_body(ask.view.links, node.home, node.thing)


def _judged(node: Node, ask: Ask) -> dict[str, Any]:
    """Return the pull request after asking whether it can be merged, as a REST read does."""
    # One document may name both fields; it is still one question.
    if node.thing.id not in ask.view.judged:
        ask.view.judged.add(node.thing.id)
        judge_mergeable(ask.view.hub, node.home, node.thing)
    return _body(node, ask)


def _state(node: Node, _: Ask) -> str:
    return "MERGED" if node.thing.pull.merged_at else str(node.thing.state).upper()


def _commits(node: Node, ask: Ask) -> object:
    pull: Pull = node.thing.pull
    entries = log(ask.view.hub.git, node.home.path, "--reverse", pull.head_sha, f"^{pull.base_sha}")
    found = [
        Node("PullRequestCommit", Node("Commit", one, node.home), node.home) for one in entries
    ]
    return connection("commits", found, ask)


def _files(node: Node, ask: Ask) -> object:
    pull, git = node.thing.pull, ask.view.hub.git
    root = git.merge_base(node.home.path, pull.base_sha, pull.head_sha) or pull.base_sha
    files = changes(git, node.home.path, root, pull.head_sha, patches=False)
    return connection(
        "files", [Node("PullRequestChangedFile", one, node.home) for one in files], ask
    )


def _review_nodes(node: Node, reviews: Iterable[Review]) -> list[Node]:
    return [Node("PullRequestReview", (node.thing, review), node.home) for review in reviews]


def _reviews(node: Node, ask: Ask) -> object:
    states, author = ask.get("states"), ask.get("author")
    kept = [
        review
        for review in node.thing.pull.reviews
        if (not states or review.state in states) and (not author or review.user.login == author)
    ]
    return connection("reviews", _review_nodes(node, kept), ask)


def _latest(node: Node, ask: Ask, name: str, *, opinions: bool) -> object:
    kept: dict[int, Review] = {}
    for review in node.thing.pull.reviews:
        if review.state != "PENDING" and (not opinions or review.state in OPINIONS):
            kept[review.user.id] = review
    return connection(name, _review_nodes(node, kept.values()), ask)


def _decision(node: Node, _: Ask) -> str | None:
    """Return what the newest opinions add up to; nothing while nobody has one."""
    kept = {one.user.id: one.state for one in node.thing.pull.reviews if one.state in OPINIONS}
    if "CHANGES_REQUESTED" in kept.values():
        return "CHANGES_REQUESTED"
    asked = guard_of(node.home, node.thing.pull.base_ref).reviews
    if asked is not None and sum(one == "APPROVED" for one in kept.values()) < asked.approvals:
        return "REVIEW_REQUIRED"
    return "APPROVED" if kept else None


def _requests(node: Node, ask: Ask) -> object:
    found = [
        Node("ReviewRequest", (node.thing, user), node.home)
        for user in node.thing.pull.requested_reviewers
    ]
    return connection("reviewRequests", found, ask)


def _threads(node: Node, ask: Ask) -> object:
    roots = [one for one in node.thing.pull.review_comments if one.in_reply_to is None]
    found = [Node("PullRequestReviewThread", (node.thing, root), node.home) for root in roots]
    return connection("reviewThreads", found, ask)


def _closing(node: Node, ask: Ask) -> object:
    numbers = closing_numbers(node.home, node.thing.body or "")
    issues = [node.home.issues.get(number) for number in numbers]
    found = [Node("Issue", one, node.home) for one in issues if one and one.pull is None]
    return connection("closingIssuesReferences", found, ask)


def _merge_commit(node: Node, ask: Ask) -> Node | None:
    sha = node.thing.pull.merge_commit_sha
    return commit_node(ask, node.home, sha) if sha else None


def _auto_merge(node: Node, _: Ask) -> Node | None:
    found = node.thing.pull.auto_merge
    return Node("AutoMergeRequest", (node.thing, found), node.home) if found else None


def _head_ref(node: Node, _: Ask) -> Node | None:
    home = node.thing.pull.head_repo
    return ref_node(home, HEADS + node.thing.pull.head_ref) if home else None


def _head_repository(node: Node, _: Ask) -> Node | None:
    home = node.thing.pull.head_repo
    return Node("Repository", home, home) if home else None


PULL: Fields = {
    **THREAD,
    "state": _state,
    "permalink": THREAD["url"],
    "additions": lambda node, ask: _body(node, ask)["additions"],
    "deletions": lambda node, ask: _body(node, ask)["deletions"],
    "changedFiles": lambda node, ask: _body(node, ask)["changed_files"],
    "autoMergeRequest": _auto_merge,
    "baseRef": lambda node, _: ref_node(node.home, HEADS + node.thing.pull.base_ref),
    "baseRefName": _of_pull(lambda pull: pull.base_ref),
    "baseRefOid": _of_pull(lambda pull: pull.base_sha),
    "baseRepository": lambda node, _: Node("Repository", node.home, node.home),
    "headRef": _head_ref,
    "headRefName": _of_pull(lambda pull: pull.head_ref),
    "headRefOid": _of_pull(lambda pull: pull.head_sha),
    "headRepository": _head_repository,
    "headRepositoryOwner": _of_pull(lambda pull: actor(pull.head_owner)),
    "isCrossRepository": lambda node, _: node.thing.pull.head_repo is not node.home,
    "isDraft": _of_pull(lambda pull: pull.draft),
    "isInMergeQueue": constant(value=False),
    "isMergeQueueEnabled": constant(value=False),
    "maintainerCanModify": _of_pull(lambda pull: pull.maintainer_can_modify),
    "mergeCommit": _merge_commit,
    "mergeStateStatus": lambda node, ask: upper(_judged(node, ask)["mergeable_state"]),
    "mergeable": lambda node, ask: MERGEABLE[_judged(node, ask)["mergeable"]],
    "merged": _of_pull(lambda pull: pull.merged_at is not None),
    "mergedAt": _of_pull(lambda pull: iso(pull.merged_at)),
    "mergedBy": _of_pull(lambda pull: actor(pull.merged_by)),
    "potentialMergeCommit": constant(None),
    "reviewDecision": _decision,
    "reviewRequests": _requests,
    "reviewThreads": _threads,
    "reviews": _reviews,
    "latestReviews": lambda node, ask: _latest(node, ask, "latestReviews", opinions=False),
    "latestOpinionatedReviews": lambda node, ask: _latest(
        node, ask, "latestOpinionatedReviews", opinions=True
    ),
    "commits": _commits,
    "files": _files,
    "closingIssuesReferences": _closing,
    "statusCheckRollup": lambda node, ask: rollup(node.home, node.thing.pull.head_sha, ask),
    "totalCommentsCount": lambda node, _: (
        len(node.thing.comments) + len(node.thing.pull.review_comments)
    ),
}
AUTO_MERGE: Fields = {
    "authorEmail": constant(None),
    "commitBody": lambda node, _: node.thing[1].body,
    "commitHeadline": lambda node, _: node.thing[1].headline,
    "enabledAt": lambda node, _: iso(node.thing[1].enabled_at),
    "enabledBy": lambda node, _: actor(node.thing[1].enabled_by),
    "mergeMethod": lambda node, _: upper(node.thing[1].method),
    "pullRequest": lambda node, _: Node("PullRequest", node.thing[0], node.repo),
}
CHANGED_FILE: Fields = {
    "path": lambda node, _: node.thing.path,
    "additions": lambda node, _: node.thing.additions,
    "deletions": lambda node, _: node.thing.deletions,
    "changeType": lambda node, _: upper({"removed": "deleted"}.get(*[node.thing.status] * 2)),
}


def _review(node: Node, ask: Ask) -> dict[str, Any]:
    issue, review = node.thing
    return review_body(ask.view.links, node.home, issue, review)


def _inner(fields: Fields) -> Fields:
    """Return fields of the second half of a pair."""

    def lifted(field: Field) -> Field:
        return lambda node, ask: field(Node(node.type, node.thing[1], node.repo), ask)

    return {name: lifted(field) for name, field in fields.items()}


REVIEW: Fields = {
    **_inner(TEXT),
    "id": lambda node, ask: _review(node, ask)["node_id"],
    "url": lambda node, ask: _review(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(_review(node, ask)["html_url"]),
    "state": lambda node, _: node.thing[1].state,
    "submittedAt": lambda node, _: iso(node.thing[1].submitted_at),
    "createdAt": lambda node, _: iso(node.thing[1].submitted_at or node.thing[0].updated_at),
    "publishedAt": lambda node, _: iso(node.thing[1].submitted_at),
    "updatedAt": lambda node, _: iso(node.thing[1].submitted_at or node.thing[0].updated_at),
    "commit": lambda node, ask: commit_node(ask, node.home, node.thing[1].commit_id),
    "pullRequest": lambda node, _: Node("PullRequest", node.thing[0], node.repo),
    "comments": lambda node, ask: _remarks(node, ask, _of_review(*node.thing)),
    "includesCreatedEdit": constant(value=False),
    # Reviews cannot be reacted to over REST, so nobody ever has.
    "reactionGroups": constant([]),
}


def _of_review(issue: Issue, review: Review) -> list[ReviewComment]:
    return [one for one in pull_of(issue).review_comments if one.review_id == review.id]


def _remarks(node: Node, ask: Ask, remarks: list[ReviewComment]) -> object:
    issue = node.thing[0]
    found = [Node("PullRequestReviewComment", (issue, one), node.repo) for one in remarks]
    return connection("comments", found, ask)


def _remark(node: Node, ask: Ask) -> dict[str, Any]:
    issue, remark = node.thing
    return review_comment_body(ask.view.links, node.home, issue, remark)


REMARK: Fields = {
    **_inner(TEXT),
    **_inner(DATED),
    "id": lambda node, ask: _remark(node, ask)["node_id"],
    "url": lambda node, ask: _remark(node, ask)["html_url"],
    "path": lambda node, _: node.thing[1].path,
    "line": lambda node, _: node.thing[1].line,
    "originalLine": lambda node, _: node.thing[1].line,
    "diffHunk": lambda node, ask: _remark(node, ask)["diff_hunk"],
    "commit": lambda node, ask: commit_node(ask, node.home, node.thing[1].commit_id),
    "pullRequest": lambda node, _: Node("PullRequest", node.thing[0], node.repo),
}


def _is_resolved(node: Node, _: Ask) -> bool:
    return node.thing[1].resolved_by is not None


def _thread_writable(node: Node, ask: Ask) -> bool:
    return ask.view.may(node.home, "pull_requests", "write")


REVIEW_THREAD: Fields = {
    "id": lambda node, _: thread_id(node.thing[1]),
    "isResolved": _is_resolved,
    "isCollapsed": _is_resolved,
    "isOutdated": lambda node, _: node.thing[1].commit_id != node.thing[0].pull.head_sha,
    "resolvedBy": lambda node, _: actor(node.thing[1].resolved_by),
    "path": lambda node, _: node.thing[1].path,
    "line": lambda node, _: node.thing[1].line,
    "originalLine": lambda node, _: node.thing[1].line,
    "pullRequest": lambda node, _: Node("PullRequest", node.thing[0], node.repo),
    "repository": lambda node, _: Node("Repository", node.home, node.home),
    "comments": lambda node, ask: _remarks(node, ask, remarks_of(*node.thing)),
    "viewerCanResolve": lambda node, ask: (
        _thread_writable(node, ask) and not _is_resolved(node, ask)
    ),
    "viewerCanUnresolve": lambda node, ask: _thread_writable(node, ask) and _is_resolved(node, ask),
}
FIELDS: dict[str, Fields] = {
    "PullRequest": PULL,
    "AutoMergeRequest": AUTO_MERGE,
    "PullRequestChangedFile": CHANGED_FILE,
    "PullRequestCommit": {
        "id": lambda node, _: node_id("PURC", node.thing.thing.sha),
        "commit": lambda node, _: node.thing,
    },
    "PullRequestReview": REVIEW,
    "PullRequestReviewComment": REMARK,
    "PullRequestReviewThread": REVIEW_THREAD,
    "ReviewRequest": {
        "id": lambda node, _: node_id("RR", f"{node.thing[0].id}:{node.thing[1].id}"),
        "requestedReviewer": lambda node, _: actor(node.thing[1]),
        "asCodeOwner": constant(value=False),
    },
}
