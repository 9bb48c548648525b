"""YAML between two `---` lines, read so that nothing in it can surprise: no tags, no aliases."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bot.errors import MissionError

FENCE = "---"
LARGEST = 256 * 1024
DEEPEST = 12


def mend(source: str) -> str:
    """Say where a mistake is mended: in the repository, or in the file that was given."""
    return f"mend {source}" + (" on the default branch" if source == "mission.md" else "")


class _Loader(yaml.SafeLoader):
    """The safe loader, minus odd or duplicate keys, aliases (they can explode) and depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401
        """Compose one node, refusing aliases and more nesting than a mission can need."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="an alias (`*name`) is not taken here", problem_mark=event.start_mark
            )
        if self.depth >= DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  PyYAML's own signature
        """Build a mapping whose keys are all different."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.MarkedYAMLError(
                    problem="a key has to be a plain word", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"`{key.value}` is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The values, the prose below them, and where each value was written."""

    values: object
    prose: str
    root: yaml.Node | None

    def line(self, path: Sequence[int | str]) -> int:
        """Return the 1-based line of the file where `path`, or its nearest parent, stands."""
        node, line = self.root, 2
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    """Return the node below `node` and its line in the file; the fence is line 1."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 2
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 2
    return None


def split(text: str, source: str) -> FrontMatter:
    """Split a file into front matter and prose; MissionError names line and column."""
    if len(text) > LARGEST:
        raise MissionError(f"{source} is larger than {LARGEST // 1024} KiB", remedy="shorten it")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != FENCE:
        raise MissionError(
            f"{source} has no front matter",
            means="its first line is not `---`, so there are no checks, limits or product commands",
            remedy="start it with `---`, `checks: [your test command]` and `---`, then the prose",
        )
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise MissionError(
            f"{source}: the front matter that opens on line 1 is never closed",
            remedy="put a line `---` between the settings and the prose",
        )
    return _load("\n".join(lines[1:end]), "\n".join(lines[end + 1 :]).strip(), source)


def _load(front: str, prose: str, source: str) -> FrontMatter:
    """Parse the YAML; every way it can fail has a place in the file."""
    try:
        loader = _Loader(front)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 2}, column {mark.column + 1}" if mark else ""
        said = error.problem or error.context or "it is no YAML"
        raise MissionError(f"{source}{where}: {said}", remedy=mend(source)) from None
    except (yaml.YAMLError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise MissionError(
            f"{source}: the front matter is no YAML: {said}", remedy=mend(source)
        ) from None
    return FrontMatter(values, prose, root)
