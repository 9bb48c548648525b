"""One event on its way to one App."""

import hashlib
import hmac
from dataclasses import dataclass

from twins.github.state import App


@dataclass(frozen=True, slots=True)
class Post:
    """One event on its way to one App: the bytes are fixed when the state changes."""

    app: App
    guid: str
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    raw: bytes
    redelivery: bool = False

    @property
    def name(self) -> str:
        """Return `event.action`, the name that fault rules match."""
        return f"{self.event}.{self.action}" if self.action else self.event

    def headers(self) -> dict[str, str]:
        """Return the headers GitHub sends."""
        mac = hmac.new(self.app.hook.secret.encode(), self.raw, hashlib.sha256)
        signed = (
            {"X-Hub-Signature-256": f"sha256={mac.hexdigest()}"} if self.app.hook.secret else {}
        )
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/0711075",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": str(self.app.hook.id),
            "X-GitHub-Hook-Installation-Target-ID": str(self.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            **signed,
        }
