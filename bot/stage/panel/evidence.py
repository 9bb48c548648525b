"""Everything that runs leave behind outside the validator's own folder, as bytes to search."""

import asyncio
import gzip
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from github import Auth, Github

from bot.domain.role import Role
from bot.foreign import must_git_bytes
from bot.stage.stage import Stage
from bot.stage.twin import Twin

_GZIP = b"\x1f\x8b"


def cells(database: Path) -> Iterator[bytes]:
    """Yield every value of every table, what was packed also unpacked."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in names.fetchall():
            for row in connection.execute(f'select * from "{table}"'):  # noqa: S608  its own names
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    yield raw
                    if raw.startswith(_GZIP):
                        yield gzip.decompress(raw)


def objects(git: Path) -> bytes:
    """Return every object of a repository, unpacked: reachable or not."""
    words = ("cat-file", "--batch-all-objects", "--batch", "--buffer", "--unordered")
    return must_git_bytes(git, *words)


def raw_files(folder: Path, pattern: str) -> dict[str, bytes]:
    """Read files as they lie on disk."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


async def journal(twin: Twin | None) -> bytes:
    """Return all that was asked of a twin, and what it noted."""
    entries = [] if twin is None else await twin.admin("GET", "journal")
    return json.dumps(entries, ensure_ascii=False).encode()


def written_on_github(stage: Stage, repository: str) -> bytes:
    """Return what people and our App wrote: issues, comments, pull requests, checks."""
    token = stage.world.maintainer.token
    client = Github(auth=Auth.Token(token), base_url=stage.github.url, seconds_between_requests=0)
    repo = client.get_repo(repository)
    texts: list[object] = []
    for issue in repo.get_issues(state="all"):
        texts += [issue.title, issue.body, [comment.body for comment in issue.get_comments()]]
    for pull in repo.get_pulls(state="all"):
        texts += [pull.title, pull.body, pull.head.ref]
        for check in repo.get_commit(pull.head.sha).get_check_runs():
            texts += [check.name, check.output.title, check.output.summary, check.output.text]
    client.close()
    return json.dumps(texts, ensure_ascii=False).encode()


def bare(stage: Stage, repository: str) -> Path:
    """Return a repository as GitHub holds it."""
    return stage.state / "twins" / "github" / "repos" / f"{repository}.git"


def stores(stage: Stage, role: Role) -> dict[str, bytes]:
    """Return the objects of every repository that a role keeps."""
    home = stage.supervisor.home(role)
    return {f"{role} {git.parent.name}": objects(git) for git in home.glob("repos/*/git")}


async def everything(stage: Stage, repositories: Sequence[str] = ()) -> dict[str, bytes]:
    """Collect all places where nothing hidden may ever turn up."""
    shared = stage.state / "shared"
    found = raw_files(shared, "*") | raw_files(stage.state / "logs", "*.log")
    found["database, unpacked"] = b"\0".join(
        await asyncio.to_thread(lambda: list(cells(shared / "nightshift.db")))
    )
    found["GitHub journal"] = await journal(stage.github)
    found["Messages journal"] = await journal(stage.messages)
    for name in repositories or (stage.world.repository.full_name,):
        found[f"GitHub pages of {name}"] = await asyncio.to_thread(written_on_github, stage, name)
        found[f"GitHub objects of {name}"] = await asyncio.to_thread(objects, bare(stage, name))
    for role in (Role.SERVER, Role.BUILDER):
        found |= await asyncio.to_thread(stores, stage, role)
    return found
