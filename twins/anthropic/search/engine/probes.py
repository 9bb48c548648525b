"""Calls that tell two plausible patches apart: the issue's own calls with other literals.

Two patches that answer every probe alike count as one: after a refusal it is no use to submit the
same behaviour again.
"""

import ast
import copy
import random
from collections.abc import Iterable, Iterator

from twins.anthropic.search.engine.shapes import Example

LIMIT = 48


def probes_of(examples: Iterable[Example], calls: Iterable[str], seed: int) -> list[Example]:
    """Return runnable variations, at most LIMIT, the same for the same seed."""
    found: dict[Example, None] = {}
    bases = [
        Example(each.kind, each.code, "survives", "", "neutral", each.setup)
        for each in examples
        if each.kind != "script"
    ]
    bases += [Example("expr", call, "survives") for call in calls]
    for base in dict.fromkeys(bases):
        found[base] = None
        varied = _commands(base.code) if base.kind == "shell" else _variations(base.code)
        for code in varied:
            found[Example(base.kind, code, "survives", "", "neutral", base.setup)] = None
    chosen = list(found)
    if len(chosen) > LIMIT:
        random.Random(seed).shuffle(chosen)  # noqa: S311 - a sample, no secret
    return chosen[:LIMIT]


def calls_in_tests(texts: Iterable[str], names: set[str]) -> list[str]:
    """Return calls of product functions with literal arguments that tests contain."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                if node.func.id in names and values and all(map(_is_literal, values)):
                    found[ast.unparse(node)] = None
    return list(found)[:12]


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


def _variations(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code, mode="eval")
    except SyntaxError:
        return
    count = sum(isinstance(node, ast.Constant) for node in ast.walk(tree))
    for index in range(count):
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        for value in _others(constants[index].value):
            varied = copy.deepcopy(tree)
            places = [node for node in ast.walk(varied) if isinstance(node, ast.Constant)]
            places[index].value = value
            yield ast.unparse(varied)


def _others(value: object) -> Iterator[str | int | float | bool]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2, value * 10, 0, -value, value + 7)
    elif isinstance(value, float):
        yield from (value + 0.5, value - 0.5, value * 2, value * 10, 0.0, -value, value + 0.01)
    elif isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            yield from (value.upper(), f" {value} ", "", value[:-1], value * 2)
            yield from (value.strip(), value[::-1], value[1:], "x")
        else:
            yield from (str(number + 1), str(number / 2), str(number * 10), "0", str(-number))


def _commands(command: str) -> Iterator[str]:
    words = command.split()
    for index, word in enumerate(words):
        if word.replace(".", "", 1).isdigit():
            for value in (float(word) + 1, float(word) * 3, float(word) / 2, 0.0):
                text = f"{value:g}"
                yield " ".join([*words[:index], text, *words[index + 1 :]])
