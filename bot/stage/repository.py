"""Takes anybody's local repository in: checks it, copies it, never touches it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.missionfile import parse_mission, suggest_mission
from bot.errors import RepositoryError, UsageError
from bot.foreign import must_git, run_git
from bot.policy.paths import first_unreadable

_MISSION = "mission.md"
_HEADING = re.compile(
    r"^#{1,6}[ \t]+(\S.*?)[ \t]*#*[ \t]*$|^(\S.*?)[ \t]*\n(?:=+|-+)[ \t]*$", re.MULTILINE
)
"""A Markdown heading, with hashes before it or a line below it."""
_AUTHOR = (
    "-c",
    "user.name=Nightshift",
    "-c",
    "user.email=nightshift@example.invalid",
    "-c",
    "commit.gpgsign=false",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of the repository, ready to be shown by the GitHub twin."""

    path: Path
    name: str
    branch: str
    checks: tuple[str, ...]
    """The visible checks of its mission."""
    note: str
    """What was added to the copy, for the person to know; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Filed:
    """An issue as its file tells it."""

    title: str
    body: str


def read_issue(path: Path) -> Filed:
    """Read an issue file: the first heading is the title, the rest the body."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the issue {path}: {error}", remedy="name a Markdown file with the issue"
        ) from None
    found = _HEADING.search(text)
    if found is None:
        raise UsageError(
            f"{path} has no heading", remedy="begin it with `# ` and the title of the issue"
        )
    body = (text[: found.start()] + text[found.end() :]).strip()
    return Filed(found[1] or found[2], body)


def take(source: Path, target: Path, mission: Path | None) -> Taken:
    """Copy the repository's current branch; give the copy a mission if it has none."""
    branch = _check(source)
    must_git(source.parent, "clone", "--quiet", "--no-local", "--no-hardlinks", "--single-branch",
         "--branch", branch, "--", str(source), str(target))  # fmt: skip
    note = "; ".join(filter(None, [_give_mission(target, mission), _left_out(source)]))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.name.removesuffix(".git")).strip("-.")
    checks = parse_mission((target / _MISSION).read_text(encoding="utf-8")).checks
    return Taken(target, f"local/{name or 'repository'}", branch, checks, note)


def patch_of(repository: Path, base: str, commit: str) -> str:
    """Return the change as `git am` and `git apply` take it."""
    return must_git(repository, "format-patch", "--stdout", "--binary", f"{base}..{commit}")


def _check(source: Path) -> str:
    """Return the branch to work on; refuse what cannot be taken as it stands."""
    if not source.is_dir():
        raise RepositoryError(f"{source} is no folder", remedy="name a local git repository")
    if _ask(source, "rev-parse", "--git-dir") is None:
        raise RepositoryError(
            f"{source} is not a git repository",
            remedy=f"git init {source}, commit what is there, and try again",
        )
    top = _ask(source, "rev-parse", "--show-toplevel")
    if top is not None and Path(top).resolve() != source.resolve():
        raise RepositoryError(f"{source} is inside the repository {top}", remedy=f"name {top}")
    if _ask(source, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
        raise RepositoryError(
            f"{source} has no commit on its current branch",
            means="the repository is empty, or its default branch does not exist",
            remedy="commit something, or `git switch` to the branch that exists",
        )
    branch = _ask(source, "symbolic-ref", "--quiet", "--short", "HEAD")
    if branch is None:
        raise RepositoryError(
            f"{source} is on no branch (detached HEAD)",
            remedy="git switch to the branch that the change is for",
        )
    names = must_git(source, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    if odd := first_unreadable(names):
        raise RepositoryError(
            f"{source} holds a file whose name is not UTF-8: {os.fsencode(odd)!r}",
            means="jj, which keeps every attempt, cannot read such a name",
            remedy="rename the file and commit that",
        )
    if _ask(source, "rev-parse", "--is-bare-repository") == "false":
        dirty = _ask(source, "status", "--porcelain", "--untracked-files=no")
        if dirty:
            raise RepositoryError(
                f"{source} has changes that are not committed: {dirty.splitlines()[0].strip()}",
                means="the run starts from the last commit, so they would be left out silently",
                remedy="commit or stash them",
            )
    return branch


def _left_out(source: Path) -> str:
    """Say what is in the folder but in no commit, and therefore not part of the run."""
    listing = _ask(source, "ls-files", "--others", "--exclude-standard") or ""
    return f"untracked files left out: {len(listing.splitlines())}" if listing else ""


def _give_mission(target: Path, mission: Path | None) -> str:
    own = target / _MISSION
    if mission is not None:
        try:
            text = mission.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read the mission {mission}: {error}", remedy="name a Markdown file"
            ) from None
        note = f"mission: {mission}"
    elif own.is_file() and not own.is_symlink():
        parse_mission(own.read_text(encoding="utf-8", errors="replace"))
        return ""
    else:
        # Nothing leaves this machine, so a rule against unattended agents has no say here.
        text = suggest_mission(_files(target)).replace("---\n", "---\nunattended: allowed\n", 1)
        note = "mission: none in the repository; a modest one was written for this run"
    parse_mission(text, source=str(mission or _MISSION))
    own.unlink(missing_ok=True)  # a link would lead the writing out of the copy
    own.write_text(text, encoding="utf-8")
    must_git(target, "add", "--force", _MISSION)
    if must_git(target, "status", "--porcelain").strip():
        must_git(target, *_AUTHOR, "commit", "--quiet", "--no-verify", "-m", "Add a mission")
    return note


def _files(target: Path) -> dict[str, bytes]:
    found = {}
    for path in must_git(target, "ls-files", "-z").split("\0"):
        file = target / path
        if path and file.is_file() and not file.is_symlink():
            found[path] = file.read_bytes()
    return found


def _ask(source: Path, *arguments: str) -> str | None:
    done = run_git(source, *arguments)
    return done.stdout.strip() if done.returncode == 0 else None
