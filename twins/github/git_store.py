"""The only object store: bare git repositories, read and written through plumbing.

Calls are synchronous on purpose: a handler that never awaits between reading and writing is one
transaction, and each call takes some milliseconds.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
TIMEOUT_S = 60.0
OBJECT_ID = re.compile("[0-9a-f]{4,40}")
CONFIG = """\
[safe]
    directory = *
[init]
    defaultBranch = main
[core]
    logAllRefUpdates = false
[gc]
    auto = 0
[receive]
    autogc = false
    hideRefs = refs/pull
[uploadpack]
    allowFilter = true
    allowAnySHA1InWant = true
[http]
    receivepack = true
[user]
    name = GitHub
    email = noreply@github.com
"""


# Refuses what the branch's guard forbids to whoever pushes; GH006 is how GitHub begins to say it.
UPDATE_HOOK = """\
#!/bin/sh
say() {
  echo "error: GH006: Protected branch update failed for $ref." >&2
  echo "error: $1" >&2
  exit 1
}
ref=$1 old=$2 new=$3 zero=0000000000000000000000000000000000000000
case " $TWIN_ONLY " in "  " | *" $ref "*) ;; *) say "permission denied" ;; esac
line=$(printf '%s\\n' "$TWIN_GUARDS" | grep -F -m 1 "$ref ") || exit 0
set -- $line
if [ "$new" = $zero ]; then
  [ "$4" = kept ] && say "Cannot delete a protected branch"
  exit 0
fi
[ "$old" = $zero ] && exit 0
[ "$2" = shut ] && say "You're not authorized to push to this branch."
[ "$3" = forward ] && ! git merge-base --is-ancestor "$old" "$new" && \
  say "Cannot force-push to this branch"
[ "$2" = pull ] && say "Changes must be made through a pull request."
[ "$2" = checks ] || exit 0
case ",$5," in *",$new,"*) ;; *) say "Required status checks are expected." ;; esac
"""


class GitError(Exception):
    """Git said no; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Person:
    """Author or committer of a commit to be written."""

    name: str
    email: str
    at: float

    def env(self, role: str) -> dict[str, str]:
        """Return git's variables for this person in the role AUTHOR or COMMITTER."""
        return {
            f"GIT_{role}_NAME": self.name,
            f"GIT_{role}_EMAIL": self.email,
            f"GIT_{role}_DATE": f"{int(self.at)} +0000",
        }


