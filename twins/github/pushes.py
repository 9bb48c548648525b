"""What a moved ref sets off: push, create, delete, check suites, pull requests, closed issues.

Level-triggered: refs on disk are compared with those of the last event, so that each change is told
exactly once, whoever made it and however (git, the refs API, contents, a merge).
"""

from dataclasses import dataclass, replace
from typing import Any

from twins.github.bodies.commits import push_commit
from twins.github.commit_log import LogEntry, changes, log
from twins.github.events import emit, emit_to
from twins.github.git_store import ZERO
from twins.github.hub import Context
from twins.github.issue_changes import close_promised
from twins.github.pull_changes import follow_branch
from twins.github.state import CheckSuite, Repository
from twins.github.suites import suite_payload

JsonObject = dict[str, Any]
HEADS = "refs/heads/"
MOST_COMMITS = 2048
# File lists of a push are told for so many commits; each costs a git process.
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Move:
    """One ref from one object to another, with the commits it gained."""

    ref: str
    old: str
    new: str
    commits: list[LogEntry]

    @property
    def branch(self) -> str | None:
        """Return the branch's name, or None for a tag."""
        return self.ref.removeprefix(HEADS) if self.ref.startswith(HEADS) else None


def observe(context: Context, repo: Repository) -> None:
    """Tell everything that the refs on disk say and no event has said yet."""
    before, after = dict(repo.refs), context.hub.git.refs(repo.path)
    moved = sorted(ref for ref in before | after if before.get(ref) != after.get(ref))
    if moved:
        repo.pushed_at = context.now
    for ref in moved:
        # One by one: a head that moves together with its base must still see the old base.
        if ref in after:
            repo.refs[ref] = after[ref]
        else:
            del repo.refs[ref]
        _tell(context, repo, ref, before.get(ref, ZERO), after.get(ref, ZERO))


def _tell(context: Context, repo: Repository, ref: str, old: str, new: str) -> None:
    move = Move(ref, old, new, _new_commits(context, repo, ref, old, new))
    _push(context, repo, move)
    if ZERO in {old, new}:
        _created_or_deleted(context, repo, move)
    if move.branch is None:
        return
    if new != ZERO:
        _request_suites(context, repo, move.branch, old, new)
    follow_branch(context, repo, move.branch, old, new)
    if move.branch == repo.default_branch:
        for commit in move.commits:
            close_promised(context, repo, commit.message, commit.sha)


def _new_commits(
    context: Context, repo: Repository, ref: str, old: str, new: str
) -> list[LogEntry]:
    """Return what the ref gained; a new branch gained what the default branch lacks."""
    if new == ZERO or not ref.startswith(HEADS):
        return []
    default = repo.refs.get(HEADS + repo.default_branch)
    known = old if old != ZERO else default
    limit = [f"--max-count={MOST_COMMITS}", "--reverse"]
    if known is None or known == new:
        return []
    return log(context.hub.git, repo.path, *limit, new, f"^{known}")


def _push(context: Context, repo: Repository, move: Move) -> None:
    git, links = context.hub.git, context.links.for_hooks()
    old, new = move.old, move.new
    changed = move.branch is not None and ZERO not in {old, new}
    listed = [_with_files(context, repo, commit) for commit in move.commits[-MOST_LISTED:]]
    told = [push_commit(links, context.hub.world, repo, commit) for commit in listed]
    emit(
        context,
        repo,
        "push",
        None,
        ref=move.ref,
        before=old,
        after=new,
        created=old == ZERO,
        deleted=new == ZERO,
        forced=changed and not git.is_ancestor(repo.path, old, new),
        base_ref=None,
        compare=links.html(f"/{repo.full_name}/compare/{old[:12]}...{new[:12]}"),
        commits=told,
        head_commit=told[-1] if told else None,
        pusher={"name": context.user.login, "email": context.user.email},
    )


def _with_files(context: Context, repo: Repository, commit: LogEntry) -> LogEntry:
    if not commit.parents:
        return commit
    git = context.hub.git
    files = changes(git, repo.path, commit.parents[0], commit.sha, patches=False)
    return replace(commit, files=files)


def _created_or_deleted(context: Context, repo: Repository, move: Move) -> None:
    payload: JsonObject = {
        "ref": move.branch or move.ref.removeprefix("refs/tags/"),
        "ref_type": "branch" if move.branch else "tag",
        "pusher_type": "user",
    }
    if move.old == ZERO:
        about = {"master_branch": repo.default_branch, "description": None}
        emit(context, repo, "create", None, **payload, **about)
    else:
        emit(context, repo, "delete", None, **payload)


def _request_suites(context: Context, repo: Repository, branch: str, old: str, new: str) -> None:
    """Open a check suite for every App that may write checks, once per commit."""
    for one in context.hub.world.installations_on(repo):
        if one.permissions.get("checks") != "write":
            continue
        if any(s.app is one.app and s.head_sha == new for s in repo.suites.values()):
            continue
        number, now = context.hub.number("suite", 30_000_000_001), context.now
        before = None if old == ZERO else old
        suite = CheckSuite(number, one.app, new, branch, before, now, now)
        repo.suites[number] = suite
        body = suite_payload(context.hub, context.links.for_hooks(), repo, suite)
        emit_to(context, repo, one.app, "check_suite", "requested", check_suite=body)
