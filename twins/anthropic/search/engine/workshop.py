"""What an operator may draw on while it edits one file: scope, donors, words of the issue."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from twins.anthropic.search.engine.shapes import Edit
from twins.anthropic.search.engine.source import (
    BUILTIN_NAMES,
    FunctionNode,
    Source,
    module_names,
    names_in_scope,
)

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]{1,30})[\"'`]")
MAX_DONOR = 90
MAX_STRING = 30
ALWAYS_BOUND = BUILTIN_NAMES | {"self", "cls"}


@dataclass(frozen=True, slots=True)
class Hints:
    """Literals that the issue mentions."""

    numbers: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()

    @staticmethod
    def of(issue: str) -> "Hints":
        """Collect them in order of appearance."""
        numbers = dict.fromkeys(_NUMBER.findall(issue))
        strings = dict.fromkeys(text.strip() for text in _QUOTED.findall(issue))
        plain = [text for text in strings if text and not re.search(r"[()=\\]", text)]
        return Hints(tuple(numbers)[:24], tuple(plain)[:24])


@dataclass(slots=True)
class Workshop:
    """One file on the bench."""

    source: Source
    hints: Hints
    signatures: Mapping[str, tuple[str, ...]]
    names: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Collect the donors of the file once."""
        self.names = module_names(self.source)
        bases: dict[str, dict[str, None]] = {}
        fields: dict[str, None] = {}
        strings: dict[str, None] = {}
        numbers: dict[str, None] = {}
        raises: dict[str, None] = {}
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Attribute):
                base = ast.unparse(node.value)
                bases.setdefault(base, {})[node.attr] = None
                fields[node.attr] = None
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                fields[node.target.id] = None
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if 0 < len(node.value) <= MAX_STRING and not self.is_docstring(node):
                    strings[node.value] = None
            elif isinstance(node, ast.Constant) and type(node.value) in {int, float}:
                numbers[repr(node.value)] = None
            elif isinstance(node, ast.Raise) and node.exc is not None:
                text = ast.unparse(node)
                if len(text) <= MAX_DONOR:
                    raises[text] = None
        self.attributes = {base: tuple(found) for base, found in bases.items()}
        self.fields = tuple(fields)
        self.strings, self.numbers, self.raises = tuple(strings), tuple(numbers), tuple(raises)

    def is_docstring(self, node: ast.Constant) -> bool:
        """Tell whether a string constant stands alone as a statement."""
        return isinstance(self.source.parents.get(node), ast.Expr)

    def scope(self, node: ast.AST) -> list[str]:
        """Return local names usable at a node, comprehension variables first."""
        line = getattr(node, "lineno", 1)
        names = names_in_scope(self.source.function_of(node), line)
        inner: list[str] = []
        above = self.source.parents.get(node)
        while above is not None and not isinstance(above, (ast.FunctionDef, ast.Module)):
            if isinstance(above, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
                targets = [each.target for each in above.generators]
                inner += [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            elif isinstance(above, ast.Lambda):
                inner += [each.arg for each in above.args.args]
            above = self.source.parents.get(above)
        return list(dict.fromkeys([*inner, *names]))

    def module_values(self) -> list[str]:
        """Return module level names that hold values."""
        return [name for name, kind in self.names.items() if kind == "value"]

    def functions(self) -> list[str]:
        """Return the functions that the module defines."""
        return [name for name, kind in self.names.items() if kind == "function"]

    def conditions(self, function: FunctionNode | None) -> list[str]:
        """Return the conditions written in a function, or in the whole module."""
        return conditions_in(function or self.source.tree)

    def returned(self, function: FunctionNode | None) -> list[str]:
        """Return what a function returns elsewhere, as text."""
        return returned_in(function) if function is not None else []

    def known(self, text: str, scope: list[str]) -> bool:
        """Tell whether every free name of an expression or statement is bound here."""
        names = free_names(text)
        return names is not None and all(
            name in self.names or name in scope or name in ALWAYS_BOUND for name in names
        )

    def edit(
        self,
        node: ast.expr | ast.stmt | ast.keyword | ast.arg,
        new: str,
        operator: str,
        prior: float,
        *,
        destructive: bool = False,
    ) -> Edit:
        """Make the edit that replaces a node by a text."""
        start, end = self.source.span(node)
        return Edit(self.source.path, start, end, new, operator, prior, node.lineno, destructive)

    def between(
        self, left: ast.expr, right: ast.expr, old: str, new: str, *, operator: str, prior: float
    ) -> Iterator[Edit]:
        """Make the edit that replaces an operator standing between two nodes."""
        low, high = self.source.span(left)[1], self.source.span(right)[0]
        gap = self.source.text[low:high]
        found = re.search(r"(?<!\w)" + r"\s+".join(map(re.escape, old.split())) + r"(?!\w)", gap)
        if found and "#" not in gap[: found.start()]:
            start, end = low + found.start(), low + found.end()
            line = self.source.line_at(start)
            yield Edit(self.source.path, start, end, new, operator, prior, line)


@cache
def conditions_in(tree: ast.AST) -> list[str]:
    """Return the conditions written below a node, each once."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) else []
        for test in tests:
            for part in test.values if isinstance(test, ast.BoolOp) else [test]:
                found[ast.unparse(part)] = None
    return [text for text in found if len(text) <= MAX_DONOR]


@cache
def returned_in(function: FunctionNode) -> list[str]:
    """Return the results that a function returns, as text."""
    texts = [
        ast.unparse(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    return [text for text in dict.fromkeys(texts) if len(text) <= MAX_DONOR]


@cache
def free_names(text: str) -> frozenset[str] | None:
    """Return the names that a text uses and does not bind; None when it does not parse."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    return frozenset({n.id for n in nodes if isinstance(n, ast.Name)} - bound)


@cache
def simple_statements(tree: ast.AST) -> list[tuple[ast.stmt, str]]:
    """Return the one-line calls and assignments below a node with their texts."""
    found: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Expr, ast.Assign, ast.AugAssign)):
            text = ast.unparse(node)
            if len(text) <= MAX_DONOR and "\n" not in text:
                found.append((node, text))
    return found
