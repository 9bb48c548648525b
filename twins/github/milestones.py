"""Milestones over REST, and what puts issues into them."""

from collections.abc import Callable
from typing import Any

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import label_body
from twins.github.bodies.milestones import milestone_body
from twins.github.body import Body
from twins.github.events import emit
from twins.github.hub import Context
from twins.github.issue_changes import note, tell
from twins.github.problem import invalid, not_found
from twins.github.prose import LONGEST_TITLE, within
from twins.github.state import Issue, Milestone, Repository
from twins.github.times import moment

MILESTONES = "/repos/{owner}/{repo}/milestones"
ONE = MILESTONES + "/{number}"
NEVER = float("inf")


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", MILESTONES, list_milestones),
        Operation("POST", MILESTONES, create),
        Operation("GET", ONE, get),
        Operation("PATCH", ONE, update),
        Operation("DELETE", ONE, delete),
        Operation("GET", ONE + "/labels", list_labels),
    ]


def issues_of(repo: Repository, one: Milestone) -> list[Issue]:
    """Return the issues and pull requests of a milestone."""
    return [issue for issue in repo.issues.values() if issue.milestone is one]


def _completeness(repo: Repository, one: Milestone) -> float:
    states = [issue.state for issue in issues_of(repo, one)]
    return states.count("closed") / len(states) if states else 0.0


SORTS: dict[str, Callable[[Repository, Milestone], float]] = {
    "due_on": lambda _, one: one.due_on or NEVER,
    "completeness": _completeness,
}


def list_milestones(call: Call) -> Reply:
    """List milestones by state, soonest due first."""
    repo, state = call.repo("issues"), call.query("state", "open")
    kept = [m for m in repo.milestones.values() if state in ("all", m.state)]
    key = SORTS.get(call.query("sort"), SORTS["due_on"])
    down = call.query("direction") == "desc"
    kept.sort(key=lambda one: (key(repo, one), one.number), reverse=down)
    return Reply(body=[milestone_body(call.links, repo, one) for one in call.page(kept)])


def _find(call: Call, repo: Repository) -> Milestone:
    found = repo.milestones.get(call.number())
    if found is None:
        raise not_found()
    return found


def get(call: Call) -> Reply:
    """Return a milestone."""
    repo = call.repo("issues")
    return Reply(body=milestone_body(call.links, repo, _find(call, repo)))


def create(call: Call) -> Reply:
    """Add a milestone; two of one title are refused."""
    repo, body = call.repo("issues", "write"), call.body()
    title = _title(repo, body, None)
    repo.goals = number = repo.goals + 1
    now = call.hub.now()
    one = Milestone(call.hub.number("milestone", 9_000_001), number, title, call.user, now, now)
    _apply(one, body, now)
    repo.milestones[number] = one
    _tell(call, repo, one, "created")
    reply = milestone_body(call.links, repo, one)
    return Reply(201, reply, {"Location": reply["url"]})


def _title(repo: Repository, body: Body, current: Milestone | None) -> str:
    title = body.text("title") if "title" in body or current is None else current.title
    if not title.strip():
        raise invalid("Milestone", "title", "missing_field")
    if any(one.title == title and one is not current for one in repo.milestones.values()):
        raise invalid("Milestone", "title", "already_exists")
    return within(title, "Milestone", "title", LONGEST_TITLE)


def _apply(one: Milestone, body: Body, now: float) -> None:
    state = body.choice("state", ("open", "closed"))
    if "description" in body:
        one.description = body.text("description") or None
    if "due_on" in body:
        one.due_on = moment(body.text("due_on")) or None
    if state and state != one.state:
        one.closed_at = now if state == "closed" else None


def update(call: Call) -> Reply:
    """Change what the body names; closing and opening are events of their own."""
    repo, body = call.repo("issues", "write"), call.body()
    one, now = _find(call, repo), call.hub.now()
    before = (one.title, one.description, one.due_on)
    state = one.state
    title = _title(repo, body, one)
    _apply(one, body, now)
    one.title, one.updated_at = title, now
    changes = {
        name: {"from": old if name != "due_on" or old is None else str(old)}
        for name, old, new in zip(
            ("title", "description", "due_on"),
            before,
            (one.title, one.description, one.due_on),
            strict=True,
        )
        if old != new
    }
    if changes:
        _tell(call, repo, one, "edited", changes=changes)
    if one.state != state:
        _tell(call, repo, one, "closed" if one.state == "closed" else "opened")
    return Reply(body=milestone_body(call.links, repo, one))


def delete(call: Call) -> Reply:
    """Remove a milestone from the repository and from every issue."""
    repo = call.repo("issues", "write")
    one = _find(call, repo)
    for issue in issues_of(repo, one):
        set_milestone(call.context, repo, issue, None)
    del repo.milestones[one.number]
    _tell(call, repo, one, "deleted")
    return Reply(204)


def list_labels(call: Call) -> Reply:
    """List the labels of the issues in a milestone."""
    repo = call.repo("issues")
    one = _find(call, repo)
    labels = {label.id: label for issue in issues_of(repo, one) for label in issue.labels}
    shown = call.page(sorted(labels.values(), key=lambda label: label.name.lower()))
    return Reply(body=[label_body(call.links, repo, label) for label in shown])


def _tell(call: Call, repo: Repository, one: Milestone, action: str, **extra: object) -> None:
    body = milestone_body(call.links.for_hooks(), repo, one)
    emit(call.context, repo, "milestone", action, milestone=body, **extra)


def wanted_milestone(repo: Repository, body: Body, current: Milestone | None) -> Milestone | None:
    """Return the milestone that a body asks for, the current one when it says nothing."""
    if "milestone" not in body:
        return current
    value: Any = body.value["milestone"]
    if value is None or value == "":
        return None
    number = int(value) if str(value).isascii() and str(value).isdigit() else 0
    if number not in repo.milestones:
        raise invalid("Issue", "milestone")
    return repo.milestones[number]


def set_milestone(
    context: Context, repo: Repository, issue: Issue, wanted: Milestone | None
) -> None:
    """Put an issue into a milestone, out of the one it was in; nothing when it is there."""
    before = issue.milestone
    if before is wanted:
        return
    links = context.links.for_hooks()
    if before is not None:
        issue.milestone = None
        note(context, issue, "demilestoned").milestone = before.title
        told = milestone_body(links, repo, before)
        tell(context, repo, issue, "demilestoned", milestone=told)
    if wanted is not None:
        issue.milestone = wanted
        note(context, issue, "milestoned").milestone = wanted.title
        told = milestone_body(links, repo, wanted)
        tell(context, repo, issue, "milestoned", milestone=told)
