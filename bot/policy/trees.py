"""Trees as tar bytes: picking paths out of one, without touching a disk."""

import fnmatch
import io
import tarfile
from collections.abc import Sequence


def matches(path: str, globs: Sequence[str]) -> bool:
    """Tell whether a path falls under one of the globs; `dir/**` covers everything below dir."""
    return any(_under(path, glob) for glob in globs)


def _under(path: str, glob: str) -> bool:
    if glob.endswith("/**"):
        return fnmatch.fnmatchcase(path, f"{glob[:-3]}/*")
    return fnmatch.fnmatchcase(path, glob)


def only(tar: bytes, globs: Sequence[str]) -> bytes:
    """Return a tar with just the entries under the globs."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as source,
        tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in source:
            if matches(member.name, globs):
                data = source.extractfile(member) if member.isreg() else None
                target.addfile(member, data)
    return out.getvalue()
