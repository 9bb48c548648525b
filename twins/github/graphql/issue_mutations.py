"""What GraphQL can do to issues, comments, labels and assignees: REST does the work."""

import re

from twins.github import (
    comments,
    git_data,
    issue_fates,
    issue_labels,
    issues,
    labels,
    reactions,
)
from twins.github.graphql.lookup import find_as
from twins.github.graphql.node import Ask, Errand, Fields, JsonObject, Node, Refusal, actor
from twins.github.graphql.threads import CONTENTS, linked_branch

THREADS = ("Issue", "PullRequest")
UNMODELLED = ("projectIds", "issueTemplate", "parentIssueId", "duplicateIssueId")


def taken(ask: Ask, **body: object) -> JsonObject:
    """Return a REST body, after making sure that nothing was asked for that the twin lacks."""
    for name in UNMODELLED:
        if ask.get(name):
            raise Refusal("UNMODELLED", f"github-twin does not model the input {name}")
    return body


def label_names(ask: Ask, name: str = "labelIds") -> list[str] | None:
    """Return the names of the labels given by id, None when none were asked about."""
    ids = ask.get(name)
    return None if ids is None else [find_as(ask, one, "Label").thing.name for one in ids]


def milestone_number(ask: Ask) -> JsonObject:
    """Return the milestone given by id as REST takes it; an id of null takes it away."""
    if "milestoneId" not in ask.args:
        return {}
    wanted = ask.get("milestoneId")
    return {"milestone": find_as(ask, wanted, "Milestone").thing.number if wanted else ""}


def logins(ask: Ask, name: str = "assigneeIds") -> list[str] | None:
    """Return the logins of the accounts given by id, None when none were asked about."""
    ids = ask.get(name)
    return None if ids is None else [find_as(ask, one, "User", "Bot").thing.login for one in ids]


def _create_issue(_: None, ask: Ask) -> JsonObject:
    repo = find_as(ask, ask.get("repositoryId"), "Repository").home
    body = taken(
        ask,
        title=ask.get("title"),
        body=ask.get("body"),
        labels=label_names(ask),
        assignees=logins(ask),
        **milestone_number(ask),
    )
    issues.create(ask.view.errand(repo, body))
    return {"issue": Node("Issue", repo.issues[max(repo.issues)], repo)}


def edit(ask: Ask, node: Node, **body: object) -> Node:
    """Change an issue, or the issue half of a pull request."""
    given = taken(ask, **body)
    issues.update(ask.view.errand(node.home, given, number=node.thing.number))
    return node


def _update_issue(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("id"), "Issue")
    state = ask.get("state")
    edit(
        ask,
        node,
        title=ask.get("title"),
        body=ask.get("body"),
        state=state.lower() if state else None,
        labels=label_names(ask),
        assignees=logins(ask),
        **milestone_number(ask),
    )
    return {"issue": node, "actor": actor(ask.view.call.actor.user)}


def _close_issue(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("issueId"), "Issue")
    reason = ask.get("stateReason")
    edit(ask, node, state="closed", state_reason=reason.lower() if reason else None)
    return {"issue": node}


def _reopen_issue(_: None, ask: Ask) -> JsonObject:
    return {"issue": edit(ask, find_as(ask, ask.get("issueId"), "Issue"), state="open")}


def _add_comment(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("subjectId"), *THREADS)
    errand = ask.view.errand(node.home, {"body": ask.get("body")}, number=node.thing.number)
    comments.comment_on(errand)
    comment = Node("IssueComment", node.thing.comments[-1], node.home)
    cursor = str(len(node.thing.comments))
    return {"subject": node, "commentEdge": {"cursor": cursor, "node": comment}}


def _update_comment(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("id"), "IssueComment")
    comments.update_comment(ask.view.errand(node.home, {"body": ask.get("body")}, id=node.thing.id))
    return {"issueComment": node}


def _delete_comment(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("id"), "IssueComment")
    comments.remove_comment(ask.view.errand(node.home, id=node.thing.id))
    return {}


def _add_labels(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("labelableId"), *THREADS)
    body: JsonObject = {"labels": label_names(ask)}
    issue_labels.label(ask.view.errand(node.home, body, number=node.thing.number))
    return {"labelable": node}


def _remove_labels(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("labelableId"), *THREADS)
    present = {label.name for label in node.thing.labels}
    for name in label_names(ask) or []:
        if name in present:
            issue_labels.unlabel(ask.view.errand(node.home, number=node.thing.number, name=name))
    return {"labelable": node}


def _clear_labels(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("labelableId"), *THREADS)
    issue_labels.clear_labels(ask.view.errand(node.home, number=node.thing.number))
    return {"labelable": node}


def _assigning(ask: Ask, node: Node) -> Errand:
    """Return the call that assigns, for those who may: REST would not tell anybody else."""
    body: JsonObject = {"assignees": logins(ask)}
    errand = ask.view.errand(node.home, body, number=node.thing.number)
    errand.issue("write")
    return errand


def _assign(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("assignableId"), *THREADS)
    issues.assign(_assigning(ask, node))
    return {"assignable": node}


