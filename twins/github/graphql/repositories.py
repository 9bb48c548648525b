"""Repositories and the lists that hang on them."""

from collections.abc import Callable
from typing import Any

from twins.github.access import may_see, role_of
from twins.github.bodies.basics import iso, node_id
from twins.github.bodies.repositories import full_body
from twins.github.graphql.commits import commit_node, ref_node
from twins.github.graphql.connections import connection, empty
from twins.github.graphql.node import Ask, Field, Fields, Node, Refusal, actor, constant, path_of
from twins.github.graphql.threads import issue_node, milestone_node
from twins.github.mentions import mentions
from twins.github.state import Issue, Milestone, Repository, User
from twins.github.times import moment

HEADS = "refs/heads/"
LEVELS = {
    "admin": "ADMIN",
    "maintain": "MAINTAIN",
    "write": "WRITE",
    "triage": "TRIAGE",
    "read": "READ",
}
ORDERS: dict[str, Callable[[Issue], float]] = {
    "CREATED_AT": lambda issue: issue.created_at,
    "UPDATED_AT": lambda issue: issue.updated_at,
    "COMMENTS": lambda issue: len(issue.comments),
}


def _body(node: Node, ask: Ask) -> dict[str, Any]:
    return full_body(ask.view.links, node.home, ask.view.call.actor.user)


def _of_body(name: str) -> Field:
    return lambda node, ask: _body(node, ask)[name]


def _setting(name: str) -> Field:
    """Return a switch, which here, unlike over REST, everybody may see."""
    return lambda node, _: getattr(node.home.settings, name)


def _permission(node: Node, ask: Ask) -> str | None:
    who = ask.view.call.actor
    if who.installation is not None:
        return "WRITE" if ask.view.may(node.home, "contents", "write") else "READ"
    return LEVELS.get(role_of(who.user, node.home)) if who.user else None


def _ordered(found: list[Issue], ask: Ask) -> list[Issue]:
    order = ask.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    key = ORDERS[order["field"]]
    down = order["direction"] == "DESC"
    return sorted(found, key=lambda issue: (key(issue), issue.number), reverse=down)


def _state(issue: Issue) -> str:
    return "MERGED" if issue.pull and issue.pull.merged_at else issue.state.upper()


def _has_labels(issue: Issue, wanted: list[str] | None) -> bool:
    """Tell whether an issue has one of the labels; GraphQL joins them by "or"."""
    names = {label.name.lower() for label in issue.labels}
    return not wanted or any(name.lower() in names for name in wanted)


def _aims(issue: Issue, chosen: dict[str, Any]) -> bool:
    """Tell whether an issue is in the milestone asked for, by id or number; "*" is any of them."""
    for name, member in (("milestone", "id"), ("milestoneNumber", "number")):
        if name not in chosen:
            continue
        wanted, goal = chosen[name], issue.milestone
        if goal is None or wanted is None:
            return goal is None and wanted is None
        if wanted not in ("*", str(getattr(goal, member))):
            return False
    return True


def _milestones(node: Node, ask: Ask) -> object:
    states, text = ask.get("states"), (ask.get("query") or "").lower()
    order = ask.get("orderBy") or {"field": "NUMBER", "direction": "ASC"}
    keys: dict[str, Callable[[Milestone], float]] = {
        "CREATED_AT": lambda one: one.created_at,
        "DUE_DATE": lambda one: one.due_on or float("inf"),
        "UPDATED_AT": lambda one: one.updated_at,
        "NUMBER": lambda one: one.number,
    }
    kept = [
        one
        for one in node.home.milestones.values()
        if (not states or one.state.upper() in states) and text in one.title.lower()
    ]
    key = keys.get(order["field"], keys["NUMBER"])
    down = order["direction"] == "DESC"
    kept.sort(key=lambda one: (key(one), one.number), reverse=down)
    return connection("milestones", [milestone_node(node.home, one) for one in kept], ask)


def _pinned(node: Node, ask: Ask) -> object:
    found = [Node("PinnedIssue", issue, node.home) for issue in node.home.pinned]
    return connection("pinnedIssues", found, ask)


def _issues(node: Node, ask: Ask) -> object:
    repo = ask.view.errand(node.home).repo("issues")
    chosen = ask.get("filterBy") or {}
    viewer = ask.view.call.actor.user
    states = ask.get("states") or chosen.get("states")
    since = moment(chosen.get("since") or "")

    def named(wanted: str | None, people: list[User]) -> bool:
        logins = {user.login.lower() for user in people}
        mine = viewer.login if viewer and wanted == "@me" else wanted
        return mine is None or (bool(logins) if mine == "*" else mine.lower() in logins)

    kept = [
        issue
        for issue in repo.listed
        if issue.pull is None
        and (not states or _state(issue) in states)
        and issue.updated_at >= since
        and _has_labels(issue, ask.get("labels") or chosen.get("labels"))
        and named(chosen.get("assignee"), issue.assignees)
        and named(chosen.get("createdBy"), [issue.user])
        and _aims(issue, chosen)
        and (not chosen.get("mentioned") or mentions(issue, chosen["mentioned"]))
    ]
    return connection("issues", [issue_node(repo, one) for one in _ordered(kept, ask)], ask)


