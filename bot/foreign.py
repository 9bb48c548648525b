"""Runs git in somebody else's repository: to read it, never to be configured by it."""

import subprocess
from pathlib import Path

from bot.errors import RepositoryError, ToolMissing

_CONFIG = Path(__file__).with_name("foreign.gitconfig")
_LONGEST_S = 300.0


def run_git(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run git without the reader's own configuration, hooks, prompts or owner checks."""
    try:
        return subprocess.run(
            ["git", *words],
            cwd=directory,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": str(_CONFIG),
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_OPTIONAL_LOCKS": "0",  # looking at a repository does not rewrite its index
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=_LONGEST_S,
            check=False,
        )
    except FileNotFoundError:
        raise ToolMissing("git is not installed", remedy="sudo apt-get install -y git") from None
    except subprocess.TimeoutExpired:
        raise RepositoryError(f"git {words[0]} needed more than {_LONGEST_S:.0f} s") from None


def must_git(directory: Path, *words: str) -> str:
    """Return what git prints; RepositoryError with its last words when it fails."""
    done = run_git(directory, *words)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RepositoryError(
            f"git {words[0]} failed: {last}", remedy="run `git fsck` in the repository"
        )
    return done.stdout
