"""Operators on calls: which function, with which arguments, in which order."""

import ast
from collections.abc import Iterator

from twins.anthropic.search.engine.literals import held
from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.vocabulary import SIBLINGS
from twins.anthropic.search.engine.workshop import Workshop


def call_edits(bench: Workshop, node: ast.Call) -> Iterator[Edit]:
    """Yield the edits of a call's arguments and of the call as a whole."""
    code = bench.source.code
    for left, right in zip(node.args, node.args[1:], strict=False):
        start, end = bench.source.span(left)[0], bench.source.span(right)[1]
        gap = bench.source.text[bench.source.span(left)[1] : bench.source.span(right)[0]]
        swapped = code(right) + gap + code(left)
        path = bench.source.path
        yield Edit(path, start, end, swapped, "argument-swap", 0.5, left.lineno)
    function = code(node.func)
    given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    arguments = [code(each) for each in given]
    for index in range(len(arguments)):
        kept = ", ".join(arguments[:index] + arguments[index + 1 :])
        yield bench.edit(node, f"{function}({kept})", "argument-drop", 0.35, destructive=True)
    if len(node.args) == 1 and not node.keywords:
        yield bench.edit(node, arguments[0], "unwrap", 0.45, destructive=True)
    if isinstance(node.func, ast.Attribute):
        base = code(node.func.value)
        yield bench.edit(node, base, "unwrap-method", 0.4, destructive=True)
    for added, prior in _added(bench, node, len(node.args)):
        yield bench.edit(
            node, f"{function}({', '.join([*arguments, added])})", "argument-add", prior
        )
    yield from _special_calls(bench, node, arguments)


def _added(bench: Workshop, node: ast.Call, given: int) -> Iterator[tuple[str, float]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    used = {keyword.arg for keyword in node.keywords}
    scope = bench.scope(node)
    for parameter in bench.signatures.get(name, ())[given:]:
        if parameter in used:
            continue
        for value in scope[:8]:
            yield f"{parameter}={value}", 0.6 if value == parameter else 0.15
        for value in ("True", "False", "0", "1"):
            yield f"{parameter}={value}", 0.15
    texts: dict[str, tuple[str, ...]] = {
        "get": ("0", '""', "[]", "None", *scope[:3]),
        "sorted": ("reverse=True",),
        "sort": ("reverse=True",),
        "round": ("2", "0"),
        "enumerate": ("1",),
        "quantize": ('rounding="ROUND_HALF_UP"', 'rounding="ROUND_CEILING"'),
        "split": ("1",),
        "replace": ("1",),
        "min": ("default=0",),
        "max": ("default=0",),
        "sum": ("0",),
        "strftime": (),
        "dumps": ("sort_keys=True", "ensure_ascii=False"),
        "next": ("None",),
        "pop": ("0", "None", "-1"),
        "strip": ('"/"', '"."'),
        "getattr": ("None",),
    }
    for text in texts.get(name, ()):
        if text.split("=")[0] not in used:
            yield text, 0.4


def _special_calls(bench: Workshop, node: ast.Call, arguments: list[str]) -> Iterator[Edit]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "range" and arguments:
        first, *rest = arguments
        if not rest:
            for text in (f"1, {first}", f"1, {first} + 1", f"{first} + 1", f"{first} - 1"):
                yield bench.edit(node, f"range({text})", "range", 0.6)
        elif len(rest) == 1:
            for text in (
                f"{first}, {rest[0]} + 1",
                f"{first}, {rest[0]} - 1",
                f"{first} + 1, {rest[0]}",
                f"{first} - 1, {rest[0]}",
                rest[0],
            ):
                yield bench.edit(node, f"range({text})", "range", 0.6)
    if name in {"round", "int"} and len(arguments) == 1:
        yield bench.edit(node, f"int({arguments[0]} + 0.5)", "half-up", 0.25)
    keys = [keyword for keyword in node.keywords if keyword.arg == "key"]
    if keys and isinstance(keys[0].value, ast.Lambda):
        body = keys[0].value.body
        code = bench.source.code(body)
        yield bench.edit(body, f"-{held(code)}", "sort-key", 0.35)
        for argument in keys[0].value.args.args[:1]:
            yield bench.edit(body, f"({code}, {argument.arg})", "sort-key", 0.3)


def siblings_of(name: str) -> Iterator[tuple[str, float]]:
    """Yield what a name is taken for, the likeliest first."""
    for index, other in enumerate(SIBLINGS.get(name, ())):
        yield other, 0.55 - 0.01 * index


def same_arity(bench: Workshop, one: str, other: str) -> bool:
    """Tell whether two functions take equally many arguments."""
    return len(bench.signatures.get(one, ())) == len(bench.signatures.get(other, ()))
