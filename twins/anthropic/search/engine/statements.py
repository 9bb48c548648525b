"""Operators on statements: guards, deletions, moves, donors, loops and handlers."""

import ast
import re
import textwrap
from collections.abc import Iterator

from twins.anthropic.search.engine.expressions import negated
from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.source import FunctionNode, arguments_of
from twins.anthropic.search.engine.vocabulary import ARITHMETIC, ARITHMETIC_TEXT
from twins.anthropic.search.engine.workshop import MAX_DONOR, Workshop, simple_statements

_LOOPS = (ast.For, ast.While, ast.AsyncFor)
_REMOVABLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.If)


def statement_edits(bench: Workshop, node: ast.stmt) -> Iterator[Edit]:
    """Yield every edit of one statement."""
    function = bench.source.function_of(node)
    match node:
        case ast.If() | ast.While():
            yield from _condition(bench, node, function)
        case ast.AugAssign():
            yield from _augmented(bench, node)
        case ast.Assign():
            yield from _assignment(bench, node, function)
        case ast.Return():
            yield from _return(bench, node, function)
        case ast.Break() | ast.Continue():
            other = "break" if isinstance(node, ast.Continue) else "continue"
            yield bench.edit(node, other, "loop-jump", 0.4)
        case ast.Try():
            yield from _handlers(bench, node)
        case _:
            pass
    if function is None or _is_docstring(bench, node):
        return
    if isinstance(node, _REMOVABLE):
        yield bench.edit(node, "pass", "delete", 0.2, destructive=True)
    yield from _moves(bench, node)
    yield from _guards(bench, node, function)
    yield from _donors(bench, node, function)
    if _is_first(bench, node, function):
        yield from _openings(bench, node, function)


def _is_docstring(bench: Workshop, node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and bench.is_docstring(node.value)
    )


def _condition(
    bench: Workshop, node: ast.If | ast.While, function: FunctionNode | None
) -> Iterator[Edit]:
    test = bench.source.code(node.test)
    yield bench.edit(node.test, negated(test), "negate", 0.55)
    for constant in ("True", "False"):
        yield bench.edit(node.test, constant, "constant-condition", 0.15, destructive=True)
    scope = bench.scope(node.test)
    extra = [text for text in bench.conditions(function) if text != test]
    extra += [*scope[:6]] + [f"not {name}" for name in scope[:6]]
    extra += [f"{name} is None" for name in scope[:6]]
    for text in dict.fromkeys(extra):
        if bench.known(text, scope):
            for word in ("and", "or"):
                body = f"({test})" if isinstance(node.test, (ast.BoolOp, ast.IfExp)) else test
                part = f"({text})" if " or " in text or " and " in text else text
                yield bench.edit(node.test, f"{body} {word} {part}", "add-condition", 0.2)
    if isinstance(node, ast.If) and not node.orelse:
        start, _ = bench.source.span(node)
        if bench.source.text.startswith("if", start):
            path = bench.source.path
            yield Edit(path, start, start + 2, "while", "if-to-while", 0.2, node.lineno)
    elif isinstance(node, ast.While):
        start, _ = bench.source.span(node)
        yield Edit(bench.source.path, start, start + 5, "if", "while-to-if", 0.2, node.lineno)


def _augmented(bench: Workshop, node: ast.AugAssign) -> Iterator[Edit]:
    target, value = bench.source.code(node.target), bench.source.code(node.value)
    old = ARITHMETIC_TEXT.get(type(node.op), "+")
    for new in ARITHMETIC.get(type(node.op), ()):
        prior = 0.6 if {old, new} <= {"+", "-"} else 0.4
        yield bench.edit(node, f"{target} {new}= {value}", "augmented", prior)
    yield bench.edit(node, f"{target} = {value}", "augmented", 0.4)


