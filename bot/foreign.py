"""Runs git in somebody else's repository: to read it, never to be configured by it."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bot.errors import RepositoryError, ToolMissing

_CONFIG = Path(__file__).with_name("foreign.gitconfig")
_LONGEST_S = 300.0
_HARMLESS = {"core.fsmonitor": "false", "core.hooksPath": "/dev/null"}
"""Set above the repository's own configuration, which wins over any file of ours."""
_COMMAND = re.compile(r"(filter|diff|merge)\..+\.(clean|smudge|process|textconv|command|driver)")
_REQUIRED = re.compile(r"filter\..+\.required")


def run_git(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run git without the reader's own configuration, hooks, prompts or owner checks.

    Nor with any command that the repository names in its own: looking at a file may run those.
    """
    done = _disarmed(directory, words)
    return subprocess.CompletedProcess(
        done.args, done.returncode, _text(done.stdout), _text(done.stderr)
    )


def must_git(directory: Path, *words: str) -> str:
    """Return what git prints; RepositoryError with its last words when it fails."""
    return _text(must_git_bytes(directory, *words))


def must_git_bytes(directory: Path, *words: str) -> bytes:
    """Return what git prints, as it is: contents need not be text."""
    done = _disarmed(directory, words)
    if done.returncode != 0:
        last = (_text(done.stderr).strip().splitlines() or ["no message"])[-1]
        raise RepositoryError(
            f"git {words[0]} failed: {last}", remedy="run `git fsck` in the repository"
        )
    return done.stdout


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _disarmed(directory: Path, words: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
    listed = _run(directory, ("config", "--list", "--includes", "--name-only", "-z"), {})
    keys = set(_text(listed.stdout).split("\0")) if listed.returncode == 0 else set()
    disarmed = {key: "" for key in keys if _COMMAND.fullmatch(key)}
    optional = {key: "false" for key in keys if _REQUIRED.fullmatch(key)}
    return _run(directory, words, {**_HARMLESS, **disarmed, **optional})


def _run(
    directory: Path, words: tuple[str, ...], config: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    pairs = {
        f"GIT_CONFIG_{kind}_{index}": text
        for index, pair in enumerate(config.items())
        for kind, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    try:
        return subprocess.run(
            ["git", *words],
            cwd=directory,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": str(_CONFIG),
                "GIT_CONFIG_COUNT": str(len(config)),
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_OPTIONAL_LOCKS": "0",  # looking at a repository does not rewrite its index
                "LC_ALL": "C.UTF-8",
                **pairs,
            },
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
        )
    except FileNotFoundError:
        raise ToolMissing("git is not installed", remedy="sudo apt-get install -y git") from None
    except subprocess.TimeoutExpired:
        raise RepositoryError(f"git {words[0]} needed more than {_LONGEST_S:.0f} s") from None
