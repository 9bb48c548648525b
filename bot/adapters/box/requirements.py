"""What a repository says it needs: requirements files, packages, and its own name."""

import posixpath
import re
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bot.errors import MissionError, UsageError

_DEEPEST_INCLUDE = 5
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._,\s-]*\])?"  # name and extras
    r"\s*\(?[^@:/\\;]*(;[^@\\]*)?"  # versions and marker; no address, no path
    r"(\s--hash=[a-z0-9]+:[0-9a-f]+)*\s*"
)
_OPTION = re.compile(r"\s-(?!-hash=)")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
_ITSELF = re.compile(r"(?:(?:-e|--editable)[\s=]+)?\.(?:\[[^\]]*\])?")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_ENTRY = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)")

Read = Callable[[str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Project:
    """The product itself, as `importlib.metadata` and its commands are to find it."""

    name: str
    version: str
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Command name to `module:function`."""


async def read_requirements(path: str, read: Read, depth: int = 0) -> str:
    """Read a requirements file and the files it includes, all from the base commit."""
    content = await read(path)
    if content is None:
        raise MissionError(
            f"requirements file {path} is not in the repository",
            remedy="mend `environment.requirements` in mission.md",
        )
    lines = []
    for line in content.decode(errors="replace").splitlines():
        include = _INCLUDE.fullmatch(line.split(" #")[0].strip())
        if include and depth < _DEEPEST_INCLUDE:
            base = PurePosixPath(path).parent / include.group(1)
            lines.append(await read_requirements(posixpath.normpath(base), read, depth + 1))
        else:
            lines.append(line)
    return "\n".join(lines)


def requirement_lines(text: str) -> tuple[str, ...]:
    """Return the requirements of a file; raises UsageError for whatever could run code outside.

    The project itself (`-e .`) is left out: its source is on the path in the box already.
    """
    wanted = []
    for line in text.replace("\\\n", " ").splitlines():
        plain = " ".join(re.sub(r"(^|\s)#.*", "", line).split())
        if not plain or _ITSELF.fullmatch(plain):
            continue
        if not _REQUIREMENT.fullmatch(plain) or _OPTION.search(plain):
            raise UsageError(
                f"requirement not supported: {plain[:200]}",
                means="Only names with versions, markers and hashes: nothing is built, and no"
                " address is fetched from, outside the box.",
                remedy="name a released package that has wheels",
            )
        wanted.append(plain)
    return tuple(sorted(set(wanted)))


def read_project(pyproject: bytes | None) -> Project | None:
    """Find the project's name, version and commands in pyproject.toml, where they stand there."""
    if pyproject is None:
        return None
    try:
        data = tomllib.loads(pyproject.decode())
    except ValueError as error:
        raise UsageError(f"pyproject.toml cannot be read: {error}") from error
    project = data.get("project")
    if not isinstance(project, dict) or not _NAME.fullmatch(str(project.get("name", ""))):
        return None
    version = str(project.get("version", ""))
    scripts = project.get("scripts")
    return Project(
        name=str(project["name"]),
        version=version if _VERSION.fullmatch(version) else "0.0.0",
        scripts={
            str(name): str(target)
            for name, target in (scripts if isinstance(scripts, dict) else {}).items()
            if _NAME.fullmatch(str(name)) and _ENTRY.fullmatch(str(target))
        },
    )
