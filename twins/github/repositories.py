"""A repository and who may do what to it, over REST."""

from twins.github.access import may_see, role_of
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import account_body
from twins.github.bodies.repositories import full_body, repo_body
from twins.github.problem import not_found
from twins.github.state import User

REPO = "/repos/{owner}/{repo}"
# The old scale has four steps; the two finer roles are rounded.
ROUNDED = {"maintain": "write", "triage": "read"}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", REPO, get),
        Operation("GET", "/user/repos", list_mine),
        Operation("GET", "/users/{login}/repos", list_of_account),
        Operation("GET", "/orgs/{login}/repos", list_of_account),
        Operation("GET", REPO + "/collaborators", list_collaborators),
        Operation("GET", REPO + "/collaborators/{login}", is_collaborator),
        Operation("GET", REPO + "/collaborators/{login}/permission", permission),
        Operation("GET", REPO + "/assignees", list_collaborators),
        Operation("GET", REPO + "/assignees/{login}", is_collaborator),
    ]


def get(call: Call) -> Reply:
    """Return a repository."""
    return Reply(body=full_body(call.links, call.repo(), call.actor.user))


def list_mine(call: Call) -> Reply:
    """List the repositories of the person who asks."""
    me = call.user
    mine = [r for r in call.hub.world.repos.values() if me is r.owner or me.id in r.collaborators]
    return Reply(body=[repo_body(call.links, one, me) for one in call.page(mine)])


def list_of_account(call: Call) -> Reply:
    """List the repositories of an account that the caller may see."""
    owner = call.hub.world.user(call.arg("login"))
    if owner is None:
        raise not_found()
    theirs = [
        r for r in call.hub.world.repos.values() if r.owner is owner and may_see(call.actor, r)
    ]
    return Reply(body=[repo_body(call.links, one) for one in call.page(theirs)])


def _user(call: Call) -> User:
    user = call.hub.world.user(call.arg("login"))
    if user is None:
        raise not_found()
    return user


def permission(call: Call) -> Reply:
    """Return what a person may do here."""
    repo, user = call.repo(), _user(call)
    role = role_of(user, repo)
    flags = {
        "admin": role == "admin",
        "maintain": role in {"admin", "maintain"},
        "push": role in {"admin", "maintain", "write"},
        "triage": role in {"admin", "maintain", "write", "triage"},
        "pull": role != "none",
    }
    shown = {**account_body(call.links, user), "permissions": flags, "role_name": role}
    return Reply(body={"permission": ROUNDED.get(role, role), "role_name": role, "user": shown})


def list_collaborators(call: Call) -> Reply:
    """List the owner and everybody with a role of their own."""
    repo = call.repo()
    people = [
        u for u in call.hub.world.users.values() if u is repo.owner or u.id in repo.collaborators
    ]
    return Reply(body=[account_body(call.links, user) for user in call.page(people)])


def is_collaborator(call: Call) -> Reply:
    """Answer 204 for a collaborator and 404 for anybody else."""
    repo, user = call.repo(), _user(call)
    if user is not repo.owner and user.id not in repo.collaborators:
        raise not_found()
    return Reply(204)
