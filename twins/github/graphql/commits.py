"""Commits, branches, and what checks and statuses say about a commit."""

from collections.abc import Callable
from typing import Any

from twins.github.access import may_see
from twins.github.bodies.basics import iso, node_id
from twins.github.bodies.checks import run_body, runs_of, status_body, suite_body, suite_state
from twins.github.commit_log import EMPTY_TREE, LogEntry, Signature, changes, log, one
from twins.github.governance import Protection
from twins.github.graphql.connections import connection
from twins.github.graphql.node import (
    Ask,
    Field,
    Fields,
    Node,
    Refusal,
    actor,
    constant,
    path_of,
)
from twins.github.guard import guard_of
from twins.github.state import CheckRun, Repository, Status

HEADS = "refs/heads/"
# A conclusion that is not among these is as bad as a failure.
GOOD = frozenset({"success", "neutral", "skipped"})


def commit_node(ask: Ask, repo: Repository, sha: str) -> Node:
    """Return a commit of a repository."""
    return Node("Commit", one(ask.view.hub.git, repo.path, sha), repo)


def ref_node(repo: Repository, ref: str) -> Node | None:
    """Return a ref by its full name, if it is there."""
    return Node("Ref", ref, repo) if ref in repo.refs else None


def _page(node: Node, ask: Ask) -> str:
    return ask.view.page(f"/{node.home.full_name}/commit/{node.thing.sha}")


def _git_actor(role: str) -> Field:
    def git_actor(node: Node, _: Ask) -> Node:
        return Node("GitActor", getattr(node.thing, role), node.repo)

    return git_actor


def _user(node: Node, ask: Ask) -> Node | None:
    signature: Signature = node.thing
    found = actor(ask.view.hub.world.user_by_email(signature.email))
    return found if found and found.type == "User" else None


def _authors(node: Node, ask: Ask) -> object:
    return connection("authors", [Node("GitActor", node.thing.author, node.repo)], ask)


def _parents(node: Node, ask: Ask) -> object:
    found = [commit_node(ask, node.home, sha) for sha in node.thing.parents]
    return connection("parents", found, ask)


def _history(node: Node, ask: Ask) -> object:
    path = ask.get("path") or ""
    entries = log(ask.view.hub.git, node.home.path, node.thing.sha, only=path)
    return connection("history", [Node("Commit", entry, node.home) for entry in entries], ask)


def _pulls(node: Node, ask: Ask) -> object:
    repo, git = node.home, ask.view.hub.git
    found = [
        Node("PullRequest", issue, repo)
        for issue in repo.issues.values()
        if issue.pull
        and (
            node.thing.sha == issue.pull.merge_commit_sha
            or (
                git.is_ancestor(repo.path, node.thing.sha, issue.pull.head_sha)
                and not git.is_ancestor(repo.path, node.thing.sha, issue.pull.base_sha)
            )
        )
    ]
    return connection("associatedPullRequests", found, ask)


def _changed(member: str) -> Field:
    def changed(node: Node, ask: Ask) -> int:
        entry: LogEntry = node.thing
        before = entry.parents[0] if entry.parents else EMPTY_TREE
        files = changes(ask.view.hub.git, node.home.path, before, entry.sha, patches=False)
        return sum(getattr(file, member) for file in files) if member else len(files)

    return changed


COMMIT: Fields = {
    "id": lambda node, _: node_id("C", node.thing.sha),
    "oid": lambda node, _: node.thing.sha,
    "abbreviatedOid": lambda node, _: node.thing.sha[:7],
    "message": lambda node, _: node.thing.message,
    "messageHeadline": lambda node, _: node.thing.message.partition("\n")[0],
    "messageBody": lambda node, _: node.thing.message.partition("\n")[2].lstrip("\n"),
    "author": _git_actor("author"),
    "committer": _git_actor("committer"),
    "authors": _authors,
    "authoredDate": lambda node, _: iso(node.thing.author.at),
    "committedDate": lambda node, _: iso(node.thing.committer.at),
    "url": _page,
    "commitUrl": _page,
    "resourcePath": lambda node, ask: path_of(_page(node, ask)),
    "parents": _parents,
    "history": _history,
    "additions": _changed("additions"),
    "deletions": _changed("deletions"),
    "changedFiles": _changed(""),
    "changedFilesIfAvailable": _changed(""),
    "associatedPullRequests": _pulls,
    "repository": lambda node, _: Node("Repository", node.home, node.home),
    "statusCheckRollup": lambda node, ask: rollup(node.home, node.thing.sha, ask),
    "checkSuites": lambda node, ask: connection(
        "checkSuites",
        [
            Node("CheckSuite", suite, node.home)
            for suite in node.home.suites.values()
            if suite.head_sha == node.thing.sha
        ],
        ask,
    ),
}


