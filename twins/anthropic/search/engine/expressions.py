"""Operators on expressions: what one small slip in an expression may have looked like."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.vocabulary import (
    ARITHMETIC,
    ARITHMETIC_TEXT,
    COMPARISON_TEXT,
    COMPARISONS,
    CONSTANTS,
    SIBLINGS,
    WRAPS_CALL,
    WRAPS_METHOD,
)
from twins.anthropic.search.engine.workshop import Workshop

_BOUNDARY = {("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")}
_ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)
_SPEC = re.compile(r"(:[^{}:]*?)(\.?)(\d+)([a-z%]?)(?=\})|%(\.?)(\d+)([a-z])")


def expression_edits(bench: Workshop, node: ast.expr) -> Iterator[Edit]:
    """Yield every edit of one expression node."""
    match node:
        case ast.Compare():
            yield from _compare(bench, node)
        case ast.BoolOp():
            yield from _boolean(bench, node)
        case ast.UnaryOp():
            yield bench.edit(node, bench.source.code(node.operand), "drop-unary", 0.55)
        case ast.BinOp():
            yield from _binary(bench, node)
        case ast.Constant():
            yield from _constant(bench, node)
        case ast.Name() if isinstance(node.ctx, ast.Load):
            yield from _name(bench, node)
        case ast.Attribute() if isinstance(node.ctx, ast.Load):
            yield from _attribute(bench, node)
        case ast.Call():
            yield from _call(bench, node)
        case ast.Subscript() if isinstance(node.ctx, ast.Load):
            yield from _subscript(bench, node)
        case ast.IfExp():
            yield from _choice(bench, node)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _comprehension(bench, node)
        case ast.JoinedStr():
            yield from _format(bench, node)
        case _:
            pass
    if _is_value_site(bench, node):
        yield from _wraps(bench, node)


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
            yield from bench.between(left, right, old, new, "compare", prior)
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
        yield from bench.between(left, right, old, new, "boolean", 0.65)
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
        yield from bench.between(node.left, node.right, old, new, "arithmetic", prior)
    if isinstance(node.op, _ORDERED):
        yield bench.edit(node, f"{_held(right)} {old} {_held(left)}", "operand-swap", 0.4)
    yield bench.edit(node, left, "keep-left", 0.3, destructive=True)
    yield bench.edit(node, right, "keep-right", 0.3, destructive=True)
    if old == "/":
        yield bench.edit(node, f"-(-{_held(left)} // {_held(right)})", "ceiling-division", 0.25)
    if old == "//":
        yield bench.edit(node, f"-(-{_held(left)} // {_held(right)})", "ceiling-division", 0.5)
        yield bench.edit(node, f"round({left} / {_held(right)})", "rounded-division", 0.3)
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


def _held(text: str) -> str:
    """Put parentheses around a text that is no single term."""
    return text if re.fullmatch(r"[\w.]+(\([^()]*\)|\[[^\[\]]*\])?", text) else f"({text})"


def _constant(bench: Workshop, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield bench.edit(node, str(not value), "flip-bool", 0.6)
    elif isinstance(value, (int, float)):
        for text, prior in _numbers(bench, bench.source.code(node)):
            yield bench.edit(node, text, "number", prior)
    elif isinstance(value, str) and not bench.is_docstring(node):
        if isinstance(bench.source.parents.get(node), ast.JoinedStr):
            return
        for text, prior in _strings(bench, value):
            if text != value:
                yield bench.edit(node, _quoted(bench, node, text), "string", prior)


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
    near.pop(written, None)
    near.pop(str(value), None)
    yield from near.items()


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _strings(bench: Workshop, value: str) -> Iterator[tuple[str, float]]:
    near: dict[str, float] = {}
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        near |= dict(_numbers(bench, value))
        for text, prior in list(near.items()):
            if "." in value:
                places = len(value.partition(".")[2])
                near.setdefault(f"{Decimal(text):.{places}f}", prior)
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


def _format(bench: Workshop, node: ast.JoinedStr) -> Iterator[Edit]:
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


def _name(bench: Workshop, node: ast.Name) -> Iterator[Edit]:
    parent = bench.source.parents.get(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        for name, prior in _siblings(node.id):
            if re.fullmatch(r"\w+", name) or name.split(".")[0] in bench.names:
                yield bench.edit(node, name, "call-name", prior)
        if node.id in bench.signatures:
            for name in bench.functions():
                if name != node.id and _arity(bench, name, node.id):
                    yield bench.edit(node, name, "call-name", 0.35)
        return
    for name, prior in _siblings(node.id):
        if name in bench.names or (name[0].isupper() and name.endswith(("Error", "Exception"))):
            yield bench.edit(node, name, "sibling", prior)
        elif name.startswith("ROUND_"):
            yield bench.edit(node, f'"{name}"', "sibling", prior - 0.02)
    local = bench.scope(node)
    for name in local:
        if name != node.id:
            yield bench.edit(node, name, "name", 0.45)
    if bench.names.get(node.id, "value") == "value":
        for name in bench.module_values():
            if name != node.id and name not in local:
                prior = 0.4 if node.id in bench.names else 0.2
                yield bench.edit(node, name, "name", prior)


def _siblings(name: str) -> Iterator[tuple[str, float]]:
    """Yield what a name is taken for, the likeliest first."""
    for index, other in enumerate(SIBLINGS.get(name, ())):
        yield other, 0.55 - 0.01 * index


def _arity(bench: Workshop, one: str, other: str) -> bool:
    return len(bench.signatures.get(one, ())) == len(bench.signatures.get(other, ()))


def _attribute(bench: Workshop, node: ast.Attribute) -> Iterator[Edit]:
    base = bench.source.code(node.value)
    parent = bench.source.parents.get(node)
    called = isinstance(parent, ast.Call) and parent.func is node
    for name, prior in _siblings(node.attr):
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


def _call(bench: Workshop, node: ast.Call) -> Iterator[Edit]:
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
        yield bench.edit(body, f"-{_held(code)}", "sort-key", 0.35)
        for argument in keys[0].value.args.args[:1]:
            yield bench.edit(body, f"({code}, {argument.arg})", "sort-key", 0.3)


def _subscript(bench: Workshop, node: ast.Subscript) -> Iterator[Edit]:
    base = bench.source.code(node.value)
    if isinstance(node.slice, ast.Slice):
        lower = bench.source.code(node.slice.lower) if node.slice.lower else ""
        upper = bench.source.code(node.slice.upper) if node.slice.upper else ""
        step = f":{bench.source.code(node.slice.step)}" if node.slice.step else ""
        options = {f"{lower}:": 0.35, f":{upper}": 0.35, f"{upper}:": 0.3, f":{lower}": 0.3}
        if upper:
            options |= {f"{lower}:{upper} + 1": 0.5, f"{lower}:{upper} - 1": 0.45}
            options[f"{lower}:-{_held(upper)}"] = 0.3
        else:
            options[f"{lower}:-1"] = 0.4
        if lower:
            options |= {f"{lower} + 1:{upper}": 0.45, f"{lower} - 1:{upper}": 0.4}
            options[f"-{_held(lower)}:{upper}"] = 0.3
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
                    new = f"{_held(source)} if {wanted}"
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
    held = _held(code)
    tight = isinstance(parent, (ast.Compare, ast.Subscript, ast.Slice, ast.BinOp))
    spot = "({})" if isinstance(parent, (ast.BinOp, ast.UnaryOp)) else "{}"
    for text in ("+ 1", "- 1"):
        yield bench.edit(node, spot.format(f"{code} {text}"), "off-by-one", 0.42 if tight else 0.25)
    for method in WRAPS_METHOD:
        yield bench.edit(node, held + method, "wrap-method", 0.24)
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
            combined = spot.format(f"{held} {operator} {name}")
            yield bench.edit(node, combined, "combine", 0.13)
    yield bench.edit(node, spot.format(f"-{held}"), "minus", 0.2)
    for default in ("0", '""', "[]", "None"):
        yield bench.edit(node, f"({code} or {default})", "default", 0.12)
    if isinstance(parent, (ast.If, ast.While, ast.BoolOp, ast.IfExp)):
        yield bench.edit(node, negated(code), "negate", 0.5)
