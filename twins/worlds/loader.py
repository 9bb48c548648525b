"""Worlds from their folders: `world.yaml`, the issues beside it, the product and its past."""

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from twins.worlds.history import build_repository
from twins.worlds.world import (
    App,
    Commit,
    Expectation,
    Issue,
    Label,
    Person,
    Repository,
    World,
    WorldError,
)

__all__ = ["World", "WorldError", "build_repository", "known", "load", "seed_payload"]

HERE = Path(__file__).parent
PAST = ".past"


class _Strict(BaseModel):
    """A part of world.yaml: a key that we do not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _CommitEntry(_Strict):
    author: str
    date: datetime
    message: str
    past: str = ""
    final: tuple[str, ...] = ()


class _IssueEntry(_Strict):
    file: str
    author: str
    labels: tuple[str, ...]
    story: str
    expect: Expectation


class _WorldFile(_Strict):
    name: str
    repository: Repository
    app: App
    people: tuple[Person, ...]
    labels: tuple[Label, ...]
    commits: tuple[_CommitEntry, ...]
    issues: tuple[_IssueEntry, ...]
    corpus: str = ""


def known(root: Path = HERE) -> tuple[str, ...]:
    """Name the worlds there are."""
    return tuple(sorted(path.parent.name for path in root.glob("*/world.yaml")))


def load(name: str, root: Path = HERE) -> World:
    """Load a world by name; every contradiction in its files is a WorldError."""
    if name not in known(root):
        raise WorldError(f"there is no world {name!r}; known: {', '.join(known(root))}")
    folder = root / name
    entry = _read(folder / "world.yaml")
    world = World(
        name=entry.name,
        repository=entry.repository,
        app=entry.app,
        people=entry.people,
        labels=entry.labels,
        commits=tuple(_commit(folder, commit) for commit in entry.commits),
        issues=tuple(_issue(folder, n, issue) for n, issue in enumerate(entry.issues, start=1)),
        corpus=entry.corpus,
        folder=folder,
    )
    _check(world)
    return world


def seed_payload(world: World, repo_path: Path, webhook_url: str, secret: str) -> dict[str, Any]:
    """Say what the GitHub twin's seed route has to be told to show this world."""
    repository = world.repository
    return {
        "users": [{"login": person.login, "token": person.token} for person in world.people],
        "apps": [
            {
                "slug": world.app.slug,
                "webhook_url": webhook_url,
                "webhook_secret": secret,
                "permissions": dict(world.app.permissions),
                "events": list(world.app.events),
            }
        ],
        "repos": [
            {
                "full_name": repository.full_name,
                "path": str(repo_path),
                "default_branch": repository.default_branch,
                "private": repository.private,
                "description": repository.description,
                "collaborators": {person.login: person.permission for person in world.people},
            }
        ],
        "installations": [{"app": world.app.slug, "repos": [repository.full_name]}],
    }


def parse_issue(text: str, where: str) -> tuple[str, str]:
    """Split an issue file into title (its first heading) and body."""
    first, _, body = text.lstrip().partition("\n")
    title = first.removeprefix("# ").strip()
    if not first.startswith("# ") or not title:
        raise WorldError(f"{where}: an issue begins with '# ' and its title")
    return title, body.strip() + "\n"


def _read(path: Path) -> _WorldFile:
    try:
        return _WorldFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise WorldError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WorldError(f"{path}: {place}: {first['msg']}") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WorldError(f"{path} is named in world.yaml and does not exist") from None


def _commit(folder: Path, entry: _CommitEntry) -> Commit:
    """Gather the files a commit wrote: past versions, and the ones that stayed."""
    files = {path: _content(folder / "product" / path) for path in entry.final}
    past = folder / "history" / entry.past
    for file in sorted(past.rglob(f"*{PAST}")) if entry.past else ():
        files[file.relative_to(past).as_posix().removesuffix(PAST)] = file.read_bytes()
    return Commit(entry.author, entry.date, entry.message, files)


def _issue(folder: Path, number: int, entry: _IssueEntry) -> Issue:
    title, body = parse_issue(_content(folder / entry.file).decode(), entry.file)
    return Issue(number, title, body, entry.author, entry.labels, entry.story, entry.expect)


def _check(world: World) -> None:
    """Refuse what git or the twin would stumble over later."""
    labels = {label.name for label in world.labels}
    for login in [commit.author for commit in world.commits] + [i.author for i in world.issues]:
        world.person(login)
    for issue in world.issues:
        for label in issue.labels:
            if label not in labels:
                raise WorldError(f"world {world.name}: issue {issue.number} has no label {label!r}")
    for commit in world.commits:
        if not commit.files or commit.date.tzinfo is None:
            raise WorldError(f"world {world.name}: a commit needs files and a date with its zone")
    head = {path: content for commit in world.commits for path, content in commit.files.items()}
    if world.folder and head != product_files(world.folder / "product"):
        raise WorldError(f"world {world.name}: the history does not end in product/")


def product_files(product: Path) -> dict[str, bytes]:
    """Read the product's tree, without what tools leave behind."""
    return {
        path.relative_to(product).as_posix(): path.read_bytes()
        for path in sorted(product.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
