"""What a client script finds: a running twin with one repository, its people and an App."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from twins.conformance.ground import TWIN, Ground, Plot, ground
from twins.conformance.wire import Answer


@dataclass(frozen=True, slots=True)
class ClientStage:
    """A twin that belongs to one script, and a folder for it to work in."""

    ground: Ground
    plot: Plot
    folder: Path

    @property
    def url(self) -> str:
        """Return the twin's base URL; the same API is at `/` and at `/api/v3`."""
        return self.ground.url

    def hook(self, url: str, secret: str) -> None:
        """Send the App's events somewhere else than to the inbox."""
        order = {"app": self.ground.app["slug"], "url": url, "secret": secret}
        self.ground.admin("POST", "hook", order)

    def read(self, below: str) -> Answer:
        """Read something of the repository as its owner, to see what the client has done."""
        return self.plot.call("GET", below, by="owner")


@contextmanager
def staged(seed: int = 0) -> Iterator[ClientStage]:
    """Start a twin with one public repository that has one commit on `main`."""
    with (
        ground((*TWIN, "--tls")) as one,
        TemporaryDirectory(prefix="conformance-client-") as folder,
    ):
        plot = one.plot(Random(seed))  # repeatable on purpose
        content = {"message": "Begin", "content": "eCA9IDEK"}
        plot.ok("PUT", "contents/start.py", content, by="owner")
        yield ClientStage(one, plot, Path(folder))
