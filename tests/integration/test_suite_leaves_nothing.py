"""The suite's own guards: a run that leaves something behind is red, and so is a slow unit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

GUARD = Path(__file__).parents[1] / "conftest.py"
ONE_PROCESS = GUARD.with_name("unit") / "conftest.py"
CLEAN = "def test_clean():\n    pass\n"
DAEMON = (
    "import subprocess\n"
    "def test_daemon():\n"
    "    subprocess.run(['setsid', '--fork', 'sleep', '20.25'], check=True)\n"
)
CHILD = (
    "import asyncio, subprocess\n"
    "def start():\n"
    "    try:\n"
    "        {how}\n"
    "    except Exception:\n"
    "        pass\n"
    "def test_child():\n"
    "    start()\n"
)
GROUP = "import os\ndef test_group():\n    os.mkdir({name!r})\n"
LEFT_GROUP = Path("/sys/fs/cgroup/pids/nightshift-4194301-slot-00")


def run_suite(folder: Path, text: str, source: Path = GUARD) -> tuple[int, str]:
    """Run a small suite under a copy of a guard that does not wait for long."""
    guard = source.read_text().replace("_LAST_BREATH_S = 20.0", "_LAST_BREATH_S = 0.3")
    (folder / "conftest.py").write_text(guard)
    (folder / "test_it.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", folder],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    return done.returncode, done.stdout


def test_a_clean_run_is_green(tmp_path: Path) -> None:
    """Nothing left, nothing said."""
    code, said = run_suite(tmp_path, CLEAN)
    assert (code, "left behind" in said) == (0, False)


def test_a_daemon_makes_the_run_red(tmp_path: Path) -> None:
    """Leaving its parents does not hide a process."""
    code, said = run_suite(tmp_path, DAEMON)
    assert code == 1
    assert "left behind" in said
    assert "20.25" in said


@pytest.mark.skipif(not os.access(LEFT_GROUP.parent, os.W_OK), reason="no cgroup v1 to write in")
def test_a_group_makes_the_run_red(tmp_path: Path) -> None:
    """So does a control group whose launcher is gone."""
    try:
        code, said = run_suite(tmp_path, GROUP.format(name=str(LEFT_GROUP)))
    finally:
        LEFT_GROUP.rmdir()
    assert (code, LEFT_GROUP.name in said) == (1, True)


@pytest.mark.parametrize(
    "how",
    [
        "subprocess.run(['true'])",
        "asyncio.run(asyncio.create_subprocess_exec('true'))",
        "__import__('os').posix_spawn('/bin/true', ['true'], {})",
    ],
)
def test_a_unit_test_that_starts_a_process_is_red(tmp_path: Path, how: str) -> None:
    """Whoever starts it, and whatever catches the error; the message says where the test goes."""
    code, said = run_suite(tmp_path, CHILD.format(how=how), ONE_PROCESS)
    assert code == 1
    assert "test_child starts a process" in said
    assert "tests/integration" in said


def test_the_guard_of_unit_tests_is_silent_about_all_else(tmp_path: Path) -> None:
    """A unit test of one process, and in the same run any process of other folders' tests."""
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "conftest.py").write_text(ONE_PROCESS.read_text())
    (tmp_path / "unit" / "test_clean.py").write_text(CLEAN)
    assert run_suite(tmp_path, CHILD.format(how="subprocess.run(['true'])"))[0] == 0
