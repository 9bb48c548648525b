"""The labels of a repository over REST."""

import re

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import label_body
from twins.github.body import Body
from twins.github.events import emit
from twins.github.issue_changes import DEFAULT_COLOR, create_label, remove_labels
from twins.github.problem import invalid, missing, not_found
from twins.github.prose import LONGEST_LABEL, LONGEST_LABEL_TEXT, within
from twins.github.state import Label, Repository

LABELS = "/repos/{owner}/{repo}/labels"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", LABELS, list_labels),
        Operation("POST", LABELS, create),
        Operation("GET", LABELS + "/{name}", get),
        Operation("PATCH", LABELS + "/{name}", update),
        Operation("DELETE", LABELS + "/{name}", delete),
    ]


def list_labels(call: Call) -> Reply:
    """List the labels."""
    repo = call.repo("issues")
    labels = list(repo.labels.values())
    return Reply(body=[label_body(call.links, repo, one) for one in call.page(labels)])


def _find(call: Call, repo: Repository) -> Label:
    label = repo.labels.get(call.arg("name").lower())
    if label is None:
        raise not_found()
    return label


def get(call: Call) -> Reply:
    """Return a label."""
    repo = call.repo("issues")
    return Reply(body=label_body(call.links, repo, _find(call, repo)))


def _color(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{6}", text):
        raise invalid("Label", "color")
    return text.lower()


def _description(body: Body, current: str | None = None) -> str | None:
    text = body.text("description", current or "")
    return within(text, "Label", "description", LONGEST_LABEL_TEXT) or None


def create(call: Call) -> Reply:
    """Add a label; a name that is taken, in any case, is refused."""
    repo = call.repo("issues", "write")
    body = call.body()
    name = within(body.need("name", "Label"), "Label", "name", LONGEST_LABEL)
    if name.lower() in repo.labels:
        raise invalid("Label", "name", "already_exists")
    color = _color(body.text("color", DEFAULT_COLOR))
    label = create_label(call.context, repo, name, color, _description(body))
    return Reply(201, label_body(call.links, repo, label))


def update(call: Call) -> Reply:
    """Rename or recolour a label; issues keep it."""
    repo = call.repo("issues", "write")
    label, body = _find(call, repo), call.body()
    before = (label.name, label.color, label.description)
    name = within(body.text("new_name", label.name), "Label", "name", LONGEST_LABEL)
    if not name.strip():
        raise missing("Label", "name")
    if name.lower() != label.name.lower() and name.lower() in repo.labels:
        raise invalid("Label", "name", "already_exists")
    color = _color(body.text("color", label.color))
    description = _description(body, label.description)
    del repo.labels[label.name.lower()]
    label.name, label.color, label.description = name, color, description
    repo.labels[name.lower()] = label
    if before != (label.name, label.color, label.description):
        body_ = label_body(call.links.for_hooks(), repo, label)
        changes = {"name": {"from": before[0]}, "color": {"from": before[1]}}
        emit(call.context, repo, "label", "edited", label=body_, changes=changes)
    return Reply(body=label_body(call.links, repo, label))


def delete(call: Call) -> Reply:
    """Remove a label from the repository and from every issue."""
    repo = call.repo("issues", "write")
    label = _find(call, repo)
    for issue in repo.issues.values():
        if label in issue.labels:
            remove_labels(call.context, repo, issue, [label])
    del repo.labels[label.name.lower()]
    body = label_body(call.links.for_hooks(), repo, label)
    emit(call.context, repo, "label", "deleted", label=body)
    return Reply(204)
