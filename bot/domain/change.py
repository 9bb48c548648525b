"""What a coder changed: a jj change, its commit, and its diff against the base."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Change:
    """One jj change as it stands now, with full-length ids. A conflict must never be pushed."""

    change_id: str
    commit: str
    tree: str
    parents: tuple[str, ...]
    description: str
    conflict: bool = False
    conflicted_files: tuple[str, ...] = ()
    empty: bool = False


class FileStatus(StrEnum):
    """How a path differs from the base."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One path of a diff. A rename is a deletion and an addition: no rule can miss one half.

    Modes are git's six octal digits (`100644`, `100755`, `120000` symlink, `160000` submodule),
    empty on the absent side. `old` and `new` are None for binary content or an absent side.
    """

    path: str
    status: FileStatus
    old_mode: str
    new_mode: str
    added: int
    removed: int
    binary: bool
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Diff:
    """The full difference between two commits."""

    base: str
    commit: str
    files: tuple[FileDiff, ...]
    text: str
    """Unified diff, as a person reads it."""

    @property
    def lines(self) -> int:
        """Lines added plus lines removed."""
        return sum(file.added + file.removed for file in self.files)
