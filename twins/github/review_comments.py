"""Remarks on lines of a pull request's diff over REST."""

import re
from typing import Any

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.pulls import brief_pull, pull_of, review_comment_body
from twins.github.body import Body
from twins.github.commit_log import changes
from twins.github.events import emit
from twins.github.problem import invalid, not_found
from twins.github.pull_changes import tell_review
from twins.github.pulls import pull_issue
from twins.github.state import Issue, Repository, Review, ReviewComment
from twins.github.times import moment

PULLS = "/repos/{owner}/{repo}/pulls"
ONE = PULLS + "/{number}"
COMMENT = PULLS + "/comments/{id}"
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
SHA = re.compile("[0-9a-f]{40}")
RESOURCE = "PullRequestReviewComment"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", PULLS + "/comments", list_of_repo),
        Operation("GET", COMMENT, get),
        Operation("PATCH", COMMENT, update),
        Operation("DELETE", COMMENT, delete),
        Operation("GET", ONE + "/comments", list_of_pull),
        Operation("POST", ONE + "/comments", create),
        Operation("POST", ONE + "/comments/{id}/replies", reply),
    ]


def may_review(call: Call) -> Issue:
    """Return the pull request of the path if the caller may say something about it."""
    issue = pull_issue(call, "write" if call.actor.installation else "read")
    call.context  # noqa: B018  # anonymous callers are turned away
    return issue


def list_of_pull(call: Call) -> Reply:
    """List a pull request's remarks, oldest first."""
    issue = pull_issue(call)
    repo, since = call.repo(), moment(call.query("since"))
    kept = [one for one in _known(issue) if one.updated_at >= since]
    kept.sort(key=lambda one: one.id, reverse=call.query("direction") == "desc")
    return Reply(
        body=[review_comment_body(call.links, repo, issue, one) for one in call.page(kept)]
    )


def _known(issue: Issue) -> list[ReviewComment]:
    """Return the remarks that are no part of a pending review."""
    pull = pull_of(issue)
    pending = {one.id for one in pull.reviews if one.state == "PENDING"}
    return [one for one in pull.review_comments if one.review_id not in pending]


def list_of_repo(call: Call) -> Reply:
    """List the remarks on all pull requests."""
    repo, since = call.repo("pull_requests"), moment(call.query("since"))
    every = [(i, one) for i in repo.issues.values() if i.pull for one in _known(i)]
    kept = [pair for pair in every if pair[1].updated_at >= since]
    kept.sort(key=lambda pair: pair[1].id, reverse=call.query("direction") == "desc")
    return Reply(body=[review_comment_body(call.links, repo, i, one) for i, one in call.page(kept)])


def create(call: Call) -> Reply:
    """Remark on a line of the diff, or answer another remark."""
    issue = may_review(call)
    body = call.body()
    if parent := body.integer("in_reply_to"):
        return _answer(call, issue, parent, body.need("body", RESOURCE))
    return _add(call, issue, remark(call, issue, body, None))


def reply(call: Call) -> Reply:
    """Answer a remark."""
    issue = may_review(call)
    return _answer(call, issue, call.number("id"), call.body().need("body", RESOURCE))


def _answer(call: Call, issue: Issue, number: int, text: str) -> Reply:
    parent = next((one for one in _known(issue) if one.id == number), None)
    if parent is None:
        raise not_found()
    first = parent.in_reply_to or parent.id
    about = {"path": parent.path, "line": parent.line, "side": parent.side}
    one = remark(call, issue, Body({"body": text, **about}), None)
    one.in_reply_to = first
    return _add(call, issue, one)


def _add(call: Call, issue: Issue, one: ReviewComment) -> Reply:
    """Keep a single remark, which GitHub wraps into a review of its own."""
    repo, pull = call.repo(), pull_of(issue)
    number, now = call.hub.number("review", 400_000_001), call.hub.now()
    pull.reviews.append(Review(number, one.user, "", "COMMENTED", one.commit_id, now))
    one.review_id = number
    pull.review_comments.append(one)
    tell_review(call.context, repo, issue, pull.reviews[-1], "submitted")
    tell_remark(call, repo, issue, one, "created")
    shown = review_comment_body(call.links, repo, issue, one)
    return Reply(201, shown, {"Location": shown["url"]})


def tell_remark(
    call: Call, repo: Repository, issue: Issue, one: ReviewComment, action: str, **extra: object
) -> None:
    """Emit what happened to a remark."""
    links = call.links.for_hooks()
    emit(
        call.context,
        repo,
        "pull_request_review_comment",
        action,
        comment=review_comment_body(links, repo, issue, one),
        pull_request=brief_pull(links, repo, issue),
        **extra,
    )


