"""Operators on literals: numbers, strings, decimal texts, formats."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.vocabulary import CONSTANTS
from twins.anthropic.search.engine.workshop import Workshop

_SPEC = re.compile(r"(:[^{}:]*?)(\.?)(\d+)([a-z%]?)(?=\})|%(\.?)(\d+)([a-z])")


def constant_edits(bench: Workshop, node: ast.Constant) -> Iterator[Edit]:
    """Yield other values for a literal."""
    value = node.value
    if isinstance(value, bool):
        yield bench.edit(node, str(not value), "flip-bool", 0.6)
    elif isinstance(value, (int, float)):
        yield from _number_edits(bench, node)
    elif isinstance(value, str) and not bench.is_docstring(node):
        if isinstance(bench.source.parents.get(node), ast.JoinedStr):
            return
        for text, prior in _strings(bench, value):
            if text != value:
                yield bench.edit(node, _quoted(bench, node, text), "string", prior)


def _number_edits(bench: Workshop, node: ast.Constant) -> Iterator[Edit]:
    """Yield other numbers; behind a minus sign the sign is part of what is replaced."""
    parent = bench.source.parents.get(node)
    minus = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    negative = parent if minus and isinstance(parent, ast.expr) else None
    for text, prior in _numbers(bench, bench.source.code(node)):
        if negative is None or not (text.startswith("-") or unsigned_zero(f"-{text}") == text):
            yield bench.edit(node, text, "number", prior)
        elif (positive := text.removeprefix("-")) != bench.source.code(negative):
            yield bench.edit(negative, positive, "number", prior)


def unsigned_zero(text: str) -> str:
    """Write a zero without its sign; any other text stays."""
    return text.removeprefix("-") if re.fullmatch(r"-[0.]*0[0.]*", text) else text


def _numbers(bench: Workshop, written: str) -> Iterator[tuple[str, float]]:
    try:
        value = Decimal(written.replace("_", ""))
    except InvalidOperation:
        return
    last = Decimal(1).scaleb(-len(written.partition(".")[2]))
    near = {str(value + last): 0.5, str(value - last): 0.5}
    if "." not in written:
        near |= {str(number): 0.35 for number in CONSTANTS}
    for number in bench.hints.numbers:
        near.setdefault(number, 0.45)
    for small in (3, 4, 5) if "." not in written else ():
        near.setdefault(str(small), 0.25)
    for factor in (10, 100, 1000, 2, 60, 24):
        near.setdefault(_plain(value * factor), 0.2)
        near.setdefault(_plain(value / factor), 0.2)
    for number in bench.numbers:
        near.setdefault(number, 0.2)
    near.setdefault(str(-value), 0.25)
    plain: dict[str, float] = {}
    for text, prior in near.items():
        plain.setdefault(unsigned_zero(text), prior)
    plain.pop(written, None)
    plain.pop(str(value), None)
    yield from plain.items()


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _strings(bench: Workshop, value: str) -> Iterator[tuple[str, float]]:
    near: dict[str, float] = {}
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        near |= dict(_numbers(bench, value))
        for text, prior in list(near.items()):
            if "." in value:
                places = len(value.partition(".")[2])
                near.setdefault(unsigned_zero(f"{Decimal(text):.{places}f}"), prior)
    for changed in (value.lower(), value.upper(), value.strip(), value.capitalize()):
        near.setdefault(changed, 0.3)
    for hint in bench.hints.strings:
        near.setdefault(hint, 0.35)
    numeric = value.replace(".", "", 1).isdigit()
    for other in bench.strings:
        alike = numeric and other.replace(".", "", 1).isdigit()
        near.setdefault(other, 0.35 if alike else 0.22)
    for changed in _respecified(value):
        near.setdefault(changed, 0.45)
    near.setdefault("", 0.15)
    if value and not value.isspace():
        near.setdefault(value + " ", 0.15)
        near.setdefault(" " + value, 0.15)
    yield from near.items()


def _quoted(bench: Workshop, node: ast.Constant, text: str) -> str:
    written = bench.source.code(node)
    if written.startswith('"') and '"' not in text and text.isprintable() and "\\" not in text:
        return f'"{text}"'
    return repr(text)


def _respecified(text: str) -> Iterator[str]:
    """Vary the number in a format such as `{x:.1f}` or `%.1f`, and its alignment."""
    for found in _SPEC.finditer(text):
        group = 3 if found[3] else 6
        digits = int(found[group])
        for other in dict.fromkeys((digits + 1, digits - 1, 2, 0)):
            if other != digits and other >= 0:
                yield text[: found.start(group)] + str(other) + text[found.end(group) :]
        if found[3] and not found[2]:
            yield text[: found.start(3)] + "." + text[found.start(3) :]
    for old, new in (("<", ">"), (">", "<"), ("^", "<")):
        for found in re.finditer(rf":[^{{}}]?({re.escape(old)})\d", text):
            yield text[: found.start(1)] + new + text[found.end(1) :]


def format_edits(bench: Workshop, node: ast.JoinedStr) -> Iterator[Edit]:
    """Yield other formats and names for an f-string."""
    code = bench.source.code(node)
    for changed in _respecified(code):
        yield bench.edit(node, changed, "format", 0.5)
    for found in re.finditer(r"\{([\w.]+)\}", code):
        for spec in (":.2f", ":,", ":02d", "!r"):
            new = code[: found.end(1)] + spec + code[found.end(1) :]
            yield bench.edit(node, new, "format", 0.3)
        for name in bench.scope(node):
            if name != found[1]:
                new = code[: found.start(1)] + name + code[found.end(1) :]
                yield bench.edit(node, new, "name", 0.3)


def held(text: str) -> str:
    """Put parentheses around a text that is no single term."""
    return text if re.fullmatch(r"[\w.]+(\([^()]*\)|\[[^\[\]]*\])?", text) else f"({text})"
