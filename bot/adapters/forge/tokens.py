"""The App's own short-lived JWT, and installation tokens narrowed to what a job needs."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt as pyjwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from bot.adapters.forge.transport import Transport
from bot.errors import CredentialRefused, Unavailable

_BACK, _AHEAD = 60, 540
"""GitHub refuses `exp` more than ten minutes ahead and `iat` in the future; clocks differ."""
_CLOSE = 20.0
"""Seconds by which clocks may differ before a refusal can be their fault."""
_USABLE = 55 * 60.0
_LEAST_LEFT = 30.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which token: an installation, one repository of it (or all), and permissions."""

    installation: int
    repository: str
    """The name without its owner; empty for every repository of the installation."""
    permissions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A token and until when we use it."""

    value: SecretStr
    usable_until: float


def permissions(**levels: str) -> tuple[tuple[str, str], ...]:
    """Write permissions the one way, so that equal ones share a token."""
    return tuple(sorted(levels.items()))


class AppKey:
    """Signs JWTs. The clock is passed in, because the service compares it with its own."""

    def __init__(self, issuer: str, private_key: SecretStr, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._key = private_key
        self._now = now
        self._drift = 0.0

    def learn(self, drift: float) -> bool:
        """Go by GitHub's clock from now on; False when ours was close enough already."""
        if abs(drift - self._drift) < _CLOSE:
            return False
        self._drift = drift
        return True

    def jwt(self) -> str:
        """Return a fresh JWT: issued a minute ago, good for nine more."""
        now = int(self._now() + self._drift)
        claims = {"iat": now - _BACK, "exp": now + _AHEAD, "iss": self._issuer}
        return pyjwt.encode(claims, self._signer, algorithm="RS256")

    @cached_property
    def _signer(self) -> RSAPrivateKey:
        """The key, read once: checking that it is sound holds up everything else for a while."""
        pem = self._key.get_secret_value().encode()
        with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
            key = load_pem_private_key(pem, password=None)
            if isinstance(key, RSAPrivateKey):
                return key
        raise CredentialRefused(
            "the App's private key cannot sign",
            means="it is no RSA key in PEM form",
            remedy="download a new private key from the App's settings page",
        )


async def call_as_app(
    transport: Transport, key: AppKey, method: str, url: str, data: object = b""
) -> tuple[Any, str | None]:
    """Call as the App itself; should the clocks differ, once more by GitHub's."""
    try:
        return await transport.call(method, url, data=data, jwt=key.jwt())
    except CredentialRefused:
        if not key.learn(transport.drift):
            raise
        return await transport.call(method, url, data=data, jwt=key.jwt())


class Tokens:
    """Caches installation tokens; many callers that need one cause one request."""

    def __init__(self, transport: Transport, key: AppKey, now: Callable[[], float]) -> None:
        self._transport = transport
        self._key = key
        self._now = now
        self._held: dict[Scope, Token] = {}
        self._locks: dict[Scope, asyncio.Lock] = {}

    async def get(self, scope: Scope) -> Token:
        """Return a token that lasts at least a few more calls."""
        async with self._locks.setdefault(scope, asyncio.Lock()):
            held = self._held.get(scope)
            if held is None or held.usable_until <= self._now() + _LEAST_LEFT:
                held = self._held[scope] = await self._mint(scope)
            return held

    def forget(self, scope: Scope, token: Token) -> None:
        """Drop a token that GitHub turned down, unless it was replaced already."""
        if self._held.get(scope) is token:
            del self._held[scope]

    async def _mint(self, scope: Scope) -> Token:
        """Ask for a token that can do no more than the scope says."""
        wanted: Mapping[str, object] = {"permissions": dict(scope.permissions)}
        if scope.repository:
            wanted = {**wanted, "repositories": [scope.repository]}
        url = f"/app/installations/{scope.installation}/access_tokens"
        asked_at = self._now()
        answer, _ = await call_as_app(self._transport, self._key, "POST", url, wanted)
        value = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(value, str) or not value:
            raise Unavailable(f"POST {url} answered without a token")
        return Token(SecretStr(value), asked_at + _USABLE)
