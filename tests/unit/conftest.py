"""A unit test is one process: what starts another has its place in tests/integration."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"})
_running: list[str] = []


def _refuse(event: str, arguments: tuple[object, ...], running: list[str] = _running) -> None:
    if running and event in _STARTS:  # an argument outlives this module at the interpreter's end
        pytest.fail(
            f"{running[-1]} starts a process, {event}{arguments[:2]}.\n"
            "Unit tests start none (git, jj, boxes, roles, python): move this test to the same"
            " folder under tests/integration, where it may."
        )


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Watch a test of this folder (pytest asks for all), and the fixtures it makes and ends."""
    if Path(__file__).parent in item.path.parents:
        _running.append(item.nodeid)
    try:
        return (yield)
    finally:
        _running.clear()
