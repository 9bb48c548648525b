"""Issues, their comments, labels, assignees, history and reactions over REST."""

from collections.abc import Callable
from datetime import UTC, datetime

from twins.github.access import accepts, why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import REACTIONS, reaction_body
from twins.github.bodies.issues import (
    comment_body,
    event_body,
    issue_body,
    label_body,
    timeline_comment,
)
from twins.github.body import Body
from twins.github.issue_changes import (
    add_comment,
    add_labels,
    close,
    delete_comment,
    edit_comment,
    open_issue,
    remove_labels,
    reopen,
    retitle,
    set_assignees,
    set_labels,
)
from twins.github.problem import Problem, invalid, missing, not_found
from twins.github.state import Comment, Issue, Reaction, Repository, User

ISSUES = "/repos/{owner}/{repo}/issues"
ONE = ISSUES + "/{number}"
REASONS = ("completed", "not_planned", "duplicate", "reopened")
SORTS: dict[str, Callable[[Issue], float]] = {
    "created": lambda issue: issue.created_at,
    "updated": lambda issue: issue.updated_at,
    "comments": lambda issue: len(issue.comments),
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ISSUES, list_issues),
        Operation("POST", ISSUES, create),
        Operation("GET", ISSUES + "/comments", list_repo_comments),
        Operation("GET", ISSUES + "/comments/{id}", get_comment),
        Operation("PATCH", ISSUES + "/comments/{id}", update_comment),
        Operation("DELETE", ISSUES + "/comments/{id}", remove_comment),
        Operation("GET", ISSUES + "/comments/{id}/reactions", list_comment_reactions),
        Operation("POST", ISSUES + "/comments/{id}/reactions", react_to_comment),
        Operation("GET", ISSUES + "/events", list_repo_events),
        Operation("GET", ONE, get),
        Operation("PATCH", ONE, update),
        Operation("GET", ONE + "/comments", list_comments),
        Operation("POST", ONE + "/comments", comment_on),
        Operation("GET", ONE + "/labels", list_labels),
        Operation("POST", ONE + "/labels", label),
        Operation("PUT", ONE + "/labels", replace_labels),
        Operation("DELETE", ONE + "/labels", clear_labels),
        Operation("DELETE", ONE + "/labels/{name}", unlabel),
        Operation("POST", ONE + "/assignees", assign),
        Operation("DELETE", ONE + "/assignees", unassign),
        Operation("GET", ONE + "/events", list_events),
        Operation("GET", ONE + "/timeline", timeline),
        Operation("GET", ONE + "/reactions", list_reactions),
        Operation("POST", ONE + "/reactions", react),
    ]


def list_issues(call: Call) -> Reply:
    """List issues and pull requests by state, labels, creator, assignee, since."""
    repo = call.repo("issues")
    since = moment(call.query("since"))
    kept = [
        issue
        for issue in repo.issues.values()
        if issue.updated_at >= since and all(test(issue) for test in _filters(call))
    ]
    key = SORTS.get(call.query("sort"), SORTS["created"])
    kept.sort(key=lambda i: (key(i), i.number), reverse=call.query("direction", "desc") != "asc")
    return Reply(body=[issue_body(call.links, repo, issue) for issue in call.page(kept)])


def _filters(call: Call) -> list[Callable[[Issue], bool]]:
    state = call.query("state", "open")
    labels = {name.strip().lower() for name in call.query("labels").split(",") if name.strip()}
    creator, assignee = call.query("creator").lower(), call.query("assignee").lower()

    def assigned(issue: Issue) -> bool:
        logins = {user.login.lower() for user in issue.assignees}
        return {"*": bool(logins), "none": not logins}.get(assignee, assignee in logins)

    tests: list[Callable[[Issue], bool]] = []
    if state != "all":
        tests.append(lambda issue: issue.state == state)
    if labels:
        tests.append(lambda issue: labels <= {one.name.lower() for one in issue.labels})
    if creator:
        tests.append(lambda issue: issue.user.login.lower() == creator)
    if assignee:
        tests.append(assigned)
    return tests