def _target(node: Node, ask: Ask) -> Node:
    sha = ask.view.hub.git.commit_of(node.home.path, node.thing) or node.home.refs[node.thing]
    return commit_node(ask, node.home, sha)


def _prefix(node: Node, _: Ask) -> str:
    start, kind, _rest = node.thing.split("/", 2)
    return f"{start}/{kind}/"


REF: Fields = {
    "id": lambda node, _: node_id("REF", f"{node.home.id}:{node.thing}"),
    "name": lambda node, _: node.thing.split("/", 2)[2],
    "prefix": _prefix,
    "target": _target,
    "repository": lambda node, _: Node("Repository", node.home, node.home),
    "branchProtectionRule": lambda node, _: (
        Node("BranchProtectionRule", node.thing.removeprefix(HEADS), node.home)
        if node.thing.removeprefix(HEADS) in node.home.protections
        else None
    ),
    "associatedPullRequests": lambda node, ask: connection(
        "associatedPullRequests",
        [
            Node("PullRequest", issue, home)
            for home in ask.view.hub.world.repos.values()
            for issue in home.issues.values()
            if issue.pull
            and issue.pull.head_repo is node.home
            and HEADS + issue.pull.head_ref == node.thing
            and may_see(ask.view.call.actor, home)
        ],
        ask,
    ),
}


def _rule(read: Callable[[Protection], object]) -> Field:
    return lambda node, _: read(node.home.protections[node.thing])


RULE: Fields = {
    "id": lambda node, _: node_id("BPR", f"{node.home.id}:{node.thing}"),
    "pattern": lambda node, _: node.thing,
    "isAdminEnforced": _rule(lambda one: one.admins),
    "requiresStatusChecks": _rule(lambda one: one.checks is not None),
    "requiresStrictStatusChecks": _rule(lambda one: one.strict),
    "requiredStatusCheckContexts": _rule(lambda one: [c.context for c in one.checks or ()]),
    "requiresApprovingReviews": _rule(lambda one: one.reviews is not None),
    "requiredApprovingReviewCount": _rule(lambda one: one.reviews and one.reviews.approvals),
    "dismissesStaleReviews": _rule(lambda one: bool(one.reviews and one.reviews.dismiss_stale)),
    "requiresCodeOwnerReviews": _rule(lambda one: bool(one.reviews and one.reviews.code_owners)),
    "requiresLinearHistory": _rule(lambda one: one.linear),
    "requiresConversationResolution": _rule(lambda one: one.conversations),
    "requiresCommitSignatures": constant(value=False),
    "allowsForcePushes": _rule(lambda one: one.force_pushes),
    "allowsDeletions": _rule(lambda one: one.deletions),
    "lockBranch": _rule(lambda one: one.lock),
    "restrictsPushes": _rule(lambda one: one.pushers is not None),
    "restrictsReviewDismissals": _rule(
        lambda one: bool(one.reviews and one.reviews.dismissals is not None)
    ),
    "repository": lambda node, _: Node("Repository", node.home, node.home),
}


def latest(repo: Repository, sha: str) -> tuple[list[CheckRun], list[Status]]:
    """Return what counts about a commit: the newest run per App and name, status per context."""
    runs = {(r.suite.app.id, r.name): r for r in repo.runs.values() if r.head_sha == sha}
    statuses = {status.key: status for status in repo.statuses if status.sha == sha}
    return list(runs.values()), list(statuses.values())


def rollup(repo: Repository, sha: str, ask: Ask) -> Node | None:
    """Return checks and statuses of a commit as one, or nothing when there are none."""
    if not ask.view.may(repo, "checks", "read"):
        return None
    return Node("StatusCheckRollup", sha, repo) if any(latest(repo, sha)) else None


def _rollup_state(node: Node, _: Ask) -> str:
    runs, statuses = latest(node.home, node.thing)
    verdicts = [run.conclusion or "pending" for run in runs] + [one.state for one in statuses]
    if any(one not in {*GOOD, "pending"} for one in verdicts):
        return "FAILURE"
    return "PENDING" if "pending" in verdicts else "SUCCESS"


def _contexts(node: Node, ask: Ask) -> object:
    runs, statuses = latest(node.home, node.thing)
    found = [Node("CheckRun", run, node.home) for run in runs]
    found += [Node("StatusContext", status, node.home) for status in statuses]
    return connection(
        "contexts", found, ask, checkRunCount=len(runs), statusContextCount=len(statuses)
    )


ROLLUP: Fields = {
    "id": lambda node, _: node_id("SCR", f"{node.home.id}:{node.thing}"),
    "state": _rollup_state,
    "commit": lambda node, ask: commit_node(ask, node.home, node.thing),
    "contexts": _contexts,
}


