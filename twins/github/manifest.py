"""Reads the manifest of an App with the complaints of the page that takes it."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from twins.github.access import LEVELS
from twins.github.body import Body
from twins.github.problem import Problem

LONGEST_NAME = 34
NEEDS = {
    "issues": "issues",
    "issue_comment": "issues",
    "label": "issues",
    "milestone": "issues",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "check_run": "checks",
    "check_suite": "checks",
    "push": "contents",
    "create": "contents",
    "fork": "contents",
    "delete": "contents",
    "status": "statuses",
    "repository": "metadata",
}
"""Which permission an event needs; an App cannot subscribe without it, or to anything else."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an App wants to be."""

    name: str
    redirect_url: str
    hook_url: str
    """Empty when there is no webhook."""
    hook_active: bool
    permissions: dict[str, str]
    events: list[str]
    public: bool


def read_manifest(text: str) -> Manifest:
    """Return a manifest, or say what is wrong with it."""
    try:
        body = Body(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Problem(422, "Manifest is not valid JSON") from error
    name = body.text("name")
    if not name or len(name) > LONGEST_NAME:
        raise Problem(422, f"Name must be given and no longer than {LONGEST_NAME} characters")
    _url(body.text("url"), "Homepage URL")
    permissions = {
        str(key): str(level) for key, level in body.object("default_permissions").items()
    }
    for permission, level in permissions.items():
        if level not in LEVELS:
            raise Problem(422, f"Default permission {permission} has no level {level!r}")
    url, active = _hook(body)
    return Manifest(
        name=name,
        redirect_url=_url(body.text("redirect_url"), "Redirect URL"),
        hook_url=url,
        hook_active=active,
        permissions=permissions,
        events=_events(body, permissions),
        public=body.flag("public"),
    )


def _hook(body: Body) -> tuple[str, bool]:
    if "hook_attributes" not in body:
        return "", False
    hook = Body(body.object("hook_attributes"))
    return _url(hook.text("url"), "Hook URL"), hook.flag("active", default=True)


def _events(body: Body, permissions: dict[str, str]) -> list[str]:
    held = {"metadata", *permissions}
    events = [str(event) for event in body.items("default_events")]
    for event in events:
        if NEEDS.get(event) not in held:
            raise Problem(422, f"Default events are not supported by permissions: {event}")
    return events


def _url(text: str, name: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Problem(422, f"{name} must be a valid URL")
    return text
