"""`nightshift twin serve`: one command from nothing to a twin that clients can be pointed at."""

import asyncio
import shlex
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.__main__ import main
from bot.supervise import CODE
from twins.github.graphql import sdl

SERVE = ("-m", "bot", "twin", "serve")
LAST = "Ctrl-C ends it"


@asynccontextmanager
async def serving(folder: Path, *argv: str) -> AsyncIterator[list[str]]:
    """Run the command, yield what it prints once it is ready, and interrupt it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *SERVE,
        *argv,
        cwd=CODE,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "HOME": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    lines: list[str] = []
    try:
        async with asyncio.timeout(60):
            while process.stdout and (line := (await process.stdout.readline()).decode()):
                lines.append(line.rstrip())
                if LAST in line:
                    break
        yield lines
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0


def mode_of(path: Path) -> int:
    """Return who may do what to a file."""
    return path.stat().st_mode & 0o777


def left_in(folder: Path) -> list[Path]:
    """Return what a command that made folders of its own has left of them."""
    return list(folder.glob("nightshift-twin-*"))


def pasted(lines: list[str], name: str) -> list[str]:
    """Return a printed line as a shell would take it."""
    [line] = [one for one in lines if one.startswith(f"  {name}  ")]
    return shlex.split(line.strip().removeprefix(name))


async def run(argv: list[str], folder: Path, **more: str) -> tuple[int, str]:
    """Run what was printed."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"} | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode()


async def test_a_world_is_served_and_the_printed_lines_work(tmp_path: Path) -> None:
    """The repository can be cloned, its issues are filed, the key is there; then all is gone."""
    place = tmp_path / "work"
    place.mkdir()
    async with serving(tmp_path, "github", "--world", "parcel", "--tls", "--seed", "7") as lines:
        code, said = await run(pasted(lines, "git"), place)
        assert (0, True) == (code, (place / "parcel" / "mission.md").is_file()), said
        url = lines[0].split()[-1]
        token = next(one for one in lines if "admin" in one).split()[-1]
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            async with session.get(f"{url}/repos/acme/parcel/issues") as answer:
                issues = await answer.json()
            async with session.get(f"{url}/repos/acme/parcel/labels/priority:P0") as answer:
                label = await answer.json()
        assert [5, 4, 3, 2, 1] == [one["number"] for one in issues]
        assert "b60205" == label["color"]
        key = next(one for one in lines if "webhook secret" in one).split()[1].rstrip(",")
        assert 0o600 == mode_of(Path(key))
    assert not left_in(tmp_path)


async def test_without_a_world_there_is_somebody_to_be(tmp_path: Path) -> None:
    """An account with a token, so that one can begin."""
    async with serving(tmp_path, "github") as lines:
        url = lines[0].split()[-1]
        token = next(one for one in lines if "person" in one).split()[-1]
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{url}/user") as answer,
        ):
            assert "octavia" == (await answer.json())["login"]


async def test_the_messages_twin_is_served(tmp_path: Path) -> None:
    """It lists its model to any key."""
    async with serving(tmp_path, "anthropic") as lines:
        url = lines[0].split()[2]
        async with (
            aiohttp.ClientSession(headers={"x-api-key": "none"}) as session,
            session.get(f"{url}/v1/models") as answer,
        ):
            assert (await answer.json())["data"]
        assert any(f"ANTHROPIC_BASE_URL={url}" in one for one in lines)


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["github", "--world", "nowhere"], 2, "there is no world 'nowhere'"),
        (["github", "--port", "99999"], 2, "99999 is no port"),
        (["anthropic", "--world", "parcel"], 2, "for the GitHub twin"),
        (["github", "--state", str(CODE)], 2, "no twin has lived there"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_remedy(
    argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything starts, and in one sentence."""
    assert code == main(["twin", "serve", *argv])
    told = capsys.readouterr().err
    assert said in told
    assert "next: " in told


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 4, and nothing of the attempt is left."""
    before = set(Path(tempfile.gettempdir()).glob("nightshift-twin-*"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert 4 == main(["twin", "serve", "github", "--port", str(port)])
    said = capsys.readouterr().err
    assert said.startswith(f"port-in-use: 127.0.0.1:{port} is taken\n  next: ")
    assert before >= set(Path(tempfile.gettempdir()).glob("nightshift-twin-*"))


def test_no_git_is_a_missing_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4 and the package to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert 4 == main(["twin", "serve", "github"])
    assert "tool-missing: git" in capsys.readouterr().err


@pytest.mark.integration
async def test_after_the_line_for_gh_it_clones_pushes_and_opens_a_pull_request(
    tmp_path: Path,
) -> None:
    """Gh and the git below it take the twin for github.com, with nothing but variables."""
    gh = shutil.which("gh")
    if gh is None or not sdl.PATH.is_file():
        pytest.skip("gh or GitHub's schema is not on this machine")
    place = tmp_path / "work"
    place.mkdir()
    async with serving(tmp_path, "github", "--world", "parcel") as lines:
        words = pasted(lines, "gh")
        assert "export" == words[0]
        given = dict(word.split("=", 1) for word in words[1:])
        clone = place / "parcel"
        who = ["-c", "user.name=I", "-c", "user.email=i@x"]
        for folder, argv in (
            (place, [gh, "repo", "clone", "acme/parcel"]),
            (clone, ["git", "checkout", "-q", "-b", "topic"]),
            (clone, ["git", *who, "commit", "-q", "--allow-empty", "-m", "Topic"]),
            (clone, ["git", "push", "-q", "-u", "origin", "topic"]),
            (clone, [gh, "pr", "create", "--title", "T", "--body", "B"]),
        ):
            code, said = await run(argv, folder, GH_PROMPT_DISABLED="1", **given)
            assert 0 == code, (argv, said)
        assert said.strip().endswith("http://github.localhost/acme/parcel/pull/6")