def moment(text: str) -> float:
    """Return the Unix seconds of an ISO time in a query, 0 when there is none."""
    if not text:
        return 0.0
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, f"Invalid date-time: {text}") from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def create(call: Call) -> Reply:
    """File an issue; whoever may not triage has labels and assignees dropped without a word."""
    repo = call.repo()
    body = call.body()
    context = call.context
    if call.actor.installation and not accepts(call.actor, repo, "issues", "write"):
        raise why_not(call.actor)
    call.accepted = "issues=write"
    title = body.need("title", "Issue")
    trusted = accepts(call.actor, repo, "issues", "write")
    issue = open_issue(
        context,
        repo,
        title,
        body.text("body") or None,
        labels=_names(body.items("labels")) if trusted else [],
        assignees=_assignees(call, repo, body) if trusted else [],
    )
    reply = issue_body(call.links, repo, issue)
    return Reply(201, reply, {"Location": reply["url"]})


def get(call: Call) -> Reply:
    """Return an issue."""
    issue = call.issue()
    return Reply(body=issue_body(call.links, call.repo(), issue))


def update(call: Call) -> Reply:
    """Change what the body names, and nothing else."""
    issue = call.issue("write", own=True)
    repo, context, body = call.repo(), call.context, call.body()
    if body.has("title") and not body.text("title").strip():
        raise missing("Issue", "title")
    state = body.choice("state", ("open", "closed"))
    reason = body.choice("state_reason", REASONS, "completed")
    text = (body.text("body") or None) if "body" in body else issue.body
    retitle(context, repo, issue, body.text("title", issue.title), text)
    if "labels" in body:
        set_labels(context, repo, issue, _names(body.items("labels")))
    if "assignees" in body or "assignee" in body:
        set_assignees(context, repo, issue, _assignees(call, repo, body))
    change_state(call, repo, issue, state, reason)
    return Reply(body=issue_body(call.links, repo, issue))


def change_state(call: Call, repo: Repository, issue: Issue, state: str, reason: str) -> None:
    """Close or reopen; a merged pull request stays closed."""
    if state == "closed":
        close(call.context, repo, issue, reason)
    elif state == "open" and issue.pull is not None and issue.pull.merged_at:
        raise invalid("PullRequest", "", "custom", "Cannot reopen a merged pull request")
    elif state == "open":
        reopen(call.context, repo, issue)


def _names(items: list[object]) -> list[str]:
    """Return label names, given as strings or as objects with a name."""
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    good = [name for name in names if isinstance(name, str) and name.strip()]
    if len(good) != len(names):
        raise invalid("Label", "name")
    return good


def _assignees(call: Call, repo: Repository, body: Body) -> list[User]:
    logins = body.items("assignees") or ([body.text("assignee")] if body.has("assignee") else [])
    users = [call.hub.world.user(str(login)) for login in logins]
    known = [user for user in users if user is not None]
    if len(known) != len(users) or not all(_assignable(user, repo) for user in known):
        raise invalid("Issue", "assignees")
    return known


def _assignable(user: User, repo: Repository) -> bool:
    return user is repo.owner or user.id in repo.collaborators


def assign(call: Call) -> Reply:
    """Add assignees."""
    issue = call.issue("write")
    repo = call.repo()
    users = [*issue.assignees, *_assignees(call, repo, call.body())]
    set_assignees(call.context, repo, issue, users)
    return Reply(201, issue_body(call.links, repo, issue))


def unassign(call: Call) -> Reply:
    """Take assignees off."""
    issue = call.issue("write")
    gone = {str(login).lower() for login in call.body().items("assignees")}
    kept = [user for user in issue.assignees if user.login.lower() not in gone]
    set_assignees(call.context, call.repo(), issue, kept)
    return Reply(body=issue_body(call.links, call.repo(), issue))


def _labels_reply(call: Call, issue: Issue) -> Reply:
    repo = call.repo()
    return Reply(body=[label_body(call.links, repo, one) for one in issue.labels])


def _given_labels(call: Call) -> list[str]:
    """Read `{"labels": [...]}` or the bare list that older clients send."""
    value = call.json()
    return _names(value if isinstance(value, list) else call.body().items("labels"))


def list_labels(call: Call) -> Reply:
    """List an issue's labels."""
    issue = call.issue()
    repo = call.repo()
    return Reply(body=[label_body(call.links, repo, one) for one in call.page(issue.labels)])


def label(call: Call) -> Reply:
    """Add labels, creating those that the repository lacks."""
    issue = call.issue("write")
    add_labels(call.context, call.repo(), issue, _given_labels(call))
    return _labels_reply(call, issue)


