"""A modest mission for a Python repository that has none: visible tests, nothing clever."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml
from pydantic import TypeAdapter, ValidationError

from bot.adapters.missionfile.document import Specifier
from bot.adapters.missionfile.project import (
    Project,
    ini_of,
    read_project,
    requirement_lines,
    requirement_name,
    text_of,
    toml_of,
)

PYTEST = "python -m pytest -q"
COMPILE = "python -m compileall -q ."
_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
_REQUIREMENTS = re.compile(
    r"^(tests?/)?((test|tests|testing|dev)[-_])?requirements([-_](test|tests|testing|dev))?\.(txt|in)$"
    r"|^requirements/(test|tests|testing|base|main|dev)\.(txt|in)$"
)
_NOT_PRODUCT = {
    "tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "benchmark",
    "scripts", "script", "tools", "build", "dist", "bin", "ci", "site", "contrib", "samples",
    "setup", "conftest", "noxfile", "tasks", "fabfile", "versioneer", "ez_setup",
    "distribute_setup", "make", "runtests", "run_tests", "manage", "conf", "release",
}  # fmt: skip
_NOT_FOR_TESTS = {
    "tox", "nox", "pip", "build", "wheel", "twine", "pre-commit", "sphinx", "sphinx-rtd-theme",
    "mkdocs", "coveralls", "codecov", "black", "ruff", "isort", "flake8", "bump2version",
}  # fmt: skip
"""What development requirements name beside the tests; each one more can fail to resolve."""
_PROSE = """\
<!-- {origin} -->
# What this is for

{summary}

## In scope

- Defects: behaviour that differs from what documentation, tests or the code itself promise.
- Small improvements of existing behaviour that an issue describes and that stay compatible.
- Tests and documentation for such changes.

## Out of scope

- New runtime dependencies, changes of packaging, releases or continuous integration.
- Rewrites, changes of style without a change of behaviour, and removal of public names.
- Anything that weakens or removes existing tests.
- Anything that is not about this product.
"""


def suggest_mission(files: Mapping[str, bytes]) -> str:
    """Return the text of a mission.md derived from file names and static metadata only."""
    project = read_project(files)
    tested = uses_pytest(files)
    packages = _packages(files, project, tested=tested)
    environment: dict[str, object] = {"packages": packages} if packages else {}
    if project.name and project.version:
        environment["project"] = True
    values: dict[str, object] = {"checks": [PYTEST if tested else COMPILE]}
    if environment:
        values["environment"] = environment
    if product := _product(files, project):
        values["product"] = product
    values["protected"] = ["mission.md", ".github/**"]
    front = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=96)
    return f"---\n{front}---\n{_prose(project, tested=tested)}"


def uses_pytest(files: Mapping[str, bytes]) -> bool:
    """Whether pytest would find tests: files named its way, or a configuration of other names."""
    if any(_TEST_FILE.search(path) for path in files):
        return True
    configured = (
        _pytest_table(files).get("python_files")
        or ini_of(files, "setup.cfg").get("tool:pytest", "python_files", fallback="")
        or ini_of(files, "tox.ini").get("pytest", "python_files", fallback="")
        or ini_of(files, "pytest.ini").get("pytest", "python_files", fallback="")
    )
    return bool(configured)


def _pytest_table(files: Mapping[str, bytes]) -> dict[str, object]:
    tool = toml_of(files).get("tool")
    pytest = tool.get("pytest") if isinstance(tool, dict) else None
    options = pytest.get("ini_options", pytest) if isinstance(pytest, dict) else None
    return options if isinstance(options, dict) else {}


def _packages(files: Mapping[str, bytes], project: Project, *, tested: bool) -> list[str]:
    """Collect what the product and its tests import, one entry per name, pytest included."""
    wanted = list(project.requires)
    if tested:
        wanted += _for_tests(project.test_requires)
    for path in sorted(files, key=lambda p: (p.count("/"), p)):
        if _REQUIREMENTS.search(path):
            wanted += _for_tests(requirement_lines(files, path))
    if tested:
        wanted += _for_tests(_tox_deps(files))
        wanted.append("pytest")
    return _one_each(wanted, project.name)


def _for_tests(specs: Iterable[str]) -> list[str]:
    """Leave out the tools of a developer's desk."""
    return [spec for spec in specs if requirement_name(spec) not in _NOT_FOR_TESTS]


