"""The visible tests, held open inside a process: collected once, run one by one in its children."""

import contextlib
import importlib
import importlib.util
import io
import os
import shlex
import tempfile
import unittest
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Plan:
    """How the visible tests are found: `pytest`, `unittest`, or not at all."""

    kind: str
    arguments: tuple[str, ...] = ()


class Suite(Protocol):
    """Tests that can be run by their ids."""

    ids: list[str]

    def run(self, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Run tests in order, telling after each whether it passed."""


class NoTests:
    """A repository without tests."""

    ids: list[str] = []  # noqa: RUF012 - never changed

    def run(self, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Run nothing."""
        del names
        return iter(())


class PytestSuite:
    """The items of a pytest session that has just been collected."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - pytest may not be importable here
        self._items = {item.nodeid: item for item in session.items}
        self.ids = list(self._items)

    def run(self, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Run items with their fixtures; a test passes when no phase of it fails."""
        runner = importlib.import_module("_pytest.runner")
        items = [(name, self._items[name]) for name in names if name in self._items]
        for index, (name, item) in enumerate(items):
            following = items[index + 1][1] if index + 1 < len(items) else None
            reports = runner.runtestprotocol(item, nextitem=following, log=False)
            yield name, not any(report.failed for report in reports)


class UnittestSuite:
    """Test methods found by the standard library's loader."""

    def __init__(self, found: unittest.TestSuite) -> None:
        self._items: dict[str, unittest.TestCase] = {}
        self._flatten(found)
        self.ids = list(self._items)

    def _flatten(self, suite: unittest.TestSuite) -> None:
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                self._flatten(test)
            else:
                self._items[test.id()] = test

    def run(self, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Run test methods one after the other."""
        for name in names:
            result = unittest.TestResult()
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                self._items[name].run(result)
            yield name, result.wasSuccessful()


def plan_of(checks: Sequence[str], *, has_tests: bool) -> Plan:
    """Read from the visible checks how tests are run."""
    for check in checks:
        try:
            tokens = shlex.split(check)
        except ValueError:
            continue
        if "pytest" in tokens and _importable("pytest"):
            return Plan("pytest", tuple(tokens[tokens.index("pytest") + 1 :]))
        if "unittest" in tokens:
            return Plan("unittest", tuple(tokens[tokens.index("unittest") + 1 :]))
    if not has_tests:
        return Plan("none")
    return Plan("pytest") if _importable("pytest") else Plan("unittest", ("discover",))


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def hold_open(plan: Plan, serve: Callable[[Suite], None]) -> bool:
    """Collect the tests and hand them to `serve`; False when that was not possible."""
    served = False

    def once(suite: Suite) -> None:
        nonlocal served
        served = True
        serve(suite)

    if plan.kind == "pytest":
        _with_pytest(plan, once)
    elif plan.kind == "unittest":
        once(UnittestSuite(_discover(plan)))
    else:
        once(NoTests())
    return served


def warm_up(plan: Plan) -> None:
    """Import pytest and its plugins once, before any process is forked that needs them."""
    if plan.kind == "pytest":
        pytest = importlib.import_module("pytest")
        importlib.import_module("_pytest.runner")
        nowhere = io.StringIO()
        with (
            tempfile.TemporaryDirectory() as empty,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            contextlib.suppress(SystemExit),
        ):
            pytest.main(
                [
                    "-c",
                    os.devnull,
                    "--rootdir",
                    empty,
                    "-p",
                    "no:cacheprovider",
                    "--assert=plain",
                    empty,
                ]
            )


class _Holder:
    """A pytest plugin that takes over the run loop."""

    def __init__(self, serve: Callable[[Suite], None]) -> None:
        self._serve = serve

    def pytest_runtestloop(self, session: Any) -> bool:  # noqa: ANN401 - see PytestSuite
        """Serve instead of running the items."""
        self._serve(PytestSuite(session))
        return True


def _with_pytest(plan: Plan, serve: Callable[[Suite], None]) -> None:
    pytest = importlib.import_module("pytest")
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--capture=no"]
    quiet += ["--continue-on-collection-errors", "-p", "no:xdist", "--tb=native", "--assert=plain"]
    with contextlib.suppress(SystemExit):
        pytest.main([*plan.arguments, *quiet], plugins=[_Holder(serve)])


def _discover(plan: Plan) -> unittest.TestSuite:
    loader = unittest.TestLoader()
    arguments = [each for each in plan.arguments if each not in {"-v", "-q", "-b", "-f"}]
    if arguments[:1] == ["discover"] or not arguments:
        options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
        start = options.get("-s", options.get("--start-directory", "."))
        pattern = options.get("-p", options.get("--pattern", "test*.py"))
        return loader.discover(start, pattern=pattern, top_level_dir=options.get("-t"))
    return loader.loadTestsFromNames(arguments)
