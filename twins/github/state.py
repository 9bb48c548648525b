"""Everything the twin knows besides git objects, as plain mutable nouns."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from twins.github.governance import Protection, Ruleset, Settings

Kind = Literal["User", "Bot", "Organization"]


@dataclass(slots=True, eq=False)
class User:
    """A person, an organisation or the bot of an App."""

    id: int
    login: str
    kind: Kind
    created_at: float
    site_admin: bool = False

    @property
    def email(self) -> str:
        """Return the address that ties a commit to this account."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(slots=True, eq=False)
class Hook:
    """Where an App's events go."""

    id: int
    url: str
    secret: str
    # A hook that was switched off keeps its address, and is sent nothing.
    active: bool = True


@dataclass(slots=True, eq=False)
class App:
    """A registered GitHub App; only its public key stays here."""

    id: int
    slug: str
    client_id: str
    owner: User
    bot: User
    public_key: bytes
    permissions: dict[str, str]
    events: list[str]
    hook: Hook
    created_at: float
    # A private App can only be installed on the account that owns it.
    public: bool = True


@dataclass(slots=True, eq=False)
class Conversion:
    """What the code at the end of an App's manifest stands for, once and for an hour."""

    app: App
    secrets: dict[str, str | None]
    expires_at: float


@dataclass(slots=True, eq=False)
class Installation:
    """An App on an account, for chosen repositories."""

    id: int
    app: App
    account: User
    repo_ids: set[int]
    created_at: float
    # What the account has agreed to; the App may want more by now.
    permissions: dict[str, str]
    events: list[str]
    suspended_at: float | None = None
    suspended_by: User | None = None


@dataclass(slots=True, eq=False)
class Invitation:
    """An offer to become a collaborator that has not been accepted yet."""

    id: int
    invitee: User
    inviter: User
    role: str
    created_at: float


@dataclass(slots=True, eq=False)
class Token:
    """A secret that stands for somebody; `installation` None means a person's own token."""

    value: str
    user: User
    installation: Installation | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repo_ids: frozenset[int] | None = None
    expires_at: float | None = None


@dataclass(slots=True, eq=False)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str
    description: str | None = None
    default: bool = False


@dataclass(slots=True, eq=False)
class Milestone:
    """A goal that issues and pull requests belong to."""

    id: int
    number: int
    title: str
    creator: User
    created_at: float
    updated_at: float
    description: str | None = None
    due_on: float | None = None
    closed_at: float | None = None

    @property
    def state(self) -> str:
        """Return open or closed."""
        return "closed" if self.closed_at else "open"


@dataclass(slots=True, eq=False)
class Reaction:
    """One person's reaction."""

    id: int
    user: User
    content: str
    created_at: float


@dataclass(slots=True, eq=False)
class Comment:
    """A comment under an issue or pull request."""

    id: int
    issue: "Issue"
    user: User
    app: App | None
    body: str
    created_at: float
    updated_at: float
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class IssueEvent:
    """One line of an issue's history besides comments."""

    id: int
    event: str
    actor: User
    app: App | None
    created_at: float
    label: Label | None = None
    assignee: User | None = None
    commit_id: str | None = None
    rename: tuple[str, str] | None = None
    state_reason: str | None = None
    reviewer: User | None = None
    lock_reason: str | None = None
    # The title that a milestone had then.
    milestone: str | None = None
    # Of a dismissal: the review, the state it had, and why.
    dismissed: tuple[int, str, str] | None = None


@dataclass(slots=True, eq=False)
class Review:
    """A verdict of a person on a pull request."""

    id: int
    user: User
    body: str
    state: str
    commit_id: str
    submitted_at: float | None


@dataclass(slots=True, eq=False)
class ReviewComment:
    """A remark on a line of a diff."""

    id: int
    user: User
    body: str
    path: str
    line: int | None
    commit_id: str
    review_id: int | None
    in_reply_to: int | None
    created_at: float
    updated_at: float
    side: str = "RIGHT"
    diff_hunk: str = ""
    position: int | None = None
    reactions: list[Reaction] = field(default_factory=list)
    # Whoever resolved the thread that this remark began.
    resolved_by: User | None = None


@dataclass(slots=True, eq=False)
class AutoMerge:
    """Somebody's wish that a pull request be merged as soon as it may be."""

    enabled_by: User
    app: App | None
    enabled_at: float
    method: str
    headline: str | None
    body: str | None


