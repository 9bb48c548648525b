"""What happens to an installation: suspended, taken away, given more or fewer repositories."""

from twins.github.access import role_of
from twins.github.api import Call, Operation, Reply
from twins.github.events import emit_installation, emit_repositories
from twins.github.hub import Context
from twins.github.problem import Problem, not_found
from twins.github.state import Installation, Repository

ONE = "/app/installations/{number}"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("DELETE", ONE, delete),
        Operation("PUT", ONE + "/suspended", suspend),
        Operation("DELETE", ONE + "/suspended", unsuspend),
        Operation("PUT", "/user/installations/{number}/repositories/{repository_id}", give),
        Operation("DELETE", "/user/installations/{number}/repositories/{repository_id}", take),
    ]


def _of_app(call: Call) -> tuple[Installation, Context]:
    """Return the installation of the path for its App, which acts as its owner here."""
    if call.actor.kind != "app" or call.actor.app is None:
        raise Problem(401, "A JSON web token could not be decoded")
    found = call.hub.world.installations.get(call.number())
    if found is None or found.app is not call.actor.app:
        raise not_found()
    return found, Context(call.hub, found.account, None, call.links)


def delete(call: Call) -> Reply:
    """Uninstall; its tokens die with it."""
    one, context = _of_app(call)
    del call.hub.world.installations[one.id]
    tokens = call.hub.world.tokens
    for token in [t for t in tokens.values() if t.installation is one]:
        del tokens[token.value]
    emit_installation(context, one, _repos(call, one), "deleted")
    return Reply(204)


def suspend(call: Call) -> Reply:
    """Shut an installation out until further notice."""
    one, context = _of_app(call)
    if one.suspended_at is None:
        one.suspended_at, one.suspended_by = call.hub.now(), one.account
        emit_installation(context, one, _repos(call, one), "suspend")
    return Reply(204)


def unsuspend(call: Call) -> Reply:
    """Let it in again."""
    one, context = _of_app(call)
    if one.suspended_at is not None:
        one.suspended_at = one.suspended_by = None
        emit_installation(context, one, _repos(call, one), "unsuspend")
    return Reply(204)


def _repos(call: Call, one: Installation) -> list[Repository]:
    return [repo for repo in call.hub.world.repos.values() if repo.id in one.repo_ids]


def _of_person(call: Call) -> tuple[Installation, Repository]:
    """Return installation and repository for somebody who owns both."""
    me, found = call.person, call.hub.world.installations.get(call.number())
    repo = call.hub.world.repo_by_id(call.number("repository_id"))
    if found is None or repo is None:
        raise not_found()
    if role_of(me, repo) != "admin" or repo.owner is not found.account:
        raise not_found()
    return found, repo


def give(call: Call) -> Reply:
    """Let an installation reach one more repository."""
    one, repo = _of_person(call)
    if repo.id not in one.repo_ids:
        one.repo_ids.add(repo.id)
        emit_repositories(call.context, one, repo, "added")
    return Reply(204)


def take(call: Call) -> Reply:
    """Let an installation reach one repository less."""
    one, repo = _of_person(call)
    if repo.id in one.repo_ids:
        one.repo_ids.remove(repo.id)
        emit_repositories(call.context, one, repo, "removed")
    return Reply(204)