def replace_labels(call: Call) -> Reply:
    """Make these the labels."""
    issue = call.issue("write")
    set_labels(call.context, call.repo(), issue, _given_labels(call))
    return _labels_reply(call, issue)


def clear_labels(call: Call) -> Reply:
    """Take all labels off."""
    issue = call.issue("write")
    remove_labels(call.context, call.repo(), issue, list(issue.labels))
    return Reply(204)


def unlabel(call: Call) -> Reply:
    """Take one label off."""
    issue = call.issue("write")
    name = call.arg("name").lower()
    found = [one for one in issue.labels if one.name.lower() == name]
    if not found:
        raise Problem(404, "Label does not exist")
    remove_labels(call.context, call.repo(), issue, found)
    return _labels_reply(call, issue)


def list_comments(call: Call) -> Reply:
    """List an issue's comments, oldest first."""
    issue = call.issue()
    repo, since = call.repo(), moment(call.query("since"))
    kept = [one for one in issue.comments if one.updated_at >= since]
    return Reply(body=[comment_body(call.links, repo, one) for one in call.page(kept)])


def list_repo_comments(call: Call) -> Reply:
    """List the comments of a whole repository."""
    repo, since = call.repo("issues"), moment(call.query("since"))
    kept = [c for issue in repo.issues.values() for c in issue.comments if c.updated_at >= since]
    kept.sort(key=lambda one: one.id, reverse=call.query("direction") == "desc")
    return Reply(body=[comment_body(call.links, repo, one) for one in call.page(kept)])


def comment_on(call: Call) -> Reply:
    """Comment; every signed-in reader may, installations need the permission."""
    repo = call.repo()
    call.context  # noqa: B018  # anonymous callers are turned away before anything is looked up
    issue = call.issue("write" if call.actor.installation else "read")
    text = call.body().need("body", "IssueComment")
    comment = add_comment(call.context, repo, issue, text)
    reply = comment_body(call.links, repo, comment)
    return Reply(201, reply, {"Location": reply["url"]})


def _comment(call: Call, level: str = "read") -> Comment:
    repo, number = call.repo(), call.number("id")
    every = (one for issue in repo.issues.values() for one in issue.comments)
    found = next((one for one in every if one.id == number), None)
    if found is None:
        raise not_found()
    wanted = "pull_requests" if found.issue.pull else "issues"
    own = call.actor.user is found.user
    allowed = (accepts(call.actor, repo, name, level) for name in (wanted, "issues"))
    if not own and not any(allowed):
        raise why_not(call.actor)
    return found


def get_comment(call: Call) -> Reply:
    """Return a comment."""
    return Reply(body=comment_body(call.links, call.repo(), _comment(call)))


def update_comment(call: Call) -> Reply:
    """Rewrite a comment."""
    comment = _comment(call, "write")
    repo = call.repo()
    edit_comment(call.context, repo, comment, call.body().need("body", "IssueComment"))
    return Reply(body=comment_body(call.links, repo, comment))


def remove_comment(call: Call) -> Reply:
    """Delete a comment."""
    delete_comment(call.context, call.repo(), _comment(call, "write"))
    return Reply(204)


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


def list_reactions(call: Call) -> Reply:
    """List the reactions to an issue."""
    return _reactions(call, call.issue().reactions)


def react(call: Call) -> Reply:
    """React to an issue."""
    return _react(call, call.issue().reactions)


def list_comment_reactions(call: Call) -> Reply:
    """List the reactions to a comment."""
    return _reactions(call, _comment(call).reactions)


def react_to_comment(call: Call) -> Reply:
    """React to a comment."""
    return _react(call, _comment(call).reactions)


def _reactions(call: Call, reactions: list[Reaction]) -> Reply:
    content = call.query("content")
    kept = [one for one in reactions if not content or one.content == content]
    return Reply(body=[reaction_body(call.links, one) for one in call.page(kept)])


def _react(call: Call, reactions: list[Reaction]) -> Reply:
    content = call.body().text("content")
    if content not in REACTIONS:
        raise invalid("Reaction", "content")
    for one in reactions:
        if one.user is call.user and one.content == content:
            return Reply(200, reaction_body(call.links, one))
    number = call.hub.number("reaction", 200_000_001)
    one = Reaction(number, call.user, content, call.hub.now())
    reactions.append(one)
    return Reply(201, reaction_body(call.links, one))
