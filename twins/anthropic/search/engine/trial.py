"""Run one example in this process and say whether what came out is what was wanted."""

import ast
import contextlib
import doctest
import importlib
import io
import json
import os
import re
import runpy
import shlex
import sys
import types
from decimal import Decimal, InvalidOperation
from typing import Any

from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.shapes import Example, Outcome
from twins.anthropic.search.engine.source import BUILTIN_NAMES

_COMMON = {
    "Decimal": "decimal", "ROUND_HALF_UP": "decimal", "Fraction": "fractions", "date": "datetime",
    "datetime": "datetime", "timedelta": "datetime", "timezone": "datetime", "Path": "pathlib",
    "defaultdict": "collections", "Counter": "collections", "OrderedDict": "collections",
    "deque": "collections", "StringIO": "io", "BytesIO": "io", "partial": "functools",
    "pprint": "pprint", "dedent": "textwrap", "nan": "math", "inf": "math", "sqrt": "math",
}  # fmt: skip


class Unresolvable(Exception):
    """The example uses a name that nothing defines: it cannot be run."""


def namespace_of(example: Example, layout: Layout) -> dict[str, Any]:
    """Return a namespace in which the example's free names mean something."""
    try:
        tree = ast.parse(f"{example.setup}\n{example.code}")
    except SyntaxError as problem:
        raise Unresolvable(str(problem)) from problem
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _stores(n)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)):
            bound.add(node.name or "")
    namespace: dict[str, Any] = {"__name__": "__example__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in bound | BUILTIN_NAMES:
            namespace[node.id] = _resolve(node.id, layout)
    return namespace


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, (ast.Store, ast.Del))


def _resolve(name: str, layout: Layout) -> Any:  # noqa: ANN401 - whatever the product defines
    home = layout.home_of(name)
    if home is not None:
        found = importlib.import_module(home)
        if hasattr(found, name):
            return getattr(found, name)
    module = layout.module_named(name)
    if module is not None:
        return importlib.import_module(module)
    if name in _COMMON:
        return getattr(importlib.import_module(_COMMON[name]), name)
    if name in sys.stdlib_module_names:
        return importlib.import_module(name)
    raise Unresolvable(name)


def run_example(example: Example, layout: Layout) -> Outcome:
    """Run an example once: it holds, it does not hold, or it cannot be run at all."""
    try:
        if example.kind == "shell":
            return _verdict(_shell_agrees(example, layout))
        namespace = namespace_of(example, layout)
        return _verdict(_python_agrees(example, namespace))
    except (Unresolvable, ImportError, SyntaxError):
        return "broken"


def _verdict(agrees: bool) -> Outcome:  # noqa: FBT001 - a plain conversion
    return "pass" if agrees else "fail"


def observe(example: Example, layout: Layout) -> str:
    """Return what running an example gives, as one text."""
    try:
        if example.kind == "shell":
            status, out, err = run_command(example.code, layout)
            return f"{status}|{out}|{err.strip().rsplit(chr(10), 1)[-1]}"
        namespace = namespace_of(example, layout)
        with _captured() as streams:
            value = _evaluate(example, namespace)
        return f"{value!r}|{streams[0].getvalue()}"
    except SystemExit as stop:
        return f"SystemExit {stop.code}"
    except Exception as problem:  # noqa: BLE001 - any behaviour of the product is an observation
        return f"{type(problem).__name__}: {problem}"


def _evaluate(example: Example, namespace: dict[str, Any]) -> Any:  # noqa: ANN401
    exec(compile(example.setup, "<setup>", "exec"), namespace)  # noqa: S102
    if example.kind == "expr":
        return eval(compile(example.code.strip(), "<example>", "eval"), namespace)  # noqa: S307
    exec(compile(example.code, "<example>", "exec"), namespace)  # noqa: S102
    return None


def _python_agrees(example: Example, namespace: dict[str, Any]) -> bool:
    try:
        with _captured() as streams:
            value = _evaluate(example, namespace)
    except (Exception, SystemExit) as problem:
        names = {each.__name__ for each in type(problem).__mro__}
        if example.mode == "raises":
            return example.want in names
        if isinstance(problem, ImportError):
            raise
        return example.mode == "survives" and example.want not in names
    if example.mode in {"survives", "true"}:
        return True
    if example.mode == "raises":
        return False
    if example.mode == "stdout":
        return text_agrees(streams[0].getvalue(), example.want)
    return value_agrees(value, example.want, namespace) or (
        value is None and text_agrees(streams[0].getvalue(), example.want)
    )


def value_agrees(value: Any, want: str, namespace: dict[str, Any]) -> bool:  # noqa: ANN401
    """Compare a result with the text that an issue gives for it."""
    want = want.strip()
    if want in {repr(value), str(value)}:
        return True
    if want == "nothing":
        return value is None
    if doctest.OutputChecker().check_output(want + "\n", repr(value) + "\n", doctest.ELLIPSIS):
        return True
    if isinstance(value, Decimal):
        with contextlib.suppress(InvalidOperation):
            return value == Decimal(want.strip("'\""))
    scope = {**namespace, "Decimal": Decimal}
    try:
        wanted = eval(want, scope)  # noqa: S307 - the issue's own expression, inside the box
    except Exception:  # noqa: BLE001 - prose, not a value
        return False
    if isinstance(wanted, bool) != isinstance(value, bool):
        return False
    try:
        return bool(wanted == value)
    except Exception:  # noqa: BLE001 - an exotic __eq__ is no agreement
        return False


