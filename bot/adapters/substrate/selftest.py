"""Does this exact jj binary do what we build on? Asked once per binary, remembered by its hash."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.substrate.files import put
from bot.adapters.substrate.jj import GUARD, LOWEST, TEMPLATE, Jj, parse_change, parse_operation
from bot.adapters.substrate.process import run
from bot.domain.change import Change
from bot.errors import NightshiftError, Rejected, ToolMissing

RECORD = "jj-passed.json"
PRIVATE = "jj.d"
"""Folder beside the `jj` wrapper that holds the real binary and its C library."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The record of a passed self-test."""

    digest: str
    version: str


def digest(jj: Path) -> str:
    """Hash the binary and everything it brings along."""
    total = hashlib.sha256()
    private = jj.parent / PRIVATE
    for path in [jj, *(sorted(private.iterdir()) if private.is_dir() else [])]:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def recall(record: Path, seen: str) -> Passed | None:
    """Read a record if it speaks of exactly this binary."""
    try:
        row = json.loads(record.read_text(encoding="utf-8"))
        passed = Passed(digest=str(row["digest"]), version=str(row["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return passed if passed.digest == seen else None


def remember(record: Path, passed: Passed) -> None:
    """Write the record for the next start."""
    row = {"digest": passed.digest, "version": passed.version}
    put(record, json.dumps(row) + "\n")


async def prove(binary: Path, *, git: Path, records: Sequence[Path]) -> Passed:
    """Recall a passed self-test from one of the folders, or pass it now and write the last one."""
    try:
        seen = digest(binary)
    except OSError as problem:
        raise ToolMissing(
            f"no jj at {binary}: {problem.strerror}", remedy="run `make setup`"
        ) from problem
    for folder in records:
        passed = recall(folder / RECORD, seen)
        if passed:
            return passed
    passed = await selftest(binary, git=git)
    remember(records[-1] / RECORD, passed)
    return passed


async def selftest(binary: Path, *, git: Path) -> Passed:
    """Play one small story with the real binary; raises ToolMissing naming what it got wrong."""
    seen = digest(binary)
    with tempfile.TemporaryDirectory(prefix="nightshift-jj-") as name:
        stage = _Stage(Path(name), Jj(binary, Path(name) / "home", git))
        try:
            version = await stage.play()
        except NightshiftError as problem:
            if isinstance(problem, ToolMissing):
                raise
            raise ToolMissing(
                f"{binary} failed its self-test: {problem.what}",
                means="this jj speaks another dialect than the one Nightshift was tested with",
                remedy="remove it from PATH or from .tools/, then run `make setup`",
            ) from problem
    return Passed(digest=seen, version=version)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A throw-away repository with two workspaces."""

    room: Path
    jj: Jj

    async def play(self) -> str:
        """Run every part of the story and return the version."""
        version = await self.jj.version()
        said = ".".join(str(part) for part in version)
        if version < LOWEST:
            wanted = ".".join(str(part) for part in LOWEST)
            raise ToolMissing(
                f"jj {said} is too old, {wanted} is needed", remedy="run `make setup`"
            )
        self.jj.configure(("self-test", "self-test@example.invalid"))
        await self._store()
        first = await self._record("a", "one\n")
        await self._check_rollback(first)
        await self._check_conflict(await self._record("b", "two\n"), first)
        await self._check_guard()
        return said

    async def _store(self) -> None:
        argv = [str(self.jj.git), "init", "-q", "--bare", "git"]
        done = await run(argv, cwd=self.room, env=self.jj.env("self-test"), timeout=20)
        if done.code:
            raise Rejected(f"git init: {done.err}")
        ctl = self.room / "ctl"
        await self.jj("git", "init", "--git-repo", str(self.room / "git"), str(ctl), at=None)
        for name in "ab":
            await self.jj("workspace", "add", "--name", name, "-r", "root()",
                          "--sparse-patterns", "full", str(self.room / name), at=ctl)  # fmt: skip

    async def _record(self, name: str, content: str) -> Change:
        """Snapshot one file and read the change back through the template."""
        place = self.room / name
        (place / "file").write_text(content, encoding="utf-8")
        await self.jj("util", "snapshot", at=place)
        change = await self._read(f"{name}@")
        if change.empty or change.conflict or len(change.commit) != 40:  # noqa: PLR2004  SHA-1 hex
            raise Rejected("a snapshot did not record the file")
        return change

    async def _read(self, rev: str, *options: str) -> Change:
        done = await self.jj("--ignore-working-copy", *options, "log", "-r", rev, "--no-graph",
                             "-T", TEMPLATE, at=self.room / "ctl")  # fmt: skip
        try:
            return parse_change(done.text, tree="")[0]
        except (ValueError, KeyError) as problem:
            raise Rejected(f"its JSON template changed: {problem}") from problem

    async def _check_rollback(self, first: Change) -> None:
        place = self.room / "a"
        (place / "file").write_text("edited\n", encoding="utf-8")
        (place / "new").write_text("new\n", encoding="utf-8")
        await self.jj("util", "snapshot", at=place)
        await self.jj("restore", "--from", first.commit, "--into", "a@", at=place)
        names = sorted(path.name for path in place.iterdir() if path.name != ".jj")
        if names != ["file"] or (place / "file").read_text(encoding="utf-8") != "one\n":
            raise Rejected("a rollback did not restore the files")

    async def _check_conflict(self, other: Change, first: Change) -> None:
        done = await self.jj("--ignore-working-copy", "--no-integrate-operation", "rebase", "-r",
                             other.commit, "-d", first.commit, at=self.room / "ctl")  # fmt: skip
        operation = parse_operation(done.err)
        if operation is None:
            raise Rejected("a dry rebase named no operation")
        moved = await self._read(f"change_id({other.change_id})", "--at-op", operation)
        if not moved.conflict or moved.conflicted_files != ("file",):
            raise Rejected("a conflict was not flagged")

    async def _check_guard(self) -> None:
        try:
            await self.jj("--ignore-working-copy", *GUARD, "rebase", "-r", "a@", "-d",
                          "b@", at=self.room / "ctl")  # fmt: skip
        except Rejected as refused:
            if "immutable" in refused.what:
                return
            raise
        raise Rejected("the guard let a live workspace be rewritten")
