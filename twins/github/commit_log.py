"""History and differences, read from git into plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twins.github.git_store import GitStore

FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00%x01"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}
# GitHub leaves the patch out of bodies when it is too long to show.
LONGEST_PATCH = 200_000


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as git wrote it."""

    name: str
    email: str
    at: float


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file between two trees."""

    path: str
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str | None = None
    before: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit."""

    sha: str
    tree: str
    parents: list[str]
    author: Signature
    committer: Signature
    message: str
    files: list[FileChange] = field(default_factory=list)


def log(git: GitStore, path: Path, *argv: str, only: str = "") -> list[LogEntry]:
    """Return the commits that `git log` shows, `only` those that touch a path."""
    paths = [only] if only else []
    out = git.run(path, "log", f"--format={FORMAT}", *argv, "--", *paths)
    chunks = out.decode("utf-8", "replace").split("\x01")
    return [_entry(chunk.lstrip("\n")) for chunk in chunks if chunk.strip()]


def one(git: GitStore, path: Path, sha: str) -> LogEntry:
    """Return one commit."""
    return log(git, path, "--max-count=1", sha)[0]


def _entry(chunk: str) -> LogEntry:
    sha, tree, parents, an, ae, at, cn, ce, ct, message, *_ = chunk.split("\x00")
    author, committer = Signature(an, ae, float(at)), Signature(cn, ce, float(ct))
    return LogEntry(sha, tree, parents.split(), author, committer, message.rstrip("\n"))


def changes(
    git: GitStore, path: Path, old: str, new: str, *, patches: bool = True
) -> list[FileChange]:
    """Return the files that differ between two trees or commits, renames found."""
    form = ("-r", "--raw", "--numstat", "--no-abbrev", "-M", "-z")
    fields = iter(
        git.run(path, "diff-tree", *form, old, new).decode("utf-8", "replace").split("\0")
    )
    listed, counts = [], {}
    for head in filter(None, fields):
        if head.startswith(":"):
            listed.append(_raw(head, fields))
        else:
            name, numbers = _numstat(head, fields)
            counts[name] = numbers
    texts = _patches(git, path, old, new) if patches else {}
    return [
        FileChange(name, status, blob, *counts.get(name, (0, 0)), texts.get(name), before)
        for status, blob, before, name in listed
    ]


def _raw(head: str, fields: Iterator[str]) -> tuple[str, str, str, str]:
    """Read status, blob, old name and name."""
    _, _, old_blob, new_blob, letter = head.split(" ")
    name = next(fields)
    before, name = (name, next(fields)) if letter[0] in "RC" else ("", name)
    blob = old_blob if letter[0] == "D" else new_blob
    return STATUS.get(letter[0], "modified"), blob, before, name


def _numstat(head: str, fields: Iterator[str]) -> tuple[str, tuple[int, int]]:
    """Read a name with added and deleted lines; binary files have none."""
    plus, minus, name = head.split("\t", 2)
    if not name:  # a rename: old and new name follow
        next(fields)
        name = next(fields)
    return name, (int(plus) if plus.isdigit() else 0, int(minus) if minus.isdigit() else 0)


def _patches(git: GitStore, path: Path, old: str, new: str) -> dict[str, str]:
    """Return each text file's hunks, as bodies carry them: without the header lines."""
    out = git.run(path, "-c", "core.quotePath=false", "diff-tree", "-r", "-p", "-M", old, new)
    found = {}
    for chunk in ("\n" + out.decode("utf-8", "replace")).split("\ndiff --git ")[1:]:
        header, mark, hunks = chunk.partition("\n@@ ")
        if mark and len(hunks) < LONGEST_PATCH:
            found[_name(header)] = "@@ " + hunks.rstrip("\n")
    return found


def _name(header: str) -> str:
    lines = header.splitlines()
    for start in ("+++ b/", "rename to ", "--- a/"):
        for line in lines:
            if line.startswith(start):
                return line.removeprefix(start).rstrip("\t")
    return lines[0].rpartition(" b/")[2]


def text_between(git: GitStore, path: Path, old: str, new: str, form: str) -> bytes:
    """Return the difference as one diff, or as a mailbox of patches."""
    if form == "diff":
        return git.run(path, "diff", "-M", "--full-index", old, new)
    return git.run(path, "format-patch", "--stdout", "-M", "--full-index", f"{old}..{new}")
