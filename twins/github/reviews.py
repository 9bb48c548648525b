"""Reviews and remarks on lines."""

from twins.github.access import accepts, why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.pulls import pull_of, pull_payload, review_body, review_comment_body
from twins.github.body import Body
from twins.github.events import emit
from twins.github.problem import Problem, missing, not_found
from twins.github.pulls import pull_issue
from twins.github.state import Issue, Repository, Review, ReviewComment

ONE = "/repos/{owner}/{repo}/pulls/{number}"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ONE + "/reviews", list_reviews),
        Operation("POST", ONE + "/reviews", create_review),
        Operation("GET", ONE + "/reviews/{id}", get_review),
        Operation("PUT", ONE + "/reviews/{id}/dismissals", dismiss),
        Operation("GET", ONE + "/comments", list_comments),
        Operation("POST", ONE + "/comments", create_comment),
    ]


def list_reviews(call: Call) -> Reply:
    """List reviews, oldest first."""
    issue = pull_issue(call)
    shown = call.page(pull_of(issue).reviews)
    return Reply(body=[review_body(call.links, call.repo(), issue, one) for one in shown])


def _may_review(call: Call) -> Issue:
    issue = pull_issue(call)
    allowed = accepts(call.actor, call.repo(), "pull_requests", "write")
    if call.actor.installation and not allowed:
        raise why_not(call.actor)
    return issue


def create_review(call: Call) -> Reply:
    """Review; nobody approves or refuses a pull request of their own."""
    issue = _may_review(call)
    repo, body, user = call.repo(), call.body(), call.user
    event = body.choice("event", tuple(STATES))
    state = STATES.get(event, "PENDING")
    if issue.user is user and event in {"APPROVE", "REQUEST_CHANGES"}:
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise Problem(422, f"Can not {verb} your own pull request")
    if event in {"REQUEST_CHANGES", "COMMENT"} and not (body.has("body") or body.items("comments")):
        raise missing("PullRequestReview", "body")
    number = call.hub.number("review", 400_000_001)
    pull = pull_of(issue)
    at = call.hub.now() if event else None
    sha = body.text("commit_id", pull.head_sha)
    review = Review(number, user, body.text("body"), state, sha, at)
    pull.reviews.append(review)
    for item in body.items("comments"):
        pull.review_comments.append(_remark(call, issue, Body(item), number))
    if event and user in pull.requested_reviewers:
        pull.requested_reviewers.remove(user)
    if event:
        _tell(call, repo, issue, review, "submitted")
    return Reply(body=review_body(call.links, repo, issue, review))


def _tell(call: Call, repo: Repository, issue: Issue, review: Review, action: str) -> None:
    links = call.links.for_hooks()
    body = review_body(links, repo, issue, review)
    pull = pull_payload(links, repo, issue)
    emit(
        call.context,
        repo,
        "pull_request_review",
        action,
        review={**body, "state": review.state.lower()},
        pull_request=pull,
    )


def _review(call: Call, issue: Issue) -> Review:
    number = call.number("id")
    for review in pull_of(issue).reviews:
        if review.id == number:
            return review
    raise not_found()


def get_review(call: Call) -> Reply:
    """Return a review."""
    issue = pull_issue(call)
    return Reply(body=review_body(call.links, call.repo(), issue, _review(call, issue)))


def dismiss(call: Call) -> Reply:
    """Take a review's verdict away."""
    issue = pull_issue(call, "write")
    review = _review(call, issue)
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise Problem(422, "Can not dismiss a pending or commented pull request review")
    review.state = "DISMISSED"
    _tell(call, call.repo(), issue, review, "dismissed")
    return Reply(body=review_body(call.links, call.repo(), issue, review))


def list_comments(call: Call) -> Reply:
    """List remarks on lines."""
    issue = pull_issue(call)
    shown = call.page(pull_of(issue).review_comments)
    return Reply(body=[review_comment_body(call.links, call.repo(), issue, one) for one in shown])


def create_comment(call: Call) -> Reply:
    """Remark on a line."""
    issue = _may_review(call)
    repo, body = call.repo(), call.body()
    remark = _remark(call, issue, body, None)
    pull_of(issue).review_comments.append(remark)
    links = call.links.for_hooks()
    comment = review_comment_body(links, repo, issue, remark)
    pull = pull_payload(links, repo, issue)
    emit(
        call.context,
        repo,
        "pull_request_review_comment",
        "created",
        comment=comment,
        pull_request=pull,
    )
    return Reply(201, review_comment_body(call.links, repo, issue, remark))


def _remark(call: Call, issue: Issue, body: Body, review_id: int | None) -> ReviewComment:
    now = call.hub.now()
    return ReviewComment(
        id=call.hub.number("review_comment", 600_000_001),
        user=call.user,
        body=body.need("body", "PullRequestReviewComment"),
        path=body.need("path", "PullRequestReviewComment"),
        line=body.integer("line") or None,
        commit_id=body.text("commit_id", pull_of(issue).head_sha),
        review_id=review_id,
        in_reply_to=body.integer("in_reply_to") or None,
        created_at=now,
        updated_at=now,
    )
