"""What GraphQL can do to pull requests, some of it without a form in REST."""

from twins.github import (
    auto_merge,
    branch_updates,
    git_data,
    merges,
    pulls,
    review_comments,
    reviews,
)
from twins.github.bodies.pulls import pull_of
from twins.github.graphql.issue_mutations import edit, label_names, logins, milestone_number, taken
from twins.github.graphql.lookup import find_as
from twins.github.graphql.node import Ask, Errand, Field, Fields, JsonObject, Node, Refusal, actor
from twins.github.problem import Problem
from twins.github.pull_changes import set_draft
from twins.github.review_threads import resolve

HEADS = "refs/heads/"


def _pull(ask: Ask) -> Node:
    return find_as(ask, ask.get("pullRequestId"), "PullRequest")


def _errand(ask: Ask, node: Node, **body: object) -> Errand:
    return ask.view.errand(node.home, body, number=node.thing.number)


def _writable(ask: Ask, *, own: bool = False) -> tuple[Node, Errand]:
    """Return the pull request and a call on it, if the caller may change it."""
    node = _pull(ask)
    errand = _errand(ask, node)
    pulls.pull_issue(errand, "write", own=own)
    return node, errand


def _shown(ask: Ask, node: Node) -> JsonObject:
    return {"pullRequest": node, "actor": actor(ask.view.call.actor.user)}


def _create(_: None, ask: Ask) -> JsonObject:
    repo = find_as(ask, ask.get("repositoryId"), "Repository").home
    body = taken(
        ask,
        title=ask.get("title"),
        body=ask.get("body"),
        head=ask.get("headRefName"),
        base=ask.get("baseRefName").removeprefix(HEADS),
        draft=ask.get("draft"),
        maintainer_can_modify=ask.get("maintainerCanModify"),
    )
    if ask.get("headRepositoryId"):
        home = find_as(ask, ask.get("headRepositoryId"), "Repository").home
        branch = ask.get("headRefName").rpartition(":")[2]
        body |= {"head": f"{home.owner.login}:{branch}", "head_repo": home.name}
    pulls.create(ask.view.errand(repo, body))
    return {"pullRequest": Node("PullRequest", repo.issues[max(repo.issues)], repo)}