def remark(call: Call, issue: Issue, body: Body, review_id: int | None) -> ReviewComment:
    """Read a remark; it must stand on a line that the diff shows."""
    now, pull = call.hub.now(), pull_of(issue)
    path, line = body.need("path", RESOURCE), body.integer("line") or None
    side = body.choice("side", ("LEFT", "RIGHT"), "RIGHT")
    commit = body.text("commit_id", pull.head_sha)
    if not has_commit(call, issue, commit):
        field = "pull_request_review_thread.end_commit_oid"
        raise invalid(RESOURCE, field, "custom", f"{field} is not part of the pull request")
    patch = _patch(call, issue, path)
    if line is None:
        position = body.integer("position") or None
        hunk = "\n".join(patch[: (position or len(patch)) + 1])
    else:
        hunk, position = _place(patch, line, side)
    return ReviewComment(
        id=call.hub.number("review_comment", 600_000_001),
        user=call.user,
        body=body.need("body", RESOURCE),
        path=path,
        line=line,
        commit_id=commit,
        review_id=review_id,
        in_reply_to=None,
        created_at=now,
        updated_at=now,
        side=side,
        diff_hunk=hunk,
        position=position,
    )


def has_commit(call: Call, issue: Issue, sha: str) -> bool:
    """Tell whether a commit is one of those that a pull request wants to bring in."""
    repo, pull, git = call.repo(), pull_of(issue), call.hub.git
    if sha == pull.head_sha:
        return True
    if not SHA.fullmatch(sha) or git.kind(repo.path, sha) != "commit":
        return False
    inside = git.is_ancestor(repo.path, sha, pull.head_sha)
    return inside and not git.is_ancestor(repo.path, sha, pull.base_sha)


def _patch(call: Call, issue: Issue, path: str) -> list[str]:
    repo, pull, git = call.repo(), pull_of(issue), call.hub.git
    root = git.merge_base(repo.path, pull.base_sha, pull.head_sha) or pull.base_sha
    for one in changes(git, repo.path, root, pull.head_sha):
        if one.path == path:
            return (one.patch or "").split("\n")
    raise invalid(RESOURCE, "pull_request_review_thread.path")


def _place(lines: list[str], line: int, side: str) -> tuple[str, int]:
    """Return the part of a diff above a line, and how far down it is."""
    number = {"LEFT": 0, "RIGHT": 0}
    start = 0
    for index, text in enumerate(lines):
        if found := HUNK.match(text):
            number = {"LEFT": int(found[1]) - 1, "RIGHT": int(found[2]) - 1}
            start = index
            continue
        number["LEFT"] += not text.startswith("+")
        number["RIGHT"] += not text.startswith("-")
        other = "+" if side == "LEFT" else "-"
        if number[side] == line and not text.startswith(other):
            return "\n".join(lines[start : index + 1]), index
    raise invalid(
        RESOURCE,
        "pull_request_review_thread.line",
        "custom",
        "pull_request_review_thread.line must be part of the diff",
    )


def _find(call: Call, level: str = "read") -> tuple[Repository, Issue, ReviewComment]:
    repo = call.repo("pull_requests", level if call.actor.installation else "read")
    number = call.number("id")
    for issue in repo.issues.values():
        for one in _known(issue) if issue.pull else []:
            if one.id == number:
                call.need(repo, level, "pull_requests", exempt=one.user is call.actor.user)
                return repo, issue, one
    raise not_found()


def get(call: Call) -> Reply:
    """Return a remark."""
    return Reply(body=_shown(call, *_find(call)))


def _shown(call: Call, repo: Repository, issue: Issue, one: ReviewComment) -> dict[str, Any]:
    return review_comment_body(call.links, repo, issue, one)


def update(call: Call) -> Reply:
    """Rewrite a remark; the same text again is no event."""
    repo, issue, one = _find(call, "write")
    text = call.body().need("body", RESOURCE)
    if text != one.body:
        changes_ = {"body": {"from": one.body}}
        one.body, one.updated_at = text, call.hub.now()
        tell_remark(call, repo, issue, one, "edited", changes=changes_)
    return Reply(body=_shown(call, repo, issue, one))


def delete(call: Call) -> Reply:
    """Remove a remark."""
    repo, issue, one = _find(call, "write")
    pull_of(issue).review_comments.remove(one)
    tell_remark(call, repo, issue, one, "deleted")
    return Reply(204)
