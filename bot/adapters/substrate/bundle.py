"""The header of a git bundle, read by us so that git sees only the pack inside."""

import re
from dataclasses import dataclass

from bot.errors import Rejected

_SIGNATURE = b"# v2 git bundle\n"
_LINE = re.compile(rb"(-?)([0-9a-f]{40})(?: [^\n]*)?\Z")
_HEADER_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle carries (`tips`), what it builds on (`needs`), and its pack."""

    tips: frozenset[str]
    needs: frozenset[str]
    pack: bytes


def parse_bundle(data: bytes) -> Bundle:
    """Split a version 2 bundle; Rejected for anything else."""
    end = data.find(b"\n\n", 0, _HEADER_LIMIT)
    if not data.startswith(_SIGNATURE) or end < 0:
        raise Rejected("this is not a git bundle of version 2")
    tips: set[str] = set()
    needs: set[str] = set()
    for line in data[len(_SIGNATURE) : end].split(b"\n"):
        found = _LINE.match(line)
        if found is None:
            raise Rejected("the bundle's header cannot be read")
        (needs if found[1] else tips).add(found[2].decode("ascii"))
    return Bundle(frozenset(tips), frozenset(needs), data[end + 2 :])
