"""The App as GitHub sees it: key, permissions, events, webhook, the last deliveries."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.doctor.part import Health, Part, broken
from bot.errors import Gone, NightshiftError
from bot.install.host import HOOK_PATH
from bot.install.session import Session
from bot.policy.app import EVENTS, OFF_URL, lacking, surplus

_LATEST = 30
_WHY = {
    401: "the secrets differ: compare NIGHTSHIFT_WEBHOOK_SECRET with the App's settings page",
    403: "something before Nightshift refuses GitHub: look at the reverse proxy",
    404: f"the address leads elsewhere: the proxy has to pass it to {HOOK_PATH}",
    413: "the proxy cuts large bodies: allow 25 MB",
    502: "the proxy reaches no server: is `nightshift up` running?",
    503: "the server could not store it: look at its disk and its log",
}
_OFF = "none: GitHub is read as a whole every 15 minutes"
_UNREACHED = "GitHub cannot reach the address: look at DNS, firewall and certificate"


@dataclass(frozen=True, slots=True)
class Us:
    """Who the App is."""

    slug: str
    owner: str
    settings: str
    """The page where its owner changes it."""


def looks(session: Session) -> tuple[list[Part], Us | None]:
    """Look at everything that the App's own key can see; without a good key at nothing."""
    try:
        _, found = session.ask("GET", "/app")
    except NightshiftError as error:
        return [broken("app", error)], None
    owner = found.get("owner") or {}
    us = Us(str(found["slug"]), str(owner.get("login", "")), _settings(session, found, owner))
    parts = [Part("app", Health.GOOD, f"{us.slug}, owned by {us.owner}")]
    parts += [_permissions(us, found.get("permissions", {})), _events(us, found.get("events", []))]
    hook = _told("webhook", lambda: _hook(session, us))
    parts.append(hook)
    if hook.detail != _OFF:
        parts.append(_told("deliveries", lambda: _deliveries(session, us)))
    return parts, us


def _told(name: str, look: Callable[[], Part]) -> Part:
    try:
        return look()
    except NightshiftError as error:
        return broken(name, error)


def _settings(session: Session, found: dict[str, Any], owner: dict[str, Any]) -> str:
    """Return the page where the owner changes the App."""
    page = str(found.get("html_url", session.credentials.api))
    host = page.partition("/apps/")[0].partition("/github-apps/")[0]
    org = owner.get("type") == "Organization"
    place = f"organizations/{owner.get('login')}/settings" if org else "settings"
    return f"{host}/{place}/apps/{found['slug']}"


def _permissions(us: Us, granted: dict[str, str]) -> Part:
    return permission_part("permissions", granted, f"set them at {us.settings}/permissions")


def permission_part(name: str, granted: dict[str, str], remedy: str) -> Part:
    """Compare what is granted with the one table."""
    if missing := lacking(granted):
        listed = ", ".join(f"{one.name}: {one.level} ({one.why})" for one in missing)
        return Part(name, Health.MISSING, f"missing {listed}", remedy)
    if more := surplus(granted):
        return Part(name, Health.WEAK, f"more than needed: {', '.join(more)}", remedy)
    return Part(name, Health.GOOD, ", ".join(f"{k}: {v}" for k, v in sorted(granted.items())))


def _events(us: Us, subscribed: list[str]) -> Part:
    if missing := sorted(set(EVENTS) - set(subscribed)):
        detail = f"not told about {', '.join(missing)}: noticed by the next sweep only"
        return Part("events", Health.WEAK, detail, f"subscribe at {us.settings}/permissions")
    return Part("events", Health.GOOD, ", ".join(EVENTS))


def _hook(session: Session, us: Us) -> Part:
    try:
        _, hook = session.ask("GET", "/app/hook/config")
    except Gone:  # of an App that never had one
        hook = {}
    url = str(hook.get("url") or "")
    if url in {"", OFF_URL}:
        return Part("webhook", Health.WEAK, _OFF, f"set its address at {us.settings}")
    if hook.get("content_type") != "json":
        detail = f"{url} is sent forms, which are refused"
        return Part("webhook", Health.BROKEN, detail, f"content type: JSON, at {us.settings}")
    if not hook.get("secret"):
        detail = f"{url} is sent unsigned deliveries, which are refused"
        return Part(
            "webhook",
            Health.BROKEN,
            detail,
            f"set NIGHTSHIFT_WEBHOOK_SECRET of server.env as its secret at {us.settings}",
        )
    if str(hook.get("insecure_ssl", "0")) != "0":
        detail = f"{url}: GitHub does not check its certificate"
        return Part("webhook", Health.WEAK, detail, f"enable SSL verification at {us.settings}")
    return Part("webhook", Health.GOOD, url)


def _deliveries(session: Session, us: Us) -> Part:
    """Tell whether the last deliveries arrived, from GitHub's own log of them."""
    _, log = session.ask("GET", f"/app/hook/deliveries?per_page={_LATEST}")
    if not log:
        detail = "GitHub has tried none in the last days"
        remedy = f"press `Redeliver` on the ping at {us.settings}/advanced, or edit an issue"
        return Part("deliveries", Health.WEAK, detail, remedy)
    bad = [one for one in log if one.get("status") != "OK"]
    if log[0] in bad:
        code = int(log[0].get("status_code") or 0)
        detail = f"the last one failed: {log[0].get('status')}; {len(bad)} of {len(log)} failed"
        return Part("deliveries", Health.BROKEN, detail, _WHY.get(code, _UNREACHED))
    if bad:
        often = Counter(str(one.get("status")) for one in bad).most_common(1)[0][0]
        detail = f"{len(bad)} of the last {len(log)} failed, most of them: {often}"
        return Part("deliveries", Health.WEAK, detail, "the sweep asks for them again by itself")
    return Part("deliveries", Health.GOOD, f"the last {len(log)} arrived")
