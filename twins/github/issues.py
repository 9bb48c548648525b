"""Issues and their assignees over REST."""

from collections.abc import Callable

from twins.github.access import accepts
from twins.github.api import Call, Operation, Reply, issue_permissions, without_issues
from twins.github.bodies.issues import issue_body
from twins.github.body import Body
from twins.github.hub import Context
from twins.github.issue_changes import (
    close,
    open_issue,
    reopen,
    retitle,
    set_assignees,
    set_labels,
    set_lock,
)
from twins.github.issue_labels import label_names
from twins.github.mentions import mentions
from twins.github.milestones import set_milestone, wanted_milestone
from twins.github.problem import invalid
from twins.github.prose import text_in, title_in
from twins.github.state import Issue, Repository, User
from twins.github.times import moment

ISSUES = "/repos/{owner}/{repo}/issues"
ONE = ISSUES + "/{number}"
TRIAGE = frozenset({"labels", "assignees", "assignee", "milestone"})
REASONS = ("completed", "not_planned", "duplicate", "reopened")
LOCK_REASONS = ("off-topic", "too heated", "resolved", "spam")
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
        Operation("GET", ONE, get),
        Operation("PATCH", ONE, update),
        Operation("PUT", ONE + "/lock", lock),
        Operation("DELETE", ONE + "/lock", unlock),
        Operation("POST", ONE + "/assignees", assign),
        Operation("DELETE", ONE + "/assignees", unassign),
    ]


def list_issues(call: Call) -> Reply:
    """List issues and pull requests; the latter alone where issues are switched off."""
    repo = call.repo("issues")
    since = moment(call.query("since"))
    kept = [
        issue
        for issue in repo.listed
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
    if name := call.query("mentioned"):
        tests.append(lambda issue: mentions(issue, name))
    if goal := call.query("milestone"):
        tests.append(lambda issue: _aims_at(issue, goal))
    return tests


def _aims_at(issue: Issue, wanted: str) -> bool:
    """Tell whether an issue is in a milestone of this number, in any (`*`) or in `none`."""
    if issue.milestone is None:
        return wanted == "none"
    return wanted in ("*", str(issue.milestone.number))


def create(call: Call) -> Reply:
    """File an issue."""
    repo = call.repo()
    body = call.body()
    context = call.context
    if call.actor.installation:
        call.need(repo, "write", "issues")
    if not repo.settings.has_issues:
        raise without_issues()
    title = title_in(body, "Issue")
    if not accepts(call.actor, repo, "issues", "write"):
        body = _without_triage(body)
    goal = wanted_milestone(repo, body, None)
    issue = open_issue(
        context,
        repo,
        title,
        text_in(body, "Issue"),
        labels=label_names(body.items("labels")),
        assignees=_assignees(call, repo, body),
    )
    set_milestone(context, repo, issue, goal)
    reply = issue_body(call.links, repo, issue)
    return Reply(201, reply, {"Location": reply["url"]})


def _may_triage(call: Call, issue: Issue) -> bool:
    repo = call.repo()
    return any(accepts(call.actor, repo, one, "write") for one in issue_permissions(issue))


def _without_triage(body: Body) -> Body:
    """Return what somebody may say who may not triage; the rest is dropped without a word."""
    return Body({name: value for name, value in body.value.items() if name not in TRIAGE})


def get(call: Call) -> Reply:
    """Return an issue."""
    issue = call.issue()
    return Reply(body=issue_body(call.links, call.repo(), issue))


def update(call: Call) -> Reply:
    """Change what the body names, and nothing else; a refusal changes nothing at all."""
    issue = call.issue("write", own=True)
    repo, context, body = call.repo(), call.context, call.body()
    if not _may_triage(call, issue):
        body = _without_triage(body)
    state = body.choice("state", ("open", "closed"))
    reason = body.choice("state_reason", REASONS, "completed")
    title, text = title_in(body, "Issue", issue.title), text_in(body, "Issue", issue.body)
    names = label_names(body.items("labels"))
    people = _assignees(call, repo, body)
    goal = wanted_milestone(repo, body, issue.milestone)
    check_reopen(issue, state)
    retitle(context, repo, issue, title, text)
    if "labels" in body:
        set_labels(context, repo, issue, names)
    if "assignees" in body or "assignee" in body:
        set_assignees(context, repo, issue, people)
    set_milestone(context, repo, issue, goal)
    change_state(context, repo, issue, state, reason)
    return Reply(body=issue_body(call.links, repo, issue))


def check_reopen(issue: Issue, state: str) -> None:
    """Refuse to reopen what has been merged."""
    if state == "open" and issue.pull is not None and issue.pull.merged_at:
        raise invalid("PullRequest", "", "custom", "Cannot reopen a merged pull request")


def change_state(context: Context, repo: Repository, issue: Issue, state: str, reason: str) -> None:
    """Close or reopen."""
    if state == "closed":
        close(context, repo, issue, reason)
    elif state == "open":
        reopen(context, repo, issue)


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
    issue, context = _for_assigning(call)
    repo = call.repo()
    if _may_triage(call, issue):
        users = [*issue.assignees, *_assignees(call, repo, call.body())]
        set_assignees(context, repo, issue, users)
    return Reply(201, issue_body(call.links, repo, issue))


def _for_assigning(call: Call) -> tuple[Issue, Context]:
    """Return the issue of the path; who may not triage is not refused, only ignored."""
    context = call.context
    return call.issue("write" if call.actor.installation else "read"), context


def unassign(call: Call) -> Reply:
    """Take assignees off."""
    issue, context = _for_assigning(call)
    gone = {str(login).lower() for login in call.body().items("assignees")}
    kept = [user for user in issue.assignees if user.login.lower() not in gone]
    if _may_triage(call, issue):
        set_assignees(context, call.repo(), issue, kept)
    return Reply(body=issue_body(call.links, call.repo(), issue))


def lock(call: Call) -> Reply:
    """Let only writers comment from now on."""
    issue = call.issue("write")
    reason = call.body().choice("lock_reason", LOCK_REASONS)
    set_lock(call.context, call.repo(), issue, locked=True, reason=reason or None)
    return Reply(204)


def unlock(call: Call) -> Reply:
    """Let everybody comment again."""
    issue = call.issue("write")
    set_lock(call.context, call.repo(), issue, locked=False, reason=None)
    return Reply(204)
