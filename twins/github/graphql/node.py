"""What resolvers receive and return."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from twins.github.access import accepts
from twins.github.api import Call
from twins.github.bodies.basics import iso
from twins.github.graphql.pricing import Price
from twins.github.hub import Hub
from twins.github.links import Links
from twins.github.state import Repository, User
from twins.github.transport import Allowance

JsonObject = dict[str, Any]


class Refusal(Exception):
    """An error that stands beside the data, with GitHub's word for its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Node:
    """A noun of the twin under the name that the schema has for it."""

    type: str
    thing: Any
    repo: Repository | None = None

    @property
    def home(self) -> Repository:
        """Return the repository that the noun belongs to."""
        if self.repo is None:
            raise LookupError(f"a {self.type} belongs to no repository")
        return self.repo


@dataclass(slots=True)
class Errand(Call):
    """A call of a REST handler on somebody's behalf, with its path and body given."""

    path: dict[str, str] = field(default_factory=dict)
    given: JsonObject = field(default_factory=dict)

    def arg(self, name: str) -> str:
        """Return a part of the path."""
        return self.path[name]

    def query(self, name: str, default: str = "") -> str:  # noqa: ARG002  # as the REST call has it
        """Return the default: an errand has no query."""
        return default

    @property
    def media(self) -> str:
        """Return json: an errand is never asked for a diff."""
        return "json"

    def json(self) -> object:
        """Return the body, members that are None left out."""
        return {name: value for name, value in self.given.items() if value is not None}


@dataclass(slots=True)
class View:
    """One request: who asks, and the world as they may see it."""

    call: Call
    left: Allowance
    # Counts one write of the caller, and raises a Problem when it is one too many.
    write: Callable[[], None]
    # Pull requests whose mergeability this document has asked about: one question, however often.
    judged: set[int] = field(default_factory=set)
    price: Price = field(default_factory=Price)

    @property
    def budget(self) -> JsonObject:
        """Return the rate limit as this very call leaves it."""
        cost = self.price.cost
        used = min(self.left.used + cost, self.left.limit)
        return {
            "cost": cost,
            "nodeCount": self.price.nodes,
            "limit": self.left.limit,
            "used": used,
            "remaining": self.left.limit - used,
            "resetAt": iso(self.left.reset),
        }

    @property
    def hub(self) -> Hub:
        """Return the twin."""
        return self.call.hub

    @property
    def links(self) -> Links:
        """Return the builder of URLs."""
        return self.call.links

    def page(self, path: str) -> str:
        """Return the URL of a page for people."""
        return self.links.html(path)

    def may(self, repo: Repository, permission: str, level: str) -> bool:
        """Tell whether the caller holds a permission."""
        return accepts(self.call.actor, repo, permission, level)

    def errand(self, repo: Repository, body: JsonObject | None = None, **path: object) -> Errand:
        """Return the REST call that does something to a repository."""
        parts = {"owner": repo.owner.login, "repo": repo.name}
        parts |= {name: str(value) for name, value in path.items()}
        call = self.call
        return Errand(
            call.request, call.hub, call.actor, call.links, b"", path=parts, given=body or {}
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """One field of one request: its arguments and the view it is seen through."""

    view: View
    args: Mapping[str, Any]

    def get(self, name: str) -> Any:  # noqa: ANN401  # whatever the schema says an argument is
        """Return an argument, None when it is not given."""
        return self.args.get(name)


Field = Callable[[Any, Ask], Any]
Fields = dict[str, Field]


def actor(user: User | None) -> Node | None:
    """Return an account under the name that the schema has for its kind."""
    return None if user is None else Node(user.kind, user)


def path_of(url: str) -> str:
    """Return a URL without its host, as `resourcePath` shows it."""
    return urlsplit(url).path


def constant(value: object) -> Field:
    """Return a field that is the same for every node."""
    return lambda _, __: value
