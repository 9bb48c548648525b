"""One source file as text and tree: spans of nodes, splicing, and the scope around a node."""

import ast
import builtins
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache

from twins.anthropic.search.engine.shapes import Edit

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
BUILTIN_NAMES = frozenset(dir(builtins))


class Source:
    """The text of one product file with its tree and the parents of every node."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)
        self.parents: dict[ast.AST, ast.AST] = {}
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._ascii = text.isascii()
        self._lines = text.split("\n")
        for parent in ast.walk(self.tree):
            for child in ast.iter_child_nodes(parent):
                self.parents[child] = parent

    def offset(self, line: int, column: int) -> int:
        """Turn a tree position (utf-8 columns) into an offset in characters."""
        if not self._ascii:
            encoded = self._lines[line - 1].encode()
            column = len(encoded[:column].decode(errors="ignore"))
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> tuple[int, int]:
        """Return the offsets of a node."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def code(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> str:
        """Return the text of a node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def enclosing(self, node: ast.AST, kinds: type | tuple[type, ...]) -> ast.AST | None:
        """Return the nearest ancestor of one of these kinds."""
        above = self.parents.get(node)
        while above is not None and not isinstance(above, kinds):
            above = self.parents.get(above)
        return above

    def function_of(self, node: ast.AST) -> FunctionNode | None:
        """Return the function whose body holds the node (not its header)."""
        child, above = node, self.parents.get(node)
        while above is not None:
            if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)) and child in above.body:
                return above
            child, above = above, self.parents.get(above)
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """Return the innermost statement that holds the node."""
        here: ast.AST | None = node
        while here is not None and not isinstance(here, ast.stmt):
            here = self.parents.get(here)
        return here

    def line_text(self, line: int) -> str:
        """Return one line by its number."""
        return self._lines[line - 1]

    def line_start(self, line: int) -> int:
        """Return the offset at which a line begins."""
        return self._starts[min(line, len(self._starts)) - 1]

    def line_at(self, offset: int) -> int:
        """Return the number of the line that holds an offset."""
        return self.text.count("\n", 0, offset) + 1


def splice(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits that do not overlap."""
    for edit in sorted(edits, key=lambda each: -each.start):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits touch the same characters."""
    return one.path == other.path and one.start <= other.end and other.start <= one.end


def shape_of(text: str) -> str:
    """Return a digest of what a text means: equal for programs that differ in layout only."""
    return hashlib.sha1(ast.dump(ast.parse(text)).encode(), usedforsecurity=False).hexdigest()


def replacement_of(text: str, edits: Sequence[Edit]) -> tuple[str, str]:
    """Return (old, new): whole lines around the edits, each unique where it has to be found."""
    patched = splice(text, edits)
    first = min(edit.start for edit in edits)
    tail = len(text) - max(edit.end for edit in edits)
    low = text.rfind("\n", 0, first) + 1
    high = text.find("\n", len(text) - tail)
    high = len(text) if high < 0 else high + 1
    while True:
        old = text[low:high]
        new = patched[low : len(patched) - (len(text) - high)]
        unique = text.count(old) == 1 and (not new or patched.count(new) == 1)
        if (unique and old and new) or (low == 0 and high == len(text)):
            return old, new
        low = text.rfind("\n", 0, max(low - 1, 0)) + 1 if low else 0
        following = text.find("\n", high)
        high = len(text) if following < 0 else following + 1


def names_in_scope(function: FunctionNode | None, line: int) -> list[str]:
    """Return the local names bound before a line, nearest binding first, then arguments."""
    if function is None:
        return []
    bound = [name for name, at in stored_in(function) if at <= line]
    return list(dict.fromkeys([*bound, *arguments_of(function)]))


@cache
def stored_in(function: FunctionNode) -> list[tuple[str, int]]:
    """Return the names that a function binds with their lines, the last first."""
    stored = [
        (node.id, node.lineno)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return sorted(stored, key=lambda each: -each[1])


def arguments_of(function: FunctionNode) -> list[str]:
    """Return the names of a function's arguments without `self`."""
    every = function.args
    found = [each.arg for each in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    return [name for name in found if name not in {"self", "cls"}]


def module_names(source: Source) -> dict[str, str]:
    """Return the names bound at module level, each with its kind."""
    kinds: dict[str, str] = {}
    for node in source.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kinds[node.name] = "function"
        elif isinstance(node, ast.ClassDef):
            kinds[node.name] = "class"
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in _targets(node):
                kinds[target] = "value"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                kinds[(alias.asname or alias.name).split(".")[0]] = "import"
    return kinds


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        for each in ast.walk(target):
            if isinstance(each, ast.Name):
                yield each.id
