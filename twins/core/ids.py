"""Identifiers that come out the same on every run with the same seed."""

import random
import string
import uuid
from collections import defaultdict


class Ids:
    """One seeded source of numbers, hex strings, tokens and GUIDs."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.reset()

    def reset(self) -> None:
        """Start over, as if new."""
        self._random = random.Random(self.seed)  # noqa: S311  # repeatable on purpose, a twin keeps no secrets
        self._next: defaultdict[str, int] = defaultdict(int)

    def number(self, kind: str, *, start: int = 1) -> int:
        """Return the next number of a kind: start, start + 1, ..."""
        self._next[kind] = max(self._next[kind], start - 1) + 1
        return self._next[kind]

    def hex(self, digits: int) -> str:
        """Return that many random hex digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def word(self, length: int) -> str:
        """Return random letters and digits, for tokens and message ids."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def guid(self) -> str:
        """Return a random version 4 UUID in text form."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
