"""Auto-merge: asked for now, done by whichever later call makes the pull request mergeable."""

from twins.github.bodies.pulls import pull_body, pull_of
from twins.github.body import Body
from twins.github.hub import Context, Hub
from twins.github.issue_changes import note, tell
from twins.github.links import Links
from twins.github.merges import land
from twins.github.problem import Problem
from twins.github.pull_changes import judge_mergeable
from twins.github.state import AutoMerge, Issue, Repository

# Auto-merge is for what cannot be merged yet; GitHub refuses it for what can.
READY = frozenset({"clean", "unstable", "has_hooks"})


def enable(
    context: Context,
    repo: Repository,
    issue: Issue,
    *,
    method: str,
    headline: str | None,
    body: str | None,
) -> None:
    """Ask that a pull request be merged once nothing stands in its way."""
    if not repo.settings.allow_auto_merge:
        raise Problem(422, "Auto merge is not allowed for this repository")
    if issue.state == "closed":
        raise Problem(422, "Can't enable auto-merge for this pull request")
    state = standing(context, repo, issue)
    if state in READY:
        raise Problem(422, f"Pull request is in {state} status")
    pull_of(issue).auto_merge = AutoMerge(
        context.user, context.app, context.now, method, headline, body
    )
    note(context, issue, "auto_merge_enabled")
    tell(context, repo, issue, "auto_merge_enabled")


def disable(context: Context, repo: Repository, issue: Issue, reason: str) -> None:
    """Take the wish back."""
    if pull_of(issue).auto_merge is None:
        raise Problem(422, "Can't disable auto-merge for this pull request")
    pull_of(issue).auto_merge = None
    note(context, issue, "auto_merge_disabled")
    tell(context, repo, issue, "auto_merge_disabled", reason=reason)


def standing(context: Context, repo: Repository, issue: Issue) -> str:
    """Return the mergeable state as the queue itself sees it: it never has to ask twice."""
    pull = pull_of(issue)
    asked = pull.asked
    pull.asked = True
    judge_mergeable(context.hub, repo, issue)
    state = str(pull_body(Links("", ""), repo, issue)["mergeable_state"])
    if not asked:  # what people are told stays as late as it was
        pull.asked, pull.mergeable = False, None
    return state


def settle(hub: Hub, links: Links) -> None:
    """Merge what waits to be merged and now can be; called after whatever changed something."""
    for repo in hub.world.repos.values():
        if not repo.settings.allow_auto_merge:
            continue
        for issue in list(repo.issues.values()):
            wish = issue.pull.auto_merge if issue.pull else None
            if wish is None or issue.state == "closed":
                continue
            context = Context(hub, wish.enabled_by, wish.app, links)
            if standing(context, repo, issue) in READY:
                words = {"commit_title": wish.headline, "commit_message": wish.body}
                land(context, repo, issue, Body(words), wish.method)
