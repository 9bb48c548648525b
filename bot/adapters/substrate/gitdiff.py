"""The full difference between two commits, read from git's machine formats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.adapters.substrate.gitcall import Git
from bot.domain.change import Diff, FileDiff, FileStatus
from bot.errors import Tampered

SIDE_LIMIT = 1 << 20
"""A larger file counts in the numbers, but its text is not carried."""
TEXT_LIMIT = 4 << 20

_ABSENT = "000000"
_BLOBS = {"100644", "100755", "120000"}
_OPTIONS = ("--no-renames", "--no-ext-diff", "--no-textconv", "--full-index", "--no-color")
_STATUS = {"A": FileStatus.ADDED, "D": FileStatus.DELETED}


@dataclass(frozen=True, slots=True)
class _Raw:
    """One path of `git diff-tree --raw`."""

    path: str
    status: FileStatus
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str


async def diff(git: Git, base: str, commit: str) -> Diff:
    """Compare two commits path by path; a rename is a deletion and an addition."""
    listed = await git("diff-tree", "-r", "-z", "--raw", "--numstat", *_OPTIONS, base, commit)
    raws, counts = _parse(listed.text)
    ids = [blob for raw in raws for blob in _blobs(raw)]
    texts = await _texts(git, ids)
    patch = await git("diff-tree", "-r", "-p", *_OPTIONS, base, commit)
    return Diff(
        base=base,
        commit=commit,
        files=tuple(_file(raw, counts[raw.path], texts) for raw in raws),
        text=_cut(patch.out),
    )


def _file(raw: _Raw, count: tuple[int, int] | None, texts: Mapping[str, str]) -> FileDiff:
    old = texts.get(raw.old_id) if raw.old_mode in _BLOBS else None
    new = texts.get(raw.new_id) if raw.new_mode in _BLOBS else None
    added, removed = count or (0, 0)
    return FileDiff(
        path=raw.path,
        status=raw.status,
        old_mode=raw.old_mode,
        new_mode=raw.new_mode,
        added=added,
        removed=removed,
        binary=count is None,
        old=None if count is None else old,
        new=None if count is None else new,
    )


def _parse(text: str) -> tuple[list[_Raw], dict[str, tuple[int, int] | None]]:
    """Split the NUL-separated output: first all raw records, then all counts."""
    words = iter(text.split("\0"))
    raws: list[_Raw] = []
    counts: dict[str, tuple[int, int] | None] = {}
    for word in words:
        if word.startswith(":"):
            old_mode, new_mode, old_id, new_id, letter = word[1:].split(" ")
            path = next(words)
            status = _STATUS.get(letter[:1], FileStatus.MODIFIED)
            raws.append(_Raw(path, status, _mode(old_mode), _mode(new_mode), old_id, new_id))
        elif word:
            added, removed, path = word.split("\t", 2)
            counts[path] = None if added == "-" else (int(added), int(removed))
    if {raw.path for raw in raws} != set(counts):
        raise Tampered("git listed and counted different paths")
    return raws, counts


def _mode(mode: str) -> str:
    return "" if mode == _ABSENT else mode


def _blobs(raw: _Raw) -> Iterator[str]:
    if raw.old_mode in _BLOBS:
        yield raw.old_id
    if raw.new_mode in _BLOBS:
        yield raw.new_id


async def _texts(git: Git, ids: list[str]) -> dict[str, str]:
    """Read every blob that is small enough."""
    if not ids:
        return {}
    asked = "".join(f"{blob}\n" for blob in dict.fromkeys(ids)).encode("ascii")
    sizes = await git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked)
    small = [
        line.split(" ")[0]
        for line in sizes.text.splitlines()
        if line.split(" ")[1].isdigit() and int(line.split(" ")[1]) <= SIDE_LIMIT
    ]
    wanted = "".join(f"{blob}\n" for blob in small).encode("ascii")
    done = await git("cat-file", "--batch", stdin=wanted)
    return {blob: body.decode("utf-8", "replace") for blob, body in batch(done.out)}


def batch(out: bytes) -> Iterator[tuple[str, bytes]]:
    """Walk the answers of `git cat-file --batch`; what is missing is left out."""
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        header = out[at:end].decode("utf-8", "replace").split(" ")
        at = end + 1
        if header[-1] == "missing":
            continue
        size = int(header[2])
        yield header[0], out[at : at + size]
        at += size + 1


def _cut(patch: bytes) -> str:
    text = patch[:TEXT_LIMIT].decode("utf-8", "replace")
    if len(patch) > TEXT_LIMIT:
        text += f"\n[cut here: {len(patch) - TEXT_LIMIT} more bytes]\n"
    return text
