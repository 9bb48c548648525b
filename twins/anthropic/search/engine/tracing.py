"""Which product lines run: the raw material of localisation."""

import sys
import types
from typing import Any, Self

from twins.anthropic.search.engine.layout import Layout


class Traced:
    """Record which product lines run inside the block."""

    def __init__(self, layout: Layout, *, on: bool) -> None:
        self._on = on
        self._files = {str(layout.root / path): path for path in layout.texts} if on else {}
        self._seen: dict[str, set[int]] = {}

    def __enter__(self) -> Self:
        if self._on:
            sys.settrace(self._enter)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._on:
            sys.settrace(None)

    def found(self) -> dict[str, list[int]]:
        """Return the lines by file."""
        return {self._files[file]: sorted(lines) for file, lines in self._seen.items()}

    def _enter(self, frame: types.FrameType, event: str, argument: object) -> Any:  # noqa: ANN401
        del event, argument
        file = frame.f_code.co_filename
        if file not in self._files:
            return None
        lines = self._seen.setdefault(file, set())
        lines.add(frame.f_lineno)

        def line(frame: types.FrameType, event: str, argument: object) -> Any:  # noqa: ANN401
            del argument
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        return line