def _update(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    state = ask.get("state")
    words = {"title": ask.get("title"), "body": ask.get("body"), "base": ask.get("baseRefName")}
    words["maintainer_can_modify"] = ask.get("maintainerCanModify")
    pulls.update(_errand(ask, node, **words, state=state.lower() if state else None))
    labels, people, goal = label_names(ask), logins(ask), milestone_number(ask)
    if labels is not None or people is not None or goal:
        edit(ask, node, labels=labels, assignees=people, **goal)
    return _shown(ask, node)


def _close(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    pulls.update(_errand(ask, node, state="closed"))
    return {"pullRequest": node}


def _reopen(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    pulls.update(_errand(ask, node, state="open"))
    return {"pullRequest": node}


def _merge(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    merges.merge(
        _errand(
            ask,
            node,
            sha=ask.get("expectedHeadOid"),
            merge_method=ask.get("mergeMethod").lower(),
            commit_title=ask.get("commitHeadline"),
            commit_message=ask.get("commitBody"),
        )
    )
    return _shown(ask, node)


def _update_branch(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    if ask.get("updateMethod") == "REBASE":
        raise Refusal("UNMODELLED", "github-twin does not model the updateMethod REBASE")
    branch_updates.update(_errand(ask, node, expected_head_sha=ask.get("expectedHeadOid")))
    return {"pullRequest": node}


def _mark_ready(_: None, ask: Ask) -> JsonObject:
    node, errand = _writable(ask, own=True)
    set_draft(errand.context, node.home, node.thing, draft=False)
    return {"pullRequest": node}


def _to_draft(_: None, ask: Ask) -> JsonObject:
    node, errand = _writable(ask, own=True)
    set_draft(errand.context, node.home, node.thing, draft=True)
    return {"pullRequest": node}


def _enable_auto_merge(_: None, ask: Ask) -> JsonObject:
    node, errand = _writable(ask)
    expected = ask.get("expectedHeadOid") or node.thing.pull.head_sha
    if expected != node.thing.pull.head_sha:
        raise Problem(409, "Head branch was modified. Review and try the merge again.")
    auto_merge.enable(
        errand.context,
        node.home,
        node.thing,
        method=ask.get("mergeMethod").lower(),
        headline=ask.get("commitHeadline"),
        body=ask.get("commitBody"),
    )
    return _shown(ask, node)


def _disable_auto_merge(_: None, ask: Ask) -> JsonObject:
    node, errand = _writable(ask)
    auto_merge.disable(errand.context, node.home, node.thing, "disabled by user")
    return _shown(ask, node)


def _request_reviews(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    if ask.get("teamIds"):
        raise Refusal("UNMODELLED", "github-twin does not model the input teamIds")
    wanted = logins(ask, "userIds") or []
    if not ask.get("union"):
        asked = [user.login for user in pull_of(node.thing).requested_reviewers]
        dropped = [login for login in asked if login not in wanted]
        pulls.drop_reviewers(_errand(ask, node, reviewers=dropped))
    pulls.request_reviewers(_errand(ask, node, reviewers=wanted))
    return _shown(ask, node)


def _add_review(_: None, ask: Ask) -> JsonObject:
    node = _pull(ask)
    if ask.get("comments"):
        raise Refusal("UNMODELLED", "github-twin does not model the input comments; use threads")
    remarks = [
        {"path": one["path"], "line": one["line"], "body": one["body"]}
        for one in ask.get("threads") or []
    ]
    reviews.create_review(
        _errand(
            ask,
            node,
            event=ask.get("event"),
            body=ask.get("body"),
            commit_id=ask.get("commitOID"),
            comments=remarks,
        )
    )
    review = node.thing.pull.reviews[-1]
    return {"pullRequestReview": Node("PullRequestReview", (node.thing, review), node.repo)}


def _dismiss_review(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("pullRequestReviewId"), "PullRequestReview")
    issue, review = node.thing
    body: JsonObject = {"message": ask.get("message")}
    reviews.dismiss(ask.view.errand(node.home, body, number=issue.number, id=review.id))
    return {"pullRequestReview": node}


def _settled(*, resolved: bool) -> Field:
    def settled(_: None, ask: Ask) -> JsonObject:
        node = find_as(ask, ask.get("threadId"), "PullRequestReviewThread")
        issue, root = node.thing
        errand = ask.view.errand(node.home, number=issue.number)
        pulls.pull_issue(errand, "write", own=True)
        resolve(errand.context, node.home, issue, root, resolved=resolved)
        return {"thread": node}

    return settled


def _reply(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("pullRequestReviewThreadId"), "PullRequestReviewThread")
    issue, root = node.thing
    body: JsonObject = {"body": ask.get("body")}
    review_comments.reply(ask.view.errand(node.home, body, number=issue.number, id=root.id))
    remark = issue.pull.review_comments[-1]
    return {"comment": Node("PullRequestReviewComment", (issue, remark), node.repo)}


def _create_ref(_: None, ask: Ask) -> JsonObject:
    repo = find_as(ask, ask.get("repositoryId"), "Repository").home
    body = {"ref": ask.get("name"), "sha": ask.get("oid")}
    git_data.create_ref(ask.view.errand(repo, body))
    return {"ref": Node("Ref", ask.get("name"), repo)}


def _delete_ref(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("refId"), "Ref")
    name = node.thing.removeprefix("refs/")
    git_data.delete_ref(ask.view.errand(node.home, ref=name))
    return {}


MUTATIONS: Fields = {
    "createPullRequest": _create,
    "updatePullRequest": _update,
    "closePullRequest": _close,
    "reopenPullRequest": _reopen,
    "mergePullRequest": _merge,
    "updatePullRequestBranch": _update_branch,
    "markPullRequestReadyForReview": _mark_ready,
    "convertPullRequestToDraft": _to_draft,
    "enablePullRequestAutoMerge": _enable_auto_merge,
    "disablePullRequestAutoMerge": _disable_auto_merge,
    "requestReviews": _request_reviews,
    "addPullRequestReview": _add_review,
    "dismissPullRequestReview": _dismiss_review,
    "resolveReviewThread": _settled(resolved=True),
    "unresolveReviewThread": _settled(resolved=False),
    "addPullRequestReviewThreadReply": _reply,
    "createRef": _create_ref,
    "deleteRef": _delete_ref,
}
