"""Whether a branch lets a change in: protection, rulesets, checks and reviews as they are now."""

from fnmatch import fnmatchcase

from twins.github.access import Actor, accepts, role_of
from twins.github.governance import Allowed, Guard, RequiredCheck, Reviews, Ruleset
from twins.github.state import Issue, Pull, Repository, Review

GREEN = frozenset({"success", "neutral", "skipped"})
ADMIN_ROLE = 5
UNAUTHORIZED = (
    "You're not authorized to push to this branch. Visit "
    "https://docs.github.com/articles/about-protected-branches/ for more information."
)
BOUND = Actor("anonymous")


def guard_of(repo: Repository, branch: str, actor: Actor = BOUND) -> Guard:
    """Return what holds on a branch for somebody; without an actor, for everybody."""
    guards = [_of_rules(one) for one in rulesets_on(repo, branch) if not bypasses(one, repo, actor)]
    protection = repo.protections.get(branch)
    if protection is not None and (protection.admins or not is_admin(repo, actor)):
        guards.append(
            Guard(
                checks=frozenset(protection.checks or ()),
                strict=protection.strict and bool(protection.checks),
                reviews=protection.reviews,
                pull=protection.reviews is not None or protection.lock,
                linear=protection.linear,
                force_pushes=protection.force_pushes,
                deletions=protection.deletions,
                shut=not lets_in(protection.pushers, actor),
            )
        )
    return _sum(guards)


def lets_in(allowed: Allowed | None, actor: Actor) -> bool:
    """Tell whether somebody is among the chosen few; nobody in particular is never left out."""
    if allowed is None or actor is BOUND:
        return True
    if actor.app is not None:
        return actor.app.slug in allowed.apps
    return actor.user is not None and actor.user.login in allowed.users


def rulesets_on(repo: Repository, branch: str) -> list[Ruleset]:
    """Return the active rulesets whose conditions name a branch."""
    ref = f"refs/heads/{branch}"

    def names(patterns: list[str]) -> bool:
        return any(
            one == "~ALL"
            or (one == "~DEFAULT_BRANCH" and branch == repo.default_branch)
            or fnmatchcase(ref, one)
            for one in patterns
        )

    return [
        one
        for one in repo.rulesets.values()
        if one.target == "branch"
        and one.enforcement == "active"
        and names(one.include)
        and not names(one.exclude)
    ]


def is_protected(repo: Repository, branch: str) -> bool:
    """Tell whether a protection or an active ruleset names a branch."""
    return branch in repo.protections or bool(rulesets_on(repo, branch))


def is_admin(repo: Repository, actor: Actor) -> bool:
    """Tell whether a person rules over a repository."""
    return actor.kind == "user" and actor.user is not None and role_of(actor.user, repo) == "admin"


def bypasses(ruleset: Ruleset, repo: Repository, actor: Actor) -> bool:
    """Tell whether a ruleset counts for nothing when this actor changes something."""
    for one in ruleset.bypass_actors:
        kind, number = one.get("actor_type"), one.get("actor_id")
        if kind == "Integration" and actor.app is not None and actor.app.id == number:
            return True
        if kind == "RepositoryRole" and number == ADMIN_ROLE and is_admin(repo, actor):
            return True
    return False


def _of_rules(ruleset: Ruleset) -> Guard:
    rules = {str(rule["type"]): rule.get("parameters") or {} for rule in ruleset.rules}
    checks = rules.get("required_status_checks", {})
    wanted = frozenset(
        RequiredCheck(str(one["context"]), one.get("integration_id"))
        for one in checks.get("required_status_checks", [])
    )
    reviews = None
    if "pull_request" in rules:
        asked = rules["pull_request"]
        reviews = Reviews(
            approvals=int(asked.get("required_approving_review_count", 0)),
            dismiss_stale=bool(asked.get("dismiss_stale_reviews_on_push")),
        )
    return Guard(
        checks=wanted,
        strict=bool(checks.get("strict_required_status_checks_policy")),
        reviews=reviews,
        pull="pull_request" in rules or "update" in rules,
        linear="required_linear_history" in rules,
        force_pushes="non_fast_forward" not in rules,
        deletions="deletion" not in rules,
        by_rules=True,
    )


