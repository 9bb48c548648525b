"""Make a folder equal to an untrusted tar, without ever leaving the folder."""

import errno
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.substrate.tree import MAX_BYTES, MAX_ENTRIES, Refused, checked_parts
from bot.errors import DiskFull, Rejected

_KEEP = ".jj"
_BLOCK = 512
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file or a symbolic link, as it shall lie on disk."""

    content: bytes
    executable: bool = False
    link: bool = False


def make_equal(root: Path, tar: bytes) -> None:
    """Replace everything below `root` but `.jj` by the files and links of the tar.

    Nothing is touched unless the whole tar is acceptable. Empty folders are not recorded by git,
    so they are not made. What already lies there as wanted is left alone, which keeps it cheap
    for jj to see that it did not change.
    """
    wanted = read_tar(tar)
    try:
        _remove_others(root, wanted)
        for parts, leaf in wanted.items():
            _write(root, parts, leaf)
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                "the disk is full, the workspace is half-written",
                remedy="free disk space, then start again",
            ) from problem
        raise


def read_tar(
    tar: bytes, *, entries: int = MAX_ENTRIES, size: int = MAX_BYTES
) -> dict[tuple[str, ...], Leaf]:
    """Check every entry of a tar and return its leaves by path."""
    wanted: dict[tuple[str, ...], Leaf] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
            for parts, leaf in _leaves(archive, entries, size):
                if parts in wanted:
                    raise Refused("/".join(parts), "the tar names it twice")
                wanted[parts] = leaf
            # The tarfile module takes a broken header for the end, and files would go missing.
            if tar[archive.offset : archive.offset + _BLOCK] != bytes(_BLOCK):
                raise Rejected("the tar is damaged or cut short")
    except (tarfile.TarError, ValueError, OverflowError) as problem:
        raise Rejected(f"this is not a tar: {problem}") from problem
    _check_parents(wanted)
    return wanted


def _leaves(
    archive: tarfile.TarFile, entries: int, size: int
) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    total = 0
    for count, member in enumerate(archive, start=1):
        total += max(member.size, 0)
        if count > entries or total > size:
            raise Refused(member.name, f"the tree has more than {entries} entries or {size} bytes")
        parts = checked_parts(member.name)
        if member.isdir():
            continue
        if not parts:
            raise Refused(member.name, "a file without a name")
        yield parts, _leaf(archive, member, parts)


def _leaf(archive: tarfile.TarFile, member: tarfile.TarInfo, parts: tuple[str, ...]) -> Leaf:
    if member.issym():
        target = member.linkname
        if parts[-1].casefold() == ".gitmodules":
            raise Refused(member.name, "git refuses a link of this name")
        if not target or "\0" in target or len(target) > os.pathconf("/", "PC_PATH_MAX") - 1:
            raise Refused(member.name, "a link to nowhere")
        return Leaf(_utf8(member.name, target), link=True)
    if member.type not in _FILES or member.issparse():
        raise Refused(member.name, "neither a file, a folder nor a symbolic link")
    file = archive.extractfile(member)
    content = file.read() if file else b""
    if len(content) != member.size:
        raise Refused(member.name, "shorter than the tar says")
    return Leaf(content, executable=bool(member.mode & 0o100))


def _utf8(name: str, target: str) -> bytes:
    try:
        return target.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise Refused(name, "its target is not valid UTF-8") from problem


def _check_parents(wanted: dict[tuple[str, ...], Leaf]) -> None:
    """Refuse a path below a file or a link: it would be written through the link."""
    for parts in wanted:
        for depth in range(1, len(parts)):
            if parts[:depth] in wanted:
                raise Refused("/".join(parts), "lies below something that is no folder")


def _remove_others(root: Path, wanted: dict[tuple[str, ...], Leaf]) -> None:
    """Delete what the tar does not hold, links as links; afterwards every parent is a folder."""
    folders = {parts[:depth] for parts in wanted for depth in range(len(parts))}

    def clear(folder: Path, above: tuple[str, ...]) -> None:
        with os.scandir(folder) as entries:
            for entry in list(entries):
                parts = (*above, entry.name)
                if parts == (_KEEP,):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    clear(Path(entry.path), parts)
                    if parts not in folders:
                        os.rmdir(entry.path)  # noqa: PTH106  a Path per file is slow
                elif parts not in wanted:
                    os.unlink(entry.path)  # noqa: PTH108  same

    clear(root, ())


def _write(root: Path, parts: tuple[str, ...], leaf: Leaf) -> None:
    path = root.joinpath(*parts)
    if _lies_there(path, leaf):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if leaf.link:
        path.symlink_to(leaf.content.decode("utf-8"))
        return
    mode = 0o755 if leaf.executable else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(leaf.content)
        os.fchmod(file.fileno(), mode)


def _lies_there(path: Path, leaf: Leaf) -> bool:
    """Say whether the wanted leaf is on disk already."""
    try:
        seen = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISLNK(seen.st_mode):
        return leaf.link and os.fsencode(path.readlink()) == leaf.content
    if leaf.link or not stat.S_ISREG(seen.st_mode) or seen.st_size != len(leaf.content):
        return False
    if bool(seen.st_mode & 0o100) != leaf.executable:
        return False
    return path.read_bytes() == leaf.content