def _assignment(bench: Workshop, node: ast.Assign, function: FunctionNode | None) -> Iterator[Edit]:
    value = bench.source.code(node.value)
    if len(node.targets) == 1 and function is not None:
        target = bench.source.code(node.targets[0])
        for operator in ("+", "-"):
            yield bench.edit(node, f"{target} {operator}= {value}", "augmented", 0.3)
    if function is None:
        return
    scope = bench.scope(node)
    for other in ast.walk(function):
        if isinstance(other, ast.Assign) and other is not node:
            text = ast.unparse(other.value)
            if len(text) <= MAX_DONOR and text != value and bench.known(text, scope):
                yield bench.edit(node.value, text, "donor-value", 0.2)


def _return(bench: Workshop, node: ast.Return, function: FunctionNode | None) -> Iterator[Edit]:
    if node.value is None:
        return
    scope = bench.scope(node)
    written = bench.source.code(node.value)
    for text in bench.returned(function):
        if text != ast.unparse(node.value) and bench.known(text, scope):
            yield bench.edit(node.value, text, "donor-result", 0.3)
    for text in (*scope[:8], "None", "[]", "0", '""', "True", "False"):
        if text != written:
            prior = 0.3 if text in scope else 0.12
            yield bench.edit(node.value, text, "result", prior, destructive=True)
    if isinstance(node.value, (ast.Compare, ast.BoolOp, ast.Call, ast.Name)):
        yield bench.edit(node.value, negated(written), "negate", 0.35)
        for text in bench.conditions(None):
            if bench.known(text, scope):
                for word in ("and", "or"):
                    yield bench.edit(node.value, f"{written} {word} {text}", "add-condition", 0.15)


def _handlers(bench: Workshop, node: ast.Try) -> Iterator[Edit]:
    for handler in node.handlers:
        if handler.type is None:
            continue
        old = bench.source.code(handler.type)
        inner = old.strip("()")
        for name in (
            "ValueError",
            "KeyError",
            "TypeError",
            "IndexError",
            "ZeroDivisionError",
            "AttributeError",
            "OSError",
            "ArithmeticError",
        ):
            if name not in old:
                yield bench.edit(handler.type, f"({inner}, {name})", "widen-handler", 0.35)
        yield bench.edit(handler.type, "Exception", "widen-handler", 0.25)


def _block_of(bench: Workshop, node: ast.stmt) -> list[ast.stmt]:
    parent = bench.source.parents.get(node)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and node in block:
            return block
    return []


def _whole(bench: Workshop, first: ast.stmt, last: ast.stmt) -> tuple[int, int]:
    """Return the offsets of complete lines, line end included."""
    start = bench.source.line_start(first.lineno)
    end = bench.source.line_start((last.end_lineno or last.lineno) + 1)
    return start, min(end, len(bench.source.text))


def _alone(bench: Workshop, node: ast.stmt) -> bool:
    """Tell whether a statement has its lines for itself."""
    head = bench.source.line_text(node.lineno)[: node.col_offset]
    return not head.strip() and not isinstance(node, (ast.FunctionDef, ast.ClassDef))


def _moves(bench: Workshop, node: ast.stmt) -> Iterator[Edit]:
    block = _block_of(bench, node)
    if not block or not _alone(bench, node):
        return
    index = block.index(node)
    text = bench.source.text
    path = bench.source.path
    if index + 1 < len(block) and _alone(bench, block[index + 1]):
        (a, b), (c, d) = (
            _whole(bench, node, node),
            _whole(bench, block[index + 1], block[index + 1]),
        )
        swapped = text[c:d].rstrip("\n") + "\n" + text[b:c] + text[a:b]
        yield Edit(path, a, d, swapped, "swap-statements", 0.3, node.lineno)
        if isinstance(node, (*_LOOPS, ast.If, ast.With)) and not getattr(node, "orelse", None):
            column = node.body[-1].col_offset
            moved = textwrap.indent(text[c:d], " " * (column - node.col_offset))
            yield Edit(path, c, d, moved, "into-block", 0.3, block[index + 1].lineno)
    parent = bench.source.parents.get(node)
    if isinstance(parent, (*_LOOPS, ast.If, ast.With)) and len(block) > 1 and node is block[-1]:
        a, b = _whole(bench, node, node)
        depth = node.col_offset - parent.col_offset
        lines = text[a:b].split("\n")
        moved = "\n".join(line[depth:] if line.strip() else line for line in lines)
        yield Edit(path, a, b, moved, "out-of-block", 0.4, node.lineno)


