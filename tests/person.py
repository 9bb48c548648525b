"""A person with a clone: git as somebody at a keyboard uses it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class Clone:
    """A person's working copy with its own bare remote."""

    def __init__(self, room: Path) -> None:
        self.remote = room / "remote.git"
        self.work = room / "work"
        self.git("init", "-q", "--bare", "-b", "main", str(self.remote), at=room)
        self.git("init", "-q", "-b", "main", str(self.work), at=room)
        self.git("remote", "add", "origin", str(self.remote))

    @property
    def url(self) -> str:
        """Where others fetch from."""
        return self.remote.as_uri()

    def git(self, *words: str, at: Path | None = None, stdin: bytes = b"") -> str:
        """Run git as a person."""
        env = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.invalid",
            "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.invalid",
        }  # fmt: skip
        done = subprocess.run(
            ["git", *words], cwd=at or self.work, env=env, input=stdin, capture_output=True,
            check=True, timeout=30,
        )  # fmt: skip
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, files: Mapping[str, bytes | None], message: str = "work\n") -> str:
        """Write or delete files, commit everything, push main, return the commit."""
        for name, content in files.items():
            path = self.work / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.git("add", "-A", "-f", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("push", "-q", "-f", "origin", "HEAD:refs/heads/main")
        return self.git("rev-parse", "HEAD")
