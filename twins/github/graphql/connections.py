"""Lists in pages: cursors, counts and GitHub's own rules about their size."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from twins.github.graphql.node import Ask, Field, JsonObject, Refusal

MOST = 100


@dataclass(frozen=True, slots=True)
class Connection:
    """A list and the arguments that cut it; GitHub asks for a size once entries are wanted."""

    name: str
    items: list[Any]
    ask: Ask
    extra: JsonObject

    def value(self, member: str) -> object:
        """Return a member of the connection, or raise KeyError."""
        match member:
            case "totalCount":
                return len(self.items)
            case "nodes":
                return self.items[self._cut()]
            case "edges":
                cut = self._cut()
                shown = enumerate(self.items[cut], cut.start)
                return [{"cursor": _cursor(at), "node": item} for at, item in shown]
            case "pageInfo":
                return self._page_info()
            case _:
                return self.extra[member]

    def _cut(self) -> slice:
        first, last = self._size("first"), self._size("last")
        if first is None and last is None:
            raise Refusal(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value to properly paginate the "
                f"`{self.name}` connection.",
            )
        start = _position(self.ask.get("after"), -1) + 1
        end = _position(self.ask.get("before"), len(self.items))
        if first is not None:
            end = min(end, start + first)
        if last is not None:
            start = max(start, end - last)
        return slice(min(start, len(self.items)), min(end, len(self.items)))

    def _size(self, name: str) -> int | None:
        size: int | None = self.ask.get(name)
        if size is not None and size > MOST:
            raise Refusal(
                "EXCESSIVE_PAGINATION",
                f"Requesting {size} records on the `{self.name}` connection exceeds the "
                f"`{name}` limit of {MOST} records.",
            )
        if size is not None and size < 0:
            raise Refusal(
                "INVALID_CURSOR_ARGUMENTS", f"`{name}` on the `{self.name}` connection is negative."
            )
        return size

    def _page_info(self) -> JsonObject:
        cut = self._cut()
        some = cut.stop > cut.start
        return {
            "hasPreviousPage": cut.start > 0,
            "hasNextPage": cut.stop < len(self.items),
            "startCursor": _cursor(cut.start) if some else None,
            "endCursor": _cursor(cut.stop - 1) if some else None,
        }


def _cursor(at: int) -> str:
    return base64.b64encode(f"cursor:{at}".encode()).decode()


def _position(cursor: str | None, default: int) -> int:
    if not cursor:
        return default
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:"))
    except ValueError as error:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise Refusal("INVALID_CURSOR_ARGUMENTS", message) from error


def connection(name: str, items: Iterable[Any], ask: Ask, **extra: object) -> Connection:
    """Return a list as the connection of this name."""
    return Connection(name, list(items), ask, extra)


def empty(name: str) -> Field:
    """Return a connection of what the twin knows there is none of."""
    return lambda _, ask: connection(name, [], ask)
