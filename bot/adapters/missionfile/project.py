"""What a Python repository says about itself, read without running a byte of it."""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import Any

TEST_EXTRAS = ("test", "tests", "testing", "test-dependencies")
DEV_EXTRAS = ("dev", "develop", "development")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w.-]+)['\"]")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_DEEPEST = 2
_VERSION = re.compile(
    r"^(?:__version__|VERSION|version)\s*(?::[^=\n]*)?=\s*['\"]([\w.+!-]+)['\"]", re.MULTILINE
)


@dataclass(slots=True)
class Project:
    """Name, version and requirements, from whichever file states them first."""

    name: str = ""
    version: str = ""
    summary: str = ""
    requires: list[str] = field(default_factory=list)
    extras: dict[str, list[str]] = field(default_factory=dict)

    def fill(self, other: "Project") -> None:
        """Take from `other` what is still unknown."""
        self.name = self.name or other.name
        self.version = self.version or other.version
        self.summary = self.summary or other.summary
        self.requires = self.requires or other.requires
        for extra, specs in other.extras.items():
            self.extras[extra] = self.extras.get(extra) or specs

    @property
    def test_requires(self) -> list[str]:
        """The requirements of the test extra; of the development extra when there is no other."""
        for names in (TEST_EXTRAS, DEV_EXTRAS):
            found = [spec for name in names for spec in self.extras.get(name, [])]
            if found:
                return self._without_itself(found)
        return []

    def _without_itself(self, specs: Iterable[str], depth: int = 3) -> list[str]:
        """Replace `thisproject[extra]` by what that extra asks for."""
        flat: list[str] = []
        for spec in specs:
            name, wanted = _split(spec)
            if not self.name or _normal(name) != _normal(self.name):
                flat.append(spec)
            elif depth:
                inner = [s for extra in wanted for s in self.extras.get(_normal(extra), [])]
                flat += self._without_itself(inner, depth - 1)
        return flat


def read_project(files: Mapping[str, bytes]) -> Project:
    """Join pyproject.toml, setup.cfg, setup.py and PKG-INFO; the earlier file wins."""
    project = Project()
    for read in (_from_pyproject, _from_setup_cfg, _from_setup_py, _from_pkg_info):
        project.fill(read(files))
    if not project.version:
        project.version = _from_sources(files)
    return project


def text_of(files: Mapping[str, bytes], path: str) -> str:
    """Return a file's text, empty when it is absent."""
    return files.get(path, b"").decode("utf-8", "replace").removeprefix("\ufeff")


def toml_of(files: Mapping[str, bytes], path: str = "pyproject.toml") -> dict[str, Any]:
    """Return a TOML file's values, empty when it is absent or broken."""
    try:
        return tomllib.loads(text_of(files, path))
    except tomllib.TOMLDecodeError:
        return {}


def ini_of(files: Mapping[str, bytes], path: str) -> configparser.ConfigParser:
    """Return an INI file's values, empty when it is absent or broken."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text_of(files, path))
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parser


def requirement_lines(files: Mapping[str, bytes], path: str, depth: int = 3) -> Iterator[str]:
    """Yield the plain requirements of a requirements file, following `-r` inside the repository."""
    for raw in text_of(files, path).replace("\\\n", " ").splitlines():
        line = raw.split(" #")[0].strip()
        if match := re.fullmatch(r"(?:-r|--requirement)[ =]*(\S+)", line):
            if depth:
                inner = str(PurePosixPath(path).parent / match[1])
                yield from requirement_lines(files, inner, depth - 1)
        elif line and not line.startswith(("#", "-", ".", "/")):
            yield line.split(" --")[0].strip()


def _from_pyproject(files: Mapping[str, bytes]) -> Project:
    """Read PEP 621, PEP 735 and Poetry tables."""
    values = toml_of(files)
    table, tool = _table(values, "project"), _table(values, "tool")
    poetry = _table(tool, "poetry")
    found = Project(
        name=_text(table.get("name")) or _text(poetry.get("name")),
        version=_text(table.get("version")) or _text(poetry.get("version")),
        summary=_text(table.get("description")) or _text(poetry.get("description")),
        requires=_texts(table.get("dependencies")) or _poetry(poetry.get("dependencies")),
    )
    for groups in (_table(table, "optional-dependencies"), _table(values, "dependency-groups")):
        for extra, specs in groups.items():
            found.extras.setdefault(_normal(extra), []).extend(_texts(specs))
    for extra, group in _table(poetry, "group").items():
        found.extras[_normal(extra)] = _poetry(_table({"g": group}, "g").get("dependencies"))
    found.extras.setdefault("dev", []).extend(_poetry(poetry.get("dev-dependencies")))
    _add_dynamic(files, found, _table(_table(tool, "setuptools"), "dynamic"))
    return found


def _add_dynamic(files: Mapping[str, bytes], found: Project, dynamic: dict[str, Any]) -> None:
    """Follow setuptools' `dynamic` requirements into the files they are kept in."""
    named = _table(dynamic, "dependencies").get("file")
    paths = [named] if isinstance(named, str) else _texts(named)
    found.requires += [line for path in paths for line in requirement_lines(files, path)]


def _from_setup_cfg(files: Mapping[str, bytes]) -> Project:
    """Read setuptools' declarative table; computed values (`attr:`) are left to the sources."""
    ini = ini_of(files, "setup.cfg")

    def literal(option: str) -> str:
        value = ini.get("metadata", option, fallback="").strip()
        return "" if value.startswith(("attr:", "file:")) else value.split("\n")[0]

    extras = (
        ini.items("options.extras_require") if ini.has_section("options.extras_require") else []
    )
    return Project(
        name=literal("name"),
        version=literal("version"),
        summary=literal("description") or literal("summary"),
        requires=_lines(ini.get("options", "install_requires", fallback="")),
        extras={_normal(extra): _lines(specs) for extra, specs in extras},
    )


def _from_setup_py(files: Mapping[str, bytes]) -> Project:
    """Read the literal arguments of `setup(...)`; whatever is computed stays unknown."""
    try:
        tree = ast.parse(text_of(files, "setup.py"))
    except (SyntaxError, ValueError, RecursionError):
        return Project()
    names = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    given: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "setup":
            given |= {k.arg: _literal(k.value, names) for k in node.keywords if k.arg}
    extras = given.get("extras_require")
    extras = extras if isinstance(extras, dict) else {}
    found = Project(
        name=_text(given.get("name")),
        version=_text(given.get("version")),
        summary=_text(given.get("description")),
        requires=_texts(given.get("install_requires")),
        extras={_normal(str(k)): _texts(v) for k, v in extras.items()},
    )
    found.extras.setdefault("test", []).extend(_texts(given.get("tests_require")))
    return found


def _from_pkg_info(files: Mapping[str, bytes]) -> Project:
    """Read the metadata a source distribution carries."""
    headers = HeaderParser().parsestr(text_of(files, "PKG-INFO"))
    found = Project(
        name=_text(headers.get("Name")),
        version=_text(headers.get("Version")),
        summary=_text(headers.get("Summary")),
    )
    for spec in headers.get_all("Requires-Dist") or []:
        extra = _EXTRA.search(spec)
        if extra is None:
            found.requires.append(spec)
        elif " and " not in spec and " or " not in spec:
            found.extras.setdefault(_normal(extra[1]), []).append(spec.split(";")[0].strip())
    return found


def _from_sources(files: Mapping[str, bytes]) -> str:
    """Find `__version__ = "..."` in the shallowest file that such a line usually stands in."""
    usual = re.compile(r"(^|/)(__init__|_version|__version__|version|__about__|about)\.py$")
    paths = [p for p in files if usual.search(p) and p.count("/") <= _DEEPEST and "test" not in p]
    if not paths:
        paths = [p for p in files if p.endswith(".py") and "/" not in p]
    for path in sorted(paths, key=lambda p: (p.count("/"), p)):
        if match := _VERSION.search(text_of(files, path)):
            return match[1]
    return ""


def _literal(node: ast.expr, names: Mapping[str, ast.expr]) -> object:
    """Evaluate a literal, or a name that is bound to one; None for anything computed."""
    if isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _poetry(table: object) -> list[str]:
    """Name Poetry's dependencies; its version syntax is not pip's, so versions are left open."""
    if not isinstance(table, dict):
        return []
    optional = {k for k, v in table.items() if isinstance(v, dict) and v.get("optional")}
    return [str(name) for name in table if name != "python" and name not in optional]


def _split(spec: str) -> tuple[str, list[str]]:
    """Split `name[a,b]>=1` into the name and its extras."""
    match = re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?", spec)
    return (
        (match[1], [e.strip() for e in (match[2] or "").split(",") if e.strip()])
        if match
        else ("", [])
    )


def requirement_name(spec: str) -> str:
    """Return the normalised name a requirement begins with, empty when there is none."""
    match = _NAME.match(spec.strip())
    return _normal(match[0]) if match else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str) and value.strip() != "UNKNOWN" else ""


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return _lines(value)
    entries = value if isinstance(value, list | tuple) else []
    return [entry.strip() for entry in entries if isinstance(entry, str) and entry.strip()]


def _lines(value: str) -> list[str]:
    return [line.strip() for line in value.splitlines() if line.strip() and line[0] != "#"]
