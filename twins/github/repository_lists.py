"""Which repositories somebody has, over REST."""

import math
from collections.abc import Callable

from twins.github.access import may_see
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.repositories import repo_body
from twins.github.problem import Problem, not_found
from twins.github.state import Repository, User
from twins.github.times import moment

AFFILIATIONS = ("owner", "collaborator", "organization_member")
VISIBILITIES = ("all", "public", "private")
TYPES = ("all", "owner", "public", "private", "member")
TOO_MUCH = "If you specify visibility or affiliation, you cannot specify type."


def _updated(repo: Repository) -> float:
    return max(repo.updated_at, repo.pushed_at)


TIMES: dict[str, Callable[[Repository], float]] = {
    "created": lambda repo: repo.created_at,
    "updated": _updated,
    "pushed": lambda repo: repo.pushed_at,
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", "/user/repos", list_mine),
        Operation("GET", "/users/{login}/repos", list_of_account),
        Operation("GET", "/orgs/{login}/repos", list_of_organization),
    ]


def list_mine(call: Call) -> Reply:
    """List what a person owns or belongs to, by affiliation and visibility or else by type."""
    me = call.person
    if call.query("type") and (call.query("visibility") or call.query("affiliation")):
        raise Problem(422, TOO_MUCH)
    kind, visibility = _choice(call, "type", TYPES), _choice(call, "visibility", VISIBILITIES)
    affiliations = call.query("affiliation", ",".join(AFFILIATIONS)).split(",")
    wanted = {_known("affiliation", one.strip(), AFFILIATIONS) for one in affiliations}
    since, before = moment(call.query("since")), moment(call.query("before")) or math.inf
    kept = [
        repo
        for repo in call.hub.world.repos.values()
        if wanted & affiliations_of(me, repo)
        and _is_of(repo, visibility)
        and _is_of(repo, kind, me)
        and since <= _updated(repo) < before
    ]
    shown = call.page(_sorted(call, kept, "full_name"))
    return Reply(body=[repo_body(call.links, one, me) for one in shown])


def affiliations_of(user: User, repo: Repository) -> set[str]:
    """Return how somebody belongs to a repository.

    Organisations have no lists of members here: who was given a role in a repository of one counts
    as both.
    """
    if user is repo.owner:
        return {"owner"}
    if user.id not in repo.collaborators:
        return set()
    return {"collaborator"} | (
        {"organization_member"} if repo.owner.kind == "Organization" else set()
    )


def _is_of(repo: Repository, kind: str, user: User | None = None) -> bool:
    """Tell whether a repository is of a type or visibility."""
    return {
        "public": not repo.private,
        "private": repo.private,
        "forks": repo.parent is not None,
        "sources": repo.parent is None,
        "owner": repo.owner is user,
        "member": repo.owner is not user,
    }.get(kind, True)


def _choice(call: Call, name: str, allowed: tuple[str, ...]) -> str:
    return _known(name, call.query(name, allowed[0]), allowed)


def _known(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise Problem(422, f"Invalid request.\n\n{name} must be one of {', '.join(allowed)}.")
    return value


def _sorted(call: Call, repos: list[Repository], default: str) -> list[Repository]:
    """Return repositories by name, or the latest of some kind of moment first."""
    name = call.query("sort", default)
    time = TIMES.get(name)
    repos = sorted(repos, key=lambda repo: repo.full_name.lower())
    if time is None:
        return repos[::-1] if call.query("direction") == "desc" else repos
    # Of two with the same moment, whichever came later is the later one.
    repos.sort(key=lambda repo: (time(repo), repo.id))
    return repos if call.query("direction") == "asc" else repos[::-1]


def list_of_account(call: Call) -> Reply:
    """List what an account owns, or belongs to when asked, of what the caller may see."""
    user = _account(call)
    kind = call.query("type", "owner")
    wanted = {"owner": {"owner"}, "member": {"collaborator"}}.get(kind, set(AFFILIATIONS))
    return _visible(call, [r for r in _all(call) if wanted & affiliations_of(user, r)], "full_name")


def list_of_organization(call: Call) -> Reply:
    """List what an organisation owns, newest first, of what the caller may see."""
    owner, kind = _account(call), call.query("type", "all")
    theirs = [repo for repo in _all(call) if repo.owner is owner and _is_of(repo, kind)]
    return _visible(call, theirs, "created")


def _account(call: Call) -> User:
    found = call.hub.world.user(call.arg("login"))
    if found is None:
        raise not_found()
    return found


def _all(call: Call) -> list[Repository]:
    return list(call.hub.world.repos.values())


def _visible(call: Call, repos: list[Repository], sort: str) -> Reply:
    seen = [repo for repo in repos if may_see(call.actor, repo)]
    shown = call.page(_sorted(call, seen, sort))
    return Reply(body=[repo_body(call.links, one) for one in shown])
