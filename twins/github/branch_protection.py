"""Protected branches over REST, and the rules of a branch."""

from dataclasses import replace
from typing import Any

from twins.github.access import Actor, accepts
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.branches import protection_body, restrictions_body, rule_bodies
from twins.github.body import Body
from twins.github.governance import Allowed, Protection, RequiredCheck, Reviews
from twins.github.guard import rulesets_on
from twins.github.problem import Problem
from twins.github.state import Repository

BRANCH = "/repos/{owner}/{repo}/branches/{branch:.+}"
HEADS = "refs/heads/"
MOST_APPROVALS = 6
NEEDED = ("required_status_checks", "enforce_admins", "required_pull_request_reviews")


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", BRANCH + "/protection", get),
        Operation("PUT", BRANCH + "/protection", put),
        Operation("DELETE", BRANCH + "/protection", delete),
        Operation("GET", BRANCH + "/protection/restrictions", get_restrictions),
        Operation("DELETE", BRANCH + "/protection/restrictions", drop_restrictions),
        Operation("GET", "/repos/{owner}/{repo}/rules/branches/{branch:.+}", rules),
    ]


def branch_of(call: Call, level: str) -> tuple[Repository, str]:
    """Return repository and branch of the path for somebody who may see or change its rules."""
    repo, name = call.repo("administration", level), call.arg("branch")
    if HEADS + name not in repo.refs:
        raise Problem(404, "Branch not found")
    return repo, name


def get(call: Call) -> Reply:
    """Return what protects a branch."""
    repo, name = branch_of(call, "read")
    found = repo.protections.get(name)
    if found is None:
        raise Problem(404, "Branch not protected")
    return Reply(body=protection_body(call.hub.world, call.links, repo, name, found))


def put(call: Call) -> Reply:
    """Protect a branch; all four main members must be given, null switches one off."""
    repo, name = branch_of(call, "write")
    body = call.body()
    absent = [one for one in (*NEEDED, "restrictions") if one not in body]
    if absent:
        lines = "\n\n".join(f'"{one}" wasn\'t supplied.' for one in absent)
        raise Problem(422, f"Invalid request.\n\n{lines}")
    people = _people(body)
    if people and repo.owner.kind != "Organization":
        raise Problem(
            422,
            "Validation Failed",
            words=["Only organization repositories can have users and team restrictions"],
        )
    repo.protections[name] = protection = _protection(call, repo, body)
    return Reply(body=protection_body(call.hub.world, call.links, repo, name, protection))


def _people(body: Body) -> bool:
    reviews = Body(body.object("required_pull_request_reviews"))
    restricted = Body(reviews.object("dismissal_restrictions"))
    return body.has("restrictions") or any(restricted.items(one) for one in ("users", "teams"))


def _protection(call: Call, repo: Repository, body: Body) -> Protection:
    checks = Body(body.object("required_status_checks"))
    return Protection(
        checks=read_checks(checks) if body.has("required_status_checks") else None,
        strict=checks.flag("strict"),
        reviews=read_reviews(call, repo, body),
        admins=body.flag("enforce_admins"),
        linear=body.flag("required_linear_history"),
        force_pushes=body.flag("allow_force_pushes"),
        deletions=body.flag("allow_deletions"),
        conversations=body.flag("required_conversation_resolution"),
        lock=body.flag("lock_branch"),
        pushers=_allowed(call, repo, body, "restrictions"),
    )


def read_checks(checks: Body) -> tuple[RequiredCheck, ...]:
    """Read which contexts must be green."""
    named = [RequiredCheck(str(one)) for one in checks.items("contexts")]
    given: list[Any] = checks.items("checks")
    bound = [RequiredCheck(Body(one).need("context", "Check"), one.get("app_id")) for one in given]
    return tuple(dict.fromkeys([*named, *bound]))


def _allowed(call: Call, repo: Repository, body: Body, member: str) -> Allowed | None:
    """Read who is let in; whoever has no write access is left out without a word.

    The twin has no teams, so that goes for every team.
    """
    if not body.has(member):
        return None
    named = Body(body.object(member))
    users = [call.hub.world.user(str(login)) for login in named.items("users")]
    slugs = [str(slug) for slug in named.items("apps")]
    installed = {one.app.slug for one in call.hub.world.installations_on(repo)}
    return Allowed(
        tuple(u.login for u in users if u and accepts(Actor("user", u), repo, "contents", "write")),
        tuple(slug for slug in slugs if slug in installed),
    )


def read_reviews(call: Call, repo: Repository, body: Body) -> Reviews | None:
    """Read what is asked of reviews, if anything is."""
    if not body.has("required_pull_request_reviews"):
        return None
    asked = Body(body.object("required_pull_request_reviews"))
    approvals = asked.integer("required_approving_review_count", 1)
    if approvals > MOST_APPROVALS:
        raise Problem(
            422, f"Invalid request.\n\n{approvals} must be less than or equal to {MOST_APPROVALS}."
        )
    return Reviews(
        approvals,
        asked.flag("dismiss_stale_reviews"),
        asked.flag("require_code_owner_reviews"),
        asked.flag("require_last_push_approval"),
        # An empty object is how the restriction is taken back.
        _allowed(call, repo, asked, "dismissal_restrictions")
        if asked.object("dismissal_restrictions")
        else None,
    )


def delete(call: Call) -> Reply:
    """Take the protection off."""
    repo, name = branch_of(call, "write")
    if repo.protections.pop(name, None) is None:
        raise Problem(404, "Branch not protected")
    return Reply(204)


def _restricted(call: Call, level: str) -> tuple[Repository, str, Protection]:
    """Return the branch of the path, which only some may push to."""
    repo, name = branch_of(call, level)
    found = repo.protections.get(name)
    if found is None:
        raise Problem(404, "Branch not protected")
    if found.pushers is None:
        raise Problem(404, "Push restrictions not enabled")
    return repo, name, found


def get_restrictions(call: Call) -> Reply:
    """Return who may push."""
    return Reply(body=restrictions_body(call.hub.world, call.links, *_restricted(call, "read")))


def drop_restrictions(call: Call) -> Reply:
    """Let everybody push who may write."""
    repo, name, found = _restricted(call, "write")
    repo.protections[name] = replace(found, pushers=None)
    return Reply(204)


def rules(call: Call) -> Reply:
    """List the rules that rulesets lay on a branch, whether it exists or not."""
    repo, name = call.repo(), call.arg("branch")
    found = [one for ruleset in rulesets_on(repo, name) for one in rule_bodies(repo, ruleset)]
    return Reply(body=call.page(found))
