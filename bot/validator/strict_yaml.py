"""YAML as data only: no dates, no yes/no booleans, no repeated keys, no custom tags."""

import re
from typing import Any

import yaml

from bot.errors import ScenarioError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOL = "tag:yaml.org,2002:bool"
_DROPPED = {"tag:yaml.org,2002:timestamp", _BOOL, "tag:yaml.org,2002:merge"}


class _Loader(_Base):  # type: ignore[misc]  # the C loader exists only at run time
    """YAML 1.2 scalars: `on`, `no` and `2024-02-29` stay the words that were written."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    """Build a mapping whose keys are unique strings."""
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, "keys must be text", key_node.start_mark
            )
        if key in result:
            raise yaml.constructor.ConstructorError(None, None, "repeated key", key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _DROPPED]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str, where: str) -> Any:
    """Parse one YAML document; an error names `where` and the line, never the text."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader, made stricter
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = error.problem if error.problem in {"keys must be text", "repeated key"} else ""
        raise ScenarioError(
            f"{where}:{line} {problem or 'not valid YAML'}",
            remedy="quote texts that contain ':', '#', '{' or '$'",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ScenarioError(f"{where}: not valid YAML") from None
