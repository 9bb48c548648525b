"""What holds for the whole suite: a run leaves the machine as it found it."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_LAST_BREATH_S = 20.0
_LEFTOVER_MARK = "NIGHTSHIFT_TEST_RUN"
_GROUP = re.compile(r"nightshift-\d+-")
_FIRST_BOX_USER, _SLOTS = 300_000, 16
_LOCK = "@nightshift-box-user-"


def processes(run: str) -> set[str]:
    """Name our descendants, what carries this run's mark, and what runs as one of its box users."""
    ours = descendants() | {pid for pid in all_pids() if is_marked(pid, run)}
    return {f"process {pid}: {text_of(pid, 'cmdline')[:150]!r}" for pid in ours - {os.getpid()}}


def is_marked(pid: int, run: str) -> bool:
    """Whether a process was started by this run, even if it has left its parents."""
    with contextlib.suppress(OSError):
        uid = Path(f"/proc/{pid}").stat().st_uid
        ours = (uid - os.getpid() % 20_000 * 16) % 10_000 < _SLOTS  # as the tests choose them
        return (ours and uid > _FIRST_BOX_USER) or run in text_of(pid, "environ")
    return False


def all_pids() -> list[int]:
    """List what runs now."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def parent_of(pid: int) -> int:
    """Return a process's parent; 0 when it has just gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(text_of(pid, "stat").rpartition(")")[2].split()[1])
    return 0


def text_of(pid: int, name: str) -> str:
    """Read what the kernel tells of a process; empty when it has gone or is somebody else's."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    return ""


def mounts() -> set[str]:
    """Name the mounts of our own namespace that boxes or tests could have made."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return {f"mount {line.split()[4]}" for line in lines}


def groups() -> set[str]:
    """Name the control groups of launchers that are ours, or dead."""
    alive = set(all_pids()) - descendants() - {os.getpid()}
    return {
        f"control group {place}/{name}"
        for place, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if _GROUP.match(name) and int(name.split("-")[1]) not in alive
    }


def descendants() -> set[int]:
    """Return all processes below us."""
    parents = {pid: parent_of(pid) for pid in all_pids()}
    found, generation = set[int](), {os.getpid()}
    while generation := {pid for pid, parent in parents.items() if parent in generation}:
        found |= generation
    return found


def box_users() -> set[str]:
    """Name the box users that a process below us holds."""
    inodes = set()
    for pid in (os.getpid(), *descendants()):
        with contextlib.suppress(OSError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(os.readlink(entry).removeprefix("socket:[").rstrip("]"))  # noqa: PTH115
    rows = [
        line.split() for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
    ]
    return {f"box user {row[7]}" for row in rows if row[-1].startswith(_LOCK) and row[6] in inodes}


def left(run: str) -> set[str]:
    """Name everything of ours that is there now."""
    return processes(run) | mounts() | groups() | box_users()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first: side by side, the short ones then fill the end."""
    items.sort(key=lambda item: item.get_closest_marker("integration") is None)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail the run when it leaves a process, a mount, a control group or a box user behind."""
    run = f"{_LEFTOVER_MARK}={os.getpid()}\0"
    os.environ[_LEFTOVER_MARK] = str(os.getpid())
    before = left(run)
    yield
    deadline = time.monotonic() + _LAST_BREATH_S
    while (extra := left(run) - before) and time.monotonic() < deadline:
        time.sleep(0.2)  # what was killed just now is still on its way out
    if extra:
        pytest.fail("this run has left behind:\n" + "\n".join(sorted(extra)), pytrace=False)
