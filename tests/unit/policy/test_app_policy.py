"""One table: manifest, docs and doctor can only say the same."""

import importlib
import json
import pkgutil
from pathlib import Path

from bot.adapters import forge
from bot.adapters.forge.tokens import permissions as written
from bot.policy import app
from bot.policy.app import Registration, lacking, manifest, permission_table, permissions, surplus
from bot.policy.intake import ALLOWED
from twins.github.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[3]
PLAIN = Registration("nightshift-acme", "https://github.com", "http://127.0.0.1:1/x/made")


def asked_by_the_forge() -> list[tuple[tuple[str, str], ...]]:
    """Collect every set of permissions that our client narrows its tokens to."""
    names = [f"bot.adapters.forge.{module.name}" for module in pkgutil.iter_modules(forge.__path__)]
    values = [value for name in names for value in vars(importlib.import_module(name)).values()]
    return [one for one in values if isinstance(one, tuple) and one and one == written_again(one)]


def written_again(value: tuple[object, ...]) -> tuple[object, ...] | None:
    """Return the same permissions as the forge writes them; None for any other tuple."""
    pairs = [pair for pair in value if isinstance(pair, tuple) and len(pair) == 2]
    if len(pairs) != len(value) or any(level not in app.LEVELS for _, level in pairs):
        return None
    return written(**dict(pairs))


def test_the_app_asks_for_what_its_client_uses() -> None:
    """A token can only be narrowed to what the App was given."""
    asked = asked_by_the_forge()

    assert len(asked) >= 3
    assert [] == [one for scope in asked for one in lacking_for(scope)]


def lacking_for(scope: tuple[tuple[str, str], ...]) -> list[str]:
    """Name what a scope asks for beyond the table."""
    return [
        name
        for name, level in scope
        if app.LEVELS.index(level) > app.LEVELS.index(permissions().get(name, "none"))
    ]


def test_it_can_never_change_workflows() -> None:
    """What runs in CI is for people to change; no option asks for more."""
    assert not {"workflows", "administration"} & set(permissions())
    assert "workflows" not in permissions(optional=True)
    assert "read" == permissions(optional=True)["administration"]


def test_it_subscribes_to_what_intake_stores() -> None:
    """Every event more is traffic for nothing; every one less is a deaf spot."""
    events = set(app.EVENTS)

    assert set(ALLOWED) == events | {"installation", "installation_repositories"}


def test_the_manifest_is_private_and_complete() -> None:
    """The page that takes manifests accepts it, with a webhook and without."""
    hooked = Registration(
        PLAIN.name, PLAIN.home, PLAIN.redirect_url, webhook_url="https://b.example/github/webhooks"
    )

    plain, full = (read_manifest(json.dumps(manifest(one))) for one in (PLAIN, hooked))

    assert (False, False, permissions()) == (plain.public, plain.hook_active, plain.permissions)
    assert ("https://b.example/github/webhooks", True) == (full.hook_url, full.hook_active)
    assert list(app.EVENTS) == full.events == plain.events


def test_what_is_missing_and_what_is_too_much() -> None:
    """Less than needed is named; so is more than asked for; optional ones are neither."""
    granted = {**permissions(), "contents": "read", "workflows": "write", "administration": "read"}
    del granted["checks"]

    assert ["contents", "checks"] == [one.name for one in lacking(granted)]
    assert ("workflows: write",) == surplus(granted)
    assert ((), ()) == (lacking(permissions()), surplus(permissions()))


def test_the_docs_show_the_table() -> None:
    """docs/install.md holds the very lines that the table makes."""
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")

    assert permission_table() in text
