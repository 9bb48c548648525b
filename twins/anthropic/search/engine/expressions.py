"""Operators on expressions: what one small slip in an expression may have looked like."""

import ast
import re
from collections.abc import Iterator

from twins.anthropic.search.engine.calls import call_edits, same_arity, siblings_of
from twins.anthropic.search.engine.literals import (
    constant_edits,
    format_edits,
    held,
    unsigned_zero,
)
from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.vocabulary import (
    ARITHMETIC,
    ARITHMETIC_TEXT,
    COMPARISON_TEXT,
    COMPARISONS,
    WRAPS_CALL,
    WRAPS_METHOD,
)
from twins.anthropic.search.engine.workshop import Workshop

_BOUNDARY = {("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")}
_ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)


def expression_edits(bench: Workshop, node: ast.expr) -> Iterator[Edit]:
    """Yield every edit of one expression node."""
    match node:
        case ast.Constant():
            yield from constant_edits(bench, node)
        case ast.JoinedStr():
            yield from format_edits(bench, node)
        case ast.Name() if isinstance(node.ctx, ast.Load):
            yield from _name(bench, node)
        case ast.Attribute() if isinstance(node.ctx, ast.Load):
            yield from _attribute(bench, node)
        case ast.Subscript() if isinstance(node.ctx, ast.Load):
            yield from _subscript(bench, node)
        case _:
            yield from _compound(bench, node)
    if _is_value_site(bench, node):
        yield from _wraps(bench, node)
    if _is_test(bench, node):
        yield from _truthiness(bench, node)


def _is_test(bench: Workshop, node: ast.expr) -> bool:
    """Tell whether only the truth of an expression counts, `and` and `or` between included."""
    parent = bench.source.parents.get(node)
    match parent:
        case ast.If() | ast.While() | ast.IfExp():
            return parent.test is node
        case ast.comprehension():
            return node in parent.ifs
        case ast.BoolOp():
            return _is_test(bench, parent) or node is not parent.values[-1]
        case _:
            return False


def _truthiness(bench: Workshop, node: ast.expr) -> Iterator[Edit]:
    """Yield the mix-ups of "is there one" and "is it true": 0 and "" are there and false."""
    match node:
        case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript():
            code = bench.source.code(node)
            yield bench.edit(node, f"{code} is not None", "truthiness", 0.55)
            yield bench.edit(node, f"{code} is None", "truthiness", 0.3)
        case ast.UnaryOp(op=ast.Not(), operand=ast.expr() as operand):
            code = held(bench.source.code(operand))
            yield bench.edit(node, f"{code} is None", "truthiness", 0.55)
            yield bench.edit(node, f"{code} is not None", "truthiness", 0.3)
        case ast.Compare(ops=[ast.Is() | ast.IsNot() as kind], comparators=[ast.Constant(None)]):
            code = held(bench.source.code(node.left))
            plain, other = f"not {code}", code
            if isinstance(kind, ast.IsNot):
                plain, other = other, plain
            yield bench.edit(node, plain, "truthiness", 0.5)
            yield bench.edit(node, other, "truthiness", 0.3)
        case _:
            pass


def _compound(bench: Workshop, node: ast.expr) -> Iterator[Edit]:
    match node:
        case ast.Compare():
            yield from _compare(bench, node)
        case ast.BoolOp():
            yield from _boolean(bench, node)
        case ast.UnaryOp():
            yield bench.edit(node, bench.source.code(node.operand), "drop-unary", 0.55)
        case ast.BinOp():
            yield from _binary(bench, node)
        case ast.Call():
            yield from call_edits(bench, node)
        case ast.IfExp():
            yield from _choice(bench, node)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _comprehension(bench, node)
        case _:
            pass


