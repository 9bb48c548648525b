"""A bare git repository that only we touch: objects in, objects out, never a working tree."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.substrate import gitdiff
from bot.adapters.substrate.bundle import parse_bundle
from bot.adapters.substrate.files import put
from bot.adapters.substrate.gitcall import (
    HARMLESS,
    Git,
    checked_url,
    credentials,
    local_failure,
    push_failure,
    remote_failure,
    ssh_settings,
)
from bot.domain.change import Diff
from bot.errors import Conflict, Gone, Rejected, Tampered, ToolMissing, UsageError

_LENT = "refs/heads/lent/"
NETWORK_TIMEOUT = 300
_HEX = re.compile(r"[0-9a-f]{40}\Z")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}\Z")

# Attributes of the tree would hide files from an archive, rewrite their bytes or turn a text
# into a "binary" that no guard reads. This file has the last word over them.
_ATTRIBUTES = (
    "* -export-ignore -export-subst -text -eol -crlf -ident -filter -working-tree-encoding !diff\n"
)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree. Size 0 for a submodule."""

    path: str
    mode: str
    size: int


class GitStore:
    """Every commit we know of one repository, addressed by full commit id."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._fetching = asyncio.Lock()

    @property
    def directory(self) -> Path:
        """Where the bare repository lies."""
        return self._git.directory

    @property
    def binary(self) -> Path:
        """Which git is used."""
        return self._git.binary

    @classmethod
    async def open(cls, root: Path, *, git: str = "git") -> "GitStore":
        """Open `root/git`, made when absent."""
        binary, directory = _locate(root, git)
        store = cls(Git(binary, directory))
        await asyncio.to_thread(_unlock, directory)
        # Again on every start: it mends a creation that was killed and leaves all else alone.
        await store._git("init", "-q", "--bare", "--initial-branch=main", "--template=")
        (directory / "info").mkdir(exist_ok=True)
        put(directory / "info" / "attributes", _ATTRIBUTES)
        return store

    # Objects

    async def has(self, commit: str) -> bool:
        """Say whether the commit is here."""
        done = await self._git.ask("cat-file", "-t", full_id(commit))
        return done.text.strip() == "commit"

    async def tree(self, commit: str) -> str:
        """Return the tree id of a commit."""
        done = await self._git.ask("rev-parse", "--verify", "-q", f"{full_id(commit)}^{{tree}}")
        if done.code:
            raise _absent(commit)
        return done.text.strip()

    async def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parent ids of a commit."""
        await self._need(commit)
        return tuple((await self._git("rev-list", "--parents", "-n", "1", commit)).text.split()[1:])

    async def message(self, commit: str) -> str:
        """Return the whole message of a commit, as stored."""
        await self._need(commit)
        raw = await self._git("cat-file", "commit", commit)
        return raw.text.partition("\n\n")[2]

    async def messages(self, commit: str, *, most: int) -> list[tuple[str, str]]:
        """Return a commit and what it builds on, newest first, each with its message."""
        await self._need(commit)
        done = await self._git("log", f"--max-count={most}", "-z", "--format=%H%n%B", commit)
        parted = [entry.partition("\n") for entry in done.text.split("\0") if entry.strip()]
        return [(found, message) for found, _, message in parted]

    async def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Say whether `ancestor` is reachable from `commit`; a commit is its own ancestor."""
        await self._need(ancestor)
        await self._need(commit)
        done = await self._git.ask("merge-base", "--is-ancestor", ancestor, commit)
        if done.code > 1:
            raise local_failure(["merge-base"], done)
        return done.code == 0

    async def within(self, ancestor: str, commit: str) -> bool | None:
        """Say whether a commit is in the history of another; None when that was cut off here."""
        await self._need(commit)
        if await self.has(ancestor):
            done = await self._git.ask("merge-base", "--is-ancestor", ancestor, commit)
            if done.code == 0:
                return True
        whole = await self._git.ask("rev-list", "--quiet", commit)
        cut = (self._git.directory / "shallow").exists()
        return None if whole.code or cut else False

    async def ls(self, commit: str) -> list[TreeEntry]:
        """List every file of a commit."""
        await self._need(commit)
        done = await self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        entries = []
        for line in done.text.split("\0"):
            if line:
                head, path = line.split("\t", 1)
                mode, _, _, size = head.split()
                entries.append(TreeEntry(path, mode, int(size) if size.isdigit() else 0))
        return entries

    async def read(self, commit: str, path: str) -> bytes | None:
        """Return one file's bytes (a symlink's target), None when there is no such file."""
        await self._need(commit)
        listed = await self._git("ls-tree", "-z", "--full-tree", commit, "--", _tree_path(path))
        for line in listed.text.split("\0"):
            head, _, name = line.partition("\t")
            if name == path and head.split(" ")[1] == "blob":
                return (await self._git("cat-file", "blob", head.split(" ")[2])).out
        return None

    async def archive(self, commit: str) -> bytes:
        """Return a tar of the exact tree: nothing hidden, substituted, converted or filtered."""
        await self._need(commit)
        return (await self._git("archive", "--format=tar", commit)).out

    async def diff(self, base: str, commit: str) -> Diff:
        """Return the full difference between two commits."""
        await self._need(base)
        await self._need(commit)
        return await gitdiff.diff(self._git, base, commit)

    # Between stores

    async def keep(self, commit: str) -> None:
        """Hold a commit against garbage collection."""
        await self._git("update-ref", f"refs/nightshift/keep/{full_id(commit)}", commit)

    @contextlib.asynccontextmanager
    async def lent(self, commit: str) -> AsyncIterator[None]:
        """Show a commit as a branch for a moment: jj imports branches and nothing else."""
        ref = f"{_LENT}{full_id(commit)}"
        await self._git("update-ref", ref, commit)
        try:
            yield
        finally:
            await self._git("update-ref", "-d", ref)

    async def unlend(self) -> None:
        """Remove what a killed `lent` left behind."""
        left = await self._git("for-each-ref", "--format=delete %(refname)", _LENT)
        await self._git("update-ref", "--stdin", stdin=left.out)

    async def pin(self, suffix: str, commit: str) -> None:
        """Give a commit a lasting name under refs/nightshift."""
        await self._need(commit)
        await self._git("update-ref", f"refs/nightshift/{_branch(suffix)}", commit)

    async def bundle(self, commit: str, *, exclude: Sequence[str] = ()) -> bytes:
        """Pack a commit and its history, less what the reader has already."""
        for known in (commit, *exclude):
            await self._need(known)
        await self.keep(commit)
        less = [f"^{known}" for known in exclude]
        ref = f"refs/nightshift/keep/{commit}"
        if commit in exclude:
            raise UsageError("nothing to bundle: the reader has the commit already")
        return (await self._git("bundle", "create", "-q", "--version=2", "-", ref, *less)).out

    async def import_bundle(self, data: bytes, *, wants: str) -> None:
        """Take in a bundle that must carry `wants`; every object is checked before it counts."""
        bundle = parse_bundle(data)
        if full_id(wants) not in bundle.tips:
            raise Tampered(f"the bundle does not carry {wants}")
        for needed in bundle.needs:
            if not await self.has(needed):
                raise Rejected(
                    f"the bundle builds on {needed}, which is not here",
                    remedy="bundle again without that exclusion",
                )
        rules = ",".join(f"{name}=ignore" for name in HARMLESS)
        done = await self._git.ask(
            "index-pack", "--stdin", "--fix-thin", f"--strict={rules}", stdin=bundle.pack
        )
        if done.code:
            raise Rejected(f"the bundle is refused: {local_failure(['index-pack'], done).what}")
        await self._need(wants)
        await self.keep(wants)

    # The network

    async def ls_remote(self, url: str, branch: str, token: str | None = None) -> str | None:
        """Ask a remote where a branch stands."""
        ref = f"refs/heads/{_branch(branch)}"
        words = ("ls-remote", "--refs", checked_url(url), ref)
        done = await self._git.ask(*words, secret=credentials(url, token), timeout=NETWORK_TIMEOUT)
        if done.code:
            raise remote_failure("ls-remote", done)
        for line in done.text.splitlines():
            commit, _, name = line.partition("\t")
            if name == ref:
                return commit
        return None

    async def fetch(
        self, url: str, branch: str, *, token: str | None = None, ssh_key: Path | None = None
    ) -> str:
        """Fetch one branch and return its commit; every object is checked.

        `ssh://` only works with a key.
        """
        ours = f"refs/nightshift/remote/{_branch(branch)}"
        words = (
            "fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            checked_url(url, ssh=ssh_key is not None), f"+refs/heads/{branch}:{ours}",
        )  # fmt: skip
        secret = credentials(url, token) | ssh_settings(url, ssh_key)
        async with self._fetching:  # git refuses the second of two that move one name
            done = await self._git.ask(*words, secret=secret, timeout=NETWORK_TIMEOUT)
            if done.code:
                raise remote_failure(f"fetch of {branch}", done)
            return (await self._git("rev-parse", "--verify", f"{ours}^{{commit}}")).text.strip()

    async def push(
        self,
        url: str,
        branch: str,
        commit: str,
        *,
        token: str | None = None,
        expect: str | None,
        forward: bool = False,
    ) -> None:
        """Move a remote branch from `expect` (None: it must not exist) to `commit`.

        Repeating a push that arrived is no error. `forward` also demands that nothing is lost.
        """
        await self._publishable(commit)
        if forward and expect is not None and not await self.is_ancestor(expect, commit):
            raise Conflict(f"{commit} does not build on {expect}")
        ref = f"refs/heads/{_branch(branch)}"
        # No "+" in the refspec: it would win over the lease and overwrite a moved branch.
        lease = f"--force-with-lease={ref}:{full_id(expect) if expect else ''}"
        done = await self._git.ask(
            "push", "-q", "--porcelain", "--no-verify", "--no-follow-tags",
            "--recurse-submodules=no", lease, checked_url(url), f"{commit}:{ref}",
            secret=credentials(url, token), timeout=NETWORK_TIMEOUT,
        )  # fmt: skip
        if done.code:
            raise push_failure(done)

    async def _publishable(self, commit: str) -> None:
        """Refuse what plain git would push happily: unresolved conflicts and empty messages."""
        top = await self._git(
            "ls-tree", "-z", "--name-only", "--full-tree", await self._need(commit)
        )
        if any(name.startswith(".jjconflict-") for name in top.text.split("\0")):
            raise Rejected(f"{commit} holds unresolved conflicts and is not pushed")
        if not (await self.message(commit)).strip():
            raise Rejected(f"{commit} has no message and is not pushed")

    async def _need(self, commit: str) -> str:
        if not await self.has(commit):
            raise _absent(commit)
        return commit


BOT_EMAIL = "nightshift[bot]@users.noreply.github.com"
"""The committer of everything we make."""


def _absent(commit: str) -> Gone:
    return Gone(f"commit {commit} is not in the store")


def _unlock(directory: Path) -> None:
    """Remove the locks of a git that was killed: nothing else removes them, and all would wait."""
    for lock in (*directory.glob("*.lock"), *directory.glob("refs/**/*.lock")):
        lock.unlink(missing_ok=True)


def _locate(root: Path, git: str) -> tuple[Path, Path]:
    """Find git, and make the folder of the repository."""
    found = shutil.which(git)
    if found is None:
        raise ToolMissing("git is not on PATH", remedy="sudo apt-get install -y git")
    directory = root.resolve() / "git"
    directory.mkdir(parents=True, exist_ok=True)
    return Path(found).absolute(), directory


def full_id(commit: str) -> str:
    """Let through only a full commit id: it can be no option and no range."""
    if not _HEX.match(commit):
        raise UsageError(f"not a full commit id: {commit[:60]!r}")
    return commit


def _branch(name: str) -> str:
    """Let through only names that can be nothing but a branch."""
    parts = name.split("/")
    odd = any(not part or part[0] == "." or part.endswith((".", ".lock")) for part in parts)
    if not _BRANCH.match(name) or ".." in name or odd:
        raise UsageError(f"not a branch name: {name[:60]!r}")
    return name


def _tree_path(path: str) -> str:
    """Let through only a relative path that stays inside the tree."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\0" in path:
        raise UsageError(f"not a path inside a tree: {path[:100]!r}")
    return path
