"""A repository and who may do what to it, over REST."""

import re

from twins.github.access import role_of
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import account_body
from twins.github.bodies.repositories import full_body, permission_flags
from twins.github.body import Body
from twins.github.events import emit
from twins.github.governance import Settings
from twins.github.problem import Problem, invalid, missing, not_found
from twins.github.state import Repository, User

MOST_TOPICS = 20
NO_TOPIC = (
    "Topics must start with a lowercase letter or number, consist of 50 characters or less, and "
    "can include hyphens."
)
TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
REPO = "/repos/{owner}/{repo}"
# The old scale has four steps; the two finer roles are rounded.
ROUNDED = {"maintain": "write", "triage": "read"}
SWITCHES = (
    "archived",
    "has_issues",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
    "allow_update_branch",
    "delete_branch_on_merge",
    "allow_auto_merge",
)

# What the commit of a merge may say by itself.
WORDS = {
    "squash_merge_commit_title": ("PR_TITLE", "COMMIT_OR_PR_TITLE"),
    "squash_merge_commit_message": ("PR_BODY", "COMMIT_MESSAGES", "BLANK"),
    "merge_commit_title": ("PR_TITLE", "MERGE_MESSAGE"),
    "merge_commit_message": ("PR_BODY", "PR_TITLE", "BLANK"),
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", REPO, get),
        Operation("PATCH", REPO, update),
        Operation("GET", REPO + "/topics", get_topics),
        Operation("PUT", REPO + "/topics", set_topics),
        Operation("GET", REPO + "/collaborators", list_collaborators),
        Operation("GET", REPO + "/collaborators/{login}", is_collaborator),
        Operation("GET", REPO + "/collaborators/{login}/permission", permission),
        Operation("GET", REPO + "/assignees", list_assignees),
        Operation("GET", REPO + "/assignees/{login}", is_collaborator),
    ]


def get(call: Call) -> Reply:
    """Return a repository."""
    return Reply(body=full_body(call.links, call.repo(), call.actor.user))


def update(call: Call) -> Reply:
    """Change name, texts and switches; what is asked under the old name is redirected."""
    repo, body = call.repo("administration", "write"), call.body()
    settings = repo.settings
    changed = settings_in(body, settings)
    if settings.archived and changed["archived"]:
        raise Problem(403, "Repository was archived so is read-only.")
    branch = body.text("default_branch", repo.default_branch)
    if branch != repo.default_branch and f"refs/heads/{branch}" not in repo.refs:
        raise Problem(
            422, f"The branch {branch} was not found. Please push that ref first or create it."
        )
    for name, value in changed.items():
        setattr(settings, name, value)
    settings.description = body.text("description", settings.description or "") or None
    settings.homepage = body.text("homepage", settings.homepage or "") or None
    repo.private = body.flag("private", default=repo.private)
    repo.default_branch, repo.updated_at = branch, call.hub.now()
    call.hub.git.run(repo.path, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    if (name := body.text("name", repo.name)) != repo.name:
        _rename(call, repo, name)
    return Reply(body=full_body(call.links, repo, call.actor.user))


def settings_in(body: Body, current: Settings) -> dict[str, bool | str]:
    """Return switches and words as a body wants them; a commit's text needs its title beside it."""
    for kind in ("merge", "squash_merge"):
        if f"{kind}_commit_message" in body and f"{kind}_commit_title" not in body:
            raise missing("Repository", f"{kind}_commit_title")
    flags = {one: body.flag(one, default=getattr(current, one)) for one in SWITCHES}
    words = {one: body.choice(one, WORDS[one], getattr(current, one)) for one in WORDS}
    return {**flags, **words}


def _rename(call: Call, repo: Repository, name: str) -> None:
    world, before = call.hub.world, repo.full_name
    new = f"{repo.owner.login}/{name}"
    if world.repos.get(new.lower()) not in (None, repo):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    path = call.hub.git.move(repo.path, new)
    del world.repos[before.lower()]
    world.moved[before.lower()] = repo
    world.moved.pop(new.lower(), None)
    repo.name, repo.path = name, path
    world.repos[new.lower()] = repo
    changes = {"repository": {"name": {"from": before.partition("/")[2]}}}
    emit(call.context, repo, "repository", "renamed", changes=changes)


def get_topics(call: Call) -> Reply:
    """Return the words that a repository is filed under."""
    return Reply(body={"names": list(call.repo().settings.topics)})


def set_topics(call: Call) -> Reply:
    """Change all of them at once."""
    repo, names = call.repo("administration", "write"), call.body().items("names")
    if len(names) > MOST_TOPICS or not all(TOPIC.fullmatch(str(one)) for one in names):
        raise Problem(
            422,
            "Validation Failed",
            words=[NO_TOPIC],
        )
    repo.updated_at = call.hub.now()
    repo.settings.topics = tuple(dict.fromkeys(map(str, names)))
    return Reply(body={"names": list(repo.settings.topics)})


def named_user(call: Call) -> User:
    """Return the account of the path."""
    user = call.hub.world.user(call.arg("login"))
    if user is None:
        raise not_found()
    return user


def permission(call: Call) -> Reply:
    """Return what a person may do here."""
    repo, user = call.repo(), named_user(call)
    role = role_of(user, repo)
    shown = _member(call, repo, user)
    return Reply(body={"permission": ROUNDED.get(role, role), "role_name": role, "user": shown})


def list_collaborators(call: Call) -> Reply:
    """List the owner and everybody with a role of their own, or those who may do so much."""
    repo, wanted = call.repo(), call.query("permission")
    if wanted and wanted not in permission_flags("none"):
        raise Problem(422, f"Invalid request.\n\n{wanted} is not a permission.")
    people = [
        user
        for user in _people(call, repo)
        if not wanted or permission_flags(role_of(user, repo))[wanted]
    ]
    return Reply(body=[_member(call, repo, user) for user in call.page(people)])


def _member(call: Call, repo: Repository, user: User) -> dict[str, object]:
    role = role_of(user, repo)
    about = {"permissions": permission_flags(role), "role_name": role}
    return {**account_body(call.links, user), **about}


def list_assignees(call: Call) -> Reply:
    """List who may be assigned."""
    repo = call.repo()
    return Reply(body=[account_body(call.links, user) for user in call.page(_people(call, repo))])


def _people(call: Call, repo: Repository) -> list[User]:
    every = call.hub.world.users.values()
    return [user for user in every if user is repo.owner or user.id in repo.collaborators]


def is_collaborator(call: Call) -> Reply:
    """Answer 204 for a collaborator and 404 for anybody else."""
    repo, user = call.repo(), named_user(call)
    if user is not repo.owner and user.id not in repo.collaborators:
        raise not_found()
    return Reply(204)
