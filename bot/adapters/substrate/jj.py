"""The jj command line as data: configuration, environment, templates and exit codes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.substrate.files import put
from bot.adapters.substrate.lock import StoreLock
from bot.adapters.substrate.process import STANDARD_PATH, Done, run
from bot.adapters.substrate.tree import Refused
from bot.domain.change import Change
from bot.errors import DiskFull, NightshiftError, Rejected, ToolMissing

LOWEST = (0, 46)
"""0.44, 0.45 and 0.46 each changed the command line or the templates."""

GUARD = (
    "--config",
    'revset-aliases."immutable_heads()"="trunk() | (working_copies() ~ default@)"',
)
"""Refuses to rewrite a live workspace's change, which would wipe its files."""

TEMPLATE = r"""json({'change_id'=>change_id,'commit'=>commit_id,
'parents'=>parents.map(|p| p.commit_id()),'description'=>description,'conflict'=>conflict,
'divergent'=>divergent,'empty'=>empty,
'conflicted_files'=>conflicted_files.map(|e| e.path())}) ++ "\n" """.replace("\n", " ", 3)

_CONFIG = """\
[user]
name = {name}
email = {email}
[ui]
paginate = "never"
color = "never"
editor = "false"
merge-editor = "false"
diff-editor = "false"
progress-indicator = false
conflict-marker-style = "git"
[git]
abandon-unreachable-commits = false
write-change-id-header = true
executable-path = {git}
[snapshot]
max-new-file-size = "2MiB"
auto-update-stale = false
[fsmonitor]
backend = "none"
[signing]
behavior = "drop"
[revset-aliases]
"trunk()" = "root()"
"immutable_heads()" = "trunk()"
"""

_WARNINGS = (
    "Refused to snapshot some files",
    "Skipped some paths because they are not valid UTF-8",
    "of those updates were skipped",
)


class Stale(NightshiftError):
    """The workspace and the operation log disagree: a command was killed half-way."""

    slug = "stale"


@dataclass(frozen=True, slots=True)
class Jj:
    """One jj binary with one private configuration directory."""

    binary: Path
    home: Path
    git: Path
    lock: StoreLock | None = None

    def configure(self, author: tuple[str, str]) -> None:
        """Write the configuration that every call uses."""
        self.home.mkdir(parents=True, exist_ok=True)
        name, email = (json.dumps(word) for word in author)
        text = _CONFIG.format(name=name, email=email, git=json.dumps(str(self.git)))
        put(self.home / "jj.toml", text)

    def env(self, who: str) -> dict[str, str]:
        """Build the environment from nothing; `who` lands in the operation log."""
        return {
            "PATH": f"{self.git.parent}:{STANDARD_PATH}",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "JJ_CONFIG": str(self.home / "jj.toml"),
            "JJ_OP_HOSTNAME": "nightshift",
            "JJ_OP_USERNAME": f"bot/{who}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
        }

    async def __call__(
        self,
        *words: str,
        at: Path | None,
        who: str = "store",
        stdin: bytes = b"",
        timeout: float = 120,  # noqa: ASYNC109  handed on to the process runner
    ) -> Done:
        """Run jj for the workspace `at`, if any; an error or a harmful warning is raised."""
        place = ["-R", str(at)] if at else []
        argv = [str(self.binary), "--color", "never", "--no-pager", *place, *words]
        keep = self.lock.held if self.lock else ()
        env = self.env(who)
        done = await run(argv, cwd=self.home, env=env, stdin=stdin, timeout=timeout, keep=keep)
        if done.code:
            raise refusal(words, done)
        for warning in _WARNINGS:
            if warning in done.err:
                raise Refused(tidy(done.err), "jj left it out of the snapshot")
        return done

    async def version(self) -> tuple[int, int]:
        """Ask for the version."""
        argv = [str(self.binary), "--version"]
        self.home.mkdir(parents=True, exist_ok=True)
        done = await run(argv, cwd=self.home, env=self.env("version"), timeout=20)
        return parse_version(done.text)


def parse_version(text: str) -> tuple[int, int]:
    """Read `jj 0.46.0`."""
    found = re.match(r"jj (\d+)\.(\d+)", text)
    if found is None:
        raise ToolMissing(f"this is not jj: it says {text[:60]!r}", remedy="run `make setup`")
    return int(found[1]), int(found[2])


def refusal(words: Sequence[str], done: Done) -> NightshiftError:
    """Turn a non-zero exit into the error a caller can act on."""
    if "No space left on device" in done.err:
        return DiskFull(f"jj: {tidy(done.err)}", remedy="free disk space, then start again")
    kind: type[NightshiftError] = Rejected
    stale = ("working copy is stale", "sibling of the working copy's operation")
    if any(sign in done.err for sign in stale):
        kind = Stale
    verb = " ".join(word for word in words[:3] if not word.startswith("-"))
    return kind(f"jj {verb} ended with {done.code}: {tidy(done.err)}")


def tidy(err: str) -> str:
    """Shorten jj's standard error to what a message can carry."""
    return " ".join(err.split())[:400]


def parse_operation(err: str) -> str | None:
    """Find the id of an operation that was run without being published."""
    for line in reversed(err.splitlines()):
        if "Operation left uncommitted" in line:
            return line.rsplit(":", 1)[-1].strip() or None
    return None


def parse_change(line: str, *, tree: str) -> tuple[Change, bool]:
    """Read one line of TEMPLATE; the flag says whether the change id is divergent."""
    row: Mapping[str, object] = json.loads(line)

    def words(key: str) -> tuple[str, ...]:
        value = row[key]
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    change = Change(
        change_id=str(row["change_id"]),
        commit=str(row["commit"]),
        tree=tree,
        parents=tuple(parent for parent in words("parents") if parent.strip("0")),
        description=str(row["description"]),
        conflict=row["conflict"] is True,
        conflicted_files=words("conflicted_files"),
        empty=row["empty"] is True,
    )
    return change, row["divergent"] is True
