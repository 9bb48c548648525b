"""Workspaces and changes of one repository: jj on top of our bare git store."""

import asyncio
import contextlib
import dataclasses
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.substrate import tree, unpack
from bot.adapters.substrate.files import put
from bot.adapters.substrate.gitstore import BOT_EMAIL, GitStore, full_id
from bot.adapters.substrate.jj import TEMPLATE, Jj, Stale, parse_change, parse_operation
from bot.adapters.substrate.lock import StoreLock
from bot.adapters.substrate.process import Done, finish
from bot.adapters.substrate.selftest import prove
from bot.domain.change import Change
from bot.errors import Rejected, Tampered, UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_NEW = "ctl-"
_BOT = ("nightshift[bot]", BOT_EMAIL)

# Seen by jj in every workspace: what tools leave behind is no part of a change.
_EXCLUDE = """\
.nightshift/
.env
.venv/
node_modules/
__pycache__/
*.py[co]
.pytest_cache/
.mypy_cache/
.ruff_cache/
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A private working copy of one change. Only this process writes into `path`."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of jj's own log."""

    id: str
    user: str
    description: str
    arguments: str
    started: str


class Substrate:
    """The code state of one repository: every change is a jj change, every attempt a commit."""

    def __init__(self, root: Path, git: GitStore, jj: Path) -> None:
        self.git = git
        self._root = root
        self._ctl = root / "ctl"
        self._writing = StoreLock(root / "bot.lock")
        self._reader = Jj(jj.absolute(), root / "home", git.binary)
        self._jj = dataclasses.replace(self._reader, lock=self._writing)

    @classmethod
    async def open(cls, root: Path, *, jj: Path, author: tuple[str, str] = _BOT) -> "Substrate":
        """Open or make the store below `root` with a jj that has passed its self-test."""
        git = await GitStore.open(root)
        root = git.directory.parent
        await prove(jj, git=git.binary, records=[jj.parent, root])
        put(git.directory / "info" / "exclude", _EXCLUDE)
        store = cls(root, git, jj)
        store._jj.configure(author)
        (root / "ws").mkdir(exist_ok=True)
        async with store._writing():
            await store._recover()
        return store

    # Workspaces

    async def create(self, name: str, base: str, title: str) -> Workspace:
        """Start a fresh change on `base`; whatever had that name before is thrown away."""
        ws = self._workspace(name)
        message = f"--message={title.replace(chr(0), '')[:500]}"
        async with self._writing():
            await self._know(base)
            await self._discard(ws)
            await self._add(ws, base, message)
        return ws

    async def resume(self, name: str, commit: str) -> Workspace:
        """Return the named workspace as it was at `commit`, rebuilt when it is gone or broken."""
        ws = self._workspace(name)
        async with self._writing():
            change, now = await self._know(commit), await self._current(ws)
            if now is not None and now.commit == commit:
                return ws
            if now is None or now.change_id != change.change_id:
                await self._rebuild(ws, change)
            await self._jj("restore", "--from", commit, "--into", f"{ws.name}@", at=ws.path,
                           who=ws.name)  # fmt: skip
            if (await self.change(ws)).tree != change.tree:
                raise Tampered(f"{ws.name} is not what {commit} was after the rollback")
        return ws

    async def replace(self, ws: Workspace, tar: bytes) -> None:
        """Make the workspace equal to an untrusted tar; Refused names what may not be in it."""
        await finish(asyncio.to_thread(unpack.make_equal, ws.path, tar))

    async def snapshot(self, ws: Workspace) -> Change:
        """Record the workspace as the next state of its change; Refused if jj would lose a file."""
        async with self._writing():
            await finish(asyncio.to_thread(self._inspect, ws))
            await self._settle(ws)
            return await self.change(ws)

    async def rollback(self, ws: Workspace, commit: str) -> Change:
        """Bring every recorded file back to what it was at `commit`."""
        await self.resume(ws.name, commit)
        return await self.change(ws)

    async def describe(self, ws: Workspace, message: str) -> Change:
        """Set the message of the workspace's change."""
        async with self._writing():
            await self._ctl_jj("describe", "-r", f"{ws.name}@", "--stdin", who=ws.name,
                               stdin=message.encode("utf-8", "replace"))  # fmt: skip
            return await self.change(ws)

    async def forget(self, ws: Workspace) -> None:
        """Remove the workspace; its commits stay."""
        async with self._writing():
            await self._discard(ws)

    # Changes

    async def change(self, rev: str | Workspace) -> Change:
        """Look at a commit, or at the change of a workspace as it was last recorded."""
        if isinstance(rev, Workspace):
            return (await self._read(f"{rev.name}@"))[0]
        with contextlib.suppress(Rejected):
            return (await self._read(full_id(rev)))[0]
        async with self._writing():
            return await self._know(rev)

    async def rebase(self, commit: str, onto: str) -> Change:
        """Compute the change on top of another commit; look at `conflict` before using it.

        Runs as a jj operation that is never published: nothing else sees it, so it can be
        repeated and raced without harm. The result is kept in git.
        """
        async with self._writing():
            change = await self._know(commit)
            await self._know(onto)
        words = ("--no-integrate-operation", "rebase", "-r", commit, "-d", onto)
        try:
            done = await self._look(*words)
        except Rejected as problem:
            if "already exists" not in problem.what:
                raise
            # The same rebase within one second makes the same commit id, which jj takes for a bug.
            await asyncio.sleep(1.1)
            done = await self._look(*words)
        operation = parse_operation(done.err)
        if operation is None:
            return change
        fresh = f"change_id({change.change_id}) ~ at_operation(@-, all())"
        moved, _ = await self._read(fresh, "--at-op", operation)
        if moved.parents != (onto,):
            raise Tampered(f"the rebase of {commit} did not land on {onto}")
        await self.git.keep(moved.commit)
        return moved

    async def pin(self, suffix: str, commit: str) -> None:
        """Give a commit a lasting name under refs/nightshift."""
        await self.git.pin(suffix, commit)

    async def operations(self, limit: int) -> list[Operation]:
        """List the newest operations of jj."""
        done = await self._look("op", "log", "-n", str(limit), "--no-graph",
                                  "-T", r'json(self) ++ "\n"')  # fmt: skip
        return [_operation(line) for line in done.text.splitlines()]

    async def gc(self) -> None:
        """Pack git and drop what nothing refers to."""
        async with self._writing():
            await self._ctl_jj("util", "gc", timeout=600)

    # Inside the lock

    async def _recover(self) -> None:
        """Make the control workspace, or make it anew when jj cannot read it."""
        await self.git.unlend()
        await asyncio.to_thread(_sweep, self._root)
        if self._ctl.is_dir():
            try:
                await self._ctl_jj("log", "-r", "root()", "--no-graph", "-T", TEMPLATE)
            except Rejected:
                await asyncio.to_thread(_set_aside, self._root)
            else:
                return
        with tempfile.TemporaryDirectory(prefix=_NEW, dir=self._root) as room:
            made = Path(room) / "ctl"
            await self._jj("git", "init", "--git-repo", str(self.git.directory), str(made), at=None)
            made.rename(self._ctl)

    async def _know(self, commit: str) -> Change:
        """Make jj aware of a commit of the git store, without a lasting bookmark."""
        with contextlib.suppress(Rejected):
            return (await self._read(full_id(commit)))[0]
        await self.git.tree(commit)
        async with self.git.lent(commit):
            await self._ctl_jj("git", "import")
        await self._ctl_jj("git", "import")
        return (await self._read(commit))[0]

    async def _add(self, ws: Workspace, base: str, message: str) -> None:
        await self._jj("workspace", "add", "--name", ws.name, "-r", base, "--sparse-patterns",
                       "full", message, str(ws.path), at=self._ctl, who=ws.name)  # fmt: skip
        if (await self.change(ws)).parents != (base,):
            raise Tampered(f"workspace {ws.name} did not start on {base}")

    async def _discard(self, ws: Workspace) -> None:
        """Forget and delete, whatever state it is in."""
        with contextlib.suppress(Rejected):
            await self._ctl_jj("workspace", "forget", ws.name, who=ws.name)
        if ws.path.exists():
            await finish(asyncio.to_thread(shutil.rmtree, ws.path))

    async def _current(self, ws: Workspace) -> Change | None:
        """Record what lies in the workspace; None when it is absent or broken."""
        try:
            self._check_link(ws)
            await self._settle(ws)
            return await self.change(ws)
        except (Rejected, Tampered, Stale):
            return None

    async def _rebuild(self, ws: Workspace, change: Change) -> None:
        """Make the workspace anew on the same change, so that its history goes on."""
        await self._discard(ws)
        if not change.parents:
            raise UsageError(f"{change.commit} is no change on a base: it has no parent")
        await self._add(ws, change.parents[0], "--message=")
        await self._abandon_copies(change, ws)
        await self._jj("edit", change.commit, at=ws.path, who=ws.name)

    async def _settle(self, ws: Workspace) -> None:
        """Snapshot; after a kill first bring workspace and operation log together again."""
        try:
            await self._jj("util", "snapshot", at=ws.path, who=ws.name)
        except Stale:
            await self._jj("workspace", "update-stale", at=ws.path, who=ws.name)
            live, divergent = await self._read(f"{ws.name}@")
            if divergent:
                await self._abandon_copies(live, ws)
            await self._jj("util", "snapshot", at=ws.path, who=ws.name)

    async def _abandon_copies(self, change: Change, ws: Workspace) -> None:
        """Hide what a kill left of the same change; only tips, for main may carry our change id."""
        copies = f"heads(all()) & change_id({change.change_id}) ~ {change.commit}"
        await self._ctl_jj("abandon", copies, who=ws.name)

    async def _read(self, rev: str, *options: str) -> tuple[Change, bool]:
        """Read exactly one commit through the template."""
        done = await self._look(*options, "log", "-r", rev, "--no-graph", "-T", TEMPLATE)
        lines = done.text.splitlines()
        if len(lines) != 1:
            raise Rejected(f"{rev} names {len(lines)} commits")
        change, divergent = parse_change(lines[0], tree="")
        return dataclasses.replace(change, tree=await self.git.tree(change.commit)), divergent

    def _inspect(self, ws: Workspace) -> None:
        self._check_link(ws)
        tree.inspect(ws.path)

    def _check_link(self, ws: Workspace) -> None:
        """Demand that `.jj` is the one that jj made: a planted one runs code or another store."""
        inside = ws.path / ".jj"
        if inside.is_symlink() or not inside.is_dir():
            raise Tampered(f"workspace {ws.name} has no .jj folder")
        if {entry.name for entry in inside.iterdir()} != {"repo", "working_copy"}:
            raise Tampered(f"somebody put something into .jj of workspace {ws.name}")
        repo = inside / "repo"
        if repo.is_symlink() or not repo.is_file():
            raise Tampered(f"workspace {ws.name} is linked to no store")
        aim = inside / repo.read_text(encoding="utf-8", errors="replace")
        if aim.resolve() != self._ctl / ".jj" / "repo":
            raise Tampered(f"workspace {ws.name} is linked to another store")

    async def _ctl_jj(
        self,
        *words: str,
        who: str = "store",
        stdin: bytes = b"",
        timeout: float = 120,  # noqa: ASYNC109  handed on to the process runner
    ) -> Done:
        """Write to the store without looking at any file; only inside the lock."""
        return await self._jj(
            "--ignore-working-copy", *words, at=self._ctl, who=who, stdin=stdin, timeout=timeout
        )

    async def _look(self, *words: str) -> Done:
        """Read, or compute what nobody else sees; needs no lock."""
        return await self._reader("--ignore-working-copy", *words, at=self._ctl)

    def _workspace(self, name: str) -> Workspace:
        if not _NAME.match(name) or name == "default":
            raise UsageError(f"not a workspace name: {name[:60]!r}")
        return Workspace(name, self._root / "ws" / name)


def _sweep(root: Path) -> None:
    """Remove control workspaces that a kill left half-made."""
    for left in root.glob(f"{_NEW}*"):
        shutil.rmtree(left)


def _set_aside(root: Path) -> None:
    """Move what jj cannot read out of the way, for a person to look at; the last one is kept."""
    broken = root / "broken"
    if broken.exists():
        shutil.rmtree(broken)
    broken.mkdir()
    for name in ("ctl", "ws"):
        (root / name).rename(broken / name)
    (root / "ws").mkdir()


def _operation(line: str) -> Operation:
    row = json.loads(line)
    return Operation(
        id=row["id"],
        user=row["username"],
        description=row["description"],
        arguments=row["attributes"].get("args", ""),
        started=row["time"]["start"],
    )
