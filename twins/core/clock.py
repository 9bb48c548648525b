"""A clock that a test can move."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class Clock:
    """Real time plus an offset, or one frozen moment."""

    offset: float = 0.0
    frozen: float | None = None

    def now(self) -> float:
        """Return Unix seconds as this twin sees them."""
        return time.time() + self.offset if self.frozen is None else self.frozen

    def iso(self, at: float | None = None) -> str:
        """Return `YYYY-MM-DDTHH:MM:SSZ`, the only time format real clients parse without fail."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: float) -> None:
        """Move on (or back) by some seconds, frozen or not."""
        if self.frozen is None:
            self.offset += seconds
        else:
            self.frozen += seconds

    def freeze(self, at: float | None = None) -> None:
        """Stand still, now or at a given moment."""
        self.frozen = self.now() if at is None else at

    def resume(self) -> None:
        """Run again from wherever the clock stands."""
        if self.frozen is not None:
            self.offset = self.frozen - time.time()
            self.frozen = None

    def reset(self) -> None:
        """Show real time again."""
        self.offset = 0.0
        self.frozen = None
