"""What happened to issues, over REST."""

from typing import Any

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.commits import git_commit_body
from twins.github.bodies.issues import event_body, issue_body, timeline_comment
from twins.github.bodies.pulls import review_body
from twins.github.commit_log import log
from twins.github.problem import not_found
from twins.github.state import Issue, Repository

ISSUES = "/repos/{owner}/{repo}/issues"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ISSUES + "/events", list_repo_events),
        Operation("GET", ISSUES + "/events/{number}", get_event),
        Operation("GET", ISSUES + "/{number}/events", list_events),
        Operation("GET", ISSUES + "/{number}/timeline", timeline),
    ]


def _of_pull(
    call: Call, repo: Repository, issue: Issue
) -> list[tuple[float, int, int, dict[str, Any]]]:
    """Return the commits and reviews of a pull request as lines of its timeline."""
    if issue.pull is None:
        return []
    pull, git = issue.pull, call.hub.git
    entries = log(git, repo.path, "--reverse", pull.head_sha, f"^{pull.base_sha}")
    lines = [
        (e.committer.at, 2, n, {**git_commit_body(call.links, repo, e), "event": "committed"})
        for n, e in enumerate(entries)
    ]
    for one in pull.reviews:
        if one.submitted_at is not None:
            body = review_body(call.links, repo, issue, one)
            about = {
                "event": "reviewed",
                "state": one.state.lower(),
                "updated_at": body["submitted_at"],
            }
            lines.append((one.submitted_at, 3, one.id, {**body, **about}))
    return lines


def list_events(call: Call) -> Reply:
    """List an issue's history."""
    issue = call.issue()
    repo = call.repo()
    return Reply(body=[event_body(call.links, repo, one) for one in call.page(issue.events)])


def list_repo_events(call: Call) -> Reply:
    """List the history of all issues, newest first."""
    repo = call.repo("issues")
    every = [(one, issue) for issue in repo.listed for one in issue.events]
    every.sort(key=lambda pair: pair[0].id, reverse=True)
    shown = [
        {**event_body(call.links, repo, one), "issue": _subject(call, repo, issue)}
        for one, issue in call.page(every)
    ]
    return Reply(body=shown)


def _subject(call: Call, repo: Repository, issue: Issue) -> dict[str, Any]:
    """Return the issue as its history carries it."""
    body = issue_body(call.links, repo, issue)
    del body["closed_by"]
    return body


def get_event(call: Call) -> Reply:
    """Return one line of the history, with its issue."""
    repo = call.repo("issues")
    for issue in repo.issues.values():
        for one in issue.events:
            if one.id == call.number():
                about = {"issue": _subject(call, repo, issue)}
                return Reply(body={**event_body(call.links, repo, one), **about})
    raise not_found()


def timeline(call: Call) -> Reply:
    """List history and comments together, in the order they happened."""
    issue = call.issue()
    repo = call.repo()
    lines = [(e.created_at, 0, e.id, event_body(call.links, repo, e)) for e in issue.events]
    lines += [
        (c.created_at, 1, c.id, timeline_comment(call.links, repo, c)) for c in issue.comments
    ]
    lines += _of_pull(call, repo, issue)
    lines.sort(key=lambda line: line[:3])
    return Reply(body=[line[3] for line in call.page(lines)])
