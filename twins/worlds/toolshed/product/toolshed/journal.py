"""The journal: one line of JSON for everything that happened, only ever appended to.

Whatever the shed knows, it knows from here. A line is written before anybody is told of it, so a
program that dies loses nothing that it has confirmed.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

Event = dict[str, str]


class Journal:
    """A file of events; without a path it remembers nothing."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def read(self) -> Iterator[Event]:
        """Read all events in order; a last line that was cut off never happened."""
        if self.path is None or not self.path.exists():
            return
        lines = self.path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            yield self._event(line, number)
        if lines[-1]:
            self._cut(len(lines[-1]))

    def _event(self, line: bytes, number: int) -> Event:
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "event" not in event:
            raise ValueError(f"{self.path}: line {number} is damaged")
        return event

    def _cut(self, size: int) -> None:
        """Remove the unfinished line, so that the next one starts on its own."""
        if self.path is not None:
            os.truncate(self.path, self.path.stat().st_size - size)

    def append(self, event: Event) -> None:
        """Write one event down, and return when it is on the disk."""
        if self.path is None:
            return
        with self.path.open("ab") as file:
            file.write(json.dumps(event).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