@dataclass(slots=True, eq=False)
class Pull:
    """The half of a pull request that an issue does not have."""

    id: int
    # Where the head branch lives: the same repository, a fork, or None when that was deleted.
    head_repo: "Repository | None"
    head_owner: User
    head_ref: str
    base_ref: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: float | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    # Whether somebody asked about the merge since head or base last moved.
    asked: bool = False
    # commits, additions, deletions, changed_files as of the last change of head or base.
    stats: dict[str, int] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    review_comments: list[ReviewComment] = field(default_factory=list)
    requested_reviewers: list[User] = field(default_factory=list)
    maintainer_can_modify: bool = False
    auto_merge: AutoMerge | None = None


@dataclass(slots=True, eq=False)
class Issue:
    """An issue, or the issue half of a pull request."""

    id: int
    number: int
    title: str
    body: str | None
    user: User
    app: App | None
    created_at: float
    updated_at: float
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[IssueEvent] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    closed_at: float | None = None
    closed_by: User | None = None
    locked: bool = False
    lock_reason: str | None = None
    milestone: Milestone | None = None
    # Branches that were made to work on it.
    branches: list[str] = field(default_factory=list)
    pull: Pull | None = None
    edited_at: float | None = None
    """When its body was last edited; a new title is a line of history instead."""


@dataclass(slots=True, eq=False)
class Status:
    """A one-line verdict of somebody on a commit."""

    id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: User
    created_at: float

    @property
    def key(self) -> str:
        """Return what tells contexts apart, which case does not."""
        return self.context.lower()


@dataclass(slots=True, eq=False)
class CheckSuite:
    """All check runs of one App on one commit."""

    id: int
    app: App
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: float
    updated_at: float
    # Runs with smaller ids belong to what was there before the suite was asked for again.
    rerequested_at: int = 0
    # Whether one of its runs was asked for again and nothing has come of it yet.
    waiting: bool = False


@dataclass(slots=True, eq=False)
class CheckRun:
    """A verdict of an App on a commit."""

    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: float | None
    completed_at: float | None
    external_id: str = ""
    details_url: str | None = None
    output: dict[str, str | None] = field(default_factory=dict)
    annotations: list[dict[str, object]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Repository:
    """A repository; its objects and refs live in the bare git repository at `path`."""

    id: int
    owner: User
    name: str
    private: bool
    default_branch: str
    path: Path
    created_at: float
    pushed_at: float
    # When its settings were last changed.
    updated_at: float = 0
    collaborators: dict[int, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    # The highest numbers ever given to milestones and to issues.
    goals: int = 0
    numbered: int = 0
    # The issues shown above all others, and where some have gone.
    pinned: list[Issue] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    transferred: dict[int, tuple["Repository", int]] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    runs: dict[int, CheckRun] = field(default_factory=dict)
    # Branches and tags as of the last event; whatever differs on disk is news.
    refs: dict[str, str] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    protections: dict[str, Protection] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    # What this is a fork of, and how many are forks of this.
    parent: "Repository | None" = None
    forks: int = 0

    @property
    def full_name(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner.login}/{self.name}"

    @property
    def listed(self) -> list[Issue]:
        """Return what lists show: pull requests alone while issues are switched off."""
        return [
            one for one in self.issues.values() if self.settings.has_issues or one.pull is not None
        ]

    @property
    def source(self) -> "Repository":
        """Return what the whole network of forks goes back to."""
        return self if self.parent is None else self.parent.source


class World:
    """All nouns, with the look-ups that handlers need."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.apps: dict[int, App] = {}
        self.repos: dict[str, Repository] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        # Under which names repositories were known before, for as long as nobody takes them.
        self.moved: dict[str, Repository] = {}
        self.conversions: dict[str, Conversion] = {}

    def user(self, login: str) -> User | None:
        """Return the account with this login, in any case."""
        return self.users.get(login.lower())

    def user_by_email(self, email: str) -> User | None:
        """Return the account that a commit's address belongs to."""
        name = email.removesuffix("@users.noreply.github.com")
        return self.user(name.partition("+")[2] or name) if name != email else None

    def repo_by_id(self, number: int) -> Repository | None:
        """Return the repository with this id."""
        return next((one for one in self.repos.values() if one.id == number), None)

    def repo(self, full_name: str) -> Repository | None:
        """Return the repository `owner/name`, in any case."""
        return self.repos.get(full_name.lower())

    def forks_of(self, repo: Repository) -> list[Repository]:
        """Return the direct forks of a repository."""
        return [one for one in self.repos.values() if one.parent is repo]

    def app_by_issuer(self, issuer: str) -> App | None:
        """Return the App whose id or client id signed a JWT."""
        return next((a for a in self.apps.values() if issuer in (str(a.id), a.client_id)), None)

    def installations_on(self, repo: Repository) -> list[Installation]:
        """Return the installations that cover a repository and are not suspended."""
        return [
            one
            for one in self.installations.values()
            if repo.id in one.repo_ids and one.suspended_at is None
        ]
