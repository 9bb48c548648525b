"""How repositories come and go, over REST."""

import re

from twins.github.access import role_of, why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.repositories import full_body
from twins.github.body import Body
from twins.github.events import emit
from twins.github.governance import Settings
from twins.github.hub import web_flow
from twins.github.problem import Problem, invalid, missing, not_found
from twins.github.pushes import observe
from twins.github.repositories import REPO, settings_in
from twins.github.state import Repository, User, World

NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("POST", "/user/repos", create),
        Operation("POST", "/orgs/{login}/repos", create_for_organization),
        Operation("DELETE", REPO, delete),
    ]


def check_name(world: World, owner: User, name: str) -> str:
    """Return a name that a new repository of somebody may have."""
    if not name.strip():
        raise missing("Repository", "name")
    if not NAME.fullmatch(name) or name in {".", ".."}:
        raise invalid("Repository", "name")
    if world.repo(f"{owner.login}/{name}") is not None:
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    return name


def create(call: Call) -> Reply:
    """Make a repository of one's own, empty or with a README."""
    return _create(call, call.user)


def create_for_organization(call: Call) -> Reply:
    """Make a repository for an organisation; whoever makes it rules over it."""
    owner = call.hub.world.user(call.arg("login"))
    if owner is None or owner.kind != "Organization":
        raise not_found()
    return _create(call, owner)


def _create(call: Call, owner: User) -> Reply:
    repo = make(call, owner, call.body())
    return Reply(201, full_body(call.links, repo, call.user))


def make(call: Call, owner: User, body: Body) -> Repository:
    """Make a repository as a body describes it; only people may, for themselves or together."""
    call.accepted = "administration=write"
    if call.actor.kind != "user" or (owner.kind == "User" and owner is not call.user):
        raise why_not(call.actor)
    hub, context = call.hub, call.context
    name = check_name(hub.world, owner, body.text("name"))
    private = body.flag("private") or body.text("visibility") == "private"
    settings = Settings(description=body.text("description") or None)
    settings.homepage = body.text("homepage") or None
    for one, value in settings_in(body, settings).items():
        setattr(settings, one, value)
    settings.archived = False
    now, branch = hub.now(), "main"
    path = hub.git.create(f"{owner.login}/{name}", branch)
    repo = Repository(hub.number("repo", 500_001), owner, name, private, branch, path, now, now)
    repo.settings = settings
    if owner is not context.user:
        repo.collaborators[context.user.id] = "admin"
    hub.world.repos[repo.full_name.lower()] = repo
    hub.world.moved.pop(repo.full_name.lower(), None)
    if body.flag("auto_init"):
        _first_commit(call, repo)
    return repo


def _first_commit(call: Call, repo: Repository) -> None:
    git, context = call.hub.git, call.context
    text = "\n".join(filter(None, (f"# {repo.name}", repo.settings.description)))
    blob = git.run(repo.path, "hash-object", "-w", "--stdin", stdin=text.encode()).decode().strip()
    line = f"100644 blob {blob}\tREADME.md\n".encode()
    tree = git.run(repo.path, "mktree", stdin=line).decode().strip()
    committer = web_flow(context.now)
    commit = git.commit_tree(
        repo.path, tree, [], "Initial commit", author=context.person, committer=committer
    )
    git.update_ref(repo.path, f"refs/heads/{repo.default_branch}", commit)
    observe(context, repo)


def delete(call: Call) -> Reply:
    """Take a repository away; its forks stay, and their pull requests lose sight of it."""
    repo = call.repo("administration", "write")
    if call.actor.kind == "user" and role_of(call.user, repo) != "admin":
        raise Problem(403, "Must have admin rights to Repository.")
    world = call.hub.world
    emit(call.context, repo, "repository", "deleted")
    del world.repos[repo.full_name.lower()]
    if repo.parent is not None:
        repo.parent.forks += repo.forks - 1  # they go back to it from now on
    for one in world.installations.values():
        one.repo_ids.discard(repo.id)
    for other in world.repos.values():
        if other.parent is repo:
            other.parent = repo.parent
        for issue in other.issues.values():
            if issue.pull is not None and issue.pull.head_repo is repo:
                issue.pull.head_repo = None
    call.hub.git.drop(repo.path)
    return Reply(204)
