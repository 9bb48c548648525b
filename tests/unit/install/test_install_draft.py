"""The first mission: it parses, says what was found, and fails closed where nothing was."""

import json

import pytest

from bot.adapters.missionfile import parse_mission
from bot.install.draft import READ, draft_mission
from bot.install.files import forms, missing

PYTHON = {
    "pyproject.toml": b'[project]\nname = "till"\nversion = "1"\ndependencies = ["attrs>=23"]\n',
    "till/__init__.py": b"",
    "tests/test_till.py": bytes(30),
}


def test_python_is_understood() -> None:
    """Checks, packages and product, and every choice with the value that holds anyway."""
    text = draft_mission(PYTHON)
    mission = parse_mission(text)

    assert ("python -m pytest -q",) == mission.checks
    assert "till" == mission.product.lib
    assert {"attrs>=23", "pytest"} == set(mission.environment.packages)
    assert 5 == mission.autonomy
    assert "Edit it before you merge" in text


@pytest.mark.parametrize(
    ("files", "check"),
    [
        ({"package.json": json.dumps({"scripts": {"test": "jest"}}).encode()}, "npm test"),
        ({"Makefile": b"all:\n\ntest: all\n\t./t\n"}, "make test"),
        ({"Cargo.toml": b""}, "cargo test"),
        ({"go.mod": b""}, "go test ./..."),
        ({"package.json": b"[", "notes.txt": b""}, "false"),
        ({}, "false"),
    ],
)
def test_other_languages_get_their_usual_command(files: dict[str, bytes], check: str) -> None:
    """What is unknown fails every change, and the draft says so: no check is no proof."""
    text = draft_mission(files)

    assert (check,) == parse_mission(text).checks
    assert ("No test command was found" in text) == (check == "false")


@pytest.mark.parametrize("said", ["", "Prices\n---\n# evil", "`x` @alice #1 <b>", "é" * 500])
def test_a_description_is_only_words(said: str) -> None:
    """It cannot end a section, call anybody or grow without bound."""
    text = draft_mission({"main.c": b""}, said)

    parse_mission(text)
    body = text.split("---\n", 2)[2]
    assert not set("@#`<") & set(body.split("# What this is for")[1].split("##")[0])
    assert len(text) < 2500


def test_only_what_is_missing_is_brought() -> None:
    """And a repository is read only for a draft."""

    def never() -> dict[str, bytes]:
        raise AssertionError

    every = frozenset({"mission.md", *forms()})
    assert {} == missing(every, never, "")
    assert {} == missing(frozenset({"mission.md", next(iter(forms()))}), never, "")
    assert forms() == missing(frozenset({"mission.md"}), never, "")
    assert ["mission.md"] == list(missing(every - {"mission.md"}, lambda: PYTHON, ""))


def test_no_file_is_a_workflow() -> None:
    """The App has no permission for them, and never asks for it."""
    new = missing(frozenset(), lambda: PYTHON, "")

    assert [] == [path for path in new if path.startswith(".github/workflows")]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("pyproject.toml", True),
        ("requirements/dev.txt", True),
        ("dev-requirements.txt", True),
        ("src/till/__init__.py", True),
        ("till.egg-info/top_level.txt", True),
        ("till/core.py", False),
        ("docs/pyproject.toml", False),
    ],
)
def test_few_files_are_read(path: str, *, wanted: bool) -> None:
    """One call each: only those that a draft looks into."""
    assert wanted == bool(READ.search(path))
