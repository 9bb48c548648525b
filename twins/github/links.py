"""URLs as the caller must see them: its own host, port and prefix."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from aiohttp import web

PREFIX = "/api/v3"


@dataclass(frozen=True, slots=True)
class Links:
    """Builds every URL of a body from the request that asked for it."""

    origin: str
    prefix: str
    # Whether the body goes out in a delivery; a few members are found only there.
    in_hook: bool = False

    @classmethod
    def of(cls, request: web.Request) -> Self:
        """Return the links for one request."""
        prefix = PREFIX if request.path.startswith(PREFIX + "/") else ""
        return cls(f"{request.scheme}://{request.host}", prefix)

    def api(self, path: str) -> str:
        """Return the URL of an API path; brackets of bot logins are quoted."""
        return f"{self.origin}{self.prefix}{quote(path, safe=SAFE)}"

    def html(self, path: str) -> str:
        """Return the URL of a page for people, which lives beside a host named `api.`."""
        return f"{self.origin.replace('://api.', '://', 1)}{quote(path, safe=SAFE)}"

    def for_hooks(self) -> "Links":
        """Return the same host without the API prefix, as payloads carry it."""
        return Links(self.origin, "", in_hook=True)


# Braces stay: they mark URI templates such as `{/number}`.
SAFE = "/{}?=&,#:+@~.-_%"