def _is_required(node: Node, ask: Ask, name: str) -> bool:
    """Tell whether the base of the pull request named waits for this context.

    The case of a status does not matter, that of a check run does.
    """
    wanted = ask.get("pullRequestId"), ask.get("pullRequestNumber")
    pulls = [
        issue.pull
        for issue in node.home.issues.values()
        if issue.pull and (issue.number == wanted[1] or wanted[0] in _ids(issue.id, issue.pull.id))
    ]
    if not pulls:
        raise Refusal("NOT_FOUND", "Could not resolve to a PullRequest with the given id or number")
    contexts = {one.context for one in guard_of(node.home, pulls[0].base_ref).checks}
    return name in ({one.lower() for one in contexts} if node.type == "StatusContext" else contexts)


def _ids(*numbers: int) -> set[str]:
    return {node_id("PR", number) for number in numbers}


def _run(node: Node, ask: Ask) -> dict[str, Any]:
    return run_body(ask.view.links, node.home, node.thing)


def upper(text: str | None) -> str | None:
    """Return the word as the schema's enums spell it."""
    return text.upper() if text else None


RUN: Fields = {
    "id": lambda node, ask: _run(node, ask)["node_id"],
    "databaseId": lambda node, _: node.thing.id,
    "name": lambda node, _: node.thing.name,
    "status": lambda node, _: upper(node.thing.status),
    "conclusion": lambda node, _: upper(node.thing.conclusion),
    "startedAt": lambda node, _: iso(node.thing.started_at),
    "completedAt": lambda node, _: iso(node.thing.completed_at),
    "detailsUrl": lambda node, ask: _run(node, ask)["details_url"],
    "externalId": lambda node, _: node.thing.external_id,
    "url": lambda node, ask: _run(node, ask)["html_url"],
    "permalink": lambda node, ask: _run(node, ask)["html_url"],
    "resourcePath": lambda node, ask: path_of(_run(node, ask)["html_url"]),
    "title": lambda node, _: node.thing.output.get("title"),
    "summary": lambda node, _: node.thing.output.get("summary"),
    "text": lambda node, _: node.thing.output.get("text"),
    "isRequired": lambda node, ask: _is_required(node, ask, node.thing.name),
    "checkSuite": lambda node, _: Node("CheckSuite", node.thing.suite, node.repo),
    "repository": lambda node, _: Node("Repository", node.home, node.home),
}


def _suite_runs(node: Node, ask: Ask) -> object:
    runs = runs_of(node.home, node.thing)
    return connection("checkRuns", [Node("CheckRun", run, node.home) for run in runs], ask)


SUITE: Fields = {
    "id": lambda node, ask: suite_body(ask.view.links, node.home, node.thing)["node_id"],
    "databaseId": lambda node, _: node.thing.id,
    "app": lambda node, _: Node("App", node.thing.app),
    "status": lambda node, _: upper(suite_state(node.home, node.thing)[0]),
    "conclusion": lambda node, _: upper(suite_state(node.home, node.thing)[1]),
    "createdAt": lambda node, _: iso(node.thing.created_at),
    "updatedAt": lambda node, _: iso(node.thing.updated_at),
    "commit": lambda node, ask: commit_node(ask, node.home, node.thing.head_sha),
    "checkRuns": _suite_runs,
    "repository": lambda node, _: Node("Repository", node.home, node.home),
    # Workflows belong to Actions; an App's suite has none.
    "workflowRun": constant(None),
}
APP: Fields = {
    "id": lambda node, _: node_id("A", node.thing.id),
    "databaseId": lambda node, _: node.thing.id,
    "name": lambda node, _: node.thing.slug,
    "slug": lambda node, _: node.thing.slug,
}
STATUS: Fields = {
    "id": lambda node, ask: status_body(ask.view.links, node.home, node.thing)["node_id"],
    "context": lambda node, _: node.thing.context,
    "state": lambda node, _: upper(node.thing.state),
    "description": lambda node, _: node.thing.description,
    "targetUrl": lambda node, _: node.thing.target_url,
    "createdAt": lambda node, _: iso(node.thing.created_at),
    "creator": lambda node, _: actor(node.thing.creator),
    "isRequired": lambda node, ask: _is_required(node, ask, node.thing.key),
    "commit": lambda node, ask: commit_node(ask, node.home, node.thing.sha),
}
GIT_ACTOR: Fields = {
    "name": lambda node, _: node.thing.name,
    "email": lambda node, _: node.thing.email,
    "date": lambda node, _: iso(node.thing.at),
    "user": _user,
}
FIELDS: dict[str, Fields] = {
    "App": APP,
    "CheckRun": RUN,
    "CheckSuite": SUITE,
    "Commit": COMMIT,
    "GitActor": GIT_ACTOR,
    "Ref": REF,
    "BranchProtectionRule": RULE,
    "StatusCheckRollup": ROLLUP,
    "StatusContext": STATUS,
}
