"""What can happen to a pull request, including what pushes do to it."""

from dataclasses import dataclass

from twins.github.bodies.pulls import brief_pull, pull_of, review_body
from twins.github.commit_log import changes
from twins.github.events import emit
from twins.github.git_store import ZERO
from twins.github.guard import guard_of, latest_verdicts
from twins.github.hub import Context, Hub
from twins.github.issue_changes import close, close_promised, note, tell
from twins.github.state import Issue, Pull, Repository, Review

HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Head:
    """A branch that a pull request may come from."""

    repo: Repository
    branch: str

    @property
    def tip(self) -> str:
        """Return where the branch stands."""
        return self.repo.refs[HEADS + self.branch]


@dataclass(frozen=True, slots=True)
class Step:
    """How a branch moved below a pull request, which was open then or not."""

    old: str
    new: str
    opened: bool
    forced: bool


def open_pull(
    context: Context,
    repo: Repository,
    issue: Issue,
    *,
    head: Head,
    base: str,
    draft: bool,
    modifiable: bool = False,
) -> None:
    """Make an issue a pull request from a branch, here or in a fork, into one of the repository."""
    number = context.hub.number("pull", 2_000_000_001)
    root = repo.refs[HEADS + base]
    issue.pull = Pull(
        number, head.repo, head.repo.owner, head.branch, base, head.tip, root, draft=draft
    )
    issue.pull.maintainer_can_modify = modifiable and head.repo is not repo
    refresh(context, repo, issue)
    tell(context, repo, issue, "opened")


def refresh(context: Context, repo: Repository, issue: Issue) -> None:
    """Follow a moved head or base: counts, the ref people can fetch, unknown mergeability."""
    pull, git = pull_of(issue), context.hub.git
    if pull.head_repo is not None:
        git.bring(repo.path, pull.head_repo.path, pull.head_sha)
    git.update_ref(repo.path, f"refs/pull/{issue.number}/head", pull.head_sha)
    root = git.merge_base(repo.path, pull.base_sha, pull.head_sha) or pull.base_sha
    files = changes(git, repo.path, root, pull.head_sha, patches=False)
    count = git.text(repo.path, "rev-list", "--count", pull.head_sha, f"^{pull.base_sha}")
    pull.stats = {
        "commits": int(count),
        "additions": sum(change.additions for change in files),
        "deletions": sum(change.deletions for change in files),
        "changed_files": len(files),
    }
    forget_mergeable(pull)


def set_draft(context: Context, repo: Repository, issue: Issue, *, draft: bool) -> None:
    """Make a pull request a draft, or ready for review; no event when it is so already."""
    pull = pull_of(issue)
    if pull.draft == draft:
        return
    pull.draft = draft
    word = "converted_to_draft" if draft else "ready_for_review"
    note(context, issue, "convert_to_draft" if draft else word)
    tell(context, repo, issue, word)


def forget_mergeable(pull: Pull) -> None:
    """Make mergeability unknown again, as it is after each move of head or base."""
    pull.mergeable, pull.asked = None, False


def judge_mergeable(hub: Hub, repo: Repository, issue: Issue) -> None:
    """Answer "unknown" to whoever asks first, and know the answer from the next time on."""
    pull = pull_of(issue)
    if issue.state != "open":
        return
    if not pull.asked:
        pull.asked = True
    elif pull.mergeable is None:
        base = repo.refs.get(HEADS + pull.base_ref, pull.base_sha)
        pull.mergeable = hub.git.merged_tree(repo.path, base, pull.head_sha) is not None


def follow_branch(context: Context, repo: Repository, branch: str, old: str, new: str) -> None:
    """Bring every pull request from or into a moved branch up to date; most only if open."""
    touched = [
        (home, issue, issue.pull.head_repo is repo and issue.pull.head_ref == branch)
        for home in context.hub.world.repos.values()
        for issue in home.issues.values()
        if issue.pull
        if (issue.pull.head_repo, issue.pull.head_ref) == (repo, branch)
        or (home, issue.pull.base_ref) == (repo, branch)
    ]
    both = ZERO not in {old, new}
    forced = both and bool(touched) and not context.hub.git.is_ancestor(repo.path, old, new)
    for home, issue, is_head in touched:
        opened = issue.state == "open"
        if is_head:
            if opened:
                _head_moved(context, home, issue, old, new)
            _note_head(context, issue, Step(old, new, opened, forced))
        elif opened:
            if forced:
                note(context, issue, "base_ref_force_pushed").commit_id = new
            _base_moved(context, repo, issue, old, new)


def _note_head(context: Context, issue: Issue, step: "Step") -> None:
    """Write into the history what became of a head branch besides new commits."""
    pull = pull_of(issue)
    if step.new == ZERO and (step.opened or step.old == pull.head_sha):
        note(context, issue, "head_ref_deleted")
    elif step.old == ZERO and not step.opened and step.new == pull.head_sha:
        note(context, issue, "head_ref_restored")
    elif step.opened and step.forced:
        note(context, issue, "head_ref_force_pushed").commit_id = step.new


