"""A scenario file as Markdown: front matter, and sections by heading."""

import re
from dataclasses import dataclass
from typing import Any

from bot.errors import ScenarioError
from bot.validator import strict_yaml
from bot.validator.mistakes import Mistakes
from bot.validator.shapecheck import unknown_key

SECTIONS = ("Story", "Setup", "Steps", "Checks", "Rubric")
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*\n", re.DOTALL)
_HEADING = re.compile(r"^#{1,3}[ \t]+(.+?)[ \t]*#*$")
_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*(\w*)[ \t]*$")


@dataclass(frozen=True, slots=True)
class Document:
    """The parts of a file; `data` lacks the sections that are absent or cannot be parsed."""

    front: Any
    """None when it cannot be parsed."""
    sections: frozenset[str]
    """The headings that stand there."""
    story: str
    data: dict[str, Any]


def parse(text: str, where: str, mistakes: Mistakes) -> Document:
    """Split one file into its parts; raises ScenarioError when it has none to speak of."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    front = _FRONT.match(text)
    if not front:
        raise ScenarioError(
            f"{where}: no front matter", remedy="begin the file with '---', keys, '---'"
        )
    sections = _sections(text[front.end() :], where)
    values: Any = None
    with mistakes.noted():
        values = strict_yaml.parse(front[1], f"{where}: front matter")
    data = {}
    for name, lines in sections.items():
        if name != "Story":
            with mistakes.noted():
                data[name] = _fenced(lines, f"{where}: {name}")
    story = "\n".join(sections.get("Story", [])).strip()
    return Document(values, frozenset(sections), story, data)


def _sections(body: str, where: str) -> dict[str, list[str]]:
    """Group the lines under the known headings; a '#' inside a fence is no heading."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    fence = ""
    for line in body.splitlines():
        opened = _FENCE.match(line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif opened:
            fence = opened[1]
        elif heading := _HEADING.match(line):
            current = found.setdefault(_known(heading[1], found, where), [])
            continue
        if current is not None:
            current.append(line)
        elif line.strip():
            raise ScenarioError(f"{where}: text before the first heading")
    if fence:
        raise ScenarioError(f"{where}: a fence is not closed")
    return found


def _known(title: str, found: dict[str, list[str]], where: str) -> str:
    """Accept a heading of the format, once."""
    name = title.capitalize()
    if name not in SECTIONS:
        raise unknown_key(f"{where}: heading", title, SECTIONS)
    if name in found:
        raise ScenarioError(f"{where}: the heading {name} stands twice")
    return name


def _fenced(lines: list[str], where: str) -> Any:
    """Parse the one fenced yaml block of a section."""
    blocks: list[list[str]] = []
    fence = ""
    for line in lines:
        opened = _FENCE.match(line)
        if fence and line.strip() == fence:
            fence = ""
        elif fence:
            blocks[-1].append(line)
        elif opened:
            if opened[2] not in {"yaml", "yml"}:
                raise ScenarioError(f"{where}: the fence must say yaml")
            fence = opened[1]
            blocks.append([])
    if len(blocks) != 1:
        raise ScenarioError(f"{where}: needs exactly one fenced yaml block, has {len(blocks)}")
    return strict_yaml.parse("\n".join(blocks[0]), where)
