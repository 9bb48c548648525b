"""Forks over REST: copies that remember where they come from."""

from itertools import chain, count

from twins.github.access import may_see
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.repositories import full_body, repo_body
from twins.github.events import emit
from twins.github.git_store import ZERO
from twins.github.hub import web_flow
from twins.github.problem import Problem, invalid
from twins.github.pushes import observe
from twins.github.repositories import REPO
from twins.github.repository_life import check_name
from twins.github.state import Repository, User, World

FORKS = REPO + "/forks"
SAID = {
    "none": "This branch is not behind the",
    "fast-forward": "Successfully fetched and fast-forwarded from",
    "merge": "Successfully fetched and merged from",
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", FORKS, list_forks),
        Operation("POST", FORKS, create),
        Operation("POST", REPO + "/merge-upstream", sync),
    ]


def list_forks(call: Call) -> Reply:
    """List the forks that the caller may see, newest first."""
    repo, world = call.repo(), call.hub.world
    found = [one for one in world.forks_of(repo) if may_see(call.actor, one)]
    found.sort(key=lambda one: one.id, reverse=call.query("sort", "newest") != "oldest")
    return Reply(body=[repo_body(call.links, one, call.actor.user) for one in call.page(found)])


def create(call: Call) -> Reply:
    """Copy a repository to the caller or an organisation; a fork that is there is returned."""
    source, body = call.repo("contents"), call.body()
    if call.actor.kind != "user":
        raise Problem(403, "Resource not accessible by integration")
    owner = _target(call, body.text("organization"))
    if owner is source.owner:
        raise Problem(403, "You cannot fork a repository into the account that owns it.")
    mine = [one for one in call.hub.world.forks_of(source) if one.owner is owner]
    fork = mine[0] if mine else _fork(call, source, owner)
    return Reply(202, full_body(call.links, fork, call.user))


def _target(call: Call, organization: str) -> User:
    if not organization:
        return call.user
    found = call.hub.world.user(organization)
    if found is None or found.kind != "Organization":
        raise invalid("Fork", "organization")
    return found


def _free_name(world: World, owner: User, source: Repository) -> str:
    """Return the name of the source, with a number behind it when it is taken."""
    names = chain((source.name,), (f"{source.name}-{n}" for n in count(1)))
    return next(name for name in names if world.repo(f"{owner.login}/{name}") is None)


def _fork(call: Call, source: Repository, owner: User) -> Repository:
    body, hub = call.body(), call.hub
    name = check_name(hub.world, owner, body.text("name") or _free_name(hub.world, owner, source))
    branch = source.default_branch
    path = hub.git.create(f"{owner.login}/{name}", branch)
    hub.git.import_from(path, source.path)
    refs = dict(source.refs)
    if body.flag("default_branch_only"):
        refs = {ref: sha for ref, sha in refs.items() if ref == f"refs/heads/{branch}"}
        for ref in source.refs.keys() - refs.keys():
            hub.git.update_ref(path, ref, ZERO)
    number, now = hub.number("repo", 500_001), call.hub.now()
    fork = Repository(
        number, owner, name, source.private, branch, path, now, source.pushed_at, refs=refs
    )
    fork.parent = source
    source.forks += 1
    fork.settings.description = source.settings.description
    fork.settings.has_issues = False  # people are meant to file where the fork comes from
    if owner is not call.user:
        fork.collaborators[call.user.id] = "admin"
    hub.world.repos[fork.full_name.lower()] = fork
    links = call.links.for_hooks()
    emit(call.context, source, "fork", None, forkee=repo_body(links, fork, call.user))
    return fork


def sync(call: Call) -> Reply:
    """Bring a branch up to where it is in the parent; 409 when the two cannot be merged."""
    repo = call.repo("contents", "write")
    branch, parent = call.body().need("branch", "Repository"), repo.parent
    ref = f"refs/heads/{branch}"
    if ref not in repo.refs:
        raise Problem(404, "Branch not found")
    if parent is None or ref not in parent.refs:
        raise Problem(422, "This repository is not a fork, or its parent has no such branch.")
    kind, new = _caught_up(call, repo, repo.refs[ref], parent.refs[ref], branch)
    call.hub.git.update_ref(repo.path, ref, new, repo.refs[ref])
    observe(call.context, repo)
    upstream = f"{parent.owner.login}:{branch}"
    message = f"{SAID[kind]} upstream {upstream}."
    return Reply(body={"message": message, "merge_type": kind, "base_branch": upstream})


def _caught_up(call: Call, repo: Repository, old: str, theirs: str, branch: str) -> tuple[str, str]:
    """Return how a branch catches up, and the commit it then stands at."""
    git, parent = call.hub.git, repo.parent or repo
    git.bring(repo.path, parent.path, theirs)
    if git.is_ancestor(repo.path, theirs, old):
        return "none", old
    if git.is_ancestor(repo.path, old, theirs):
        return "fast-forward", theirs
    tree = git.merged_tree(repo.path, old, theirs)
    if tree is None:
        raise Problem(409, "There are merge conflicts")
    commit = git.commit_tree(
        repo.path,
        tree,
        [old, theirs],
        f"Merge branch '{parent.owner.login}:{branch}' into {branch}",
        author=call.context.person,
        committer=web_flow(call.hub.now()),
    )
    return "merge", commit