def _pulls(node: Node, ask: Ask) -> object:
    repo = ask.view.errand(node.home).repo("pull_requests")
    states, head, base = ask.get("states"), ask.get("headRefName"), ask.get("baseRefName")
    kept = [
        issue
        for issue in repo.issues.values()
        if issue.pull is not None
        and (not states or _state(issue) in states)
        and head in (None, issue.pull.head_ref)
        and base in (None, issue.pull.base_ref)
        and _has_labels(issue, ask.get("labels"))
    ]
    return connection("pullRequests", [issue_node(repo, one) for one in _ordered(kept, ask)], ask)


def _numbered(kinds: tuple[str, ...], what: str) -> Field:
    def numbered(node: Node, ask: Ask) -> Node:
        number = ask.get("number")
        issue = node.home.issues.get(number)
        found = issue_node(node.home, issue) if issue else None
        if found is None or found.type not in kinds:
            raise Refusal("NOT_FOUND", f"Could not resolve to {what} with the number of {number}.")
        ask.view.errand(node.home, number=number).issue()
        return found

    return numbered


def _labels(node: Node, ask: Ask) -> object:
    text, order = (ask.get("query") or "").lower(), ask.get("orderBy")
    kept = [
        label
        for label in node.home.labels.values()
        if text in label.name.lower() or text in (label.description or "").lower()
    ]
    if order and order["field"] == "NAME":
        kept.sort(key=lambda label: label.name.lower())
    if order and order["direction"] == "DESC":
        kept.reverse()
    return connection("labels", [Node("Label", label, node.home) for label in kept], ask)


def _label(node: Node, ask: Ask) -> Node | None:
    found = node.home.labels.get(ask.get("name").lower())
    return Node("Label", found, node.home) if found else None


def _people(name: str) -> Field:
    def people(node: Node, ask: Ask) -> object:
        repo, text = node.home, (ask.get("query") or "").lower()
        found = [
            actor(user)
            for user in ask.view.hub.world.users.values()
            if (user is repo.owner or user.id in repo.collaborators) and text in user.login.lower()
        ]
        return connection(name, found, ask)

    return people


def _refs(node: Node, ask: Ask) -> object:
    prefix, text = ask.get("refPrefix"), ask.get("query") or ""
    names = sorted(r for r in node.home.refs if r.startswith(prefix) and text in r)
    return connection("refs", [ref_node(node.home, name) for name in names], ask)


def _ref(node: Node, ask: Ask) -> Node | None:
    name = ask.get("qualifiedName")
    return ref_node(node.home, name) or ref_node(node.home, HEADS + name)


def _object(node: Node, ask: Ask) -> Node | None:
    """Return the commit behind an id or an expression; trees and blobs are not modelled."""
    wanted = ask.get("oid") or ask.get("expression") or ""
    if ":" in wanted:
        raise Refusal("UNMODELLED", "github-twin does not model Repository.object of a path")
    name = node.home.default_branch if wanted == "HEAD" else wanted
    sha = ask.view.hub.git.commit_of(node.home.path, name)
    return commit_node(ask, node.home, sha) if sha else None


def _is_empty(node: Node, _: Ask) -> bool:
    return not node.home.refs


def _parent(node: Node, ask: Ask) -> Node | None:
    parent = node.home.parent
    return repository_node(parent) if parent and may_see(ask.view.call.actor, parent) else None


def _topics(node: Node, ask: Ask) -> object:
    found = [Node("RepositoryTopic", name, node.home) for name in node.home.settings.topics]
    return connection("repositoryTopics", found, ask)


def _forks(node: Node, ask: Ask) -> object:
    who, wanted = ask.view.call.actor, ask.get("affiliations") or []
    found = [
        repository_node(one)
        for one in ask.view.hub.world.forks_of(node.home)
        if may_see(who, one) and (not wanted or _affiliated(who.user, one, wanted))
    ]
    return connection("forks", found, ask)


def _affiliated(user: User | None, repo: Repository, wanted: list[str]) -> bool:
    owns = repo.owner is user
    belongs = user is not None and user.id in repo.collaborators
    return ("OWNER" in wanted and owns) or ("COLLABORATOR" in wanted and belongs)


def repository_node(repo: Repository) -> Node:
    """Return a repository."""
    return Node("Repository", repo, repo)


