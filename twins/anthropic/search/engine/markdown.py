"""An issue text in pieces: fences, paragraphs, list items, table rows."""

import re
import textwrap
from typing import Literal, NamedTuple

from twins.anthropic.search.engine.cues import LABEL


class Block(NamedTuple):
    """A piece of an issue: a fenced block or one paragraph, table row or list item of prose."""

    kind: Literal["fence", "prose", "row"]
    text: str
    language: str = ""
    intro: str = ""


def blocks_of(text: str) -> list[Block]:
    """Cut Markdown into fences, list items, table rows and paragraphs."""
    blocks: list[Block] = []
    prose: list[str] = []
    intro = ""
    lines = text.expandtabs(4).replace("\r\n", "\n").split("\n")
    position = 0

    def flush() -> None:
        nonlocal intro
        if prose:
            joined = " ".join(line.strip() for line in prose)
            blocks.append(Block("prose", joined, intro=intro))
            intro = joined
            prose.clear()

    while position < len(lines):
        line = lines[position]
        fence = re.match(r"^\s*(```+|~~~+)\s*([\w+-]*)", line)
        indented = not prose and re.match(r"^ {4,}\S", line) and not re.match(r"^\s*[-*+] ", line)
        if fence:
            flush()
            body, position = _until_fence(lines, position + 1, fence[1])
            blocks.append(Block("fence", body, fence[2].lower(), intro))
        elif indented:
            start = position
            while position < len(lines) and re.match(r"^( {4,}\S|\s*$)", lines[position]):
                position += 1
            body = textwrap.dedent("\n".join(lines[start:position])).strip("\n")
            blocks.append(Block("fence", body, "", intro))
        else:
            if line.strip().startswith("|"):
                flush()
                blocks.append(Block("row", line.strip()))
            elif not line.strip():
                flush()
            else:
                fresh = re.match(r"^\s*(?:[-*+]|\d+[.)]|#+)\s", line) or LABEL.match(line)
                if fresh or line.lstrip().startswith((">>>", "$ ")):
                    flush()
                if line.lstrip().startswith((">>>", "$ ")):
                    start = position
                    while position < len(lines) and lines[position].strip():
                        position += 1
                    body = textwrap.dedent("\n".join(lines[start:position]))
                    blocks.append(Block("fence", body, "", intro))
                else:
                    prose.append(line)
                    if line.lstrip().startswith("#"):
                        flush()
            position += 1
    flush()
    return blocks


def _until_fence(lines: list[str], position: int, mark: str) -> tuple[str, int]:
    start = position
    while position < len(lines) and not lines[position].strip().startswith(mark):
        position += 1
    return textwrap.dedent("\n".join(lines[start:position])), position + 1