def text_agrees(output: str, want: str) -> bool:
    """Compare printed output with the text that an issue gives for it."""
    got, wanted = _tidy(output), _tidy(want)
    if got == wanted or wanted.strip("'\"") == got:
        return True
    if not wanted:
        return not got
    try:
        if json.loads(got) == json.loads(wanted):
            return True
    except ValueError:
        pass
    if "\n" in wanted:
        return "..." in wanted and doctest.OutputChecker().check_output(
            wanted + "\n", got + "\n", doctest.ELLIPSIS
        )
    return bool(re.search(rf"(?<![\w.]){re.escape(wanted)}(?![\w]|\.\d)", got))


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _shell_agrees(example: Example, layout: Layout) -> bool:
    status, out, err = run_command(example.code, layout)
    match example.mode:
        case "exit":
            return status == int(example.want)
        case "raises":
            return example.want in err
        case "survives":
            return example.want not in err
        case _:
            return any(text_agrees(text, example.want) for text in (out, err, out + err))


@contextlib.contextmanager
def _captured() -> Any:  # noqa: ANN401 - a generator of two buffers
    streams = (_Buffer(), _Buffer())
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        yield streams


class _Buffer(io.TextIOWrapper):
    """A text stream with the byte buffer below it that some programs write to."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def getvalue(self) -> str:
        """Return everything written so far."""
        buffer = self.buffer
        return buffer.getvalue().decode(errors="replace") if isinstance(buffer, io.BytesIO) else ""


def run_command(command: str, layout: Layout) -> tuple[int, str, str]:
    """Run a product command inside this process; return exit status, output and error output."""
    stdin, argv, environment = _parse(command)
    entry = _entry(argv, layout)
    os.environ.update(environment)
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    status = 0
    with _captured() as (out, err):
        try:
            entry()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)  # noqa: T201 - what the interpreter does
        except Exception as problem:  # noqa: BLE001 - what the interpreter does
            status = 1
            print("Traceback (most recent call last):", file=sys.stderr)  # noqa: T201
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr)  # noqa: T201
    return status, out.getvalue(), err.getvalue()


def _parse(command: str) -> tuple[str, list[str], dict[str, str]]:
    stdin = ""
    try:
        tokens = shlex.split(command)
    except ValueError as problem:
        raise Unresolvable(command) from problem
    if "|" in tokens and tokens[0] in {"echo", "printf"}:
        bar = tokens.index("|")
        said = [token for token in tokens[1:bar] if token not in {"-n", "-e"}]
        stdin, tokens = " ".join(said) + "\n", tokens[bar + 1 :]
        stdin = stdin.replace("\\n", "\n") if "-e" in command or "printf" in command else stdin
    if "<" in tokens and tokens.index("<") == len(tokens) - 2:
        try:
            with open(tokens[-1], encoding="utf-8") as file:  # noqa: PTH123 - a path of the issue
                stdin = file.read()
        except OSError as problem:
            raise Unresolvable(command) from problem
        tokens = tokens[:-2]
    environment: dict[str, str] = {}
    while tokens and re.fullmatch(r"[A-Z_]+=.*", tokens[0]):
        name, _, value = tokens.pop(0).partition("=")
        environment[name] = value
    if not tokens or {"|", "&&", ">", ">>", ";", "||", "2>&1"} & set(tokens):
        raise Unresolvable(command)
    environment.pop("PYTHONPATH", None)
    return stdin, tokens, environment


def _entry(argv: list[str], layout: Layout) -> Any:  # noqa: ANN401 - a call without arguments
    first, *rest = argv
    if re.fullmatch(r"python[\d.]*", first):
        if rest[:1] == ["-m"] and len(rest) > 1:
            module, arguments = rest[1], rest[2:]
            if layout.module_named(module) != module:
                raise Unresolvable(module)
            sys.argv = [module, *arguments]
            return lambda: runpy.run_module(module, run_name="__main__", alter_sys=True)
        if rest and rest[0].endswith(".py") and (layout.root / rest[0]).is_file():
            sys.argv = list(rest)
            path = str(layout.root / rest[0])
            return lambda: runpy.run_path(path, run_name="__main__")
        raise Unresolvable(" ".join(argv))
    sys.argv = [first, *rest]
    if first in layout.scripts:
        module, function = layout.scripts[first]
        return lambda: sys.exit(_dotted(importlib.import_module(module), function)())
    package = first.replace("-", "_")
    if f"{package}.__main__" in layout.modules:
        return lambda: runpy.run_module(package, run_name="__main__", alter_sys=True)
    raise Unresolvable(first)


def _dotted(module: types.ModuleType, dotted: str) -> Any:  # noqa: ANN401
    found: Any = module
    for part in dotted.split("."):
        found = getattr(found, part)
    return found
