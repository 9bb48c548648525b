"""One keep-alive connection that tells whoever listens what was asked and answered."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `json` is None when the body is no JSON."""

    method: str
    target: str
    status: int
    headers: Mapping[str, str]
    raw: bytes
    json: Any

    @property
    def path(self) -> str:
        """Return the path that was asked for, without its query."""
        return self.target.partition("?")[0]

    @property
    def media(self) -> str:
        """Return the media type of the body."""
        return self.headers.get("content-type", "")


@dataclass(slots=True)
class Wire:
    """Speaks HTTP to one twin."""

    url: str
    listener: Callable[[Answer], None] = lambda _: None
    _open: http.client.HTTPConnection | None = field(default=None)

    def send(
        self, method: str, target: str, body: object = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Ask once and return the whole answer."""
        if self._open is None:
            place = urlsplit(self.url)
            self._open = http.client.HTTPConnection(
                place.hostname or "", place.port, timeout=TIMEOUT_S
            )
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        try:
            self._open.request(method, target, data, dict(headers))
            response = self._open.getresponse()
            raw = response.read()
        except (http.client.HTTPException, OSError):
            self.close()
            raise
        kept = {name.lower(): value for name, value in response.getheaders()}
        parsed = _json(raw) if "json" in kept.get("content-type", "") else None
        answer = Answer(method, target, response.status, kept, raw, parsed)
        self.listener(answer)
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None


def _json(raw: bytes) -> Any:  # noqa: ANN401  # JSON has no narrower type
    try:
        return json.loads(raw)
    except ValueError:
        return None
