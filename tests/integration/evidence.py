"""Everything that a run leaves behind outside the validator's own folder, as bytes to search."""

import asyncio
import gzip
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from github import Auth, Github

from bot.domain.role import Role
from bot.stage.stage import Stage
from bot.stage.twin import Twin

_GZIP = b"\x1f\x8b"
_GIT_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


def cells(database: Path) -> Iterator[bytes]:
    """Yield every value of every table, what was packed also unpacked."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in names.fetchall():
            for row in connection.execute(f'select * from "{table}"'):  # noqa: S608
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    yield raw
                    if raw.startswith(_GZIP):
                        yield gzip.decompress(raw)
    connection.close()


def objects(bare: Path) -> bytes:
    """Return every object of a repository, unpacked: reachable or not."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered"]
    done = subprocess.run(
        command, cwd=bare, env=_GIT_ENV, capture_output=True, timeout=60, check=True
    )
    return done.stdout


def raw_files(folder: Path, pattern: str) -> dict[str, bytes]:
    """Read files as they lie on disk."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


async def journal(twin: Twin | None) -> bytes:
    """Return all that was asked of a twin, and what it noted."""
    assert twin is not None
    return json.dumps(await twin.admin("GET", "journal"), ensure_ascii=False).encode()


def written_on_github(stage: Stage) -> bytes:
    """Return what people and our App wrote: issues, comments, pull requests, checks."""
    token = stage.world.maintainer.token
    client = Github(auth=Auth.Token(token), base_url=stage.github.url, seconds_between_requests=0)
    repo = client.get_repo(stage.world.repository.full_name)
    texts: list[object] = []
    for issue in repo.get_issues(state="all"):
        texts += [issue.title, issue.body, [comment.body for comment in issue.get_comments()]]
    for pull in repo.get_pulls(state="all"):
        texts += [pull.title, pull.body, pull.head.ref]
        for check in repo.get_commit(pull.head.sha).get_check_runs():
            texts += [check.name, check.output.title, check.output.summary, check.output.text]
    client.close()
    return json.dumps(texts, ensure_ascii=False).encode()


def stores(stage: Stage, role: Role) -> dict[str, bytes]:
    """Return the objects of every repository that a role keeps."""
    home = stage.supervisor.home(role)
    return {f"{role} {git.parent.name}": objects(git) for git in home.glob("repos/*/git")}


async def everything(stage: Stage) -> dict[str, bytes]:
    """Collect all places where nothing hidden may ever turn up."""
    shared = stage.state / "shared"
    name = stage.world.repository.full_name
    found = raw_files(shared, "*") | raw_files(stage.state / "logs", "*.log")
    found["database, unpacked"] = b"\0".join(
        await asyncio.to_thread(lambda: list(cells(shared / "nightshift.db")))
    )
    found["GitHub journal"] = await journal(stage.github)
    found["Messages journal"] = await journal(stage.messages)
    found["GitHub pages"] = await asyncio.to_thread(written_on_github, stage)
    found["GitHub objects"] = objects(stage.state / "twins" / "github" / "repos" / f"{name}.git")
    return found | stores(stage, Role.SERVER) | stores(stage, Role.BUILDER)
