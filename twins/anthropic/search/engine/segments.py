"""A file in top level statements: the unit in which code objects are swapped."""

import ast
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from twins.anthropic.search.engine.orders import Swap
from twins.anthropic.search.engine.shapes import Edit


class Statement(NamedTuple):
    """One top level statement: offsets, first line, spans of the function bodies in it."""

    start: int
    end: int
    line: int
    bodies: list[tuple[int, int]]


class Segments:
    """The top level statements of one file."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._tree = ast.parse(text)
        self._statements = list(self._cut())

    def swap(self, edits: Sequence[Edit], patched: str) -> Swap | None:
        """Return the changed statement, if swapping code objects can stand for the change."""
        first = min(edit.start for edit in edits)
        index = bisect_right([each.start for each in self._statements], first) - 1
        if index < 0:
            return None
        place = self._statements[index]
        for edit in edits:
            if not any(low <= edit.start and edit.end <= high for low, high in place.bodies):
                return None
        grown = len(patched) - len(self._text)
        return self._path, place.line, patched[place.start : place.end + grown]

    def neighbourhood(self, edits: Sequence[Edit]) -> tuple[int, int]:
        """Return the lines of the function that holds the edits, or their own."""
        low, high = min(edit.line for edit in edits), max(edit.line for edit in edits)
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                end = node.end_lineno or node.lineno
                if node.lineno <= low <= end or node.lineno <= high <= end:
                    return node.lineno, max(end, high)
        return low, high

    def _cut(self) -> Iterator[Statement]:
        starts = [0]
        for line in self._text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        whole = len(self._text)
        for node in self._tree.body:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(each.lineno for each in decorators)])
            bodies = [
                (starts[inner.body[0].lineno - 1], min(starts[inner.end_lineno or 1], whole))
                for inner in ast.walk(node)
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef))
                and inner.body[0].lineno > inner.lineno
            ]
            end = min(starts[node.end_lineno or node.lineno], whole)
            yield Statement(starts[first - 1], end, first, bodies)
