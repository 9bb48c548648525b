"""Which paths nobody but a person changes, and which paths are tricks."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

GOVERNANCE = (
    "mission.md",
    "**/CODEOWNERS",
    "scenarios/**",
)
"""Who decides here, and what is hidden."""

AUTOMATION = (
    ".github/**",
    ".gitlab/**",
    "**/.gitlab-ci.yml",
    ".circleci/**",
    ".buildkite/**",
    ".woodpecker/**",
    ".woodpecker.y*ml",
    ".forgejo/**",
    ".gitea/**",
    ".teamcity/**",
    ".semaphore/**",
    ".azure-pipelines/**",
    "azure-pipelines*.y*ml",
    "bitbucket-pipelines.yml",
    ".builds/**",
    ".build.yml",
    ".ci/**",
    ".travis.yml",
    ".appveyor.yml",
    "appveyor.yml",
    ".drone.y*ml",
    ".cirrus.*",
    "Jenkinsfile*",
    "**/.pre-commit-config.yaml",
    "**/.readthedocs.y*ml",
)
"""What other machines run with their own secrets as soon as it is pushed."""

REPOSITORY = (
    "**/.gitattributes",
    "**/.gitmodules",
    "**/.gitconfig",
    "**/.lfsconfig",
    "**/.mailmap",
    "**/.envrc",
    ".devcontainer/**",
    ".vscode/**",
    ".idea/**",
)
"""What changes how tools on other people's machines behave."""

INSTRUCTIONS = (
    "**/AGENTS.md",
    "**/CLAUDE.md",
    "**/GEMINI.md",
    "**/.mcp.json",
    ".claude/**",
    ".cursor/**",
    "**/.cursorrules",
)
"""What other agents obey."""

JUDGES = (
    "**/conftest.py",
    "**/pytest.ini",
    "**/.pytest.ini",
    "**/pytest.toml",
    "**/tox.ini",
    "**/noxfile.py",
    "**/.coveragerc",
    "**/sitecustomize.py",
    "**/usercustomize.py",
    "**/*.pth",
)
"""What can make a red test run green. setup.cfg and pyproject.toml have a rule by section."""

BUILT_IN = GOVERNANCE + AUTOMATION + REPOSITORY + INSTRUCTIONS + JUDGES

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_SHADOW = {".git", ".jj", "git~1", ".hg", ".svn"}
_LONGEST = 240


def matches(path: str, patterns: Iterable[str]) -> str:
    """Return the first pattern that covers `path`, else nothing.

    Patterns start at the root; `*` stays in one folder, `**` crosses folders, and a pattern also
    covers everything below what it names. Case and Unicode form never make a difference.
    """
    folded = fold(path)
    return next((p for p in patterns if _compiled(p).fullmatch(folded)), "")


def fold(path: str) -> str:
    """Return what a careless file system takes `path` for."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate one glob."""
    out = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|.", fold(pattern).strip("/")):
        match token:
            case "**/":
                out += r"(?:.*/)?"
            case "**":
                out += r".*"
            case "*":
                out += r"[^/]*"
            case "?":
                out += r"[^/]"
            case _ if len(token) > 1:
                inside = re.escape(token[1:-1].lstrip("!^")).replace(r"\-", "-")
                out += f"[{'^' if token[1] in '!^' else ''}{inside}]"
            case _:
                out += re.escape(token)
    return re.compile(out + r"(?:/.*)?", re.DOTALL)


def trick(path: str) -> str:
    """Say in a few words what is wrong with a path, else nothing."""
    if unicodedata.normalize("NFC", path) != path:
        return "is not in Unicode normal form C"
    if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029\\:" for char in path):
        return "has a control, invisible, backslash or colon character in it"
    if len(path.encode("utf-8", "replace")) > _LONGEST:
        return f"is longer than {_LONGEST} bytes"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return "is not a plain relative path"
        if part.rstrip(". ") != part:
            return "has a part that ends in a dot or a space"
        if fold(part) in _SHADOW:
            return "reaches into version control's own folder"
        if _RESERVED.fullmatch(part):
            return "has a part that some systems take for a device"
    return ""


def is_test(path: str) -> bool:
    """Whether a path looks like a test, or like data that tests read."""
    *folders, name = fold(path).split("/")
    stem, _, ending = name.rpartition(".")
    return (
        any(
            folder in {"test", "tests", "testing", "spec", "specs", "__tests__"}
            for folder in folders
        )
        or (
            ending == "py"
            and (stem.startswith("test_") or stem.endswith("_test") or stem == "tests")
        )
        or stem.endswith((".test", ".spec"))
        or (ending in {"go", "rb", "dart", "c", "cc", "cpp"} and stem.endswith(("_test", "_spec")))
    )


def first_unreadable(paths: Iterable[str]) -> str:
    """Return the first path whose bytes are no UTF-8, which jj cannot keep; empty if there is none.

    Such bytes arrive as lone surrogates (Python's `surrogateescape`).
    """
    return next((path for path in paths if not path.isascii() and _has_surrogate(path)), "")


def _has_surrogate(path: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in path)
