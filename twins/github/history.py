"""What happened to issues, over REST."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import event_body, issue_body, timeline_comment
from twins.github.problem import not_found

ISSUES = "/repos/{owner}/{repo}/issues"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ISSUES + "/events", list_repo_events),
        Operation("GET", ISSUES + "/events/{number}", get_event),
        Operation("GET", ISSUES + "/{number}/events", list_events),
        Operation("GET", ISSUES + "/{number}/timeline", timeline),
    ]


def list_events(call: Call) -> Reply:
    """List an issue's history."""
    issue = call.issue()
    repo = call.repo()
    return Reply(body=[event_body(call.links, repo, one) for one in call.page(issue.events)])


def list_repo_events(call: Call) -> Reply:
    """List the history of all issues, newest first."""
    repo = call.repo("issues")
    every = [(one, issue) for issue in repo.issues.values() for one in issue.events]
    every.sort(key=lambda pair: pair[0].id, reverse=True)
    shown = [
        {**event_body(call.links, repo, one), "issue": issue_body(call.links, repo, issue)}
        for one, issue in call.page(every)
    ]
    return Reply(body=shown)


def get_event(call: Call) -> Reply:
    """Return one line of the history, with its issue."""
    repo = call.repo("issues")
    for issue in repo.issues.values():
        for one in issue.events:
            if one.id == call.number():
                about = {"issue": issue_body(call.links, repo, issue)}
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
    lines.sort(key=lambda line: line[:3])
    return Reply(body=[line[3] for line in call.page(lines)])
