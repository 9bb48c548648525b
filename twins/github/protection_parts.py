"""The parts of a branch's protection, each a resource of its own over REST."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.branches import protection_body
from twins.github.body import Body
from twins.github.branch_protection import BRANCH, branch_of, read_checks, read_reviews
from twins.github.governance import Protection
from twins.github.problem import Problem
from twins.github.state import Repository

PROTECTION = BRANCH + "/protection"
CHECKS = "required_status_checks"
REVIEWS = "required_pull_request_reviews"
ADMINS = "enforce_admins"
SIGNATURES = "required_signatures"
ABSENT = {
    CHECKS: "Required status checks not enabled",
    REVIEWS: "Pull request reviews not enabled",
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        *(
            Operation("GET", f"{PROTECTION}/{part}", _shown(part))
            for part in (CHECKS, REVIEWS, ADMINS, SIGNATURES)
        ),
        Operation("PATCH", f"{PROTECTION}/{CHECKS}", edit_checks),
        Operation("DELETE", f"{PROTECTION}/{CHECKS}", _changed(CHECKS, checks=None, strict=False)),
        Operation("PATCH", f"{PROTECTION}/{REVIEWS}", edit_reviews),
        Operation("DELETE", f"{PROTECTION}/{REVIEWS}", _changed(REVIEWS, reviews=None)),
        Operation("POST", f"{PROTECTION}/{ADMINS}", enforce_admins),
        Operation("DELETE", f"{PROTECTION}/{ADMINS}", _changed(ADMINS, admins=False)),
    ]


def _found(call: Call, level: str) -> tuple[Repository, str, Protection]:
    repo, name = branch_of(call, level)
    found = repo.protections.get(name)
    if found is None:
        raise Problem(404, "Branch not protected")
    return repo, name, found


def _part(call: Call, part: str) -> dict[str, Any]:
    """Return one part as the whole protection has it, or say that it is switched off."""
    repo, name, found = _found(call, "read")
    body = protection_body(call.hub.world, call.links, repo, name, found).get(part)
    if body is None:
        raise Problem(404, ABSENT[part])
    return dict(body)


def _shown(part: str) -> Callable[[Call], Reply]:
    return lambda call: Reply(body=_part(call, part))


def _changed(part: str, **off: object) -> Callable[[Call], Reply]:
    def change(call: Call) -> Reply:
        repo, name, found = _found(call, "write")
        _part(call, part)
        repo.protections[name] = replace(found, **off)  # type: ignore[arg-type]  # its own members
        return Reply(204)

    return change


def edit_checks(call: Call) -> Reply:
    """Change which checks are required, and whether the branch must be up to date."""
    repo, name, found = _found(call, "write")
    _part(call, CHECKS)
    body = call.body()
    given = read_checks(body) if "contexts" in body or "checks" in body else found.checks
    strict = body.flag("strict", default=found.strict)
    repo.protections[name] = replace(found, checks=given, strict=strict)
    return Reply(body=_part(call, CHECKS))


def edit_reviews(call: Call) -> Reply:
    """Change what is asked of reviews; what is not named stays."""
    repo, name, found = _found(call, "write")
    before = _part(call, REVIEWS)
    kept = {key: value for key, value in before.items() if key in call.body() or _is_plain(value)}
    whole = Body({REVIEWS: {**kept, **call.body().value}})
    asked = read_reviews(call, repo, whole)
    if "dismissal_restrictions" not in call.body() and asked and found.reviews:
        asked = replace(asked, dismissals=found.reviews.dismissals)
    repo.protections[name] = replace(found, reviews=asked)
    return Reply(body=_part(call, REVIEWS))


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int)


def enforce_admins(call: Call) -> Reply:
    """Make the protection hold for admins too."""
    repo, name, found = _found(call, "write")
    repo.protections[name] = replace(found, admins=True)
    return Reply(body=_part(call, ADMINS))
