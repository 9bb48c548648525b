"""Plain git on a store that we own: one environment, hooks off, answers turned into errors."""

import base64
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.adapters.substrate.process import STANDARD_PATH, Done, run
from bot.errors import (
    Conflict,
    CredentialRefused,
    DiskFull,
    Gone,
    NightshiftError,
    Protected,
    Rejected,
    Unavailable,
    UsageError,
)

# Old histories that GitHub itself serves carry these blemishes; nothing can be done with them.
HARMLESS = ("zeroPaddedFilemode", "badTimezone", "missingSpaceBeforeDate", "missingNameBeforeEmail",
            "missingSpaceBeforeEmail", "badDate", "multipleAuthors", "fullPathname")  # fmt: skip

_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
    "core.fsmonitor": "false",
    "core.filesRefLockTimeout": "10000",  # of git's own 100 ms little is left on a busy machine
    "core.packedRefsTimeout": "10000",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "protocol.file.allow": "always",
    "transfer.fsckObjects": "true",
    **{f"fetch.fsck.{name}": "ignore" for name in HARMLESS},
    "fetch.writeCommitGraph": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "credential.helper": "",
    "push.gpgSign": "false",
    "tar.umask": "0022",
}


@dataclass(frozen=True, slots=True)
class Git:
    """One git binary bound to one bare repository."""

    binary: Path
    directory: Path

    def env(self, secret: Mapping[str, str]) -> dict[str, str]:
        """Build the environment from nothing; settings that no command line may show go here."""
        pairs = {**_SETTINGS, **secret}
        env = {
            "PATH": f"{self.binary.parent}:{STANDARD_PATH}",
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_CONFIG_COUNT": str(len(pairs)),
            "LC_ALL": "C.UTF-8",
        }
        for index, (key, value) in enumerate(pairs.items()):
            env[f"GIT_CONFIG_KEY_{index}"] = key
            env[f"GIT_CONFIG_VALUE_{index}"] = value
        return env

    async def ask(
        self,
        *words: str,
        stdin: bytes = b"",
        secret: Mapping[str, str] | None = None,
        timeout: float = 120,  # noqa: ASYNC109  handed on to the process runner
    ) -> Done:
        """Run git and hand back how it ended, good or bad."""
        argv = [str(self.binary), f"--git-dir={self.directory}", *words]
        return await run(
            argv, cwd=self.directory, env=self.env(secret or {}), stdin=stdin, timeout=timeout
        )

    async def __call__(
        self,
        *words: str,
        stdin: bytes = b"",
        timeout: float = 120,  # noqa: ASYNC109  handed on to the process runner
    ) -> Done:
        """Run git; anything but a clean end is raised."""
        done = await self.ask(*words, stdin=stdin, timeout=timeout)
        if done.code:
            raise local_failure(words, done)
        return done


def credentials(url: str, token: str | None) -> dict[str, str]:
    """Scope a token to the host it is for, so that a redirect does not carry it away."""
    if token is None:
        return {}
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return {}
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode("ascii")
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
    return {f"http.{host}.extraHeader": f"Authorization: Basic {basic}"}


_SSH = re.compile(
    r"ssh://([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?/[^\s]+", re.ASCII
)


def ssh_settings(url: str, key: Path | None) -> dict[str, str]:
    """Allow SSH for one call, with one key and known hosts only; nothing for other addresses."""
    if key is None or not url.startswith("ssh://"):
        return {}
    if not _SSH.fullmatch(url):
        raise UsageError(f"not a git address: {url[:100]!r}", remedy="use ssh://git@host/path")
    options = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes"]
    options.append(f"UserKnownHostsFile={key}.known_hosts")
    words = ["ssh", "-F", "none", "-i", str(key), *[w for o in options for w in ("-o", o)]]
    return {"protocol.ssh.allow": "always", "core.sshCommand": shlex.join(words)}


def checked_url(url: str, *, ssh: bool = False) -> str:
    """Let through only addresses that git cannot take for an option or a command."""
    if ssh and _SSH.fullmatch(url):
        return url
    if url.startswith(("http://", "https://", "file:///", "/")) and "\n" not in url:
        return url
    raise UsageError(f"not a git address: {url[:100]!r}", remedy="use https:// or file:///")


def local_failure(words: Sequence[str], done: Done) -> NightshiftError:
    """Describe a failure in our own store."""
    text = _tidy(done.err)
    if "No space left" in done.err:
        return DiskFull(f"git {words[0]}: {text}", remedy="free disk space, then start again")
    return Rejected(f"git {words[0]} ended with {done.code}: {text}")


_REMOTE = (
    (DiskFull, ("No space left",)),
    (CredentialRefused, ("Authentication failed", "could not read Username", "error: 401",
                         "error: 403", "Invalid username or token")),
    (Gone, ("couldn't find remote ref", "error: 404", "repository not found", "not found",
            "does not appear to be a git repository")),
    (Unavailable, ("Could not resolve host", "Failed to connect", "Couldn't connect", "timed out",
                   "error: 5", "error: 429", "RPC failed", "early EOF", "hung up", "Empty reply",
                   "Connection reset", "Operation too slow", "SSL", "Connection refused",
                   "transfer closed", "Recv failure", "Send failure")),
)  # fmt: skip


def remote_failure(action: str, done: Done) -> NightshiftError:
    """Describe a failure that the other side had a part in."""
    for kind, signs in _REMOTE:
        if any(sign in done.err for sign in signs):
            return kind(f"{action}: {_tidy(done.err)}")
    return Rejected(f"{action}: {_tidy(done.err)}")


_RULES = ("protected branch", "GH006", "GH013", "rule violations", "pre-receive hook declined")
"""How GitHub and others word that a rule of the repository refuses a push."""


def push_failure(done: Done) -> NightshiftError:
    """Read `git push --porcelain`: a moved branch is a conflict, a refusing remote is final."""
    for line in done.text.splitlines():
        if not line.startswith("!"):
            continue
        reason = line.split("\t")[-1]
        if any(sign in reason for sign in ("stale info", "fetch first", "non-fast-forward",
                                           "already exists", "failed to update ref",
                                           "cannot lock ref", "failed to lock")):  # fmt: skip
            return Conflict(
                f"push refused: {reason}", means="somebody moved the branch since it was read"
            )
        told = f"push refused: {reason} {_tidy(done.err)}"
        return Protected(told) if any(sign in told for sign in _RULES) else Rejected(told)
    return remote_failure("push", done)


def _tidy(err: str) -> str:
    return " ".join(err.split())[:500]
