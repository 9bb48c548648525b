"""Where a forger strikes: the function that the known fix touches, else one of the product."""

import ast
import difflib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.errors import UsageError
from bot.policy.paths import is_test
from bot.stage.panel.tasks import Files, Task

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Target:
    """One function of the base that can be rebound."""

    path: str
    source: str
    place: str
    """How its module names it: `total` or `Shed.queue`."""
    line: int
    """Where code that rebinds it may stand: behind it, and before the module runs as a program."""
    right: str = ""
    """The same file with the known fix; empty without one."""

    def rebound(self, code: str) -> str:
        """Return the file with more code at module level, which may name TARGET."""
        lines = self.source.splitlines()
        added = code.replace("TARGET", self.place).strip("\n").splitlines()
        return "\n".join([*lines[: self.line], "", "", *added, "", *lines[self.line :], ""])


def find_target(task: Task, number: int) -> Target:
    """Choose the function; a product without any is a UsageError."""
    fixed = task.fixed(number)
    if fixed is not None:
        touched = [p for p in sorted(task.fixes[number]) if p in task.files and _is_code(p)]
        for path in touched:
            right = fixed.get(path, b"")
            lines = _changed(task.files[path], right)
            for target in _functions(task.files, path, lines):
                return _with_fix(target, right)
        for path in touched:
            for target in _functions(task.files, path, None):
                return _with_fix(target, fixed.get(path, b""))
    for path in _product(task):
        for target in _functions(task.files, path, None):
            return target
    raise UsageError(
        f"task {task.name}: its product has no Python function that a forger could rebind",
        remedy="name `product: {lib: ...}` in its mission, or leave the forgers out (--coders)",
    )


def _with_fix(target: Target, right: bytes) -> Target:
    return Target(target.path, target.source, target.place, target.line, right.decode())


def _is_code(path: str) -> bool:
    return path.endswith(".py") and not is_test(path)


def _changed(old: bytes, new: bytes) -> set[int]:
    """Return the line numbers of the old text that a change touches."""
    matcher = difflib.SequenceMatcher(
        None, old.decode().splitlines(), new.decode().splitlines(), autojunk=False
    )
    spans = [(low, max(high, low + 1)) for kind, low, high, *_ in matcher.get_opcodes()
             if kind != "equal"]  # fmt: skip
    return {line + 1 for low, high in spans for line in range(low, high)}


def _functions(files: Files, path: str, lines: set[int] | None) -> Iterator[Target]:
    """Yield plain functions and methods of a module; of those on `lines` when given."""
    try:
        source = files[path].decode()
        module = ast.parse(source)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return
    before_main = next(
        (node.lineno - 1 for node in module.body if _runs_as_program(node)),
        len(source.splitlines()),
    )
    for owner, function in _defined(module):
        span = range(function.lineno, (function.end_lineno or function.lineno) + 1)
        if function.decorator_list or (lines is not None and not lines & set(span)):
            continue
        yield Target(path, source, f"{owner}{function.name}", before_main)


def _defined(module: ast.Module) -> Iterator[tuple[str, _Function]]:
    for node in module.body:
        if isinstance(node, _Function):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, _Function) and not inner.name.startswith("__"):
                    yield f"{node.name}.", inner


def _runs_as_program(node: ast.stmt) -> bool:
    names = ast.walk(node.test) if isinstance(node, ast.If) else ()
    return any(isinstance(name, ast.Name) and name.id == "__name__" for name in names)


def _product(task: Task) -> list[str]:
    """List the modules of the product, those named by the mission first."""
    product = task.mission.product
    words = [product.lib, *shlex.split(product.cli), *shlex.split(product.http)]
    named = [word.replace(".", "/") for word in words if word and not word.startswith("-")]
    code = [path for path in sorted(task.files) if _is_code(path)]

    def distance(path: str) -> int:
        plain = PurePosixPath(path).with_suffix("").as_posix().removesuffix("/__init__")
        for place, name in enumerate(named):
            if plain == name or plain.endswith(f"/{name}"):
                return place
        for place, name in enumerate(named):
            if f"/{name}/" in f"/{plain}":
                return len(named) + place
        return 2 * len(named)

    return sorted(code, key=lambda path: (distance(path), path))
