"""Pull requests, check runs and branch tips."""

from typing import Any

from bot.adapters.forge import shapes
from bot.adapters.forge.calls import Calls
from bot.adapters.forge.nouns import CheckRun, CheckText, Pull
from bot.adapters.forge.tokens import permissions
from bot.domain.control import Review
from bot.errors import Conflict, Gone, Protected, Rejected, Unavailable

_IN_PASSING = ("not mergeable", "base branch was modified", "is expected", "in progress")
"""Refusals that pass: GitHub is still computing, or somebody's check has not reported yet."""
MERGE = permissions(contents="write", metadata="read", pull_requests="write")


class PullMethods:
    """The forge's methods around pull requests."""

    _calls: Calls

    async def pull(self, repo: str, number: int) -> Pull:
        """Return a pull request as it is now."""
        scope = await self._calls.scope(repo)
        data = await self._calls.read(scope, f"/repos/{repo}/pulls/{number}")
        return shapes.shape(shapes.pull, data)

    async def find_pull(self, repo: str, branch: str) -> Pull | None:
        """Return the pull request of one of our branches: the open one, else the latest."""
        scope = await self._calls.scope(repo)
        head = f"{repo.partition('/')[0]}:{branch}"
        url = f"/repos/{repo}/pulls?state=all&per_page=100{{&head}}"
        rows = await self._calls.pages(scope, url, {"head": head}, key=None)
        pulls = [shapes.shape(shapes.pull, row) for row in rows]
        ours = [p for p in pulls if p.head_repo in {repo, ""} and p.head_ref == branch]
        return max(ours, key=lambda pull: (pull.state == "open", pull.number), default=None)

    async def reviews(self, repo: str, number: int) -> tuple[Review, ...]:
        """Return every review of a pull request."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/pulls/{number}/reviews?per_page=100"
        rows = await self._calls.pages(scope, url, key=None)
        return tuple(shapes.shape(shapes.review, row) for row in rows)

    async def create_pull(
        self, repo: str, *, head: str, base: str, title: str, body: str, draft: bool = False
    ) -> Pull:
        """Open a pull request, or return the one that is open for this branch already."""
        scope = await self._calls.scope(repo)
        data = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        try:
            made = await self._calls.write(scope, "POST", f"/repos/{repo}/pulls", data)
        except Conflict:
            found = await self.find_pull(repo, head)
            if found is None or found.state != "open":
                raise
            return found
        return shapes.shape(shapes.pull, made)

    async def update_pull(
        self, repo: str, number: int, *, title: str = "", body: str = "", state: str = ""
    ) -> Pull:
        """Change what is given of a pull request; empty means unchanged."""
        scope = await self._calls.scope(repo)
        given = {"title": title, "body": body, "state": state}
        changes = {key: value for key, value in given.items() if value}
        data = await self._calls.write(scope, "PATCH", f"/repos/{repo}/pulls/{number}", changes)
        return shapes.shape(shapes.pull, data)

    async def merge(
        self, repo: str, number: int, *, sha: str, method: str, title: str, body: str
    ) -> str:
        """Let GitHub merge a pull request whose head is still `sha`; return the commit it made.

        Conflict when the head has moved, Protected when the repository's rules do not allow it.
        """
        scope = await self._calls.scope(repo, MERGE)
        data = {"sha": sha, "merge_method": method}
        if method != "rebase":
            data |= {"commit_title": title, "commit_message": body}
        url = f"/repos/{repo}/pulls/{number}/merge"
        try:
            made = await self._calls.write(scope, "PUT", url, data)
        except Rejected as refused:
            if any(sign in refused.what.lower() for sign in _IN_PASSING):
                raise Unavailable(refused.what) from refused
            raise Protected(refused.what, remedy=refused.remedy) from refused
        commit = made.get("sha") if isinstance(made, dict) else None
        if not isinstance(commit, str):
            raise Unavailable(f"PUT {url} answered without a commit")
        return commit

    async def branch_tip(self, repo: str, branch: str) -> str | None:
        """Return the commit a branch points at, None when there is no such branch."""
        scope = await self._calls.scope(repo)
        try:
            data = await self._calls.read(
                scope, f"/repos/{repo}/git/ref/heads/{{+b}}", {"b": branch}
            )
        except Gone:
            return None
        sha = data.get("object", {}).get("sha") if isinstance(data, dict) else None
        if not isinstance(sha, str):
            raise Unavailable(f"the branch {branch} of {repo} has no readable commit")
        return sha

    async def commit_facts(self, repo: str, commit: str) -> tuple[str, str]:
        """Return a commit's committer address and message, without fetching it."""
        scope = await self._calls.scope(repo)
        data = await self._calls.read(scope, f"/repos/{repo}/git/commits/{commit}")
        return shapes.shape(shapes.commit_facts, data)

    async def check_runs(self, repo: str, commit: str, name: str = "") -> tuple[CheckRun, ...]:
        """Return the check runs on a commit, of every App, older attempts included."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/commits/{commit}/check-runs?filter=all&per_page=100{{&check_name}}"
        named = {"check_name": name} if name else {}
        rows = await self._calls.pages(scope, url, named, key="check_runs")
        return tuple(shapes.shape(shapes.check_run, row) for row in rows)

    async def find_check(
        self, repo: str, commit: str, name: str, external_id: str
    ) -> CheckRun | None:
        """Return our own check run on a commit, told from others by its external id."""
        us = await self._calls.identity()
        for run in await self.check_runs(repo, commit, name):
            if run.app_id == us.id and run.external_id == external_id:
                return run
        return None

    async def create_check(
        self, repo: str, commit: str, name: str, external_id: str, shown: CheckText
    ) -> CheckRun:
        """Put a check run on a commit. Look for it first: this never does."""
        scope = await self._calls.scope(repo)
        data = {"name": name, "head_sha": commit, "external_id": external_id, **_body(shown)}
        made = await self._calls.write(scope, "POST", f"/repos/{repo}/check-runs", data)
        return shapes.shape(shapes.check_run, made)

    async def update_check(self, repo: str, check_id: int, shown: CheckText) -> CheckRun:
        """Bring a check run up to date."""
        scope = await self._calls.scope(repo)
        url = f"/repos/{repo}/check-runs/{check_id}"
        data = await self._calls.write(scope, "PATCH", url, _body(shown))
        return shapes.shape(shapes.check_run, data)


def _body(shown: CheckText) -> dict[str, Any]:
    state: dict[str, Any] = {
        "status": "completed" if shown.conclusion else "in_progress",
        "output": {"title": shown.title, "summary": shown.summary},
    }
    return {**state, "conclusion": shown.conclusion} if shown.conclusion else state
