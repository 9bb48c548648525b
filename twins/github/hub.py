"""What every handler reaches: state, git, the feed of events and the shared core."""

from dataclasses import dataclass, field

from twins.core.core import Core
from twins.github.git_store import GitStore, Person
from twins.github.links import Links
from twins.github.state import App, User, World
from twins.github.webhooks import WebhookSender


@dataclass(slots=True)
class Hub:
    """The twin's one object graph."""

    core: Core
    git: GitStore
    sender: WebhookSender
    world: World = field(default_factory=World)

    def now(self) -> float:
        """Return the twin's time in whole seconds, as GitHub shows it."""
        return float(int(self.core.clock.now()))

    def number(self, kind: str, start: int = 1) -> int:
        """Return the next id of a kind."""
        return self.core.ids.number(kind, start=start)


@dataclass(frozen=True, slots=True)
class Context:
    """Somebody doing something: the actor behind every change and the sender of its events."""

    hub: Hub
    user: User
    app: App | None
    links: Links

    @property
    def now(self) -> float:
        """Return the moment of the change."""
        return self.hub.now()

    @property
    def person(self) -> Person:
        """Return the actor as author of a commit."""
        return Person(self.user.login, self.user.email, self.now)


def web_flow(at: float) -> Person:
    """Return the committer of everything that GitHub writes itself."""
    return Person("GitHub", "noreply@github.com", at)
