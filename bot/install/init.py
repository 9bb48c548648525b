"""`nightshift init OWNER/REPO`: one pull request and the labels. What is there is never changed."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import github
from github.InputGitTreeElement import InputGitTreeElement
from github.PullRequest import PullRequest
from github.Repository import Repository
from rich.console import Console

from bot.errors import Conflict, Gone, Rejected, RepositoryError, UsageError
from bot.install.draft import READ
from bot.install.files import missing
from bot.install.session import Credentials, Session, told
from bot.policy.labels import LABELS

BRANCH = "nightshift/init"
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", re.ASCII)
_NEEDED = {"contents": "write", "issues": "write", "pull_requests": "write", "metadata": "read"}
_TITLE = "Let Nightshift work here: mission, issue forms"
_BODY = Path(__file__).with_name("pull.md")
_MOST_READ, _LARGEST = 60, 200_000
"""Files that are read for a draft, one call each, and how large they may be."""


def init(config: Path, repo: str, console: Console) -> int:
    """Prepare a repository; a second run says what is there and adds what is missing."""
    if not _REPO.fullmatch(repo):
        raise UsageError(f"{repo!r} is no OWNER/REPO")
    with Session(Credentials.of(config)) as session, _opened(session, repo) as found:
        for step in (_pull, _labels):
            console.print(step(found), markup=False, highlight=False, soft_wrap=True)
    return 0


@contextmanager
def _opened(session: Session, repo: str) -> Iterator[Repository]:
    """Reach a repository with just what is needed for it."""
    try:
        installation = session.installation(repo)
    except Gone:
        _, app = session.ask("GET", "/app")
        raise Gone(
            f"the App is not installed on {repo}",
            means="or there is no such repository",
            remedy=f"install it: {app['html_url']}/installations/new",
        ) from None
    with session.installed(installation.id, _NEEDED) as client:
        try:
            with told(f"GET /repos/{repo}"):
                found = client.get_repo(repo)
        except Rejected as error:
            raise Rejected(
                f"the App may not write on {repo}",
                means=error.what,
                remedy="`nightshift doctor --repo` names what is missing; accept it at "
                f"{installation.html_url}",
            ) from None
        if found.archived:
            raise RepositoryError(f"{repo} is archived", remedy="unarchive it first")
        if not found.has_issues:
            raise RepositoryError(
                f"issues are switched off in {repo}",
                means="they are where all work begins",
                remedy=f"switch them on at {found.html_url}/settings",
            )
        yield found


def _pull(repo: Repository) -> str:
    """Open the pull request, or bring the open one up to date."""
    with told(repo.full_name):
        base = _tip(repo, repo.default_branch)
        if base is None:
            raise RepositoryError(
                f"{repo.full_name} is empty",
                means="there is no branch to open a pull request against",
                remedy="push a first commit, then try again",
            )
        ours = _tip(repo, BRANCH)
        pull = _last_pull(repo) if ours else None
        if pull is not None and pull.state != "open":
            return _after(repo, pull, base)
        if ours is not None and pull is None:
            _check_ours(repo, ours)
        new = _missing(repo, ours or base)
        if ours is None and not new:
            return f"{repo.full_name}: mission and issue forms are there"
        if new:
            _commit(repo, ours or base, new, first=ours is None)
        if pull is not None:
            done = f"added {', '.join(new)}" if new else "nothing to add"
            return f"pull request #{pull.number} is open, {done}: {pull.html_url}"
        listed = "\n".join(f"- `{path}`" for path in new or _missing(repo, base))
        made = repo.create_pull(
            base=repo.default_branch,
            head=BRANCH,
            title=_TITLE,
            body=_BODY.read_text(encoding="utf-8").format(files=listed),
        )
        return f"pull request #{made.number} is open: {made.html_url}"


def _after(repo: Repository, pull: PullRequest, base: str) -> str:
    """Say how it stands after a person has merged or closed the pull request."""
    if not _missing(repo, base):
        return f"{repo.full_name}: mission and issue forms are there"
    how = "merged" if pull.merged else "closed"
    raise Conflict(
        f"pull request #{pull.number} was {how}, and its branch {BRANCH} is still there",
        means="somebody has decided about it",
        remedy=f"delete the branch {BRANCH} to have another one opened, or reopen {pull.html_url}",
    )


def _check_ours(repo: Repository, tip: str) -> None:
    """Go on where an earlier run was cut off; leave alone a branch that somebody else made."""
    if not repo.get_git_commit(tip).message.startswith(_TITLE):
        raise Conflict(
            f"{repo.full_name} has a branch {BRANCH} that is not of ours",
            remedy=f"rename or delete the branch {BRANCH}, then try again",
        )


def _tip(repo: Repository, branch: str) -> str | None:
    try:
        return repo.get_branch(branch).commit.sha
    except github.UnknownObjectException:
        return None
    except github.GithubException as error:
        if error.status in {404, 409}:  # of an empty repository GitHub says either
            return None
        raise


def _last_pull(repo: Repository) -> PullRequest | None:
    head = f"{repo.owner.login}:{BRANCH}"
    found = repo.get_pulls(state="all", head=head, sort="created", direction="desc")
    return next(iter(found), None)


def _missing(repo: Repository, commit: str) -> dict[str, str]:
    """Return what a commit does not have yet."""
    entries = repo.get_git_tree(commit, recursive=True).tree
    sizes = {entry.path: entry.size or 0 for entry in entries if entry.type == "blob"}
    shas = {entry.path: entry.sha for entry in entries}

    def read() -> dict[str, bytes]:
        wanted = [path for path in sorted(sizes, key=_depth) if READ.search(path)]
        wanted = [path for path in wanted if sizes[path] <= _LARGEST][:_MOST_READ]
        files = {path: bytes(min(size, _LARGEST)) for path, size in sizes.items()}
        return files | {path: _blob(repo, shas[path]) for path in wanted}

    return missing(frozenset(sizes), read, repo.description or "")


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _blob(repo: Repository, sha: str) -> bytes:
    blob = repo.get_git_blob(sha)
    return base64.b64decode(blob.content) if blob.encoding == "base64" else blob.content.encode()


def _commit(repo: Repository, parent: str, files: dict[str, str], *, first: bool) -> None:
    """Put one commit on top; without an author it is the App's, and GitHub signs it."""
    elements = [InputGitTreeElement(path, "100644", "blob", text) for path, text in files.items()]
    before = repo.get_git_commit(parent)
    tree = repo.create_git_tree(elements, before.tree)
    commit = repo.create_git_commit(_TITLE, tree, [before])
    if first:
        repo.create_git_ref(f"refs/heads/{BRANCH}", commit.sha)
    else:
        repo.get_git_ref(f"heads/{BRANCH}").edit(commit.sha)


def _labels(repo: Repository) -> str:
    """Create the labels that are not there; one of the same name is left as it is."""
    with told(f"labels of {repo.full_name}"):
        there = {label.name.casefold() for label in repo.get_labels()}
        new = [label for label in LABELS if label.name.casefold() not in there]
        for label in new:
            repo.create_label(label.name, label.color, label.description)
    kept = len(LABELS) - len(new)
    return f"labels: {len(new)} created, {kept} were there"