def _sum(guards: list[Guard]) -> Guard:
    reviews = [one.reviews for one in guards if one.reviews is not None]
    most = max(reviews, key=lambda one: one.approvals, default=None)
    return Guard(
        checks=frozenset().union(*(one.checks for one in guards)),
        strict=any(one.strict for one in guards),
        reviews=most,
        pull=any(one.pull for one in guards),
        linear=any(one.linear for one in guards),
        force_pushes=all(one.force_pushes for one in guards),
        deletions=all(one.deletions for one in guards),
        by_rules=any(one.by_rules for one in guards),
        shut=any(one.shut for one in guards),
    )


def missing_checks(repo: Repository, sha: str, guard: Guard) -> list[str]:
    """Return the required contexts that are not green on a commit."""
    return sorted(one.context for one in guard.checks if not _is_green(repo, sha, one))


def _is_green(repo: Repository, sha: str, wanted: RequiredCheck) -> bool:
    runs = [
        run
        for run in repo.runs.values()
        if run.head_sha == sha
        and run.name == wanted.context
        and wanted.app_id in (None, -1, run.suite.app.id)
    ]
    if runs:
        return runs[-1].conclusion in GREEN
    states = [s.state for s in repo.statuses if s.sha == sha and s.key == wanted.context.lower()]
    return wanted.app_id in (None, -1) and bool(states) and states[-1] == "success"


def all_green(repo: Repository, sha: str) -> bool:
    """Tell whether no check run and no status speaks against a commit."""
    runs = {(r.suite.app.id, r.name): r for r in repo.runs.values() if r.head_sha == sha}
    states = {one.key: one.state for one in repo.statuses if one.sha == sha}
    fine = all(run.conclusion in GREEN for run in runs.values())
    return fine and set(states.values()) <= {"success"}


def latest_verdicts(pull: Pull) -> list[Review]:
    """Return the last approval or refusal of everybody who gave one."""
    telling = [one for one in pull.reviews if one.state not in {"COMMENTED", "PENDING"}]
    return list({one.user.id: one for one in telling}.values())


def lacking(repo: Repository, issue: Issue, pull: Pull, guard: Guard) -> list[str]:
    """Return why a pull request may not be merged yet, in GitHub's words."""
    said = []
    verdicts = [
        one
        for one in latest_verdicts(pull)
        if accepts(Actor("user", user=one.user), repo, "contents", "write")
        and one.user is not issue.user
    ]
    if guard.reviews is not None:
        approvals = sum(one.state == "APPROVED" for one in verdicts)
        wanted = guard.reviews.approvals
        if any(one.state == "CHANGES_REQUESTED" for one in verdicts):
            said.append("Changes have been requested.")
        elif approvals < wanted:
            noun = "review is" if wanted == 1 else "reviews are"
            said.append(
                f"At least {wanted} approving {noun} required by reviewers with write access."
            )
    checks = missing_checks(repo, pull.head_sha, guard)
    if len(checks) == 1:
        said.append(f'Required status check "{checks[0]}" is expected.')
    elif checks:
        said.append(f"{len(checks)} of {len(guard.checks)} required status checks are expected.")
    return said


def push_refusal(repo: Repository, guard: Guard, new: str, *, forward: bool) -> str | None:
    """Return why a branch may not be moved there by hand, in GitHub's words."""
    if guard.shut:
        return UNAUTHORIZED
    if not forward and not guard.force_pushes:
        return "Cannot force-push to this branch"
    if guard.pull:
        return "Changes must be made through a pull request."
    checks = missing_checks(repo, new, guard)
    if len(checks) == 1:
        return f'Required status check "{checks[0]}" is expected.'
    if checks:
        return f"{len(checks)} of {len(guard.checks)} required status checks are expected."
    return None


def violation(guard: Guard, said: str) -> str:
    """Return a refusal as rulesets word it; the older protection says it plainly."""
    return f"Repository rule violations found\n\n{said}\n\n" if guard.by_rules else said
