"""The labels of one issue over REST."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import label_body
from twins.github.issue_changes import add_labels, remove_labels, set_labels
from twins.github.problem import Problem, invalid
from twins.github.prose import LONGEST_LABEL, within
from twins.github.state import Issue

LABELS = "/repos/{owner}/{repo}/issues/{number}/labels"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", LABELS, list_labels),
        Operation("POST", LABELS, label),
        Operation("PUT", LABELS, replace_labels),
        Operation("DELETE", LABELS, clear_labels),
        Operation("DELETE", LABELS + "/{name}", unlabel),
    ]


def label_names(items: list[object]) -> list[str]:
    """Return label names, given as strings or as objects with a name."""
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    good = [name for name in names if isinstance(name, str) and name.strip()]
    if len(good) != len(names):
        raise invalid("Label", "name")
    return [within(name, "Label", "name", LONGEST_LABEL) for name in good]


def _labels_reply(call: Call, issue: Issue) -> Reply:
    repo = call.repo()
    return Reply(body=[label_body(call.links, repo, one) for one in issue.labels])


def _given_labels(call: Call) -> list[str]:
    """Read `{"labels": [...]}` or the bare list that older clients send."""
    value = call.json()
    return label_names(value if isinstance(value, list) else call.body().items("labels"))


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
