"""Takes anybody's local repository in: checks it, copies it, never touches it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.missionfile import parse_mission, suggest_mission
from bot.errors import RepositoryError, UsageError

_GIT_S = 300.0
_MISSION = "mission.md"
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
    found = re.search(r"^#{1,6}\s+(.+?)\s*#*\s*$", text, re.MULTILINE)
    if found is None:
        raise UsageError(
            f"{path} has no heading", remedy="begin it with `# ` and the title of the issue"
        )
    body = (text[: found.start()] + text[found.end() :]).strip()
    return Filed(found[1], body)


def take(source: Path, target: Path, mission: Path | None) -> Taken:
    """Copy the repository's current branch; give the copy a mission if it has none."""
    branch = _check(source)
    _git(source.parent, "clone", "--quiet", "--no-local", "--no-hardlinks", "--single-branch",
         "--branch", branch, "--", str(source), str(target))  # fmt: skip
    note = "; ".join(filter(None, [_give_mission(target, mission), _left_out(source)]))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.name.removesuffix(".git")).strip("-.")
    return Taken(target, f"local/{name or 'repository'}", branch, note)


def patch_of(repository: Path, base: str, commit: str) -> str:
    """Return the change as `git am` and `git apply` take it."""
    return _git(repository, "format-patch", "--stdout", "--binary", f"{base}..{commit}")


def _check(source: Path) -> str:
    """Return the branch to work on; refuse what cannot be taken as it stands."""
    if not source.is_dir():
        raise RepositoryError(f"{source} is no folder", remedy="name a local git repository")
    if _ask(source, "rev-parse", "--git-dir") is None:
        raise RepositoryError(
            f"{source} is not a git repository",
            remedy=f"git init {source}, commit what is there, and try again",
        )
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
            raise UsageError(f"cannot read the mission {mission}: {error}") from None
        note = f"mission: {mission}"
    elif own.is_file() and not own.is_symlink():
        parse_mission(own.read_text(encoding="utf-8", errors="replace"))
        return ""
    else:
        text = suggest_mission(_files(target))
        note = "mission: none in the repository; a modest one was written for this run"
    parse_mission(text, source=str(mission or _MISSION))
    own.unlink(missing_ok=True)  # a link would lead the writing out of the copy
    own.write_text(text, encoding="utf-8")
    _git(target, "add", "--force", _MISSION)
    if _git(target, "status", "--porcelain").strip():
        _git(target, *_AUTHOR, "commit", "--quiet", "--no-verify", "-m", "Add a mission")
    return note


def _files(target: Path) -> dict[str, bytes]:
    found = {}
    for path in _git(target, "ls-files", "-z").split("\0"):
        file = target / path
        if path and file.is_file() and not file.is_symlink():
            found[path] = file.read_bytes()
    return found


def _ask(source: Path, *arguments: str) -> str | None:
    done = _run(source, *arguments)
    return done.stdout.strip() if done.returncode == 0 else None


def _git(source: Path, *arguments: str) -> str:
    done = _run(source, *arguments)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RepositoryError(
            f"git {arguments[0]} failed: {last}", remedy="run `git fsck` in the repository"
        )
    return done.stdout


def _run(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git without the reader's own configuration, hooks or prompts."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",  # looking at a repository does not rewrite its index
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "core.hooksPath",
        "GIT_CONFIG_VALUE_1": "/dev/null",
        "GIT_CONFIG_KEY_2": "core.fsmonitor",
        "GIT_CONFIG_VALUE_2": "false",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        ["git", *arguments],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=_GIT_S,
        check=False,
    )
