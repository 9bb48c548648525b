"""A person with a clone: git as somebody at a keyboard uses it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ANN = ("Ann", "ann@example.invalid")


def git(folder: Path, *words: str, who: tuple[str, str] = ANN, stdin: bytes = b"") -> str:
    """Run git in a folder as a person, with nobody's configuration; return what it says."""
    name, email = who
    env = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email,
    }  # fmt: skip
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env, input=stdin, capture_output=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


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
        """Run git as its owner."""
        return git(at or self.work, *words, stdin=stdin)

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
