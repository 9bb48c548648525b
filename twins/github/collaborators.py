"""Who belongs to a repository, over REST: invitations first, collaborators when they accept."""

from twins.github.access import ROLES
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import account_body, iso, node_id
from twins.github.bodies.repositories import brief_body
from twins.github.issue_changes import set_assignees
from twins.github.problem import Problem, not_found
from twins.github.repositories import named_user
from twins.github.state import Invitation, Repository

ONE = "/repos/{owner}/{repo}/collaborators/{login}"
MINE = "/user/repository_invitations"
WORDS = {"pull": "read", "push": "write"}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("PUT", ONE, add),
        Operation("DELETE", ONE, remove),
        Operation("GET", "/repos/{owner}/{repo}/invitations", list_of_repo),
        Operation("GET", MINE, list_mine),
        Operation("PATCH", MINE + "/{number}", accept),
        Operation("DELETE", MINE + "/{number}", decline),
    ]


def add(call: Call) -> Reply:
    """Invite somebody; who belongs already gets the role at once."""
    repo, user = call.repo("administration", "write"), named_user(call)
    word = call.body().text("permission", "push")
    role = WORDS.get(word, word)
    if role not in ROLES:
        raise Problem(422, f"Invalid request.\n\n{word} is not a valid permission.")
    if user is repo.owner:
        raise Problem(422, "Repository owner cannot be a collaborator")
    if user.id in repo.collaborators:
        repo.collaborators[user.id] = role
        return Reply(204)
    known = next((one for one in repo.invitations.values() if one.invitee is user), None)
    number = known.id if known else call.hub.number("invitation", 90_001)
    one = Invitation(number, user, call.user, role, call.hub.now())
    repo.invitations[number] = one
    return Reply(201, _body(call, repo, one))


def _body(call: Call, repo: Repository, one: Invitation) -> dict[str, object]:
    return {
        "id": one.id,
        "node_id": node_id("RI", one.id),
        "repository": brief_body(call.links, repo),
        "invitee": account_body(call.links, one.invitee),
        "inviter": account_body(call.links, one.inviter),
        "permissions": one.role,
        "created_at": iso(one.created_at),
        "expired": False,
        "url": call.links.api(f"/user/repository_invitations/{one.id}"),
        "html_url": call.links.html(f"/{repo.full_name}/invitations"),
    }


def remove(call: Call) -> Reply:
    """Send somebody away, or take an invitation back; a collaborator may leave as well.

    Who goes takes along the invitations they sent, and is unassigned from everything.
    """
    repo = call.repo()
    if not _is_leaving(call, repo):
        call.repo("administration", "write")
    user = named_user(call)
    if repo.collaborators.pop(user.id, None):
        for issue in repo.issues.values():
            kept = [one for one in issue.assignees if one is not user]
            set_assignees(call.context, repo, issue, kept)
    void = [] if user is repo.owner else list(repo.invitations.values())
    for one in void:
        if user in (one.invitee, one.inviter):
            del repo.invitations[one.id]
    return Reply(204)


def _is_leaving(call: Call, repo: Repository) -> bool:
    """Tell whether somebody takes themselves off a repository they belong to."""
    user = call.actor.user
    if call.actor.kind != "user" or user is None or user.id not in repo.collaborators:
        return False
    return user.login.lower() == call.arg("login").lower()


def list_of_repo(call: Call) -> Reply:
    """List who has been invited."""
    repo = call.repo("administration")
    return Reply(
        body=[_body(call, repo, one) for one in call.page(list(repo.invitations.values()))]
    )


def _for_me(call: Call) -> list[tuple[Repository, Invitation]]:
    me = call.person
    every = [(r, one) for r in call.hub.world.repos.values() for one in r.invitations.values()]
    return [(repo, one) for repo, one in every if one.invitee is me]


def list_mine(call: Call) -> Reply:
    """List the invitations of the person who asks."""
    return Reply(body=[_body(call, repo, one) for repo, one in call.page(_for_me(call))])


def _mine(call: Call) -> tuple[Repository, Invitation]:
    for repo, one in _for_me(call):
        if one.id == call.number():
            return repo, one
    raise not_found()


def accept(call: Call) -> Reply:
    """Become a collaborator."""
    repo, one = _mine(call)
    del repo.invitations[one.id]
    repo.collaborators[one.invitee.id] = one.role
    return Reply(204)


def decline(call: Call) -> Reply:
    """Stay a stranger."""
    repo, one = _mine(call)
    del repo.invitations[one.id]
    return Reply(204)
