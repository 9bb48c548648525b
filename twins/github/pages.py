"""Pages for people, so that every `html_url` opens in a browser."""

from html import escape
from urllib.parse import quote

from aiohttp import web

from twins.core.server import Unmodelled
from twins.github.bodies.basics import iso
from twins.github.commit_log import changes, log
from twins.github.hub import Hub
from twins.github.state import Issue, Repository

STYLE = (
    "body{font:15px/1.5 system-ui;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "pre{background:#f4f4f4;padding:.8em;overflow:auto;white-space:pre-wrap}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left}"
    ".tag{background:#e4e8f0;border-radius:1em;padding:.1em .6em;font-size:85%}"
)
SHOWN = 20


class Pages:
    """Repository, issue and pull request as small, escaped HTML; private ones are not shown."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the table of routes."""
        return [
            web.get("/{owner}/{repo}", self.repository),
            web.get("/{owner}/{repo}/issues/{number:[0-9]+}", self.issue),
            web.get("/{owner}/{repo}/pull/{number:[0-9]+}", self.issue),
        ]

    def _repo(self, request: web.Request) -> Repository:
        """Return the repository, or leave the path to whatever GitHub would serve there."""
        owner, name = request.match_info["owner"], request.match_info["repo"]
        repo = self._hub.world.repo(f"{owner}/{name}")
        if repo is None or repo.private:
            raise Unmodelled
        return repo

    async def repository(self, request: web.Request) -> web.Response:
        """Show issues, pull requests and the last commits."""
        repo = self._repo(request)
        rows = "".join(_row(repo, issue) for issue in reversed(repo.issues.values()))
        tip = repo.refs.get(f"refs/heads/{repo.default_branch}")
        entries = log(self._hub.git, repo.path, f"--max-count={SHOWN}", tip) if tip else []
        commits = "".join(
            f"<li><code>{entry.sha[:10]}</code> {escape(entry.message.partition(chr(10))[0])}"
            f" <small>{escape(entry.author.name)}</small></li>"
            for entry in entries
        )
        body = (
            f"<h2>Issues and pull requests</h2><table>{rows}</table>"
            f"<h2>{escape(repo.default_branch)}</h2><ul>{commits}</ul>"
        )
        return page(repo.full_name, body)

    async def issue(self, request: web.Request) -> web.Response:
        """Show one issue or pull request with its comments, checks and changes."""
        repo = self._repo(request)
        issue = repo.issues.get(int(request.match_info["number"]))
        if issue is None:
            raise web.HTTPNotFound(text="no such issue")
        tags = " ".join(_tag(label.name) for label in issue.labels)
        comments = "".join(_said(c.user.login, iso(c.created_at), c.body) for c in issue.comments)
        body = (
            f"<p>{_tag(_state(issue))} {tags} <a href='/{_path(repo)}'>{escape(repo.full_name)}</a>"
            f"</p>{_said(issue.user.login, iso(issue.created_at), issue.body or '')}"
            f"{comments}{self._pull(repo, issue)}"
        )
        return page(f"{issue.title} #{issue.number}", body)

    def _pull(self, repo: Repository, issue: Issue) -> str:
        pull, git = issue.pull, self._hub.git
        if pull is None:
            return ""
        runs = "".join(
            f"<li>{escape(run.name)}: {escape(run.conclusion or run.status)}"
            f"<pre>{escape(run.output.get('summary') or '')}</pre></li>"
            for run in repo.runs.values()
            if run.head_sha == pull.head_sha
        )
        root = git.merge_base(repo.path, pull.base_sha, pull.head_sha) or pull.base_sha
        files = "".join(
            f"<h4>{escape(one.path)} <small>+{one.additions} -{one.deletions}</small></h4>"
            f"<pre>{escape(one.patch or '')}</pre>"
            for one in changes(git, repo.path, root, pull.head_sha)
        )
        refs = f"{escape(pull.head_ref)} into {escape(pull.base_ref)}"
        return f"<h2>Checks</h2><ul>{runs}</ul><h2>Changes: {refs}</h2>{files}"


def _path(repo: Repository) -> str:
    return quote(repo.full_name)


def _tag(text: str) -> str:
    return f"<span class='tag'>{escape(text)}</span>"


def _state(issue: Issue) -> str:
    return "merged" if issue.pull and issue.pull.merged_at else issue.state


def _row(repo: Repository, issue: Issue) -> str:
    kind = "pull" if issue.pull else "issues"
    link = f"<a href='/{_path(repo)}/{kind}/{issue.number}'>#{issue.number}</a>"
    tags = " ".join(_tag(label.name) for label in issue.labels)
    state, title = _tag(_state(issue)), escape(issue.title)
    return f"<tr><td>{link}</td><td>{state}</td><td>{title}</td><td>{tags}</td></tr>"


def _said(who: str, when: str, text: str) -> str:
    return f"<h3>{escape(who)} <small>{escape(when)}</small></h3><pre>{escape(text)}</pre>"


def page(title: str, body: str, *, status: int = 200) -> web.Response:
    """Return one page; nothing in it may load or run anything."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    html = f"<!doctype html>{head}<h1>{escape(title)}</h1>{body}"
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )
