"""Where to look first: Ochiai over covered lines, names shared with the issue, and their edits."""

import ast
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence

from twins.anthropic.search.engine.expressions import expression_edits
from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.shapes import Candidate, Edit
from twins.anthropic.search.engine.source import Source
from twins.anthropic.search.engine.statements import statement_edits
from twins.anthropic.search.engine.workshop import Hints, Workshop

Lines = Mapping[str, Sequence[int]]
_STOP = {
    "the",
    "a",
    "an",
    "and",
    "or",
    "of",
    "to",
    "in",
    "is",
    "it",
    "for",
    "with",
    "on",
    "by",
    "be",
    "as",
    "at",
    "this",
    "that",
    "when",
    "then",
    "from",
    "not",
    "but",
    "are",
    "was",
    "if",
    "so",
    "we",
    "i",
    "you",
    "can",
    "should",
    "must",
    "does",
    "do",
    "has",
    "have",
    "expected",
    "actual",
    "returns",
    "return",
    "value",
    "python",
    "import",
    "none",
    "true",
    "false",
}
FLOOR = 0.12
REMOTE = 0.7


def ochiai(failing: Sequence[Lines], passing: Sequence[Lines]) -> dict[str, dict[int, float]]:
    """Score every line: high when failing runs cover it and passing runs do not."""
    bad: dict[tuple[str, int], int] = {}
    good: dict[tuple[str, int], int] = {}
    for runs, counts in ((failing, bad), (passing, good)):
        for run in runs:
            for path, lines in run.items():
                for line in lines:
                    counts[path, line] = counts.get((path, line), 0) + 1
    scores: dict[str, dict[int, float]] = {}
    for (path, line), count in bad.items():
        total = count + good.get((path, line), 0)
        scores.setdefault(path, {})[line] = count / math.sqrt(len(failing) * total)
    return scores


def words_of(text: str) -> set[str]:
    """Return the words of a text, identifiers taken apart."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)
    return {part.lower() for part in parts if len(part) > 1} - _STOP


class Suspicion:
    """How suspicious a node is, and why it is worth an edit."""

    def __init__(self, layout: Layout, lines: dict[str, dict[int, float]], issue: str) -> None:
        self._lines = lines
        self._words = words_of(issue)
        self._remote = self._names_used(layout)
        self._cache: dict[tuple[str, int], float] = {}

    def _names_used(self, layout: Layout) -> dict[str, float]:
        """Score names by the most suspicious line that reads them, anywhere in the product."""
        scores: dict[str, float] = {}
        for path, lines in self._lines.items():
            text = layout.texts.get(path)
            if text is None:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, (ast.Name, ast.Attribute)):
                    name = node.id if isinstance(node, ast.Name) else node.attr
                    score = lines.get(node.lineno, 0.0)
                    scores[name] = max(score, scores.get(name, 0.0))
        return scores

    def of(self, source: Source, node: ast.AST) -> float:
        """Return the score of a node; 0 when no failing run can have met it."""
        statement = source.statement_of(node)
        if statement is None:
            return 0.0
        lines = self._lines.get(source.path, {})
        function = source.function_of(node)
        if function is not None:
            last = statement.lineno if hasattr(statement, "body") else statement.end_lineno
            span = range(statement.lineno, (last or statement.lineno) + 1)
            here = lines.get(getattr(node, "lineno", 0), 0.0)
            return max([here, *(0.97 * lines.get(line, 0.0) for line in span)])
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
            return REMOTE * max((lines.get(line, 0.0) for line in body), default=0.0)
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [
                n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)
            ]
            return REMOTE * max((self._remote.get(name, 0.0) for name in names), default=0.0)
        return 0.0

    def kinship(self, source: Source, node: ast.AST) -> float:
        """Return how many words the node's surroundings share with the issue, from 0 to 1."""
        statement = source.statement_of(node)
        if statement is None:
            return 0.0
        key = (source.path, statement.lineno)
        if key not in self._cache:
            function = source.function_of(node)
            text = source.line_text(statement.lineno) + " " + source.path
            text += f" {function.name} {function.name}" if function else ""
            shared = len(words_of(text) & self._words)
            self._cache[key] = min(1.0, shared / 3)
        return self._cache[key]


def candidates_of(
    layout: Layout, lines: dict[str, dict[int, float]], issue: str, seed: int
) -> list[Candidate]:
    """Return every single edit worth trying, the most promising first."""
    suspicion = Suspicion(layout, lines, issue)
    hints = Hints.of(issue)
    found: dict[tuple[str, int, int, str], Candidate] = {}
    for path in sorted(layout.texts):
        source = Source(path, layout.texts[path])
        bench = Workshop(source, hints, layout.signatures)
        for node, score in _suspects(source, suspicion):
            weight = (FLOOR + score) * (1 + 0.5 * suspicion.kinship(source, node))
            for edit in _edits(bench, node):
                if source.text[edit.start : edit.end] == edit.new:
                    continue
                key = (edit.path, edit.start, edit.end, edit.new)
                value = weight * edit.prior
                if key not in found or found[key].score < value:
                    found[key] = Candidate((edit,), value)
    order = list(found.values())
    if seed:
        random.Random(seed).shuffle(order)  # noqa: S311 - breaks ties, guards no secret
    order.sort(key=lambda each: -round(each.score, 3))
    return order


def _suspects(source: Source, suspicion: Suspicion) -> Iterator[tuple[ast.AST, float]]:
    for node in ast.walk(source.tree):
        if not isinstance(node, (ast.expr, ast.stmt)) or _is_off_limits(source, node):
            continue
        score = suspicion.of(source, node)
        if score > 0:
            yield node, score


def _edits(bench: Workshop, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.expr):
        yield from expression_edits(bench, node)
    elif isinstance(node, ast.stmt):
        yield from statement_edits(bench, node)


def _is_off_limits(source: Source, node: ast.AST) -> bool:
    """Leave out annotations, decorators and the insides of f-strings whose place is unknown."""
    child, above = node, source.parents.get(node)
    while above is not None:
        if isinstance(above, ast.JoinedStr) and not _is_where_it_says(source, node):
            return True
        if isinstance(above, ast.arg) or child is getattr(above, "annotation", None):
            return True
        if child is getattr(above, "returns", None) or child in getattr(
            above, "decorator_list", ()
        ):
            return True
        if isinstance(above, ast.stmt) and isinstance(child, ast.expr):
            return False
        child, above = above, source.parents.get(above)
    return False


def _is_where_it_says(source: Source, node: ast.AST) -> bool:
    if not isinstance(node, ast.expr):
        return True
    try:
        text = source.code(node)
        return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError, IndexError):
        return False
