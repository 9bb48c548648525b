"""What a handler receives and returns, and how the two meet aiohttp."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web

from twins.github.access import Actor, accepts, may_see, why_not
from twins.github.body import Body
from twins.github.hub import Context, Hub
from twins.github.links import Links
from twins.github.problem import Problem, not_found
from twins.github.state import Issue, Repository, User

T = TypeVar("T")
DEFAULT_PAGE = 30
LARGEST_PAGE = 100
LONGEST_NUMBER = 18


@dataclass(slots=True)
class Reply:
    """A status, a body that becomes JSON (or raw bytes) and extra headers."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "json"
    # Points of the hourly allowance.
    cost: int = 1


@dataclass(slots=True)
class Call:
    """One authenticated request with its body already read."""

    request: web.Request
    hub: Hub
    actor: Actor
    links: Links
    raw: bytes
    accepted: str = ""
    link_header: str = ""

    def arg(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def number(self, name: str = "number") -> int:
        """Return a number of the path; anything else is not found."""
        text = self.arg(name)
        if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER:
            raise not_found()
        return int(text)

    def query(self, name: str, default: str = "") -> str:
        """Return a query parameter."""
        return self.request.query.get(name, default)

    @property
    def user(self) -> User:
        """Return who acts; anonymous callers are turned away."""
        if self.actor.user is None:
            raise Problem(401, "Requires authentication")
        return self.actor.user

    @property
    def context(self) -> Context:
        """Return the actor behind whatever this call changes."""
        return Context(self.hub, self.user, self.actor.app, self.links)

    @property
    def media(self) -> str:
        """Return the media type word asked for: json, diff, patch, raw, html..."""
        accept = self.request.headers.get("Accept", "")
        for word in ("diff", "patch", "raw", "html", "full", "text", "sha", "object"):
            if f".{word}" in accept and "github" in accept:
                return word
        return "json"

    def json(self) -> object:
        """Return the parsed body, `{}` when there is none."""
        try:
            value: object = json.loads(self.raw) if self.raw.strip() else {}
            # Half a surrogate pair is legal JSON, yet no text that could be stored.
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise Problem(400, "Problems parsing JSON") from error
        return value

    def body(self) -> Body:
        """Return the body as an object."""
        value = self.json()
        if not isinstance(value, dict):
            raise Problem(400, "Body should be a JSON object")
        return Body(value)

    def repo(self, permission: str = "metadata", level: str = "read") -> Repository:
        """Return the repository of the path if the caller may do this to it."""
        if "repository" in self.request.match_info:
            name, found = "", self.hub.world.repo_by_id(self.number("repository"))
        else:
            name = f"{self.arg('owner')}/{self.arg('repo')}"
            found = self.hub.world.repo(name)
        if found is None and (moved := self.hub.world.moved.get(name.lower())):
            raise self._moved(moved, name)
        if found is None or not may_see(self.actor, found):
            raise not_found()
        if permission != "metadata" or not self.accepted:
            self.need(found, level, permission)
        if level != "read" and found.settings.archived and permission != "administration":
            raise Problem(403, "Repository was archived so is read-only.")
        return found

    def need(self, repo: Repository, level: str, *permissions: str, exempt: bool = False) -> None:
        """Turn away whoever holds none of these; an answer to an App names them either way."""
        self.accepted = "; ".join(f"{name}={level}" for name in permissions)
        if not exempt and not any(accepts(self.actor, repo, name, level) for name in permissions):
            raise why_not(self.actor)

    @property
    def person(self) -> User:
        """Return the person who acts; what is somebody's own is not an installation's."""
        if self.actor.installation is not None:
            raise why_not(self.actor)
        return self.user

    def _moved(self, repo: Repository, name: str) -> Problem:
        """Return the redirect to where a repository is now, which its id names for ever."""
        if not may_see(self.actor, repo):
            return not_found()
        below = self.request.path.partition(f"/repos/{name}")[2]
        url = self.links.api(f"/repositories/{repo.id}{below}")
        status = 301 if self.request.method in {"GET", "HEAD"} else 307
        word = "Moved Permanently" if status == 301 else "Temporary Redirect"  # noqa: PLR2004
        return Problem(status, word, headers={"Location": url}, url=url)

    def issue(self, level: str = "read", *, own: bool = False) -> Issue:
        """Return the issue of the path; `own` lets its author through as well.

        A pull request is an issue too, and either permission opens it.
        """
        repo = self.repo()
        issue = repo.issues.get(self.number())
        if not repo.settings.has_issues and (issue is None or issue.pull is None):
            raise without_issues()
        if issue is None:
            raise self._gone(repo)
        mine = own and issue.user is self.actor.user
        self.need(repo, level, *issue_permissions(issue), exempt=mine)
        return issue

    def _gone(self, repo: Repository) -> Problem:
        """Return why an issue is not there: moved, deleted, or never filed."""
        if self.number() in repo.deleted:
            return Problem(410, "This issue was deleted")
        if self.number() not in repo.transferred:
            return not_found()
        home, number = repo.transferred[self.number()]
        url = self.links.api(f"/repositories/{home.id}/issues/{number}")
        return Problem(301, "Moved Permanently", headers={"Location": url}, url=url)

    def page(self, items: Sequence[T]) -> list[T]:
        """Return the page asked for and remember its Link header."""
        size = self.page_size()
        page = self.page_number()
        last = max(1, -(-len(items) // size))
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page <= 1:
            del wanted["prev"], wanted["first"]
        if page >= last:
            del wanted["next"], wanted["last"]
        self.link_header = ", ".join(
            f'<{self._page_url(number)}>; rel="{rel}"' for rel, number in wanted.items()
        )
        return list(items[(page - 1) * size : page * size])

    def page_number(self) -> int:
        """Return which page the caller wants, the first when it says nothing of use."""
        return _positive(self.query("page"), 1)

    def page_size(self) -> int:
        """Return how many items the caller wants at once."""
        return _positive(self.query("per_page"), DEFAULT_PAGE, LARGEST_PAGE)

    def _page_url(self, page: int) -> str:
        query = {**self.request.query, "page": str(page)}
        # Of the URL, not of the request line: that holds a host when the twin is somebody's proxy.
        return f"{self.links.origin}{self.request.rel_url.raw_path}?{urlencode(query)}"


def issue_permissions(issue: Issue) -> tuple[str, ...]:
    """Return the permissions of which one is enough for an issue."""
    return ("issues", "pull_requests") if issue.pull else ("issues",)


def without_issues() -> Problem:
    """Say that a repository has its issues switched off; they are kept, unseen."""
    return Problem(410, "Issues has been disabled in this repository.")


def _positive(text: str, default: int, most: int = 10**9) -> int:
    good = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER and int(text)
    return min(int(text), most) if good else default


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of a table of routes."""

    method: str
    path: str
    handler: Callable[[Call], Reply]
    # Which of the hourly allowances a call is counted against.
    resource: str = "core"
