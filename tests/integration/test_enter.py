"""A role's own view of the machine: its user, its folders, and nothing else of ours."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from bot.enter import cover_points

CODE = Path(__file__).parents[2]
UID = 61_950
LOOK = """
import os, pathlib
home, hidden, shared = {home!r}, {hidden!r}, {shared!r}
print(os.getuid(), os.getgid(), os.getgroups(), oct(os.umask(0)))
print(sorted(os.listdir({state!r})))
print(pathlib.Path(hidden).exists())
pathlib.Path(home, 'mine').write_text('x')
try:
    pathlib.Path(shared, 'x').write_text('x'); print('wrote')
except OSError as error:
    print(type(error).__name__, error.errno)
"""


@pytest.fixture
def state() -> Iterator[Path]:
    """Give a folder as an installation has it: closed to others, with a home and a secret."""
    folder = Path(tempfile.mkdtemp(prefix="nightshift-enter-"))
    for name in ("home", "other", "read"):
        (folder / name).mkdir(mode=0o755)
    (folder / "other" / "secret").write_text("canary")
    if os.geteuid() == 0:
        os.chown(folder / "home", UID, UID)
    yield folder
    rmtree(folder)


def enter(state: Path) -> subprocess.CompletedProcess[str]:
    """Run a look around, as a role."""
    look = LOOK.format(
        home=str(state / "home"),
        hidden=str(state / "other" / "secret"),
        shared=str(state / "read"),
        state=str(state),
    )
    plan = {
        "uid": UID,
        "gid": UID,
        "keep": {str(state / "home"): "rw", str(state / "read"): "ro", sys.prefix: "ro",
                 sys.base_prefix: "ro"},
        "mask": [str(state)],
    }  # fmt: skip
    argv = [sys.executable, "-m", "bot.enter", json.dumps(plan), "--", sys.executable, "-c", look]
    groups = [UID + 1] if os.geteuid() == 0 else None  # as a login of root would have
    return subprocess.run(
        argv,
        cwd=CODE,
        extra_groups=groups,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_role_sees_its_own_folders_only(state: Path) -> None:
    """As root: another user, an empty group list, kept folders, the rest gone. Else: a refusal."""
    done = enter(state)
    if os.geteuid() != 0:
        assert done.returncode != 0
        assert "canary" not in done.stdout
        assert not (state / "home" / "mine").exists()
        return
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{UID} {UID} [] 0o7"
    assert lines[1] == "['home', 'read']"
    assert lines[2] == "False"
    assert lines[3].startswith(("OSError 30", "PermissionError"))
    assert (state / "home" / "mine").stat().st_uid == UID
    assert (state / "other" / "secret").read_text() == "canary"  # nothing changed outside


def test_a_closed_folder_on_the_way_is_covered(tmp_path: Path) -> None:
    """The topmost folder that the user could not pass, and every masked one, once."""
    closed = tmp_path / "root"
    kept = closed / "work" / "main"
    kept.mkdir(parents=True)
    closed.chmod(0o700)
    tmp_path.chmod(0o755)
    above = [p for p in reversed(kept.parents) if not p.stat().st_mode & 0o001]
    assert cover_points([kept], [kept / "state"]) == sorted({above[0]})
    open_one = Path("/usr")
    assert cover_points([open_one], [Path("/srv/a"), Path("/srv")]) == [Path("/srv")]
