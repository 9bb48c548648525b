"""Provide bubblewrap, the one Debian package that is installed outside the checkout."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bot.errors import EnvironmentProblem, ToolMissing
from bot.provision.command import call

COMMAND = "sudo apt-get install -y bubblewrap"


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
    """Return bubblewrap, installed through apt where we may."""
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
