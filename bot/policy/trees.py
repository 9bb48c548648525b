"""Trees as tar bytes: picking paths out of one, without touching a disk."""

import io
import tarfile
from collections.abc import Sequence

from bot.policy.paths import matches


def only(tar: bytes, patterns: Sequence[str]) -> bytes:
    """Return a tar with just the entries that match a pattern."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as source,
        tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in source:
            if matches(member.name, patterns):
                data = source.extractfile(member) if member.isreg() else None
                target.addfile(member, data)
    return out.getvalue()
