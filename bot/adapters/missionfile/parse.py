"""mission.md to a Mission, with every mistake named in the words of the person who made it."""

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.adapters.missionfile.document import SECTIONS, MissionDocument
from bot.adapters.missionfile.frontmatter import FrontMatter, mend, split
from bot.domain.mission import Mission
from bot.errors import MissionError

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list, such as `[one, two]`",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
    "dict_type": "a group of keys",
}
_YAML_NAMES = {
    str: "the text",
    bool: "the yes/no value",
    int: "the number",
    float: "the number",
    list: "the list",
    dict: "the group of keys",
}


def parse_mission(text: str, *, source: str = "mission.md") -> Mission:
    """Return the mission, or raise one MissionError that names every mistake with its line."""
    front = split(text, source)
    if not isinstance(front.values, dict):
        raise MissionError(
            f"{source}: the front matter holds no keys",
            means="between the two `---` lines stands no `key: value`",
            remedy="give at least `checks: [your test command]`",
        )
    try:
        document = MissionDocument.model_validate(front.values)
    except ValidationError as error:
        found = sorted(error.errors(), key=lambda detail: front.line(detail["loc"]))
        mistakes = [_explain(front, dict(detail), source) for detail in found]
        raise MissionError("; ".join(mistakes), remedy=mend(source)) from None
    return document.noun(front.prose)


def _explain(front: FrontMatter, detail: dict[str, Any], source: str) -> str:
    """Turn one of pydantic's findings into a sentence with a line number."""
    path: tuple[int | str, ...] = detail["loc"]
    where = f"{source} line {front.line(path)}"
    name = _dotted(path)
    match detail["type"]:
        case "extra_forbidden":
            return f"{where}: there is no key `{name}`{_nearest(path)}"
        case "missing":
            return f"{source}: the key `{name}` is missing"
        case "value_error":
            return f"{where}: `{name}` {detail['ctx']['error']}"
        case "too_short":
            return f"{where}: `{name}` needs at least one entry"
        case kind if kind in _KINDS:
            return f"{where}: `{name}` must be {_KINDS[kind]}, not {_shown(detail['input'])}"
        case _:
            return f"{where}: `{name}` {_bounds(detail)}, not {_shown(detail['input'])}"


def _bounds(detail: dict[str, Any]) -> str:
    """Say a numeric bound in words."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [f"must be {words[k]} {v:g}" for k, v in detail.get("ctx", {}).items() if k in words]
    return said[0] if said else f"is not accepted ({detail['msg']})"


def _dotted(path: Sequence[int | str]) -> str:
    """Write a path as people do: `limits.attempts`, `checks[1]`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _nearest(path: Sequence[int | str]) -> str:
    """Name the valid key that was probably meant, in the same group or in any other."""
    *parents, last = path
    group: type[BaseModel] = SECTIONS[str(parents[0])] if parents else MissionDocument
    here = list(group.model_fields)
    prefix = f"{parents[0]}." if parents else ""
    close = difflib.get_close_matches(str(last).lower(), here, n=1, cutoff=0.5)
    if close:
        return f"; did you mean `{prefix}{close[0]}`?"
    elsewhere = [f"{k}.{f}" for k, v in SECTIONS.items() for f in v.model_fields if f == last]
    elsewhere += [k for k in MissionDocument.model_fields if parents and k == last]
    if elsewhere:
        return f"; it belongs to `{elsewhere[0]}`"
    return f"; known are {', '.join(f'`{prefix}{key}`' for key in here)}"


def _shown(value: object) -> str:
    """Show what was written, short enough for one line."""
    if value is None:
        return "nothing"
    return f"{_YAML_NAMES.get(type(value), 'the value')} `{str(value)[:60]}`"
