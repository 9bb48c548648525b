"""An issue text in pieces: fences, paragraphs, list items, table rows."""

import re
import textwrap
from typing import Literal, NamedTuple

from twins.anthropic.search.engine.cues import LABEL

_FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w+-]*)")
_INDENTED = re.compile(r"^ {4,}\S")
_INDENTED_OR_BLANK = re.compile(r"^( {4,}\S|\s*$)")
_NOT_BLANK = re.compile(r"^.*\S")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]|#+)\s")


class Block(NamedTuple):
    """A piece of an issue: a fenced block or one paragraph, table row or list item of prose."""

    kind: Literal["fence", "prose", "row"]
    text: str
    language: str = ""
    intro: str = ""


def blocks_of(text: str) -> list[Block]:
    """Cut Markdown into fences, list items, table rows and paragraphs."""
    return _Cutter(text).cut()


class _Cutter:
    """Goes through the lines once, collecting prose until something else begins."""

    def __init__(self, text: str) -> None:
        self._lines = text.expandtabs(4).replace("\r\n", "\n").split("\n")
        self._at = 0
        self._blocks: list[Block] = []
        self._prose: list[str] = []
        self._intro = ""

    def cut(self) -> list[Block]:
        """Return the blocks in order."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if fence := _FENCE.match(line):
                self._fence(fence[1], fence[2].lower())
            elif not self._prose and _INDENTED.match(line) and not _ITEM.match(line):
                self._run_of(_INDENTED_OR_BLANK)
            elif line.lstrip().startswith((">>>", "$ ")):
                self._run_of(_NOT_BLANK)
            else:
                self._line(line)
                self._at += 1
        self._flush()
        return self._blocks

    def _line(self, line: str) -> None:
        if line.strip().startswith("|"):
            self._flush()
            self._blocks.append(Block("row", line.strip()))
        elif not line.strip():
            self._flush()
        else:
            if _ITEM.match(line) or LABEL.match(line):
                self._flush()
            self._prose.append(line)
            if line.lstrip().startswith("#"):
                self._flush()

    def _fence(self, mark: str, language: str) -> None:
        self._flush()
        start = self._at = self._at + 1
        while self._at < len(self._lines) and not self._lines[self._at].strip().startswith(mark):
            self._at += 1
        self._add(start, language)
        self._at += 1

    def _run_of(self, kind: re.Pattern[str]) -> None:
        self._flush()
        start = self._at
        while self._at < len(self._lines) and kind.match(self._lines[self._at]):
            self._at += 1
        self._add(start, "")

    def _add(self, start: int, language: str) -> None:
        body = textwrap.dedent("\n".join(self._lines[start : self._at])).strip("\n")
        self._blocks.append(Block("fence", body, language, self._intro))

    def _flush(self) -> None:
        if self._prose:
            self._intro = " ".join(line.strip() for line in self._prose)
            self._blocks.append(Block("prose", self._intro))
            self._prose.clear()
