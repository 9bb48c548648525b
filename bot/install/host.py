"""One GitHub: github.com, an Enterprise Server, or an enterprise at ghe.com."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from bot.errors import UsageError

_PUBLIC = "https://github.com"
_RESIDENT = ".ghe.com"
"""Enterprises with data residency: https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency"""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HOOK_PATH = "/github/webhooks"


@dataclass(frozen=True, slots=True)
class Host:
    """Where people look, and where programs ask."""

    web: str
    api: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read `--host`: the address people open, with or without what programs append."""
        web = url.rstrip("/").removesuffix("/api/v3")
        _need_https(web, "--host")
        parts = urlsplit(web)
        name = (parts.hostname or "").removeprefix("api.").removeprefix("www.")
        if parts.path:
            raise UsageError(
                f"--host: {url!r} has a path",
                means="it names the GitHub, not an account or a repository on it",
                remedy=f"--host {parts.scheme}://{parts.netloc}; an organisation is --org",
            )
        if name == "github.com":
            return cls(_PUBLIC, "https://api.github.com")
        if name.endswith(_RESIDENT):
            return cls(f"https://{name}", f"https://api.{name}")
        return cls(web, f"{web}/api/v3")


def webhook_url(given: str, host: Host) -> str:
    """Read `--webhook`: the address GitHub sends to; a bare host means our own path on it."""
    if not given:
        return ""
    _need_https(given, "--webhook")
    if urlsplit(given).hostname in _LOOPBACK and urlsplit(host.web).hostname not in _LOOPBACK:
        raise UsageError(
            f"--webhook: {given} is this machine alone",
            means=f"{host.web} cannot send anything there",
            remedy="name the address of your reverse proxy; or leave it out, and GitHub is read",
        )
    return given if urlsplit(given).path.strip("/") else f"{given.rstrip('/')}{HOOK_PATH}"


def _need_https(url: str, option: str) -> None:
    """Refuse what would send keys or events in the clear, and what is no address at all."""
    if not _is_plain_https(url):
        raise UsageError(
            f"{option}: {url!r} is no https address",
            means="secrets travel over it",
            remedy=f"give it as https://HOST, for example {option} https://github.example.com",
        )


def _is_plain_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    kept = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return kept and bool(parts.hostname) and not (parts.username or parts.query or parts.fragment)
