"""Collects the mistakes of a scenario file, so that its author is told all of them at once."""

import contextlib
from collections.abc import Iterable, Iterator

from bot.errors import ScenarioError


class Mistakes:
    """What is wrong with one file, in the order it was found."""

    def __init__(self) -> None:
        self.found: list[ScenarioError] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a mistake instead of passing it on; what follows it in the block is skipped."""
        try:
            yield
        except ScenarioError as mistake:
            self.found.append(mistake)

    def add(self, more: Iterable[ScenarioError]) -> None:
        """Keep these as well."""
        self.found += more
