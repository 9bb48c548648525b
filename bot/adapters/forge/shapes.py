"""GitHub's JSON to our nouns: only the fields we use, each with its type checked."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from bot.adapters.forge.nouns import (
    AppIdentity,
    CheckRun,
    Comment,
    HookDelivery,
    Installation,
    Permission,
    Pull,
    Repository,
)
from bot.domain.control import Labelling, Person, Review
from bot.domain.issue import Issue
from bot.domain.label import Label
from bot.errors import Unavailable

T = TypeVar("T")
Data = Mapping[str, Any]
GHOST = {"login": "ghost", "id": 10137}
"""Whom GitHub shows for a deleted account."""


def shape(build: Callable[[Data], T], data: object) -> T:
    """Build a noun; an answer of another shape is an outage, not a crash."""
    try:
        return build(_mapping(data))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = build.__name__.replace("_", " ")
        said = f"{type(error).__name__} {error}"[:200]
        raise Unavailable(f"GitHub answered no {what}: {said}") from error


def _mapping(data: object) -> Data:
    if not isinstance(data, Mapping):
        raise TypeError(f"a {type(data).__name__}")
    return data


@lru_cache
def _adapter(kind: Callable[..., object]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # type: ignore[arg-type]  # a class, seen as what builds a noun


def _make(kind: Callable[..., T], **fields: object) -> T:
    made: T = _adapter(kind).validate_python(fields)
    return made


def issue(data: Data) -> Issue:
    """Read an issue; `repo` is not part of GitHub's answer and is put in by the caller."""
    user = data["user"] or GHOST
    return _make(
        Issue,
        repo=data["_repo"],
        number=data["number"],
        title=data["title"],
        body=data["body"] or "",
        labels=tuple(label["name"] for label in data["labels"]),
        author=user["login"],
        author_id=user["id"],
        state=data["state"],
    )


def repository(data: Data) -> Repository:
    """Read a repository."""
    return _make(
        Repository,
        id=data["id"],
        full_name=data["full_name"],
        default_branch=data["default_branch"],
        clone_url=data["clone_url"],
        html_url=data["html_url"],
        private=data["private"],
        archived=data.get("archived", False),
    )


def comment(data: Data) -> Comment:
    """Read a comment."""
    user = data["user"] or GHOST
    return _make(
        Comment,
        id=data["id"],
        body=data["body"] or "",
        author=user["login"],
        author_id=user["id"],
        app_id=(data.get("performed_via_github_app") or {}).get("id"),
        html_url=data["html_url"],
        updated_at=data["updated_at"],
    )


def label(data: Data) -> Label:
    """Read a label."""
    description = data.get("description") or ""
    return _make(Label, name=data["name"], color=data["color"], description=description)


def content(data: Data) -> bytes:
    """Read a file of at most 1 MB, which comes as base64 with line breaks."""
    return base64.b64decode(data["content"])


def reacting(data: Data) -> str:
    """Read who reacted."""
    login: str = _adapter(str).validate_python((data["user"] or GHOST)["login"])
    return login


def labelling(data: Data) -> Labelling:
    """Read the event of putting a label on an issue, or of taking it off."""
    actor = data["actor"] or GHOST
    by = _make(Person, login=actor["login"], id=actor["id"])
    return _make(
        Labelling,
        id=data["id"],
        label=data["label"]["name"],
        by=by,
        at=moment(data["created_at"]),
        on=data["event"] == "labeled",
    )


def moment(text: str) -> float:
    """Read one of GitHub's times as seconds of the epoch."""
    return datetime.fromisoformat(text).timestamp()


def permission(data: Data) -> Permission:
    """Read what somebody may do."""
    user = data["user"] or {"id": 0}
    role = data.get("role_name") or data["permission"]
    return _make(Permission, level=data["permission"], role=role, user_id=user["id"])


def pull(data: Data) -> Pull:
    """Read a pull request; lists leave out `merged` but have `merged_at`."""
    head, base = data["head"], data["base"]
    return _make(
        Pull,
        number=data["number"],
        state=data["state"],
        merged=bool(data.get("merged") or data.get("merged_at")),
        title=data["title"],
        body=data["body"] or "",
        head_ref=head["ref"],
        head_sha=head["sha"],
        head_repo=(head["repo"] or {"full_name": ""})["full_name"],
        base_ref=base["ref"],
        base_sha=base["sha"],
        html_url=data["html_url"],
        labels=tuple(entry["name"] for entry in data.get("labels", ())),
        merge_commit=data.get("merge_commit_sha") or "",
        draft=data.get("draft") or False,
    )


def number_of_comment(data: Data) -> int:
    """Read under which issue or pull request a comment stands."""
    return int(str(data["issue_url"]).rpartition("/")[2])


def review(data: Data) -> Review:
    """Read one review of a pull request."""
    user = data["user"] or GHOST
    by = _make(Person, login=user["login"], id=user["id"])
    return _make(Review, id=data["id"], by=by, state=data["state"])


def commit_facts(data: Data) -> tuple[str, str]:
    """Read who committed, and the message."""
    found: tuple[str, str] = _adapter(tuple[str, str]).validate_python(
        (data["committer"]["email"], data["message"])
    )
    return found


def check_run(data: Data) -> CheckRun:
    """Read a check run."""
    return _make(
        CheckRun,
        id=data["id"],
        name=data["name"],
        head_sha=data["head_sha"],
        external_id=data.get("external_id") or "",
        status=data["status"],
        conclusion=data.get("conclusion") or "",
        app_id=(data.get("app") or {"id": 0})["id"],
    )


def app(data: Data) -> AppIdentity:
    """Read who we are."""
    return _make(
        AppIdentity,
        id=data["id"],
        slug=data["slug"],
        name=data["name"],
        permissions=data["permissions"],
        events=tuple(data["events"]),
    )


def installation(data: Data) -> Installation:
    """Read one installation of the App."""
    account = (data.get("account") or GHOST)["login"]
    suspended = data.get("suspended_at") is not None
    return _make(Installation, id=data["id"], account=account, suspended=suspended)


def hook_delivery(data: Data) -> HookDelivery:
    """Read one attempt of the App's delivery log."""
    return _make(
        HookDelivery,
        id=data["id"],
        guid=data["guid"],
        delivered_at=data["delivered_at"],
        redelivery=data["redelivery"],
        status_code=data["status_code"],
        event=data["event"],
        action=data.get("action") or "",
    )


def user_id(data: Data) -> int:
    """Read the numeric id of a user."""
    number: int = _adapter(int).validate_python(data["id"])
    return number
