"""A world's past as a real git repository: the same commit ids on every machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from twins.worlds.world import Commit, World, WorldError

DEADLINE = 60.0
# Neither the machine's nor the person's git settings reach in: no hooks, templates or signing.
_SEALED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "PATH": "/usr/bin:/bin",
}


def build_repository(world: World, directory: Path, *, bare: bool = True) -> Path:
    """Write the world's history into an absent or empty directory and return it."""
    if directory.exists() and any(directory.iterdir()):
        raise WorldError(f"{directory} is not empty; a world is built into a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    branch = world.repository.default_branch
    shape = ("--bare",) if bare else ()
    _git(directory, "init", "--quiet", "--template=", f"--initial-branch={branch}", *shape, ".")
    _git(directory, "fast-import", "--quiet", stdin=b"".join(_stream(world)))
    if not bare:
        _git(directory, "reset", "--quiet", "--hard", branch)
    return directory


def _stream(world: World) -> Iterator[bytes]:
    """Write every commit in git's own import language; each builds on the one before."""
    for commit in world.commits:
        yield f"commit refs/heads/{world.repository.default_branch}\n".encode()
        who = _signature(world, commit)
        yield f"author {who}\ncommitter {who}\n".encode()
        yield _data(commit.message.encode())
        for path, content in sorted(commit.files.items()):
            yield f"M 100644 inline {path}\n".encode()
            yield _data(content)
        yield b"\n"
    yield b"done\n"


def _signature(world: World, commit: Commit) -> str:
    person = world.person(commit.author)
    seconds = int(commit.date.timestamp())
    return f"{person.name} <{person.email}> {seconds} {commit.date:%z}"


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _git(directory: Path, *arguments: str, stdin: bytes = b"") -> None:
    """Run git in the new repository; its complaint becomes ours."""
    done = subprocess.run(
        [shutil.which("git") or "git", *arguments],
        cwd=directory,
        env=_SEALED,
        input=stdin,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip()
        raise WorldError(f"git {arguments[0]} failed in {directory}: {complaint}")