def _tox_deps(files: Mapping[str, bytes]) -> list[str]:
    """Take the unconditional requirements of tox's default environment."""
    deps = ini_of(files, "tox.ini").get("testenv", "deps", fallback="")
    return [line.strip() for line in deps.splitlines() if not re.search(r"[{}:/]|^\s*[-#.]", line)]


def _one_each(specs: Iterable[str], own_name: str) -> list[str]:
    """Keep the first requirement for each name and marker that a mission may carry."""
    check = TypeAdapter(Specifier)
    kept: dict[tuple[str, str], str] = {}
    for spec in specs:
        name, marker = requirement_name(spec), spec.partition(";")[2].strip()
        try:
            plain: str = check.validate_python(spec)
        except ValidationError:
            continue
        if name and name != requirement_name(own_name) and (name, "") not in kept:
            kept.setdefault((name, marker), plain)
    return list(kept.values())


def _product(files: Mapping[str, bytes], project: Project) -> dict[str, str]:
    """Find the package to import, and `python -m` when it has a `__main__`."""
    lib, root = _import_package(files, project)
    if not lib:
        return {}
    product = {"lib": lib}
    if f"{root}{lib}/__main__.py" in files:
        product["cli"] = f"python -m {lib}"
    return product


def _import_package(files: Mapping[str, bytes], project: Project) -> tuple[str, str]:
    """Return the top-level import name and the folder it stands in (`src/` or none)."""
    for root in ("src/", ""):
        sizes: dict[str, int] = {}
        for path in files:
            if not path.startswith(root) or not path.endswith(".py"):
                continue
            top, *below = PurePosixPath(path.removeprefix(root)).parts
            name = top if below else top.removesuffix(".py")
            if name.isidentifier() and name.lower() not in _NOT_PRODUCT and not _is_test(path):
                sizes[name] = sizes.get(name, 0) + len(files[path])
        if sizes:
            return _best(sizes, files, project), root
    return "", ""


def _is_test(path: str) -> bool:
    return bool(_TEST_FILE.search(path)) or path.startswith(("tests/", "test/"))


def _best(sizes: Mapping[str, int], files: Mapping[str, bytes], project: Project) -> str:
    """Prefer the name the project states, then the largest."""
    stated = {
        line.strip()
        for path in files
        if path.endswith(".egg-info/top_level.txt")
        for line in text_of(files, path).splitlines()
    }
    stem = requirement_name(project.name).replace("-", "")

    def rank(name: str) -> tuple[bool, bool, int]:
        plain = name.lower().replace("_", "")
        return (
            plain == stem,
            name in stated or plain in (f"py{stem}", stem.removeprefix("python")),
            sizes[name],
        )

    return max(sorted(sizes), key=rank)


def _prose(project: Project, *, tested: bool) -> str:
    """Write the goals in words a triage can cite, and say where they come from."""
    name = re.sub(r"[^\w .-]", "", project.name) or "This repository"
    about = re.sub(r"[^\w .,:;'()/+-]", "", project.summary.split("\n")[0])[:200].strip()
    summary = f"{name}: {about}" if about else f"{name} is a Python project."
    seen = (
        "its tests (pytest)" if tested else "its sources, which are only compiled: it has no tests"
    )
    origin = (
        f"Derived by Nightshift from the repository's own metadata and {seen}. "
        "Nobody has reviewed it: write your own mission.md to say what matters."
    )
    return _PROSE.format(summary=summary, origin=origin)
