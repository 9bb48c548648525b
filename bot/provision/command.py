"""A child process of the set-up: an argv list with a deadline and a readable failure."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import EnvironmentProblem


def call(
    argv: Sequence[str],
    *,
    seconds: float,
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Run a command, return its output; a failure carries the last lines that it said."""
    # The set-up runs with the person's own environment: proxies and mirrors live there.
    env = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(extra or {})}
    try:
        child = subprocess.Popen(
            list(argv), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as problem:
        raise EnvironmentProblem(f"cannot start {argv[0]}: {problem.strerror}") from problem
    with child:
        try:
            out, err = child.communicate(timeout=seconds)
        except BaseException as problem:
            os.killpg(child.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                raise EnvironmentProblem(f"{argv[0]} took more than {seconds:.0f} s") from problem
            raise
    if child.returncode:
        last = " | ".join((err or out).strip().splitlines()[-3:])
        raise EnvironmentProblem(f"{argv[0]} ended with {child.returncode}: {last}")
    return out