class GitStore:
    """Bare repositories below one folder, with a HOME that holds no surprises."""

    def __init__(self, root: Path) -> None:
        self.root = root
        git = shutil.which("git") or "git"
        self.git = git
        self._home = root / "home"
        self.env = {
            "PATH": os.pathsep.join(dict.fromkeys([str(Path(git).parent), "/usr/bin", "/bin"])),
            "HOME": str(self._home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
        }
        self._home.mkdir(parents=True, exist_ok=True)
        self._hooks = self._home / "hooks"
        self._hooks.mkdir(exist_ok=True)
        (self._hooks / "update").write_text(UPDATE_HOOK)
        (self._hooks / "update").chmod(0o755)
        (self._home / ".gitconfig").write_text(CONFIG)

    def guarding(self, guards: str, only: list[str]) -> dict[str, str]:
        """Return the variables that make git ask the update hook; it costs a process per ref.

        With `only` every other ref is refused.
        """
        if not guards and not only:
            return {}
        config = {"GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(self._hooks)}
        return {
            "GIT_CONFIG_COUNT": "1",
            **config,
            "TWIN_GUARDS": guards,
            "TWIN_ONLY": " ".join(only),
        }

    @property
    def repositories(self) -> Path:
        """Return the folder that holds the bare repositories."""
        return self.root / "repos"

    def create(self, full_name: str, default_branch: str) -> Path:
        """Make an empty bare repository, replacing one of an earlier life."""
        path = self.repositories / f"{full_name.lower()}.git"
        shutil.rmtree(path, ignore_errors=True)
        # What `git init --bare` would write, without the price of a process.
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (path / folder).mkdir(parents=True)
        (path / "HEAD").write_text(f"ref: refs/heads/{default_branch}\n")
        (path / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        return path

    def move(self, path: Path, full_name: str) -> Path:
        """Give a repository the folder of another name."""
        new = self.repositories / f"{full_name.lower()}.git"
        shutil.rmtree(new, ignore_errors=True)
        new.parent.mkdir(parents=True, exist_ok=True)
        path.rename(new)
        return new

    def clear(self) -> None:
        """Drop every repository; nobody has to wait until a disk has forgotten them."""
        if self.repositories.is_dir():
            gone = Path(tempfile.mkdtemp(dir=self.root, prefix="gone-"))
            self.repositories.rename(gone / "repos")
            threading.Thread(target=shutil.rmtree, args=(gone, True)).start()

    def run(
        self,
        path: Path,
        *argv: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        ok: tuple[int, ...] = (0,),
    ) -> bytes:
        """Run git in a repository and return its output; `ok` lists the good exit codes."""
        if any("\0" in word for word in argv):
            raise GitError("a name cannot hold a null byte")
        done = subprocess.run(
            [self.git, *argv],
            cwd=path,
            env={**self.env, "GIT_DIR": str(path), **(env or {})},
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode not in ok:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise GitError(said or f"git {argv[0]} ended with {done.returncode}")
        return done.stdout

    def text(self, path: Path, *argv: str, env: Mapping[str, str] | None = None) -> str:
        """Run git and return its output as stripped text."""
        return self.run(path, *argv, env=env).decode("utf-8", "replace").strip()

    def says_yes(self, path: Path, *argv: str) -> bool:
        """Run a git command that answers by exit code."""
        try:
            self.run(path, *argv)
        except GitError:
            return False
        return True

    def import_from(self, path: Path, source: Path) -> None:
        """Copy all branches and tags of a local repository, which stays untouched."""
        specs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        options = ["--quiet", "--no-tags", "--update-shallow", "--no-auto-maintenance"]
        self.run(path, "fetch", *options, "--", str(source), *specs)

    def bring(self, path: Path, source: Path, sha: str) -> None:
        """Copy a commit and all it stands on from another repository, if it is not there yet."""
        if path != source and self.kind(path, sha) is None:
            options = ["--quiet", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head"]
            self.run(path, "fetch", *options, "--", str(source), sha)

    def drop(self, path: Path) -> None:
        """Remove one repository."""
        shutil.rmtree(path, ignore_errors=True)

    def refs(self, path: Path) -> dict[str, str]:
        """Return branches and tags with the object each points at."""
        listed = self.text(
            path, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"
        )
        pairs = (line.split(" ", 1) for line in listed.splitlines())
        return {name: sha for sha, name in pairs}

    def resolve(self, path: Path, name: str, kind: str = "object") -> str | None:
        """Return the id behind a branch, tag, id or full ref, peeled to a kind, or None."""
        if name.startswith("-") or ".." in name:
            return None
        try:
            return self.text(path, "rev-parse", "--verify", "--quiet", f"{name}^{{{kind}}}")
        except GitError:
            return None

    def commit_of(self, path: Path, name: str) -> str | None:
        """Return the commit behind a name, peeling tags, or None."""
        return self.resolve(path, name, "commit")

    def kind(self, path: Path, sha: str) -> str | None:
        """Return blob, tree, commit or tag, or None when there is no such object."""
        if not OBJECT_ID.fullmatch(sha):
            return None
        try:
            return self.text(path, "cat-file", "-t", sha)
        except GitError:
            return None

    def update_ref(self, path: Path, ref: str, new: str, old: str | None = None) -> None:
        """Move, create (old all zeros) or delete (new all zeros) a ref."""
        if any(character.isspace() for character in ref):
            raise GitError(f"not a ref: {ref!r}")
        line = f"update {ref} {new}" + (f" {old}" if old else "")
        self.run(path, "update-ref", "--stdin", stdin=f"{line}\n".encode())

    def is_ancestor(self, path: Path, older: str, newer: str) -> bool:
        """Tell whether one commit is reachable from another."""
        return self.says_yes(path, "merge-base", "--is-ancestor", older, newer)

    def merge_base(self, path: Path, one: str, other: str) -> str | None:
        """Return the best common ancestor, if any."""
        try:
            return self.text(path, "merge-base", one, other)
        except GitError:
            return None

    def commit_tree(
        self,
        path: Path,
        tree: str,
        parents: list[str],
        message: str,
        *,
        author: Person,
        committer: Person,
    ) -> str:
        """Write a commit and return its id."""
        argv = ["commit-tree", tree]
        for parent in parents:
            argv += ["-p", parent]
        env = author.env("AUTHOR") | committer.env("COMMITTER")
        return self.run(path, *argv, stdin=message.encode(), env=env).decode().strip()

    def merged_tree(self, path: Path, ours: str, theirs: str) -> str | None:
        """Return the tree of a clean merge, or None when it conflicts."""
        try:
            out = self.text(path, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
        except GitError:
            return None
        return out.splitlines()[0]
