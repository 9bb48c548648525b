"""What our GitHub App is allowed and told: the one table behind manifest, docs and doctor."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.policy.intake import ALLOWED

LEVELS = ("none", "read", "write", "admin")
_UNASKED = frozenset({"installation", "installation_repositories"})
"""GitHub tells every App about these; nobody can subscribe to them."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission of the App, and what for."""

    name: str
    level: str
    why: str
    needed: bool = True


PERMISSIONS = (
    Permission("metadata", "read", "every App has it"),
    Permission("contents", "write", "branches of its own, and landing on the default branch"),
    Permission("pull_requests", "write", "opens and updates pull requests"),
    Permission("issues", "write", "labels, and the one comment that tells the story"),
    Permission("checks", "write", "the check run `nightshift/satisfaction`"),
    Permission("statuses", "read", "whether the repository's own CI has ended"),
    Permission("actions", "read", "the same for GitHub Actions"),
    Permission(
        "administration", "read", "lets `doctor` read classic branch protection", needed=False
    ),
)
"""`workflows` is left out on purpose: a change of `.github/workflows` is for people to make."""

OFF_URL = "https://example.com/github/webhooks"
"""A manifest has to name an address, for a webhook that is switched off too."""

EVENTS = tuple(sorted(set(ALLOWED) - _UNASKED))
"""What the App subscribes to: the events that intake stores, and no other."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person decides about the App before it is made."""

    name: str
    home: str
    """The App's home page, which GitHub demands: the host's, as our own pages are not public."""
    redirect_url: str
    webhook_url: str = ""
    public: bool = False
    optional: bool = False
    """Whether to ask for what is not needed as well."""


def permissions(*, optional: bool = False) -> dict[str, str]:
    """Return what the App asks for."""
    return {one.name: one.level for one in PERMISSIONS if one.needed or optional}


def manifest(wanted: Registration) -> dict[str, object]:
    """Return the manifest of the App.

    https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    hook = {"url": wanted.webhook_url, "active": True}
    off = {"url": OFF_URL, "active": False}
    return {
        "name": wanted.name,
        "url": wanted.home,
        "description": "Turns issues into merged pull requests, judged by hidden scenarios.",
        "redirect_url": wanted.redirect_url,
        "public": wanted.public,
        "hook_attributes": hook if wanted.webhook_url else off,
        "default_permissions": permissions(optional=wanted.optional),
        "default_events": list(EVENTS),
    }


def lacking(granted: Mapping[str, str]) -> tuple[Permission, ...]:
    """Return the needed permissions that an installation does not give, or gives too little of."""
    return tuple(
        one
        for one in PERMISSIONS
        if one.needed and _level(granted.get(one.name)) < LEVELS.index(one.level)
    )


def surplus(granted: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an installation gives beyond the table, as `name: level`."""
    asked = permissions(optional=True)
    return tuple(
        f"{name}: {level}"
        for name, level in sorted(granted.items())
        if _level(level) > _level(asked.get(name))
    )


def _level(name: str | None) -> int:
    return LEVELS.index(name) if name in LEVELS else 0


def permission_table() -> str:
    """Return the table of docs/install.md."""
    rows = [
        f"| {one.name.replace('_', ' ')} | {one.level}{'' if one.needed else ', optional'} "
        f"| {one.why} |"
        for one in PERMISSIONS
    ]
    events = ", ".join(f"`{event}`" for event in EVENTS)
    head = ["| permission | level | why |", "|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Events: {events}."])
