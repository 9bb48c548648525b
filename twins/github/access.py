"""Who may do what to which repository."""

from dataclasses import dataclass, field

from twins.github.problem import Problem
from twins.github.state import App, Installation, Pull, Repository, User

LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}
# What a person's role on a repository is worth per permission; unlisted ones are readable.
WRITER = ("issues", "contents", "pull_requests", "statuses", "workflows", "actions")
ROLES: dict[str, dict[str, str]] = {
    "read": {},
    "triage": {"issues": "write"},
    "write": dict.fromkeys(WRITER, "write"),
    "maintain": dict.fromkeys(WRITER, "write"),
    "admin": dict.fromkeys((*WRITER, "administration"), "write"),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: nobody, a person, an installation, or an App with its JWT."""

    kind: str
    user: User | None = None
    app: App | None = None
    installation: Installation | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repo_ids: frozenset[int] = frozenset()

    @property
    def bucket(self) -> str:
        """Return the name under which calls are counted against the rate limit."""
        if self.installation:
            return f"installation ID {self.installation.id}"
        if self.user is not None:
            return f"user ID {self.user.id}"
        return f"app ID {self.app.id}" if self.app else "127.0.0.1"


ANONYMOUS = Actor("anonymous")


def role_of(user: User, repo: Repository) -> str:
    """Return a person's role: admin, maintain, write, triage, read or none."""
    if user is repo.owner or user.site_admin:
        return "admin"
    return repo.collaborators.get(user.id, "none" if repo.private else "read")


def may_see(actor: Actor, repo: Repository) -> bool:
    """Tell whether the repository exists at all for this caller."""
    if not repo.private:
        return True
    if actor.installation is not None:
        return repo.id in actor.repo_ids
    return actor.user is not None and role_of(actor.user, repo) != "none"


def accepts(actor: Actor, repo: Repository, permission: str, level: str) -> bool:
    """Tell whether the caller holds a permission at this level or above."""
    needed = LEVELS[level]
    return needed == 0 or LEVELS[_held(actor, repo, permission)] >= needed


def _held(actor: Actor, repo: Repository, permission: str) -> str:
    public = "none" if repo.private else "read"
    if actor.installation is not None:
        if repo.id not in actor.repo_ids:
            return public
        return "read" if permission == "metadata" else actor.permissions.get(permission, public)
    if actor.user is None or actor.app is not None:
        return public
    role = role_of(actor.user, repo)
    return "none" if role == "none" else ROLES[role].get(permission, "read")


def may_modify(actor: Actor, repo: Repository, pull: Pull) -> bool:
    """Tell whether somebody may push to the head branch of a pull request into a repository."""
    if pull.head_repo is None:
        return False
    if accepts(actor, pull.head_repo, "contents", "write"):
        return True
    return pull.maintainer_can_modify and accepts(actor, repo, "contents", "write")


def why_not(actor: Actor) -> Problem:
    """Return the refusal that fits the kind of caller."""
    if actor.kind == "anonymous":
        return Problem(401, "Requires authentication")
    if actor.kind == "user":
        return Problem(403, "Resource not accessible by personal access token")
    return Problem(403, "Resource not accessible by integration")
