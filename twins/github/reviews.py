"""Reviews of pull requests over REST."""

from twins.github.access import why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.pulls import pull_of, review_body, review_comment_body
from twins.github.body import Body
from twins.github.guard import is_admin, lets_in
from twins.github.problem import Problem, not_found
from twins.github.pull_changes import dismiss_review, tell_review
from twins.github.pulls import pull_issue
from twins.github.review_comments import has_commit, may_review, remark, tell_remark
from twins.github.state import Issue, Review

ONE = "/repos/{owner}/{repo}/pulls/{number}"
REVIEW = ONE + "/reviews/{id}"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ONE + "/reviews", list_reviews),
        Operation("POST", ONE + "/reviews", create_review),
        Operation("GET", REVIEW, get_review),
        Operation("PUT", REVIEW, update),
        Operation("DELETE", REVIEW, delete),
        Operation("GET", REVIEW + "/comments", list_remarks),
        Operation("POST", REVIEW + "/events", submit),
        Operation("PUT", REVIEW + "/dismissals", dismiss),
    ]


def list_reviews(call: Call) -> Reply:
    """List reviews, oldest first; a pending one is its author's secret."""
    issue = pull_issue(call)
    shown = call.page([one for one in pull_of(issue).reviews if _is_seen(call, one)])
    return Reply(body=[review_body(call.links, call.repo(), issue, one) for one in shown])


def _is_seen(call: Call, review: Review) -> bool:
    return review.state != "PENDING" or review.user is call.actor.user


def create_review(call: Call) -> Reply:
    """Review; without an event it stays pending until it is submitted."""
    issue = may_review(call)
    repo, body, user = call.repo(), call.body(), call.user
    event = body.choice("event", tuple(STATES))
    _check_verdict(call, issue, event)
    items = [Body(item) for item in body.items("comments")]
    if event in {"REQUEST_CHANGES", "COMMENT"} and not (body.has("body") or items):
        raise Problem(422, "Unprocessable Entity", words=["Review body is required"])
    pull = pull_of(issue)
    if not event and any(one.user is user and one.state == "PENDING" for one in pull.reviews):
        raise Problem(
            422,
            "Validation Failed",
            words=["User can only have one pending review per pull request"],
        )
    sha = body.text("commit_id", pull.head_sha)
    if not has_commit(call, issue, sha):
        said = "The commitOID is not part of the pull request"
        raise Problem(422, "Unprocessable Entity", words=[said])
    number = call.hub.number("review", 400_000_001)
    remarks = [remark(call, issue, item, number) for item in items]
    review = Review(number, user, body.text("body"), "PENDING", sha, None)
    pull.reviews.append(review)
    pull.review_comments += remarks
    if event:
        _submit(call, issue, review, event)
    return Reply(body=review_body(call.links, repo, issue, review))


def _check_verdict(call: Call, issue: Issue, event: str) -> None:
    """Let nobody judge a pull request of their own."""
    if issue.user is call.user and event in {"APPROVE", "REQUEST_CHANGES"}:
        verb = "approve" if event == "APPROVE" else "request changes on"
        said = f"Can not {verb} your own pull request"
        raise Problem(422, "Unprocessable Entity", words=[said])


def _submit(call: Call, issue: Issue, review: Review, event: str) -> None:
    repo, pull = call.repo(), pull_of(issue)
    review.state, review.submitted_at = STATES[event], call.hub.now()
    if review.user in pull.requested_reviewers:
        pull.requested_reviewers.remove(review.user)
    tell_review(call.context, repo, issue, review, "submitted")
    for one in pull.review_comments:
        if one.review_id == review.id:
            tell_remark(call, repo, issue, one, "created")


def _review(call: Call, issue: Issue) -> Review:
    number = call.number("id")
    for review in pull_of(issue).reviews:
        if review.id == number and _is_seen(call, review):
            return review
    raise not_found()


def _own(call: Call, issue: Issue) -> Review:
    review = _review(call, issue)
    if review.user is not call.user:
        raise why_not(call.actor)
    return review


def get_review(call: Call) -> Reply:
    """Return a review."""
    issue = pull_issue(call)
    return Reply(body=review_body(call.links, call.repo(), issue, _review(call, issue)))


def list_remarks(call: Call) -> Reply:
    """List the remarks on lines that came with a review."""
    issue = pull_issue(call)
    review = _review(call, issue)
    mine = [one for one in pull_of(issue).review_comments if one.review_id == review.id]
    repo = call.repo()
    return Reply(
        body=[review_comment_body(call.links, repo, issue, one) for one in call.page(mine)]
    )


def update(call: Call) -> Reply:
    """Rewrite a review's summary."""
    issue = may_review(call)
    review, text = _own(call, issue), call.body().need("body", "PullRequestReview")
    before, review.body = review.body, text
    repo = call.repo()
    if before != text and review.state != "PENDING":
        changes = {"body": {"from": before}}
        tell_review(call.context, repo, issue, review, "edited", changes=changes)
    return Reply(body=review_body(call.links, repo, issue, review))


def delete(call: Call) -> Reply:
    """Throw a pending review away, with its remarks."""
    issue = may_review(call)
    review, pull = _own(call, issue), pull_of(issue)
    if review.state != "PENDING":
        raise Problem(422, "Can not delete a non-pending pull request review")
    pull.reviews.remove(review)
    pull.review_comments = [one for one in pull.review_comments if one.review_id != review.id]
    return Reply(body=review_body(call.links, call.repo(), issue, review))


def submit(call: Call) -> Reply:
    """Make a pending review known."""
    issue = may_review(call)
    review, body = _own(call, issue), call.body()
    event = body.choice("event", tuple(STATES))
    if not event:
        raise Problem(422, 'Invalid request.\n\n"event" wasn\'t supplied.')
    if review.state != "PENDING":
        raise Problem(422, "Unprocessable Entity", words=["Could not submit a non-pending review."])
    _check_verdict(call, issue, event)
    review.body = body.text("body", review.body)
    _submit(call, issue, review, event)
    return Reply(body=review_body(call.links, call.repo(), issue, review))


def dismiss(call: Call) -> Reply:
    """Take a review's verdict away, with a reason."""
    issue = pull_issue(call, "write")
    repo, review = call.repo(), _review(call, issue)
    found = repo.protections.get(pull_of(issue).base_ref)
    chosen = found.reviews.dismissals if found and found.reviews else None
    if not is_admin(repo, call.actor) and not lets_in(chosen, call.actor):
        raise why_not(call.actor)
    said = call.body().need("message", "PullRequestReview")
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise Problem(
            422,
            "Unprocessable Entity",
            words=[f"Can not dismiss a {review.state.lower()} pull request review"],
        )
    dismiss_review(call.context, repo, issue, review, said)
    return Reply(body=review_body(call.links, repo, issue, review))
