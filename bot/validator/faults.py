"""Seeds small faults into Python source: what a gate has to notice, to be worth trusting.

The operators are those of Cosmic Ray, a kept mutation library; here stands only which of them are
asked, that one fault is taken per place and kind, and that what does not compile is left out.
"""

import ast
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.operators.provider import OperatorProvider

MODULE = "<module>"
_UNASKED = ("Variable", "RemoveDecorator", "ExceptionReplacer")
"""They need arguments, or break the product so loudly that nothing is learnt."""
_LOUD = re.compile(r"BinaryOperator_(?!Bit|.Shift).*_(Pow|BitOr|BitAnd|BitXor|LShift|RShift)$")
"""Arithmetic turned into what most numbers cannot do: found by every test, so nothing is learnt."""
_SAME = ("_Eq_Is", "_Eq_IsNot", "_NotEq_Is", "_NotEq_IsNot")
"""Identity instead of equality: mostly no fault at all, since Python shares small values."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One seeded fault."""

    path: str
    line: int
    operator: str
    place: str
    """The function that holds it, `Class.method` or `<module>`."""
    before: str
    after: str
    """The first line that differs, without and with the fault."""
    content: bytes
    """The whole faulty file."""

    @property
    def where(self) -> str:
        """The place with its file."""
        return f"{self.path}:{self.place}"


def faults_of(path: str, source: bytes, seed: int = 0) -> list[Fault]:
    """Return one fault per position and kind, in file order; nothing for what is not Python."""
    try:
        text = source.decode()
        tree = ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return []
    chance = random.Random(f"{seed}:{path}")  # noqa: S311  repeatable, not secret
    places = _places(tree)
    silent = _silent(tree)
    known = {ast.dump(tree)}
    found = []
    for (start, _), kinds in _sites(text).items():
        if start[0] in silent:
            continue
        for variants in kinds.values():
            fault = _seeded(path, text, chance.choice(variants), places)
            form = _form(fault.content) if fault else ""
            if fault and form and form not in known:
                known.add(form)
                found.append(fault)
    return found


def chosen(faults: Sequence[Fault], count: int, seed: int = 0) -> list[Fault]:
    """Choose faults in turns: no place is asked twice before every place was asked once."""
    chance = random.Random(seed)  # noqa: S311
    waiting: dict[str, list[Fault]] = {}
    for fault in faults:
        waiting.setdefault(fault.where, []).append(fault)
    for here in waiting.values():
        chance.shuffle(here)
    taken: list[Fault] = []
    while waiting and len(taken) < count:
        for where in chance.sample(sorted(waiting), len(waiting)):
            taken.append(waiting[where].pop())
            if not waiting[where]:
                del waiting[where]
    return taken[:count]


_Position = tuple[tuple[int, int], tuple[int, int]]
_Variant = tuple[str, int]
"""An operator, and which of its occurrences in the file."""


def _sites(text: str) -> dict[_Position, dict[str, list[_Variant]]]:
    """List what could be changed: by position, then by kind of operator."""
    nodes = list(ast_nodes(parso.parse(text)))  # type: ignore[no-untyped-call]
    sites: dict[_Position, dict[str, list[_Variant]]] = {}
    for name, operator in _operators():
        occurrence = 0
        for node in nodes:
            for position in operator.mutation_positions(node):
                kind = name.partition("_")[0]
                sites.setdefault(position, {}).setdefault(kind, []).append((name, occurrence))
                occurrence += 1
    return dict(sorted(sites.items()))


def _operators() -> Iterator[tuple[str, Any]]:
    provider = OperatorProvider()
    for name in provider:
        if not (name.startswith(_UNASKED) or name.endswith(_SAME) or _LOUD.search(name)):
            yield name, provider[name]()


def _seeded(path: str, text: str, variant: _Variant, places: Sequence["_Span"]) -> Fault | None:
    """Make one change in a fresh tree; None when the operator declines."""
    name, wanted = variant
    operator = OperatorProvider()[name]()
    module: Any = parso.parse(text)  # type: ignore[no-untyped-call]
    sites = (
        (node, index, start[0])
        for node in ast_nodes(module)
        for index, (start, _) in enumerate(operator.mutation_positions(node))
    )
    site = next(itertools.islice(sites, wanted, None), None)
    if site is None:
        return None
    node, index, line = site
    _replace(node, operator.mutate(node, index))
    code = str(module.get_code())
    before, after = _changed(text, code)
    return Fault(
        path=path,
        line=line,
        operator=name,
        place=_place(places, line),
        before=before,
        after=after,
        content=code.encode(),
    )


def _replace(node: Any, changed: Any) -> None:
    """Put what an operator made of a node in its place; operators change most nodes themselves."""
    if changed is node or node.parent is None:
        return
    siblings = node.parent.children
    place = next(index for index, sibling in enumerate(siblings) if sibling is node)
    siblings[place : place + 1] = [] if changed is None else [changed]


def _changed(before: str, after: str) -> tuple[str, str]:
    """Return the first line that differs, as it was and as it is."""
    pairs = itertools.zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    return next(((old.strip(), new.strip()) for old, new in pairs if old != new), ("", ""))


def _form(content: bytes) -> str:
    """Return what a file means, for comparing; nothing when it is no Python any more."""
    try:
        return ast.dump(ast.parse(content))
    except (SyntaxError, ValueError):
        return ""


def _silent(tree: ast.AST) -> set[int]:
    """Return the lines whose faults say little: decorators, and the test for being the program."""
    quiet: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            quiet += node.decorator_list
        elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            quiet.append(node.test)
    return {
        line for node in quiet for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


@dataclass(frozen=True, slots=True)
class _Span:
    """A function and its lines."""

    name: str
    first: int
    last: int


def _places(tree: ast.AST, prefix: str = "") -> list[_Span]:
    """List every function and method, outer ones first."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                found.append(_Span(name, node.lineno, node.end_lineno or node.lineno))
            found += _places(node, f"{name}.")
        else:
            found += _places(node, prefix)
    return found


def _place(places: Sequence[_Span], line: int) -> str:
    """Name the innermost function around a line."""
    around = [span for span in places if span.first <= line <= span.last]
    return max(around, key=lambda span: span.first).name if around else MODULE
