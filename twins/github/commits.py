"""Commits, comparisons and branches over REST."""

from twins.core.server import Unmodelled
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.branches import branch_extras, branch_path
from twins.github.bodies.commits import commit_body, file_body
from twins.github.bodies.pulls import brief_pull
from twins.github.commit_log import EMPTY_TREE, LogEntry, changes, log, one, text_between
from twins.github.guard import is_protected
from twins.github.problem import Problem, not_found
from twins.github.state import Repository
from twins.github.times import moment

REPO = "/repos/{owner}/{repo}"
HEADS = "refs/heads/"
MOST_COMPARED = 250
# A ref may hold slashes, so these would else be taken for the ends of odd names.
UNMODELLED_BELOW = ("/comments", "/branches-where-head")
MOST_FILES = 300


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", REPO + "/commits", list_commits),
        Operation("GET", REPO + "/commits/{ref}/pulls", pulls_of_commit),
        Operation("GET", REPO + "/commits/{ref:.+}", get_commit),
        Operation("GET", REPO + "/compare/{basehead:.+}", compare),
        Operation("GET", REPO + "/branches", list_branches),
        Operation("GET", REPO + "/branches/{branch:.+}", get_branch),
    ]


def with_commits(call: Call, level: str = "read") -> Repository:
    """Return the repository of the path, which must hold something already."""
    repo = call.repo("contents", level)
    if not repo.refs:
        raise Problem(409, "Git Repository is empty.")
    return repo


def commit_at(call: Call, repo: Repository, name: str) -> str:
    """Return the commit behind a branch, tag or id."""
    found = call.hub.git.commit_of(repo.path, name)
    if found is None:
        raise Problem(422, f"No commit found for SHA: {name}")
    return found


def list_commits(call: Call) -> Reply:
    """List history from a branch or commit, by path, author, since, until."""
    repo = with_commits(call)
    start = call.query("sha") or repo.default_branch
    if (sha := call.hub.git.commit_of(repo.path, start)) is None:
        raise not_found()
    bounds = {name: call.query(name) for name in ("since", "until") if call.query(name)}
    argv = [f"--{name}={int(moment(text))}" for name, text in bounds.items()]
    if author := call.query("author"):
        argv.append(f"--author={author}")
    entries = log(call.hub.git, repo.path, *argv, sha, only=call.query("path"))
    shown = [commit_body(call.links, call.hub.world, repo, e) for e in call.page(entries)]
    return Reply(body=shown)


def _parent(entry: LogEntry) -> str:
    return entry.parents[0] if entry.parents else EMPTY_TREE


def get_commit(call: Call) -> Reply:
    """Return a commit with its files, or as sha, diff or patch."""
    repo = with_commits(call)
    if call.arg("ref").endswith(UNMODELLED_BELOW):
        raise Unmodelled
    sha = commit_at(call, repo, call.arg("ref"))
    entry, git = one(call.hub.git, repo.path, sha), call.hub.git
    if call.media == "sha":
        return Reply(body=sha.encode(), media_type="sha")
    if call.media == "diff" or (call.media == "patch" and entry.parents):
        text = text_between(git, repo.path, _parent(entry), sha, call.media)
        return Reply(body=text, media_type=call.media)
    files = changes(git, repo.path, _parent(entry), sha)
    plus, minus = sum(f.additions for f in files), sum(f.deletions for f in files)
    body = commit_body(call.links, call.hub.world, repo, entry)
    body["stats"] = {"total": plus + minus, "additions": plus, "deletions": minus}
    body["files"] = [file_body(call.links, repo, sha, change) for change in files[:MOST_FILES]]
    return Reply(body=body)


def pulls_of_commit(call: Call) -> Reply:
    """List pull requests that contain or landed a commit."""
    repo = call.repo("pull_requests")
    sha, git = commit_at(call, repo, call.arg("ref")), call.hub.git
    found = []
    for issue in repo.issues.values():
        if (pull := issue.pull) is None:
            continue
        inside = git.is_ancestor(repo.path, sha, pull.head_sha)
        if sha == pull.merge_commit_sha or (
            inside and not git.is_ancestor(repo.path, sha, pull.base_sha)
        ):
            found.append(brief_pull(call.links, repo, issue))
    return Reply(body=call.page(found))


