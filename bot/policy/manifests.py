"""Files that decide which foreign code gets installed or how tests are collected."""

import configparser
import tomllib
from typing import Any

DEPENDENCIES = (
    "**/*requirements*.txt",
    "**/*requirements*.in",
    "**/requirements/*",
    "**/constraints*.txt",
    "**/setup.py",
    "**/Pipfile*",
    "**/poetry.lock",
    "**/pdm.lock",
    "**/uv.lock",
    "**/pixi.*",
    "**/pylock*.toml",
    "**/environment*.y*ml",
    "**/pip.conf",
    "**/package.json",
    "**/package-lock.json",
    "**/npm-shrinkwrap.json",
    "**/.npmrc",
    "**/yarn.lock",
    "**/pnpm-lock.yaml",
    "**/bun.lock*",
    "**/Cargo.toml",
    "**/Cargo.lock",
    "**/go.mod",
    "**/go.sum",
    "**/Gemfile*",
    "**/composer.json",
    "**/composer.lock",
    "**/pom.xml",
    "**/build.gradle*",
)
"""Covered whole."""

_FREE_PROJECT_KEYS = {
    "version", "description", "readme", "keywords", "classifiers", "urls", "authors",
    "maintainers", "license", "license-files",
}  # fmt: skip
"""The `[project]` keys that only describe; every other key of pyproject.toml is governed."""
_FREE_CFG_SECTIONS = {"metadata"}


def governed_changes(path: str, old: str, new: str) -> list[str]:
    """Name the governed sections of pyproject.toml or setup.cfg that a change touches."""
    name = path.rpartition("/")[2].casefold()
    if name == "pyproject.toml":
        return _differing(_pyproject(old), _pyproject(new))
    if name == "setup.cfg":
        return _differing(_setup_cfg(old), _setup_cfg(new))
    return []


def _differing(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    if old is None or new is None:
        return ["the whole file, which cannot be parsed"]
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _pyproject(text: str) -> dict[str, Any] | None:
    """Return the governed tables by dotted name."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    governed: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and key in {"project", "tool"}:
            governed |= {f"{key}.{inner}": v for inner, v in value.items()}
        else:
            governed[key] = value
    return {
        k: v for k, v in governed.items() if k.removeprefix("project.") not in _FREE_PROJECT_KEYS
    }


def _setup_cfg(text: str) -> dict[str, Any] | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {s: dict(parser.items(s)) for s in parser.sections() if s not in _FREE_CFG_SECTIONS}
