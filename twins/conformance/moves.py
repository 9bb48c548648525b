"""What many checks begin with: a first commit, branches, files, pull requests, other people."""

import base64
from typing import Any

from twins.conformance.ground import Plot

JsonObject = dict[str, Any]


def encoded(data: bytes) -> str:
    """Return bytes as the contents API takes them."""
    return base64.b64encode(data).decode()


def file(
    plot: Plot, path: str, text: str, *, branch: str = "main", by: str = "bot", sha: str = ""
) -> str:
    """Write one file; return the commit."""
    body: JsonObject = {"message": f"Write {path}", "content": encoded(text.encode())}
    body |= {"branch": branch} | ({"sha": sha} if sha else {})
    return str(plot.ok("PUT", f"contents/{path}", body, by=by)["commit"]["sha"])


def begin(plot: Plot) -> str:
    """Make the first commit on `main`; return it."""
    return file(plot, "README.md", f"# {plot.word()}\n", by="owner")


def branch(plot: Plot, name: str, sha: str) -> None:
    """Make a branch."""
    plot.ok("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": sha})


def tip(plot: Plot, name: str = "main") -> str:
    """Return where a branch stands."""
    return str(plot.ok("GET", f"git/ref/heads/{name}")["object"]["sha"])


def pull(
    plot: Plot, *, by: str = "bot", lines: int = 3, body: str = "", draft: bool = False
) -> JsonObject:
    """Open a pull request that adds one file of some lines on a branch of its own."""
    name, path = plot.word("topic"), f"{plot.word('f')}.txt"
    branch(plot, name, tip(plot))
    file(plot, path, "".join(f"{plot.word()}\n" for _ in range(lines)), branch=name)
    order = {"title": plot.word("Change"), "head": name, "base": "main"}
    order |= {"body": body} if body else {}
    return dict(plot.ok("POST", "pulls", {**order, "draft": draft}, by=by)) | {"path": path}


def issue(plot: Plot, *, by: str = "owner", **more: object) -> JsonObject:
    """File an issue."""
    return dict(plot.ok("POST", "issues", {"title": plot.word("Issue"), **more}, by=by))


def check(plot: Plot, sha: str, name: str, conclusion: str = "success") -> JsonObject:
    """Complete a check run."""
    body = {"name": name, "head_sha": sha, "conclusion": conclusion}
    return dict(plot.ok("POST", "check-runs", body))


def settled(plot: Plot, number: int) -> JsonObject:
    """Return a pull request whose mergeability is known."""
    plot.ok("GET", f"pulls/{number}")  # the first to ask is told that nobody knows yet
    return dict(plot.ok("GET", f"pulls/{number}"))
