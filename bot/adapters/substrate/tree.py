"""What an untrusted tree may hold. Everything here is about names and kinds, not about content."""

import os
import stat
from pathlib import Path

from bot.errors import Rejected

MAX_ENTRIES = 50_000
MAX_BYTES = 512 << 20
_MAX_PART = 255
_MAX_PATH = 1000

# Code points that some file systems ignore, so that a name looks like another one.
_IGNORABLE = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
_RESERVED = {".git", "git~1", ".jj"}


class Refused(Rejected):
    """A tree holds something that may not be recorded. `path` is the untrusted name."""

    slug = "tree-refused"

    def __init__(self, path: str, reason: str) -> None:
        shown = path if len(path) <= 200 else f"{path[:200]}..."  # noqa: PLR2004  a screen line or two
        super().__init__(f"{shown!r}: {reason}")
        self.path = path
        self.reason = reason


def checked_parts(name: str) -> tuple[str, ...]:
    """Split a path of an untrusted tree; Refused unless every part is harmless everywhere."""
    if name.startswith("/"):
        raise Refused(name, "absolute path")
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError as problem:
        raise Refused(name, "name is not valid UTF-8") from problem
    if size > _MAX_PATH or any(len(part.encode("utf-8")) > _MAX_PART for part in parts):
        raise Refused(name, "name is too long")
    if ".." in parts:
        raise Refused(name, "path leaves the tree")
    for part in parts:
        if is_reserved(part):
            raise Refused(name, "a version control folder has no place in a tree")
    return parts


def is_reserved(part: str) -> bool:
    """Say whether git or jj on any file system could take this for its own folder."""
    seen = part.translate(_IGNORABLE).casefold().split(":", 1)[0].rstrip(". ")
    return seen in _RESERVED


def inspect(root: Path) -> None:
    """Walk a workspace before jj does; Refused for what jj would drop without a word.

    A nested `.git` makes jj record every tracked file below it as deleted.
    """
    for folder, names, files in os.walk(root):
        inside = os.path.relpath(folder, root)
        if inside == ".":
            names[:] = [name for name in names if name != ".jj"]
        for name in (*names, *files):
            path = name if inside == "." else f"{inside}/{name}"
            checked_parts(path)
            mode = os.lstat(os.path.join(folder, name)).st_mode  # noqa: PTH118  a Path per file is slow
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                raise Refused(path, "neither a file, a folder nor a link")