REPOSITORY: Fields = {
    "id": _of_body("node_id"),
    "databaseId": lambda node, _: node.home.id,
    "name": lambda node, _: node.home.name,
    "nameWithOwner": lambda node, _: node.home.full_name,
    "owner": lambda node, _: actor(node.home.owner),
    "description": _of_body("description"),
    "homepageUrl": _of_body("homepage"),
    "url": _of_body("html_url"),
    "resourcePath": lambda node, ask: path_of(_body(node, ask)["html_url"]),
    "sshUrl": _of_body("ssh_url"),
    "visibility": lambda node, ask: str(_body(node, ask)["visibility"]).upper(),
    "createdAt": lambda node, _: iso(node.home.created_at),
    "updatedAt": lambda node, _: iso(node.home.pushed_at),
    "pushedAt": lambda node, _: iso(node.home.pushed_at),
    "isPrivate": lambda node, _: node.home.private,
    "isArchived": _of_body("archived"),
    "isDisabled": _of_body("disabled"),
    "isEmpty": _is_empty,
    "isFork": _of_body("fork"),
    "isMirror": constant(value=False),
    "isLocked": constant(value=False),
    "isBlankIssuesEnabled": constant(value=True),
    "isSecurityPolicyEnabled": constant(value=False),
    "isUserConfigurationRepository": lambda node, _: node.home.name == node.home.owner.login,
    "contactLinks": constant([]),
    "fundingLinks": constant([]),
    "diskUsage": constant(0),
    "mirrorUrl": constant(None),
    "securityPolicyUrl": constant(None),
    "templateRepository": constant(None),
    "usesCustomOpenGraphImage": constant(value=False),
    "openGraphImageUrl": lambda node, ask: ask.view.page(f"/avatars/{node.home.owner.id}"),
    "viewerHasStarred": constant(value=False),
    "viewerSubscription": constant("UNSUBSCRIBED"),
    "viewerDefaultCommitEmail": lambda _, ask: ask.view.call.user.email,
    "viewerPossibleCommitEmails": lambda _, ask: [ask.view.call.user.email],
    "branchProtectionRules": lambda node, ask: connection(
        "branchProtectionRules",
        [Node("BranchProtectionRule", name, node.home) for name in node.home.protections],
        ask,
    ),
    "isTemplate": _of_body("is_template"),
    "isInOrganization": lambda node, _: node.home.owner.kind == "Organization",
    "parent": _parent,
    "licenseInfo": constant(None),
    "primaryLanguage": constant(None),
    "codeOfConduct": constant(None),
    "stargazerCount": _of_body("stargazers_count"),
    "forkCount": _of_body("forks_count"),
    "hasIssuesEnabled": _of_body("has_issues"),
    "hasWikiEnabled": _of_body("has_wiki"),
    "hasProjectsEnabled": _of_body("has_projects"),
    "hasDiscussionsEnabled": _of_body("has_discussions"),
    "mergeCommitAllowed": _setting("allow_merge_commit"),
    "squashMergeAllowed": _setting("allow_squash_merge"),
    "rebaseMergeAllowed": _setting("allow_rebase_merge"),
    "autoMergeAllowed": _setting("allow_auto_merge"),
    "deleteBranchOnMerge": _setting("delete_branch_on_merge"),
    "viewerPermission": _permission,
    "viewerCanAdminister": lambda node, ask: ask.view.may(node.home, "administration", "write"),
    "viewerDefaultMergeMethod": constant("MERGE"),
    "defaultBranchRef": lambda node, _: ref_node(node.home, HEADS + node.home.default_branch),
    "ref": _ref,
    "refs": _refs,
    "object": _object,
    "issue": _numbered(("Issue",), "an Issue"),
    "pullRequest": _numbered(("PullRequest",), "a PullRequest"),
    "issueOrPullRequest": _numbered(("Issue", "PullRequest"), "an issue or pull request"),
    "issues": _issues,
    "pullRequests": _pulls,
    "labels": _labels,
    "label": _label,
    "assignableUsers": _people("assignableUsers"),
    "mentionableUsers": _people("mentionableUsers"),
    "collaborators": _people("collaborators"),
    "milestones": _milestones,
    "milestone": lambda node, ask: milestone_node(
        node.home, node.home.milestones.get(ask.get("number"))
    ),
    "pinnedIssues": _pinned,
    "projects": empty("projects"),
    "projectsV2": empty("projectsV2"),
    "issueTemplates": constant([]),
    "pullRequestTemplates": constant([]),
    "repositoryTopics": _topics,
    "languages": empty("languages"),
    "latestRelease": constant(None),
    "releases": empty("releases"),
    "watchers": empty("watchers"),
    "stargazers": empty("stargazers"),
    "forks": _forks,
}
FIELDS: dict[str, Fields] = {
    "Repository": REPOSITORY,
    "RepositoryTopic": {
        "id": lambda node, _: node_id("RT", f"{node.home.id}:{node.thing}"),
        "topic": lambda node, _: Node("Topic", node.thing),
        "url": lambda node, ask: ask.view.page(f"/topics/{node.thing}"),
        "resourcePath": lambda node, _: f"/topics/{node.thing}",
    },
    "Topic": {
        "id": lambda node, _: node_id("T", node.thing),
        "name": lambda node, _: node.thing,
    },
    "PinnedIssue": {
        "id": lambda node, _: node_id("PI", node.thing.id),
        "issue": lambda node, _: issue_node(node.home, node.thing),
        "repository": lambda node, _: repository_node(node.home),
    },
}
