"""What the owners of a repository have laid down: settings, protected branches, rulesets."""

from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Settings:
    """The switches of a repository that the twin obeys."""

    description: str | None = None
    homepage: str | None = None
    topics: tuple[str, ...] = ()
    archived: bool = False
    has_issues: bool = True
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    allow_update_branch: bool = False
    delete_branch_on_merge: bool = False
    allow_auto_merge: bool = False
    # What commits of merges say when whoever merges says nothing.
    squash_merge_commit_title: str = "COMMIT_OR_PR_TITLE"
    squash_merge_commit_message: str = "COMMIT_MESSAGES"
    merge_commit_title: str = "MERGE_MESSAGE"
    merge_commit_message: str = "PR_TITLE"


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A context that must be green; `app_id` None takes it from anybody."""

    context: str
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who is let in where most are not: logins of people and slugs of Apps."""

    users: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviews:
    """How many people must have approved, and when their word lapses."""

    approvals: int = 1
    dismiss_stale: bool = False
    code_owners: bool = False
    last_push: bool = False
    # Who may dismiss them; None: everybody who may write.
    dismissals: Allowed | None = None


@dataclass(frozen=True, slots=True)
class Protection:
    """The older form: what holds on one branch, for admins too when `admins` says so."""

    checks: tuple[RequiredCheck, ...] | None = None
    strict: bool = False
    reviews: Reviews | None = None
    admins: bool = False
    linear: bool = False
    force_pushes: bool = False
    deletions: bool = False
    conversations: bool = False
    lock: bool = False
    # Who may push; None: everybody who may write.
    pushers: Allowed | None = None


@dataclass(slots=True)
class Ruleset:
    """The newer form: rules for every branch that the conditions name."""

    id: int
    name: str
    target: str
    enforcement: str
    include: list[str]
    exclude: list[str]
    rules: list[JsonObject]
    bypass_actors: list[JsonObject]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Guard:
    """What holds on one branch for one actor, both forms added up."""

    checks: frozenset[RequiredCheck] = field(default=frozenset())
    strict: bool = False
    reviews: Reviews | None = None
    # Whether every change must come through a pull request.
    pull: bool = False
    linear: bool = False
    force_pushes: bool = True
    deletions: bool = True
    by_rules: bool = False
    # Whether the actor is none of those who may push.
    shut: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether nothing stands in the way of a plain push."""
        return not (self.checks or self.pull or self.shut)
