"""Provide bubblewrap, the one Debian package that is installed outside the checkout.

Where it is refused the namespaces it needs, and only there, also sandlock, the box's fallback.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.errors import EnvironmentProblem, ToolMissing
from bot.provision.command import call

COMMAND = "sudo apt-get install -y bubblewrap"
_FALLBACK = Path(__file__).resolve().parents[2] / "requirements" / "sandlock.txt"
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
_TRIAL = (
    *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/"),
    *("--", "/usr/bin/true"),
)


def find() -> Path:
    """Return bubblewrap, or say what installs it."""
    found = shutil.which("bwrap")
    if found is None:
        raise ToolMissing(
            "bubblewrap is not installed",
            means="every command of an agent runs inside it, so nothing runs without it",
            remedy=COMMAND,
        )
    return Path(found)


def ensure(say: Callable[[str], None]) -> Path:
    """Return bubblewrap, installed through apt where we may, and a fallback where it is needed."""
    found = _bubblewrap(say)
    if os.geteuid() == 0 and refused(as_user=_NOBODY):
        say("box: user namespaces are refused here; installing the fallback (sandlock, tier B)")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
        call([*pip, "--require-hashes", "-r", str(_FALLBACK)], seconds=300)
    return found


def refused(*, as_user: Sequence[str] = (), trial: Sequence[str] = _TRIAL) -> bool:
    """Whether an ordinary user may not build a box with bubblewrap on this machine."""
    try:
        call([*as_user, *trial], seconds=10)
    except EnvironmentProblem:
        return True
    return False


def _bubblewrap(say: Callable[[str], None]) -> Path:
    if shutil.which("bwrap"):
        return find()
    root = _root_prefix()
    if root is None or shutil.which("apt-get") is None:
        return find()
    say("box: installing bubblewrap with apt")
    try:
        install(root, "bubblewrap")
    except EnvironmentProblem as problem:
        raise ToolMissing(
            "bubblewrap could not be installed", means=problem.what, remedy=COMMAND
        ) from problem
    return find()


def install(root: list[str], package: str) -> None:
    """Install a Debian package; refresh the lists only when it is not known yet."""
    argv = [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    try:
        call(argv, seconds=300)
    except EnvironmentProblem:
        call([*root, "apt-get", "update", "-qq"], seconds=300)
        call(argv, seconds=300)


def _root_prefix() -> list[str] | None:
    """Say how a command becomes root without asking anybody, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    try:
        call(["sudo", "-n", "true"], seconds=10)
    except EnvironmentProblem:
        return None
    return ["sudo", "-n"]
