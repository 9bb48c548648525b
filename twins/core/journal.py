"""What was asked of a twin, in order."""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

JsonObject = dict[str, Any]

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "cookie", "set-cookie"}
)
SECRET_MEMBERS = re.compile(
    r'("(?:[a-z_]*secret|[a-z_]*token|password|private_key[a-z_]*|pem)"\s*:\s*")[^"]+',
    re.IGNORECASE,
)
REDACTED = "[redacted]"


@dataclass(slots=True)
class Entry:
    """One request and how it ended; `status` 0 means the connection was cut."""

    number: int
    at: float
    method: str
    path: str
    query: str
    client: str
    headers: dict[str, str]
    body: str = ""
    status: int = 0
    ms: float = 0.0
    unmodelled: bool = False
    faulted: bool = False
    notes: JsonObject = field(default_factory=dict)


class Journal:
    """The last requests; `body_limit` None keeps bodies whole."""

    def __init__(self, *, body_limit: int | None = 2000, capacity: int = 20_000) -> None:
        self.body_limit = body_limit
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._odd: list[Entry] = []
        """Unmodelled ones that are older than all of those: however long a run, they are told."""
        self._count = 0

    def open(
        self, *, at: float, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> Entry:
        """Write down that a request has come; the server fills in the rest."""
        self._count += 1
        kept = {
            name: REDACTED if name.lower() in SECRET_HEADERS else value
            for name, value in headers.items()
        }
        client = headers.get("User-Agent", "")
        entry = Entry(self._count, at, method, path, query, client, kept)
        if len(self._entries) == self._entries.maxlen and self._entries[0].unmodelled:
            self._odd.append(self._entries[0])
        self._entries.append(entry)
        return entry

    def excerpt(self, body: bytes) -> str:
        """Return a body as text, cut to the limit, without secrets."""
        text = SECRET_MEMBERS.sub(rf"\1{REDACTED}", body.decode("utf-8", "replace"))
        return text if self.body_limit is None else text[: self.body_limit]

    def entries(
        self, *, method: str = "", path: str = "", unmodelled: bool | None = None, since: int = 0
    ) -> list[Entry]:
        """Return entries after number `since` whose path contains the given text."""
        return [
            entry
            for entry in (*self._odd, *self._entries)
            if entry.number > since
            and (not method or entry.method == method.upper())
            and (not path or path in entry.path)
            and (unmodelled is None or entry.unmodelled == unmodelled)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._odd.clear()
        self._count = 0


def as_json(entries: list[Entry]) -> list[JsonObject]:
    """Return entries as JSON objects."""
    return [asdict(entry) for entry in entries]
