"""Every answer of GitHub that is no success, as one of our typed errors.

Limits come as 403 or 429, with or without headers that say until when:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import json
from collections.abc import Mapping

from bot.errors import (
    Conflict,
    CredentialRefused,
    Gone,
    NightshiftError,
    RateLimited,
    Rejected,
    Unavailable,
)

_SECONDARY_WAIT = 60.0
_LONGEST_WAIT = 6 * 3600.0
_NO_APP = "Integration not found"
"""What GitHub says, with 404, to a JWT whose issuer it does not know."""
_LIMIT_WORDS = ("secondary rate limit", "abuse detection", "rate limit exceeded")


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, call: str, now: float
) -> NightshiftError | None:
    """Return the error that an answer stands for, None for a success or a 304."""
    if status < 300 or status == 304:  # noqa: PLR2004
        return None
    said = _message(body)
    what = f"{call} answered {status}: {said}" if said else f"{call} answered {status}"
    if status >= 500:  # noqa: PLR2004
        return Unavailable(what, retry_at=_retry_after(headers, now))
    if (until := _limited(status, headers, said, now)) is not None:
        return RateLimited(what, retry_at=until)
    if status == 401 or _NO_APP in said:  # noqa: PLR2004
        return CredentialRefused(
            what,
            means="GitHub does not take the App's key or token; a wrong clock does that, too",
            remedy="check the App id, its private key and the time of this machine",
        )
    match status:
        case 404 | 410:
            return Gone(what, means="it is deleted, moved, or the App may not see it")
        case 403 if "suspended" in said:
            return Gone(what, means="somebody suspended the App on this account")
        case 409:
            return Conflict(what)
        case 422 if "already exists" in said or "already_exists" in said:
            return Conflict(what)
        case _ if status < 400:  # noqa: PLR2004
            return Gone(what, means=f"it has moved to {headers.get('location', 'another place')}")
        case _:
            return Rejected(what, remedy="check the App's permissions and the repository's rules")


def _limited(status: int, headers: Mapping[str, str], said: str, now: float) -> float | None:
    """Return when a limit ends; None when the answer is no limit."""
    if status not in {403, 429}:
        return None
    if (after := _retry_after(headers, now)) is not None:
        return after
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _number(headers.get("x-ratelimit-reset", ""))
        return _within(reset if reset is not None else now + _SECONDARY_WAIT, now)
    if status == 429 or any(words in said.lower() for words in _LIMIT_WORDS):  # noqa: PLR2004
        return now + _SECONDARY_WAIT
    return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    seconds = _number(headers.get("retry-after", ""))
    return None if seconds is None else _within(now + seconds, now)


def _within(moment: float, now: float) -> float:
    """Keep a server's word on time inside what can be meant."""
    return min(max(moment, now + 1), now + _LONGEST_WAIT)


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _message(body: bytes) -> str:
    """Return what GitHub says, errors of any shape included, short enough for one line."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors") or []
    listed = errors if isinstance(errors, list) else [errors]
    parts = [str(data.get("message") or "")] + [_one(error) for error in listed]
    return "; ".join(part for part in parts if part).replace("\n", " ")[:300]


def _one(error: object) -> str:
    if isinstance(error, dict):
        keys = ("field", "code", "message")
        return " ".join(str(error[key]) for key in keys if error.get(key))
    return str(error)
