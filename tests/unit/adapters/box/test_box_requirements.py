"""What a repository may ask for, before anything is fetched."""

import pytest

from bot.adapters.box.requirements import (
    Project,
    read_project,
    read_requirements,
    requirement_lines,
)
from bot.errors import MissionError, UsageError


def test_ordinary_requirements_pass() -> None:
    """Names, extras, versions, markers, hashes and comments are understood."""
    text = """
    # tools
    pytest==9.2.0   # pinned
    requests[socks] >= 2, <3 ; python_version >= "3.8" and sys_platform != "win32"
    six==1.16.0 \\
        --hash=sha256:00ff \\
        --hash=sha256:11ff
    -e .[dev]
    .
    """
    assert requirement_lines(text) == (
        "pytest==9.2.0",
        'requests[socks] >= 2, <3 ; python_version >= "3.8" and sys_platform != "win32"',
        "six==1.16.0 --hash=sha256:00ff --hash=sha256:11ff",
    )


@pytest.mark.parametrize(
    "line",
    [
        "git+https://example.org/x.git",
        "x @ https://example.org/x.tar.gz",
        "x@file:///tmp/x",
        "./local",
        "../other",
        "/srv/x.whl",
        "-e ./sub",
        "--index-url https://example.org",
        "--no-binary :all:",
        "--no-binary x",
        "x --no-binary x",
        "x --config-settings a",
        "-f wheels",
        "x\\y",
    ],
)
def test_nothing_that_could_run_code_outside_passes(line: str) -> None:
    """Addresses, paths and options of pip are refused, with the line in the message."""
    with pytest.raises(UsageError, match="requirement not supported"):
        requirement_lines(f"ok==1\n{line}\n")


async def test_included_files_are_read_from_the_same_commit() -> None:
    """`-r` is followed relative to the including file; a missing file is the mission's fault."""
    files = {"ci/all.txt": b"a\n-r ../base.txt\n", "base.txt": b"b\n"}

    async def read(path: str) -> bytes | None:
        return files.get(path)

    assert requirement_lines(await read_requirements("ci/all.txt", read)) == ("a", "b")
    with pytest.raises(MissionError, match=r"nope\.txt"):
        await read_requirements("nope.txt", read)


async def test_an_endless_include_ends() -> None:
    """A file that includes itself is refused, not followed for ever."""

    async def read(_: str) -> bytes | None:
        return b"-r self.txt\n"

    with pytest.raises(UsageError):
        requirement_lines(await read_requirements("self.txt", read))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        (b"[tool.x]\n", None),
        (b"[project]\nname='../../etc'\n", None),
        (b"[project]\nname='x'\n", Project("x", "0.0.0")),
        (b"[project]\nname='x'\nversion='1/2'\n", Project("x", "0.0.0")),
        (
            b"[project]\nname='x'\nversion='1.2'\n[project.scripts]\nx='x.m:f'\n'a/b'='x:f'\ny='1'",
            Project("x", "1.2", {"x": "x.m:f"}),
        ),
    ],
)
def test_the_projects_own_name_is_read_with_care(
    text: bytes | None, expected: Project | None
) -> None:
    """Only plain names, versions and entry points are taken over into file names."""
    assert read_project(text) == expected


def test_a_broken_pyproject_is_the_users_to_mend() -> None:
    """A syntax error is told, not raised as itself."""
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        read_project(b"[project\n")