def negated(text: str) -> str:
    """Return the negation of a condition's text."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return f"not ({text})"
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return ast.unparse(tree.operand)
    simple = isinstance(tree, _ATOMS)
    return f"not {text}" if simple else f"not ({text})"


def _compare(bench: Workshop, node: ast.Compare) -> Iterator[Edit]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        old = COMPARISON_TEXT[type(operator)]
        for new in COMPARISONS[type(operator)]:
            prior = 0.9 if (old, new) in _BOUNDARY else 0.5
            yield from bench.between(left, right, old, new, operator="compare", prior=prior)
        left = right
    if len(node.ops) > 1:
        for index in (0, len(node.ops)):
            parts = [node.left, *node.comparators]
            kept = parts[1:] if index == 0 else parts[:-1]
            used = node.ops[1:] if index == 0 else node.ops[:-1]
            chain = ast.Compare(kept[0], used, kept[1:])
            yield bench.edit(node, ast.unparse(chain), "unchain", 0.3, destructive=True)
    elif isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.In)):
        texts = [bench.source.code(node.left), bench.source.code(node.comparators[0])]
        old = COMPARISON_TEXT[type(node.ops[0])]
        for method in (".lower()", ".casefold()", ".strip()"):
            both = f" {old} ".join(text + method for text in texts)
            yield bench.edit(node, both, "normalise-both", 0.2)


def _boolean(bench: Workshop, node: ast.BoolOp) -> Iterator[Edit]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from bench.between(left, right, old, new, operator="boolean", prior=0.65)
    for dropped in node.values:
        kept = [bench.source.code(each) for each in node.values if each is not dropped]
        yield bench.edit(node, f" {old} ".join(kept), "drop-condition", 0.35, destructive=True)
    for value in node.values:
        yield bench.edit(value, negated(bench.source.code(value)), "negate", 0.4)


def _binary(bench: Workshop, node: ast.BinOp) -> Iterator[Edit]:
    old = ARITHMETIC_TEXT.get(type(node.op))
    if old is None:
        return
    left, right = bench.source.code(node.left), bench.source.code(node.right)
    for new in ARITHMETIC[type(node.op)]:
        prior = 0.6 if {old, new} <= {"+", "-"} or {old, new} <= {"/", "//"} else 0.45
        yield from bench.between(
            node.left, node.right, old, new, operator="arithmetic", prior=prior
        )
    if isinstance(node.op, _ORDERED):
        yield bench.edit(node, f"{held(right)} {old} {held(left)}", "operand-swap", 0.4)
    yield bench.edit(node, left, "keep-left", 0.3, destructive=True)
    yield bench.edit(node, right, "keep-right", 0.3, destructive=True)
    if old == "/":
        yield bench.edit(node, f"-(-{held(left)} // {held(right)})", "ceiling-division", 0.25)
    if old == "//":
        yield bench.edit(node, f"-(-{held(left)} // {held(right)})", "ceiling-division", 0.5)
        yield bench.edit(node, f"round({left} / {held(right)})", "rounded-division", 0.3)
    yield from _regroup(bench, node)


def _regroup(bench: Workshop, node: ast.BinOp) -> Iterator[Edit]:
    """Put parentheses around the operator and its nearest operands on either side."""
    start, end = bench.source.span(node)
    text, path = bench.source.text, bench.source.path
    leaf: ast.expr = node.right
    while isinstance(leaf, ast.BinOp):
        leaf = leaf.left
        cut = bench.source.span(leaf)[1]
        new = f"({text[start:cut]}){text[cut:end]}"
        yield Edit(path, start, end, new, "regroup", 0.45, node.lineno)
    leaf = node.left
    while isinstance(leaf, ast.BinOp):
        leaf = leaf.right
        cut = bench.source.span(leaf)[0]
        new = f"{text[start:cut]}({text[cut:end]})"
        yield Edit(path, start, end, new, "regroup", 0.45, node.lineno)


def _name(bench: Workshop, node: ast.Name) -> Iterator[Edit]:
    parent = bench.source.parents.get(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        yield from _called_name(bench, node)
        return
    for name, prior in siblings_of(node.id):
        if name in bench.names or (name[0].isupper() and name.endswith(("Error", "Exception"))):
            yield bench.edit(node, name, "sibling", prior)
        elif name.startswith("ROUND_"):
            yield bench.edit(node, f'"{name}"', "sibling", prior - 0.02)
    local = [name for name in bench.scope(node) if name != node.id]
    for name in local:
        yield bench.edit(node, name, "name", 0.45)
    if bench.names.get(node.id, "value") == "value":
        prior = 0.4 if node.id in bench.names else 0.2
        for name in bench.module_values():
            if name not in {node.id, *local}:
                yield bench.edit(node, name, "name", prior)


def _called_name(bench: Workshop, node: ast.Name) -> Iterator[Edit]:
    for name, prior in siblings_of(node.id):
        if re.fullmatch(r"\w+", name) or name.split(".", 1)[0] in bench.names:
            yield bench.edit(node, name, "call-name", prior)
    if node.id in bench.signatures:
        for name in bench.functions():
            if name != node.id and same_arity(bench, name, node.id):
                yield bench.edit(node, name, "call-name", 0.35)


def _attribute(bench: Workshop, node: ast.Attribute) -> Iterator[Edit]:
    base = bench.source.code(node.value)
    parent = bench.source.parents.get(node)
    called = isinstance(parent, ast.Call) and parent.func is node
    for name, prior in siblings_of(node.attr):
        if "." not in name:
            yield bench.edit(node, f"{base}.{name}", "sibling", prior)
    if called:
        return
    near = bench.attributes.get(ast.unparse(node.value), ())
    for name in near:
        if name != node.attr:
            yield bench.edit(node, f"{base}.{name}", "attribute", 0.45)
    for name in bench.fields:
        if name != node.attr and name not in near:
            yield bench.edit(node, f"{base}.{name}", "attribute", 0.15)
    for name in bench.scope(node):
        if name != base:
            yield bench.edit(node, name, "attribute-to-name", 0.15)


def _subscript(bench: Workshop, node: ast.Subscript) -> Iterator[Edit]:
    base = bench.source.code(node.value)
    if isinstance(node.slice, ast.Slice):
        lower = bench.source.code(node.slice.lower) if node.slice.lower else ""
        upper = bench.source.code(node.slice.upper) if node.slice.upper else ""
        step = f":{bench.source.code(node.slice.step)}" if node.slice.step else ""
        options = {f"{lower}:": 0.35, f":{upper}": 0.35, f"{upper}:": 0.3, f":{lower}": 0.3}
        if upper:
            options |= {f"{lower}:{upper} + 1": 0.5, f"{lower}:{upper} - 1": 0.45}
            options[f"{lower}:{unsigned_zero(f'-{held(upper)}')}"] = 0.3
        else:
            options[f"{lower}:-1"] = 0.4
        if lower:
            options |= {f"{lower} + 1:{upper}": 0.45, f"{lower} - 1:{upper}": 0.4}
            options[f"{unsigned_zero(f'-{held(lower)}')}:{upper}"] = 0.3
        else:
            options[f"1:{upper}"] = 0.4
        for text, prior in options.items():
            yield bench.edit(node, f"{base}[{text}{step}]", "slice", prior)
        if not step:
            yield bench.edit(node, f"{base}[{lower}:{upper}:-1]", "slice", 0.25)
        yield bench.edit(node, base, "unslice", 0.35, destructive=True)
        return
    index = bench.source.code(node.slice)
    for text in ("0", "-1", "1"):
        if isinstance(node.slice, (ast.Constant, ast.UnaryOp)) and text != index:
            yield bench.edit(node.slice, text, "index", 0.4)
    for default in ("", ", 0", ', ""', ", None"):
        yield bench.edit(node, f"{base}.get({index}{default})", "lenient-lookup", 0.25)


def _choice(bench: Workshop, node: ast.IfExp) -> Iterator[Edit]:
    body, test, other = (bench.source.code(each) for each in (node.body, node.test, node.orelse))
    yield bench.edit(node, f"{other} if {test} else {body}", "swap-branches", 0.5)
    yield bench.edit(node, body, "keep-branch", 0.3, destructive=True)
    yield bench.edit(node, other, "keep-branch", 0.3, destructive=True)


def _comprehension(
    bench: Workshop, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Iterator[Edit]:
    for generator in node.generators:
        for test in generator.ifs:
            yield bench.edit(test, negated(bench.source.code(test)), "negate", 0.5)
            yield bench.edit(test, "True", "drop-filter", 0.35, destructive=True)
        names = [each.id for each in ast.walk(generator.target) if isinstance(each, ast.Name)]
        if not generator.ifs:
            source = bench.source.code(generator.iter)
            for name in names:
                for wanted in (f"{name}", f"{name} is not None", f"not {name}"):
                    new = f"{held(source)} if {wanted}"
                    yield bench.edit(generator.iter, new, "filter", 0.25)


def _is_value_site(bench: Workshop, node: ast.expr) -> bool:
    """Choose the places whose value flows on: arguments, operands, results."""
    if not isinstance(node, (*_ATOMS, ast.BinOp, ast.IfExp)) or isinstance(node, ast.Constant):
        return False
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    parent = bench.source.parents.get(node)
    if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
        return False
    return not isinstance(parent, (ast.FormattedValue, ast.withitem, ast.Starred))


def _wraps(bench: Workshop, node: ast.expr) -> Iterator[Edit]:
    code = bench.source.code(node)
    parent = bench.source.parents.get(node)
    term = held(code)
    tight = isinstance(parent, (ast.Compare, ast.Subscript, ast.Slice, ast.BinOp))
    spot = "({})" if isinstance(parent, (ast.BinOp, ast.UnaryOp)) else "{}"
    for text in ("+ 1", "- 1"):
        yield bench.edit(node, spot.format(f"{code} {text}"), "off-by-one", 0.42 if tight else 0.25)
    for method in WRAPS_METHOD:
        yield bench.edit(node, term + method, "wrap-method", 0.24)
    for function in WRAPS_CALL:
        if not code.startswith(f"{function}("):
            yield bench.edit(node, f"{function}({code})", "wrap-call", 0.2)
    yield bench.edit(node, f"round({code}, 2)", "wrap-call", 0.2)
    yield bench.edit(node, f"max(0, {code})", "clamp", 0.26)
    scope = [name for name in (*bench.scope(node)[:8], *bench.module_values()[:12]) if name != code]
    for name in scope:
        for function in ("min", "max"):
            prior = 0.16 if name in bench.names else 0.2
            yield bench.edit(node, f"{function}({code}, {name})", "clamp", prior)
        for operator in "+-*/":
            combined = spot.format(f"{term} {operator} {name}")
            yield bench.edit(node, combined, "combine", 0.13)
    yield bench.edit(node, spot.format(f"-{term}"), "minus", 0.2)
    for default in ("0", '""', "[]", "None"):
        yield bench.edit(node, f"({code} or {default})", "default", 0.12)
    if isinstance(parent, (ast.If, ast.While, ast.BoolOp, ast.IfExp)):
        yield bench.edit(node, negated(code), "negate", 0.5)
