"""From a global id to the noun, for whoever may see it."""

import base64
import binascii
from collections.abc import Iterator

from twins.github.access import may_see
from twins.github.graphql.commits import commit_node, ref_node
from twins.github.graphql.node import Ask, Node, Refusal, actor
from twins.github.graphql.threads import issue_node
from twins.github.state import Issue, Repository


def find(ask: Ask, wanted: str) -> Node:
    """Return the node behind a global id; one that may not be seen is as good as none."""
    kind, _, rest = wanted.partition("_")
    number = _decoded(rest)
    for node in _candidates(ask, kind, number):
        if node.repo is None or may_see(ask.view.call.actor, node.repo):
            return node
    message = f"Could not resolve to a node with the global id of '{wanted}'."
    raise Refusal("NOT_FOUND", message)


def find_as(ask: Ask, wanted: str, *types: str) -> Node:
    """Return the node behind a global id, which must be of one of these types."""
    node = find(ask, wanted)
    if node.type not in types:
        message = f"Could not resolve to {' or '.join(types)} node with the global id of '{wanted}'"
        raise Refusal("NOT_FOUND", message)
    return node


def _decoded(rest: str) -> str:
    try:
        return base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _candidates(ask: Ask, kind: str, number: str) -> Iterator[Node]:
    world = ask.view.hub.world
    if kind in {"U", "BOT"}:
        people = (actor(user) for user in world.users.values() if str(user.id) == number)
        yield from (node for node in people if node is not None)
    if kind == "A":
        yield from (Node("App", app) for app in world.apps.values() if str(app.id) == number)
    for repo in world.repos.values():
        yield from _in_repo(ask, repo, kind, number)


def _in_repo(ask: Ask, repo: Repository, kind: str, number: str) -> Iterator[Node]:
    match kind:
        case "R" if str(repo.id) == number:
            yield Node("Repository", repo, repo)
        case "REF" if number.startswith(f"{repo.id}:"):
            name = number.partition(":")[2]
            full = name if name.startswith("refs/") else f"refs/{name}"
            if (ref := ref_node(repo, full)) is not None:
                yield ref
        case "C" if ask.view.hub.git.kind(repo.path, number) == "commit":
            yield commit_node(ask, repo, number)
        case _:
            yield from (
                node for found, id_, node in _nouns(repo) if found == kind and str(id_) == number
            )


def _nouns(repo: Repository) -> Iterator[tuple[str, int, Node]]:
    for label in repo.labels.values():
        yield "LA", label.id, Node("Label", label, repo)
    for goal in repo.milestones.values():
        yield "MI", goal.id, Node("Milestone", goal, repo)
    for run in repo.runs.values():
        yield "CR", run.id, Node("CheckRun", run, repo)
    for suite in repo.suites.values():
        yield "CS", suite.id, Node("CheckSuite", suite, repo)
    for status in repo.statuses:
        yield "SC", status.id, Node("StatusContext", status, repo)
    for issue in repo.issues.values():
        yield from _below(repo, issue)


def _below(repo: Repository, issue: Issue) -> Iterator[tuple[str, int, Node]]:
    yield "PR" if issue.pull else "I", issue.id, issue_node(repo, issue)
    for comment in issue.comments:
        yield "IC", comment.id, Node("IssueComment", comment, repo)
    if issue.pull is None:
        return
    # The pull half has an id of its own, and REST shows both.
    yield "PR", issue.pull.id, issue_node(repo, issue)
    for review in issue.pull.reviews:
        yield "PRR", review.id, Node("PullRequestReview", (issue, review), repo)
    for remark in issue.pull.review_comments:
        yield "PRRC", remark.id, Node("PullRequestReviewComment", (issue, remark), repo)
        if remark.in_reply_to is None:
            yield "PRRT", remark.id, Node("PullRequestReviewThread", (issue, remark), repo)
