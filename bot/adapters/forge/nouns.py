"""What GitHub tells us, cut down to what Nightshift uses."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """Who we are."""

    id: int
    slug: str
    name: str
    permissions: dict[str, str]
    events: tuple[str, ...]

    @property
    def bot_login(self) -> str:
        """The login under which our comments stand; brackets cannot be registered by people."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True, slots=True)
class Installation:
    """One account that has installed the App."""

    id: int
    account: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub sees it."""

    id: int
    full_name: str
    default_branch: str
    clone_url: str
    html_url: str
    private: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    body: str
    author: str
    author_id: int
    app_id: int | None
    """The App that wrote it, None for people."""
    html_url: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Permission:
    """What a person may do in a repository: admin, write, read or none."""

    level: str
    role: str
    user_id: int

    @property
    def writes(self) -> bool:
        """Whether this person may change the repository."""
        return self.level in {"admin", "write"}


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request. `merged` and `state` are what GitHub has noticed so far."""

    number: int
    state: str
    merged: bool
    title: str
    body: str
    head_ref: str
    head_sha: str
    head_repo: str
    """Empty when the fork is gone."""
    base_ref: str
    base_sha: str
    html_url: str
    labels: tuple[str, ...]
    merge_commit: str = ""
    """What merging made, once it is merged."""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check on one commit."""

    id: int
    name: str
    head_sha: str
    external_id: str
    status: str
    conclusion: str
    """Empty until it is completed."""
    app_id: int


@dataclass(frozen=True, slots=True)
class CheckText:
    """What a check run says; no conclusion means that it is in progress."""

    title: str
    summary: str
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class GitAccess:
    """What git needs to fetch or push, for at most an hour."""

    clone_url: str
    username: str
    token: SecretStr
    usable_until: float
    """Unix seconds; a push later than this needs a new one."""


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One attempt by GitHub to deliver an event. All attempts of a delivery share the GUID."""

    id: int
    guid: str
    delivered_at: datetime
    redelivery: bool
    status_code: int
    event: str
    action: str

    @property
    def arrived(self) -> bool:
        """Whether our door answered with a success."""
        return 200 <= self.status_code < 300  # noqa: PLR2004  the class of HTTP successes
