"""`${expression}` in the texts of a scenario, filled with the values of one run."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bot.validator.expression import Expression, parse
from bot.validator.functions import ExpressionError

_PLACE = re.compile(r"\$(\$)?\{([^{}]*)\}")


def expressions(value: Any) -> Iterator[Expression]:
    """Parse every `${...}` in a JSON value, keys included."""
    if isinstance(value, str):
        for match in _PLACE.finditer(value):
            if not match[1]:
                yield parse(match[2])
        if "${" in _PLACE.sub("", value):
            raise ExpressionError("a '${' is not closed, or holds braces or unquoted spaces")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from expressions(key)
            yield from expressions(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from expressions(item)


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """Replace every `${...}`; a text that is nothing else keeps the type of its value.

    A Decimal becomes its text, because JSON has no exact decimals; `$${` stays a literal `${`.
    """
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole and not whole[1]:
            return plain(parse(whole[2]).evaluate(names))
        return fill_text(value, names)
    if isinstance(value, Mapping):
        return {fill_text(key, names): fill(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, names) for item in value]
    return value


def fill_text(text: str, names: Mapping[str, Any], *, pattern: bool = False) -> str:
    """Replace every `${...}` by text; in a regular expression the values stand for themselves."""

    def replacement(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        value = as_text(parse(match[2]).evaluate(names))
        return re.escape(value) if pattern else value

    return _PLACE.sub(replacement, text)


def blank(text: str) -> str:
    """Put a letter where each `${...}` stands, to look at the rest."""
    return _PLACE.sub("x", text)


def as_text(value: Any) -> str:
    """Write a value as a person would type it on a command line."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case str() | int() | float():
            return str(value)
        case _:
            raise ExpressionError("only texts, numbers, true and false fit inside a text")


def plain(value: Any) -> Any:
    """Turn a value of the expression language into plain JSON."""
    match value:
        case Decimal():
            return as_text(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