def _head_moved(context: Context, repo: Repository, issue: Issue, old: str, new: str) -> None:
    pull, git = pull_of(issue), context.hub.git
    if new == ZERO:
        close(context, repo, issue)
        return
    pull.head_sha = new
    pull.base_sha = repo.refs.get(HEADS + pull.base_ref, pull.base_sha)
    issue.updated_at = context.now
    refresh(context, repo, issue)
    if git.is_ancestor(repo.path, new, pull.base_sha):
        # Nothing is left to merge: GitHub closes such a pull request.
        close(context, repo, issue)
        return
    tell(context, repo, issue, "synchronize", before=old, after=new)
    guard = guard_of(repo, pull.base_ref)
    if guard.reviews is not None and guard.reviews.dismiss_stale:
        for review in latest_verdicts(pull):
            if review.state == "APPROVED":
                dismiss_review(context, repo, issue, review)


def dismiss_review(
    context: Context, repo: Repository, issue: Issue, review: Review, said: str = ""
) -> None:
    """Take a review's verdict away and tell it."""
    line = note(context, issue, "review_dismissed")
    line.dismissed = (review.id, review.state, said)
    review.state = "DISMISSED"
    tell_review(context, repo, issue, review, "dismissed")


def tell_review(
    context: Context, repo: Repository, issue: Issue, review: Review, action: str, **extra: object
) -> None:
    """Emit what happened to a review."""
    links = context.links.for_hooks()
    body = review_body(links, repo, issue, review)
    emit(
        context,
        repo,
        "pull_request_review",
        action,
        review={**body, "state": review.state.lower()},
        pull_request=brief_pull(links, repo, issue),
        **extra,
    )


def _base_moved(context: Context, repo: Repository, issue: Issue, old: str, new: str) -> None:
    pull, git = pull_of(issue), context.hub.git
    if new == ZERO:
        _base_gone(context, repo, issue)
    elif git.is_ancestor(repo.path, pull.head_sha, new):
        mark_merged(context, repo, issue, _landing(context, repo, issue, old, new))
    else:
        forget_mergeable(pull)


def _base_gone(context: Context, repo: Repository, issue: Issue) -> None:
    """Go into what the base was merged into, else close."""
    pull = pull_of(issue)
    heir = _heir(repo, pull.base_ref)
    head = pull.head_repo, pull.head_ref
    taken = (repo, heir) == head or any(
        other.pull
        and (other.pull.head_repo, other.pull.head_ref, other.pull.base_ref) == (*head, heir)
        for other in repo.issues.values()
        if other.state == "open"
    )
    if heir is not None and not taken:
        change_base(context, repo, issue, heir, "automatic_base_change_succeeded")
        return
    note(context, issue, "automatic_base_change_failed" if heir else "base_ref_deleted")
    close(context, repo, issue)


def _heir(repo: Repository, branch: str) -> str | None:
    """Return the branch that a deleted one was merged into last, if that is still there."""
    merged = [
        (pull.merged_at, pull.base_ref)
        for issue in repo.issues.values()
        if (pull := issue.pull) and pull.merged_at is not None
        if pull.head_repo is repo and pull.head_ref == branch
    ]
    _, base = max(merged, default=(0.0, ""))
    return base if HEADS + base in repo.refs else None


def change_base(
    context: Context, repo: Repository, issue: Issue, base: str, event: str = "base_ref_changed"
) -> None:
    """Let a pull request go into another branch."""
    pull = pull_of(issue)
    before = pull.base_ref, pull.base_sha
    pull.base_ref, pull.base_sha = base, repo.refs[HEADS + base]
    refresh(context, repo, issue)
    note(context, issue, event)
    changed = {"ref": {"from": before[0]}, "sha": {"from": before[1]}}
    tell(context, repo, issue, "edited", changes={"base": changed})


def _landing(context: Context, repo: Repository, issue: Issue, old: str, new: str) -> str:
    """Return the commit on the base's own line that brought the head in."""
    pull, git = pull_of(issue), context.hub.git
    known = [] if old == ZERO else [f"^{old}"]
    line = git.text(repo.path, "rev-list", "--first-parent", "--reverse", new, *known).split()
    for sha in line:
        if git.is_ancestor(repo.path, pull.head_sha, sha):
            return sha
    return pull.head_sha


def mark_merged(context: Context, repo: Repository, issue: Issue, commit: str) -> None:
    """Record a merge that has happened in git, and close what it promised to close."""
    pull = pull_of(issue)
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = context.now, context.user, commit
    forget_mergeable(pull)
    note(context, issue, "merged").commit_id = commit
    close(context, repo, issue)
    if pull.base_ref == repo.default_branch:
        close_promised(context, repo, issue.body or "")
