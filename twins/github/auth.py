"""From an Authorization header to an actor."""

import base64
import binascii
from typing import Any

import jwt
from jwt.types import Options

from twins.core.clock import Clock
from twins.github.access import ANONYMOUS, Actor
from twins.github.problem import Problem
from twins.github.state import App, Token, World

LONGEST_JWT_S = 600
UNDECODED = "A JSON web token could not be decoded"
BAD_EXPIRY = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at "
    "which the assertion expires"
)
BAD_ISSUED = (
    "'Issued at' claim ('iat') must be an Integer representing the time that the assertion "
    "was issued"
)


def authenticate(world: World, clock: Clock, header: str) -> Actor:
    """Return who a header speaks for; a header that proves nothing is 401."""
    if not header.strip():
        return ANONYMOUS
    scheme, _, rest = header.strip().partition(" ")
    secret = rest.strip()
    if scheme.lower() == "basic":
        return _basic(world, clock, secret)
    if scheme.lower() not in {"token", "bearer"}:
        raise Problem(401, "Bad credentials")
    if secret.startswith("eyJ") and secret.count(".") == 2:  # noqa: PLR2004  # header.claims.signature
        return _app(world, clock, secret)
    return by_token(world, clock, secret)


def by_token(world: World, clock: Clock, secret: str) -> Actor:
    """Return who a token stands for."""
    token = world.tokens.get(secret)
    if token is None or (token.expires_at is not None and token.expires_at <= clock.now()):
        raise Problem(401, "Bad credentials")
    if token.installation is None:
        return Actor("user", user=token.user)
    return _installed(token)


def _installed(token: Token) -> Actor:
    if (installation := token.installation) is None:
        raise Problem(401, "Bad credentials")
    if installation.suspended_at is not None:
        raise Problem(403, "This installation has been suspended")
    granted = token.repo_ids
    repos = installation.repo_ids if granted is None else installation.repo_ids & granted
    return Actor(
        "installation",
        user=token.user,
        app=installation.app,
        installation=installation,
        permissions=token.permissions,
        repo_ids=frozenset(repos),
    )


def _basic(world: World, clock: Clock, encoded: str) -> Actor:
    """Accept the token as password (any user name) or as user name (any password)."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Problem(401, "Bad credentials") from error
    secret = password if password in world.tokens else user
    return by_token(world, clock, secret)


def _app(world: World, clock: Clock, token: str) -> Actor:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise Problem(401, UNDECODED) from error
    issuer = claims.get("iss")
    if not isinstance(issuer, str | int):
        raise Problem(401, "'Issuer' claim ('iss') must be an Integer")
    app = world.app_by_issuer(str(issuer))
    if app is None:
        raise Problem(404, "Integration not found")
    _check_signature(app, token)
    _check_times(clock.now(), claims)
    return Actor("app", app=app)


def _check_signature(app: App, token: str) -> None:
    # PyJWT would compare times with the real clock; ours is virtual.
    unchecked: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        jwt.decode(token, app.public_key, algorithms=["RS256"], options=unchecked)
    except jwt.InvalidTokenError as error:
        raise Problem(401, UNDECODED) from error


def _check_times(now: float, claims: dict[str, Any]) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or expires <= now:
        raise Problem(401, BAD_EXPIRY)
    if expires - now > LONGEST_JWT_S:
        raise Problem(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int | float) or issued > now + 1:
        raise Problem(401, BAD_ISSUED)
