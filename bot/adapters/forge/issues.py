"""Issues, comments, labels and who may do what."""

import contextlib
from typing import Any

from bot.adapters.forge import shapes
from bot.adapters.forge.calls import Calls
from bot.adapters.forge.nouns import Comment, Permission
from bot.domain.control import Labelling
from bot.domain.issue import Issue
from bot.domain.label import Label
from bot.errors import Conflict, Gone

_PAGE = "per_page=100"
_EDITED = """query($o: String!, $n: String!, $i: Int!) {
  repository(owner: $o, name: $n) { issue(number: $i) { lastEditedAt } }
}"""


class IssueMethods:
    """The forge's methods around issues."""

    _calls: Calls

    async def issue(self, repo: str, number: int) -> Issue:
        """Return an issue as it is now; Gone when deleted, moved, hidden or a pull request."""
        scope = await self._calls.scope(repo)
        data = await self._calls.read(scope, f"/repos/{repo}/issues/{number}")
        if isinstance(data, dict) and "pull_request" in data:
            raise Gone(f"{repo}#{number} is a pull request, not an issue")
        return _issue(repo, data)

    async def open_issues(self, repo: str, label: str = "") -> tuple[Issue, ...]:
        """Return every open issue, oldest first, or those with a label; never pull requests."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues?state=open&sort=created&direction=asc&{_PAGE}"
        named = {"labels": label} if label else {}
        rows = await self._calls.pages(scope, url + "{&labels}", named, key=None)
        issues = [row for row in rows if not (isinstance(row, dict) and "pull_request" in row)]
        return tuple(_issue(repo, row) for row in issues)

    async def labelled(self, repo: str, label: str) -> tuple[tuple[int, bool], ...]:
        """Return what carries a label, open or closed: each number, and whether it is a pull."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues?state=all&{_PAGE}"
        rows = await self._calls.pages(scope, url + "{&labels}", {"labels": label}, key=None)
        found = [(_issue(repo, row).number, row) for row in rows]
        return tuple((n, isinstance(row, dict) and "pull_request" in row) for n, row in found)

    async def labels(self, repo: str, number: int) -> tuple[str, ...]:
        """Return the labels on an issue or pull request."""
        scope = await self._calls.scope(repo)
        rows = await self._calls.pages(
            scope, f"/repos/{repo}/issues/{number}/labels?{_PAGE}", key=None
        )
        return tuple(shapes.shape(shapes.label, row).name for row in rows)

    async def labellings(self, repo: str, number: int) -> tuple[Labelling, ...]:
        """Return every label that was ever put on an issue or taken off, and by whom."""
        return tuple(
            shapes.shape(shapes.labelling, row)
            for row in await self._events(repo, number)
            if row.get("event") in {"labeled", "unlabeled"}
        )

    async def edited_since(self, repo: str, number: int, put: Labelling) -> bool:
        """Whether title or body of an issue were changed after a label was put on it.

        GraphQL alone tells when a text was edited, in whole seconds: the same one counts as after.
        """
        renamed = [row for row in await self._events(repo, number) if row.get("event") == "renamed"]
        if any(shapes.shape(_event_id, row) > put.id for row in renamed):
            return True
        owner, _, name = repo.partition("/")
        scope = await self._calls.scope(repo)
        found = await self._calls.query(scope, _EDITED, {"o": owner, "n": name, "i": number})
        edited = shapes.shape(_edited, found)
        return edited is not None and edited >= put.at

    async def _events(self, repo: str, number: int) -> list[dict[str, Any]]:
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/{number}/events?{_PAGE}"
        rows = await self._calls.pages(scope, url, key=None)
        return [row for row in rows if isinstance(row, dict)]

    async def close_issue(self, repo: str, number: int, *, completed: bool = True) -> None:
        """Close an issue, as done or as not planned."""
        reason = "completed" if completed else "not_planned"
        scope = await self._calls.scope(repo)
        body = {"state": "closed", "state_reason": reason}
        await self._calls.write(scope, "PATCH", f"/repos/{repo}/issues/{number}", body)

    async def comments(self, repo: str, number: int) -> tuple[Comment, ...]:
        """Return every comment of an issue or pull request, oldest first."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/{number}/comments?{_PAGE}"
        rows = await self._calls.pages(scope, url, key=None)
        return tuple(shapes.shape(shapes.comment, row) for row in rows)

    async def find_comment(self, repo: str, number: int, marker: str) -> Comment | None:
        """Return our own comment whose first line is the marker.

        Anybody can write a marker: only what our App wrote counts.
        """
        us = await self._calls.identity()
        for comment in await self.comments(repo, number):
            ours = comment.app_id == us.id if comment.app_id else comment.author == us.bot_login
            if ours and comment.body.split("\n", 1)[0].strip() == marker:
                return comment
        return None

    async def latest_comments(self, repo: str) -> tuple[tuple[int, Comment], ...]:
        """Return the hundred comments that changed last in a repository, each with its number."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/comments?sort=updated&direction=desc&{_PAGE}"
        rows = await self._calls.read(scope, url)
        return tuple(
            (shapes.shape(shapes.number_of_comment, row), shapes.shape(shapes.comment, row))
            for row in (rows if isinstance(rows, list) else [])
        )

    async def create_comment(self, repo: str, number: int, body: str) -> Comment:
        """Write a comment. Look for its marker first: this never does."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/{number}/comments"
        data = await self._calls.write(scope, "POST", url, {"body": body})
        return shapes.shape(shapes.comment, data)

    async def update_comment(self, repo: str, comment_id: int, body: str) -> Comment:
        """Replace a comment's text; nobody is notified."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/comments/{comment_id}"
        data = await self._calls.write(scope, "PATCH", url, {"body": body})
        return shapes.shape(shapes.comment, data)

    async def reacted(self, repo: str, comment_id: int, content: str) -> bool:
        """Whether we have reacted so to a comment."""
        us = await self._calls.identity()
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/comments/{comment_id}/reactions?{_PAGE}"
        rows = await self._calls.pages(scope, url + "{&content}", {"content": content}, key=None)
        return any(shapes.shape(shapes.reacting, row) == us.bot_login for row in rows)

    async def react(self, repo: str, comment_id: int, content: str) -> None:
        """React to a comment; a second time changes nothing, and nobody is notified."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/comments/{comment_id}/reactions"
        await self._calls.write(scope, "POST", url, {"content": content})

    async def ensure_label(self, repo: str, label: Label) -> None:
        """Make sure a label exists, asking once; one that people have re-coloured is left alone.

        Should people delete it later, GitHub makes it again when it is next put on an issue.
        """
        if (repo, label.name) in self._calls.known_labels:
            return
        scope = await self._calls.scope(repo)
        try:
            await self._calls.read(scope, f"/repos/{repo}/labels/{{name}}", {"name": label.name})
        except Gone:
            data = {"name": label.name, "color": label.color, "description": label.description}
            with contextlib.suppress(Conflict):  # somebody was faster
                await self._calls.write(scope, "POST", f"/repos/{repo}/labels", data)
        self._calls.known_labels.add((repo, label.name))

    async def add_labels(self, repo: str, number: int, *names: str) -> None:
        """Put labels on an issue; those it has stay."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/{number}/labels"
        await self._calls.write(scope, "POST", url, {"labels": list(names)})

    async def remove_label(self, repo: str, number: int, name: str) -> None:
        """Take a label off an issue; fine when it is off already."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/issues/{number}/labels/{{name}}"
        try:
            await self._calls.write(scope, "DELETE", url, url_vars={"name": name})
        except Gone:
            return

    async def set_state_label(self, repo: str, number: int, name: str, among: set[str]) -> None:
        """Leave exactly one label of a family on an issue; no write when it is so already.

        One label at a time: replacing the whole set would undo what a person does meanwhile.
        """
        on = set((await self.issue(repo, number)).labels)  # an answer that others need as well
        for stale in sorted(on & among - {name}):
            await self.remove_label(repo, number, stale)
        if name not in on:
            await self.add_labels(repo, number, name)

    async def permission(self, repo: str, login: str) -> Permission:
        """Return what a person may do, by numeric id; level `none` for strangers."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/collaborators/{{login}}/permission"
        try:
            data = await self._calls.read(scope, url, {"login": login})
        except Gone:
            return Permission("none", "none", 0)
        return shapes.shape(shapes.permission, data)


def _event_id(data: shapes.Data) -> int:
    return int(data["id"])


def _edited(data: shapes.Data) -> float | None:
    at = data["repository"]["issue"]["lastEditedAt"]
    return shapes.moment(at) if at else None


def _issue(repo: str, data: object) -> Issue:
    known = {**data, "_repo": repo} if isinstance(data, dict) else data
    return shapes.shape(shapes.issue, known)
