"""Renders prompts/*.j2: strict, without logic, untrusted text only as one line of JSON."""

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from bot.errors import SettingsError

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def envelope(value: object) -> str:
    """Encode untrusted values as JSON that cannot close the tag it stands in."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True).translate(_ESCAPES)


class Prompts:
    """The prompt folder."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  plain text for a model; untrusted values go through envelope
            keep_trailing_newline=False,
        )

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Render one template; a missing value or template is an error, never an empty string."""
        try:
            return self._environment.get_template(f"{name}.j2").render(values)
        except TemplateError as error:
            raise SettingsError(
                f"prompt {name}: {error}", remedy="compare with prompts/ as it ships"
            ) from None