def compare(call: Call) -> Reply:
    """Compare two commits from their merge base, as `base...head`."""
    repo = call.repo("contents")
    left, dots, right = call.arg("basehead").partition("...")
    if not dots:
        raise not_found()
    git = call.hub.git
    names = [side.rpartition(":")[2] for side in (left, right)]
    base, head = (git.commit_of(repo.path, name) for name in names)
    if base is None or head is None:
        raise not_found()
    root = git.merge_base(repo.path, base, head)
    if root is None:
        raise Problem(404, "No common ancestor between the two commits.")
    if call.media in {"diff", "patch"}:
        text = text_between(git, repo.path, root, head, call.media)
        return Reply(body=text, media_type=call.media)
    return Reply(body=_comparison(call, repo, (base, root, head)))


def _comparison(call: Call, repo: Repository, ends: tuple[str, str, str]) -> dict[str, object]:
    base, root, head = ends
    git, links, world = call.hub.git, call.links, call.hub.world
    ahead = log(git, repo.path, "--reverse", head, f"^{base}")
    behind = int(git.text(repo.path, "rev-list", "--count", base, f"^{head}"))
    # Without a page asked for, the newest commits are shown; the files are on the first page alone.
    paged = {"page", "per_page"} & set(call.request.query)
    shown = call.page(ahead) if paged else ahead[-MOST_COMPARED:]
    files = changes(git, repo.path, root, head) if call.page_number() == 1 else []
    page = f"/{repo.full_name}/compare/{call.arg('basehead')}"
    word = {
        (False, False): "identical",
        (True, False): "ahead",
        (False, True): "behind",
        (True, True): "diverged",
    }[bool(ahead), bool(behind)]
    return {
        "url": links.api(f"/repos{page}"),
        "html_url": links.html(page),
        "permalink_url": links.html(f"/{repo.full_name}/compare/{base[:7]}...{head[:7]}"),
        "diff_url": links.html(f"{page}.diff"),
        "patch_url": links.html(f"{page}.patch"),
        "base_commit": commit_body(links, world, repo, one(git, repo.path, base)),
        "merge_base_commit": commit_body(links, world, repo, one(git, repo.path, root)),
        "status": word,
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        "commits": [commit_body(links, world, repo, e) for e in shown],
        "files": [file_body(links, repo, head, change) for change in files[:MOST_FILES]],
    }


def _branches(repo: Repository) -> dict[str, str]:
    return {r.removeprefix(HEADS): s for r, s in sorted(repo.refs.items()) if r.startswith(HEADS)}


def list_branches(call: Call) -> Reply:
    """List branches by name."""
    repo = call.repo("contents")
    path = f"/repos/{repo.full_name}/commits"
    wanted = call.query("protected")
    kept = [
        (name, sha)
        for name, sha in _branches(repo).items()
        if wanted == "" or is_protected(repo, name) == (wanted == "true")
    ]
    shown = [
        {
            "name": name,
            "commit": {"sha": sha, "url": call.links.api(f"{path}/{sha}")},
            **branch_extras(call.links, repo, name),
        }
        for name, sha in call.page(kept)
    ]
    return Reply(body=shown)


def get_branch(call: Call) -> Reply:
    """Return a branch with its tip."""
    repo, name = call.repo("contents"), call.arg("branch")
    sha = _branches(repo).get(name)
    if sha is None and "/protection/" in name:
        raise Unmodelled  # a part of a protection, and no branch
    if sha is None:
        raise Problem(404, "Branch not found")
    tip = commit_body(call.links, call.hub.world, repo, one(call.hub.git, repo.path, sha))
    url = call.links.api(branch_path(repo, name))
    body = {
        "name": name,
        "commit": tip,
        "_links": {"self": url, "html": call.links.html(f"/{repo.full_name}/tree/{name}")},
        **branch_extras(call.links, repo, name),
    }
    return Reply(body=body)
