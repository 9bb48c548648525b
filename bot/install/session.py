"""PyGithub with the App's credentials: one call at a time, no waits inside, our own errors.

Only for commands that a person waits for. The roles use bot.adapters.forge.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import github
import jwt
from github.Installation import Installation

from bot.domain.role import Role
from bot.errors import (
    Conflict,
    CredentialRefused,
    Gone,
    NightshiftError,
    RateLimited,
    Rejected,
    SettingsError,
    Unavailable,
)
from bot.install.envfiles import path_of
from bot.up import read_role

PUBLIC_API = "https://api.github.com"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_TIMEOUT_S = 20
_TOO_MANY, _SERVER_FAILS = 429, 500
_Limited = github.RateLimitExceededException


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the server's file says about the App."""

    api: str
    app_id: str
    key: str

    @classmethod
    def of(cls, config: Path) -> Self:
        """Read server.env; a variable that is missing is named."""
        path = path_of(config, Role.SERVER)
        values = read_role(path)
        for name in ("NIGHTSHIFT_APP_ID", "NIGHTSHIFT_APP_KEY"):
            if not values.get(name):
                raise SettingsError(
                    f"{path}: {name} is missing",
                    remedy="`nightshift setup --force` makes a new App and writes it",
                )
        return cls(address(values), values["NIGHTSHIFT_APP_ID"], values["NIGHTSHIFT_APP_KEY"])


def address(server: Mapping[str, str]) -> str:
    """Return the API's root that the server's file names."""
    api = server.get("NIGHTSHIFT_GITHUB_URL", "").rstrip("/") or PUBLIC_API
    if not re.fullmatch(r"https?://[\w.:\[\]-]+(/[\w./-]*)?", api, re.ASCII):
        raise SettingsError(
            "NIGHTSHIFT_GITHUB_URL is no address",
            means="it stands in server.env",
            remedy=f"{PUBLIC_API}, or https://HOST/api/v3 for an Enterprise Server",
        )
    return api


class Session:
    """Speaks as the App itself, or as its installation on one repository."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        local = urlsplit(credentials.api).hostname in _LOOPBACK
        self._options: dict[str, Any] = {
            "base_url": credentials.api,
            "retry": None,
            "timeout": _TIMEOUT_S,
            "seconds_between_requests": 0,
            "seconds_between_writes": 0 if local else 1,
        }
        self._auth = github.Auth.AppAuth(credentials.app_id, credentials.key)
        _check_key(self._auth)
        self.app = github.GithubIntegration(auth=self._auth, **self._options)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.app.close()

    def ask(self, method: str, path: str) -> tuple[dict[str, str], Any]:
        """Call the API as the App; return headers in lower case, and the answer."""
        with told(f"{method} {path}"):
            return self.app.requester.requestJsonAndCheck(method, path)

    def installation(self, repo: str) -> Installation:
        """Return where the App is installed on a repository."""
        owner, _, name = repo.partition("/")
        with told(f"the installation on {repo}"):
            return self.app.get_repo_installation(owner, name)

    @contextmanager
    def installed(
        self, installation: int, permissions: dict[str, str] | None = None
    ) -> Iterator[github.Github]:
        """Speak as an installation, with these permissions and no more."""
        auth = self._auth.get_installation_auth(installation, permissions)
        with github.Github(auth=auth, **self._options) as client:
            yield client


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what PyGithub, its transport and the key can raise into our errors."""
    try:
        yield
    except github.GithubException as error:
        raise _refusal(doing, error) from None
    except github.BadAttributeException:
        raise Rejected(
            f"{doing}: an answer of another shape than GitHub's",
            remedy="check NIGHTSHIFT_GITHUB_URL in server.env",
        ) from None
    except OSError as error:
        raise Unavailable(
            f"{doing}: no answer ({type(error).__name__})",
            remedy="check NIGHTSHIFT_GITHUB_URL in server.env, and the way there",
        ) from None


def _check_key(auth: github.Auth.AppAuth) -> None:
    try:
        auth.create_jwt()
    except (jwt.PyJWTError, ValueError, TypeError):
        raise CredentialRefused(
            "the App's private key cannot sign",
            means="NIGHTSHIFT_APP_KEY is no RSA key in PEM form",
            remedy="make a new private key on the App's settings page, put it into server.env",
        ) from None


def _refusal(doing: str, error: github.GithubException) -> NightshiftError:
    said = f"{doing}: {error.status} {_message(error)}"
    match error.status:
        case 401:
            return CredentialRefused(
                said,
                means="GitHub does not take this key for this App, or this machine's clock is off",
                remedy="compare id and key in server.env with the App's settings page",
            )
        case 403 | 429 if error.status == _TOO_MANY or isinstance(error, _Limited):
            return RateLimited(said, remedy="wait some minutes, then try again")
        case 404 | 410:
            return Gone(said)
        case 409:
            return Conflict(said)
        case status if status >= _SERVER_FAILS:
            return Unavailable(said, remedy="try again later")
        case _:
            return Rejected(said)


def _message(error: github.GithubException) -> str:
    data: object = error.data
    message = str(data.get("message", "")) if isinstance(data, dict) else ""
    return " ".join(message.split())[:200]