def _before(
    bench: Workshop, node: ast.stmt, lines: str, operator: str, prior: float
) -> Iterator[Edit]:
    """Insert lines in front of a statement, at its depth."""
    if not _alone(bench, node):
        return
    line = node.lineno
    decorators = getattr(node, "decorator_list", [])
    start = bench.source.line_start(min([line, *(each.lineno for each in decorators)]))
    if bench.source.text.startswith("elif", start + node.col_offset):
        return
    text = textwrap.indent(lines, " " * node.col_offset) + "\n"
    yield Edit(bench.source.path, start, start, text, operator, prior, line)


def _guards(bench: Workshop, node: ast.stmt, function: FunctionNode) -> Iterator[Edit]:
    """Leave early before a statement when an argument or local is not what it should be."""
    scope = bench.scope(node)
    first = _is_first(bench, node, function)
    for name in scope[:6]:
        for test in (f"not {name}", f"{name} is None"):
            if first or isinstance(node, (ast.Return, ast.For)):
                for value in _results(bench, function):
                    yield from _guard(bench, node, test, f"return {value}", 0.2)
        if first or isinstance(node, ast.Return):
            for test in (f"{name} < 0", f"{name} <= 0", f"not {name}", f"{name} is None"):
                for line in (f"raise ValueError('invalid {name}')", *bench.raises[:6]):
                    yield from _guard(bench, node, test, line, 0.22)
    if bench.source.enclosing(node, _LOOPS) is not None:
        yield from _jumps(bench, node, function)


def _jumps(bench: Workshop, node: ast.stmt, function: FunctionNode) -> Iterator[Edit]:
    """Skip or end a loop before a statement."""
    for name in bench.scope(node)[:6]:
        for test in (f"not {name}", f"{name} is None"):
            yield from _guard(bench, node, test, "continue", 0.2)
    for text in bench.conditions(function):
        for word in ("continue", "break"):
            yield from _guard(bench, node, text, word, 0.12)


def _results(bench: Workshop, function: FunctionNode) -> list[str]:
    usual = ("None", "0", "[]", '""', "False")
    return list(dict.fromkeys([*bench.returned(function), *usual]))[:8]


def _guard(bench: Workshop, node: ast.stmt, test: str, action: str, prior: float) -> Iterator[Edit]:
    scope = bench.scope(node)
    known = action in {"continue", "break"} or bench.known(action.removeprefix("return "), scope)
    if known and bench.known(test, scope):
        operator = f"guard-{action.split(' ', 1)[0]}"
        yield from _before(bench, node, f"if {test}:\n    {action}", operator, prior)


def _is_first(bench: Workshop, node: ast.stmt, function: FunctionNode) -> bool:
    body = [each for each in function.body if not _is_docstring(bench, each)]
    return bool(body) and node is body[0]


def _openings(bench: Workshop, node: ast.stmt, function: FunctionNode) -> Iterator[Edit]:
    """Normalise an argument at the top of its function."""
    for name in arguments_of(function):
        for text in (
            f"{name}.strip()",
            f"{name}.lower()",
            f"{name}.upper()",
            f"list({name})",
            f"{name}.strip().lower()",
            f"{name}.strip().upper()",
            f"abs({name})",
            f"max(0, {name})",
            f"{name}.copy()",
            f"sorted({name})",
        ):
            yield from _before(bench, node, f"{name} = {text}", "normalise", 0.24)


def _donors(bench: Workshop, node: ast.stmt, function: FunctionNode) -> Iterator[Edit]:
    """Insert a simple statement that stands elsewhere in the module."""
    scope = bench.scope(node)
    seen: set[str] = set()
    for other, text in simple_statements(bench.source.tree):
        owner = bench.source.function_of(other)
        if other is node or owner is None or text in seen or _is_docstring(bench, other):
            continue
        if re.match(r"\w+ = ", text) and owner is not function:
            continue
        seen.add(text)
        if bench.known(text, scope):
            prior = 0.13 if owner is function else 0.06
            yield from _before(bench, node, text, "donor-statement", prior)
