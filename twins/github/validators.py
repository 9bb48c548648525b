"""ETag and Last-Modified: what somebody has already is not sent again (RFC 9110, section 13)."""

import hashlib
import re
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from twins.github.times import moment

TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a caller may ask again for one answer."""

    tag: str
    # When the resource last changed; lists have no such moment.
    changed: float | None = None
    # Whether it changed since it was last shown, within the same second perhaps.
    fresh: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers that tell them."""
        at = self.changed
        dated = {} if at is None else {"Last-Modified": formatdate(at, usegmt=True)}
        return {"ETag": f"W/{self.tag}", **dated}

    def are_known(self, request: web.Request) -> bool:
        """Tell whether the caller has this already; what it knows by tag outranks its date."""
        tags = request.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or self.tag in TAG.findall(tags)
        since = request.if_modified_since
        if since is None or self.changed is None or self.fresh:
            return False
        return self.changed <= since.timestamp()


class Seen:
    """What was shown last at each address to each caller.

    A resource says when it was updated, but not all that it shows counts as an update: a label
    that was renamed, a reaction, a merge that was tried out. That changed when it was seen.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], Validators] = {}

    def validators(self, key: tuple[str, ...], raw: bytes, body: object, now: float) -> Validators:
        """Return the validators of an answer."""
        tag = f'"{hashlib.sha256(raw).hexdigest()}"'
        updated = _updated(body)
        if updated is None:
            return Validators(tag)
        before = self._last.get(key)
        if before is None or before.changed is None:
            one = Validators(tag, updated)
        elif before.tag == tag:
            one = Validators(tag, before.changed)
        else:
            one = Validators(tag, updated if updated > before.changed else now, fresh=True)
        self._last[key] = one
        return one

    def clear(self) -> None:
        """Forget everything."""
        self._last.clear()


def _updated(body: object) -> float | None:
    """Return when an issue, a repository or the like says that it was updated."""
    match body:
        case {"updated_at": str(at)}:
            return moment(at)
        case _:
            return None
