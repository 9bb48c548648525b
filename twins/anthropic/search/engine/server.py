"""The inside of a worker process: it forks one child for each order and never returns."""

import ast
import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

from twins.anthropic.search.engine.harness import Plan, Suite, hold_open
from twins.anthropic.search.engine.layout import Layout
from twins.anthropic.search.engine.orders import Order, Swap
from twins.anthropic.search.engine.shapes import Example
from twins.anthropic.search.engine.tracing import Traced
from twins.anthropic.search.engine.trial import namespace_of, observe, run_example

MEMORY = 2 << 30
FILE_SIZE = 64 << 20


class Server:
    """The worker process itself; it never returns."""

    def __init__(
        self, layout: Layout, plan: Plan, examples: list[Example], incoming: int, outgoing: int
    ) -> None:
        self._layout = layout
        self._plan = plan
        self._examples = examples
        self._in = incoming
        self._out = outgoing
        self._functions: dict[str, dict[str, list[types.FunctionType]]] = {}

    def live(self, *, warm: bool) -> None:
        """Serve until the other end closes."""
        _silence()
        os.chdir(self._layout.root)
        served = True
        try:
            self._preload()
            self._forget_twins()
            if warm:
                served = hold_open(self._plan, self._serve_warm)
            else:
                self._send({"ids": []})
                self._serve(None)
        except BaseException:  # noqa: BLE001 - product code at import may do anything
            served = False
        if not served:
            self._send({"failed": True})
        os._exit(0)

    def _preload(self) -> None:
        names = [*self._layout.third_party(), "decimal", "json", "argparse"]
        for name in names:
            try:
                importlib.import_module(name)
            except BaseException:  # noqa: BLE001, S112 - optional dependencies may fail in any way
                continue

    def _forget_twins(self) -> None:
        """Forget a product that is loaded already: pytest itself may depend on what is mended."""
        root = str(self._layout.root)
        own = {name.split(".", 1)[0] for name in self._layout.modules}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) or ""
            if name.split(".", 1)[0] in own and (file.startswith(root) or "site-packages" in file):
                del sys.modules[name]

    def _serve_warm(self, suite: Suite) -> None:
        for example in self._examples:
            with contextlib.suppress(Exception, SystemExit):
                if example.kind != "shell":
                    namespace_of(example, self._layout)
        for name in self._used_by_commands():
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
        self._map_functions()
        gc.collect()
        gc.freeze()
        self._send({"ids": suite.ids})
        self._serve(suite)

    def _used_by_commands(self) -> list[str]:
        """Run the commands of the issue once in a child; return the product modules they import."""
        commands = [example for example in self._examples if example.kind == "shell"][:3]
        if not commands:
            return []
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                signal.setitimer(signal.ITIMER_REAL, 5.0)
                for example in commands:
                    observe(example, self._layout)
                    used = [name for name in self._layout.modules if name in sys.modules]
                    _tell(writing, used)
            os._exit(0)
        os.close(writing)
        lines, _ = _collect(reading, 5.0)
        os.close(reading)
        _end(child)
        names = dict.fromkeys(name for (used,) in lines for name in used)
        return [name for name in names if not name.endswith("__main__")]

    def _map_functions(self) -> None:
        root = str(self._layout.root)
        for each in gc.get_objects():
            if isinstance(each, types.FunctionType) and each.__code__.co_filename.startswith(root):
                code = each.__code__
                known = self._functions.setdefault(code.co_filename, {})
                known.setdefault(code.co_qualname, []).append(each)

    def _send(self, answer: dict[str, Any]) -> None:
        os.write(self._out, json.dumps(answer).encode() + b"\n")

    def _serve(self, suite: Suite | None) -> None:
        buffer = b""
        while True:
            data = os.read(self._in, 1 << 16)
            if not data:
                os._exit(0)
            buffer += data
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                self._send(self._carry_out(Order.decode(line), suite))

    def _carry_out(self, order: Order, suite: Suite | None) -> dict[str, Any]:
        reading, writing = os.pipe()
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._child(order, suite, writing)
        os.close(writing)
        lines, ended = _collect(reading, order.seconds)
        os.close(reading)
        _end(child)
        answer: dict[str, Any] = {"results": {}, "lines": {}, "ended": ended}
        for line in lines:
            answer["results" if line[0] == "result" else "lines"][line[1]] = line[2]
        answer["seconds"] = time.monotonic() - started
        usages = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        answer["cpu"] = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        return answer

    def _child(self, order: Order, suite: Suite | None, writing: int) -> None:
        try:
            os.setsid()
            gc.disable()
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, order.seconds)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
            if order.swap:
                self._swap(order.swap)
            if suite is None:
                self._run_cold(order, writing)
            else:
                self._run(order, suite, writing)
        except BaseException:  # noqa: BLE001, S110 - a candidate may raise anything anywhere
            pass
        finally:
            os._exit(0)

    def _run_cold(self, order: Order, writing: int) -> None:
        """Examples first: they are cheap; tests are collected only when all of them hold."""
        own = tuple(name for name in order.run if _is_own(name))
        tests = tuple(name for name in order.run if not _is_own(name))
        if not self._own(own, order, writing):
            return
        if tests:
            files = dict.fromkeys(name.partition("::")[0] for name in tests)
            options = [each for each in self._plan.arguments if each.startswith("-")]
            chosen = (*options, *files) if self._plan.kind == "pytest" else self._plan.arguments
            plan = Plan(self._plan.kind, tuple(chosen))
            hold_open(plan, lambda suite: self._tests(tests, order, suite, writing))

    def _run(self, order: Order, suite: Suite, writing: int) -> None:
        own = tuple(name for name in order.run if _is_own(name))
        if self._own(own, order, writing):
            tests = tuple(name for name in order.run if not _is_own(name))
            self._tests(tests, order, suite, writing)

    def _own(self, names: tuple[str, ...], order: Order, writing: int) -> bool:
        for name in names:
            kind, _, index = name.partition(":")
            example = self._examples[int(index)]
            with Traced(self._layout, on=order.trace) as lines:
                act = run_example if kind == "example" else observe
                outcome = act(example, self._layout)
            _tell(writing, "result", name, outcome)
            if order.trace:
                _tell(writing, "lines", name, lines.found())
            if kind == "example" and outcome != "pass" and not order.every:
                return False
        return True

    def _tests(self, names: tuple[str, ...], order: Order, suite: Suite, writing: int) -> None:
        runs = suite.run(names)
        while True:
            with Traced(self._layout, on=order.trace) as lines:
                done = next(runs, None)
            if done is None:
                return
            name, passed = done
            _tell(writing, "result", name, "pass" if passed else "fail")
            if order.trace:
                _tell(writing, "lines", name, lines.found())
            if not passed and not order.every:
                return

    def _swap(self, swap: Swap) -> None:
        """Put the code of a changed top level statement into the functions that live already."""
        path, line, text = swap
        file = str(self._layout.root / path)
        living = self._functions.get(file)
        if living is None:
            return
        tree = ast.parse("\n" * (line - 1) + text, filename=file)
        fresh: dict[str, list[types.CodeType]] = {}
        for code in _codes(compile(tree, file, "exec")):
            fresh.setdefault(code.co_qualname, []).append(code)
        for name, codes in fresh.items():
            olds = [each for each in living.get(name, []) if each.__code__.co_firstlineno >= line]
            lines = sorted({each.__code__.co_firstlineno for each in olds})
            for function in olds:
                index = lines.index(function.__code__.co_firstlineno)
                function.__code__ = codes[min(index, len(codes) - 1)]


def _is_own(name: str) -> bool:
    return name.startswith(("example:", "probe:"))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _tell(writing: int, *fields: object) -> None:
    data = json.dumps(fields).encode() + b"\n"
    while data:
        data = data[os.write(writing, data) :]


def _collect(reading: int, seconds: float) -> tuple[list[Any], bool]:
    until = time.monotonic() + seconds + 0.5
    data = b""
    ended = False
    while not ended and (left := until - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            piece = os.read(reading, 1 << 16)
            data += piece
            ended = not piece
    whole = data.split(b"\n")[:-1]
    return [json.loads(line) for line in whole], ended


def _end(child: int) -> None:
    """Kill a child with all that it started, and collect it."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _silence() -> None:
    """Let product code print into nothing and read from nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