def _unassign(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("assignableId"), *THREADS)
    issues.unassign(_assigning(ask, node))
    return {"assignable": node}


def _create_label(_: None, ask: Ask) -> JsonObject:
    repo = find_as(ask, ask.get("repositoryId"), "Repository").home
    body = {name: ask.get(name) for name in ("name", "color", "description")}
    labels.create(ask.view.errand(repo, body))
    return {"label": Node("Label", repo.labels[ask.get("name").lower()], repo)}


def _update_label(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("id"), "Label")
    body = {"new_name": ask.get("name"), "color": ask.get("color")}
    body["description"] = ask.get("description")
    labels.update(ask.view.errand(node.home, body, name=node.thing.name))
    return {"label": node}


def _delete_label(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("id"), "Label")
    labels.delete(ask.view.errand(node.home, name=node.thing.name))
    return {}


def _add_reaction(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("subjectId"), *THREADS, "IssueComment")
    rest = next(name for name, word in CONTENTS.items() if word == ask.get("content"))
    body: JsonObject = {"content": rest}
    if node.type == "IssueComment":
        comments.react_to_comment(ask.view.errand(node.home, body, id=node.thing.id))
    else:
        reactions.react(ask.view.errand(node.home, body, number=node.thing.number))
    return {"subject": node}


def _lock(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("lockableId"), *THREADS)
    reason = ask.get("lockReason")
    words = {"OFF_TOPIC": "off-topic", "TOO_HEATED": "too heated"}
    body: JsonObject = {"lock_reason": words.get(reason, reason.lower()) if reason else None}
    issues.lock(ask.view.errand(node.home, body, number=node.thing.number))
    return {"lockedRecord": node, "actor": actor(ask.view.call.actor.user)}


def _unlock(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("lockableId"), *THREADS)
    issues.unlock(ask.view.errand(node.home, number=node.thing.number))
    return {"unlockedRecord": node, "actor": actor(ask.view.call.actor.user)}


def _governed(ask: Ask, permission: str) -> tuple[Node, Errand]:
    """Return an issue and a call on it for somebody who may do this to the repository."""
    node = find_as(ask, ask.get("issueId"), "Issue")
    errand = ask.view.errand(node.home, number=node.thing.number)
    errand.repo(permission, "write")
    return node, errand


def _pin(_: None, ask: Ask) -> JsonObject:
    node, errand = _governed(ask, "contents")
    issue_fates.pin(errand.context, node.home, node.thing)
    return {"issue": node}


def _unpin(_: None, ask: Ask) -> JsonObject:
    node, errand = _governed(ask, "contents")
    issue_fates.unpin(errand.context, node.home, node.thing)
    return {"issue": node, "id": node.thing.id}


def _delete_issue(_: None, ask: Ask) -> JsonObject:
    node, errand = _governed(ask, "administration")
    issue_fates.delete(errand.context, node.home, node.thing)
    return {"repository": Node("Repository", node.home, node.home)}


def _transfer(_: None, ask: Ask) -> JsonObject:
    node, errand = _governed(ask, "contents")
    target = find_as(ask, ask.get("repositoryId"), "Repository").home
    ask.view.errand(target).repo("contents", "write")
    new = issue_fates.transfer(errand.context, node.home, node.thing, target)
    return {"issue": Node("Issue", new, target)}


def _link_branch(_: None, ask: Ask) -> JsonObject:
    node = find_as(ask, ask.get("issueId"), "Issue")
    if ask.get("repositoryId") and find_as(ask, ask.get("repositoryId"), "Repository") != Node(
        "Repository", node.home, node.home
    ):
        raise Refusal("UNMODELLED", "github-twin does not model branches linked elsewhere")
    slug = re.sub("[^a-z0-9]+", "-", f"{node.thing.number}-{node.thing.title}".lower()).strip("-")
    ref = "refs/heads/" + (ask.get("name") or slug).removeprefix("refs/heads/")
    body: JsonObject = {"ref": ref, "sha": ask.get("oid")}
    git_data.create_ref(ask.view.errand(node.home, body))
    node.thing.branches.append(ref)
    linked = linked_branch(node.home, node.thing, ref)
    return {"linkedBranch": linked, "issue": node}


MUTATIONS: Fields = {
    "lockLockable": _lock,
    "unlockLockable": _unlock,
    "pinIssue": _pin,
    "unpinIssue": _unpin,
    "deleteIssue": _delete_issue,
    "transferIssue": _transfer,
    "createLinkedBranch": _link_branch,
    "createIssue": _create_issue,
    "updateIssue": _update_issue,
    "closeIssue": _close_issue,
    "reopenIssue": _reopen_issue,
    "addComment": _add_comment,
    "updateIssueComment": _update_comment,
    "deleteIssueComment": _delete_comment,
    "addLabelsToLabelable": _add_labels,
    "removeLabelsFromLabelable": _remove_labels,
    "clearLabelsFromLabelable": _clear_labels,
    "addAssigneesToAssignable": _assign,
    "removeAssigneesFromAssignable": _unassign,
    "createLabel": _create_label,
    "updateLabel": _update_label,
    "deleteLabel": _delete_label,
    "addReaction": _add_reaction,
}
