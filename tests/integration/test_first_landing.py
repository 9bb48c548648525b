"""From zero to the first landed issue, by the commands of docs/install.md and three clicks."""

import asyncio
import contextlib
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import github
import pytest
from dotenv import set_key

from bot.domain.role import Role
from bot.install.init import BRANCH
from bot.stage.twin import Twin
from bot.supervise import CODE
from tests.integration import app_browser
from tests.integration.installed_app import git
from twins.worlds.loader import World, build_repository, load

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MOST_S = 600
"""Ten minutes, as docs/install.md says."""
PRODUCT = "product:\n  lib: parcel\n  cli: python -m parcel\n"
HTTP = "  http: python -m parcel.web\n"


@pytest.fixture
async def twins(tmp_path: Path) -> AsyncIterator[tuple[Twin, Twin]]:
    """Serve a GitHub and a Messages API."""
    hub = await Twin.start("twins.github", log=tmp_path / "github.log")
    messages = await Twin.start("twins.anthropic", log=tmp_path / "messages.log")
    yield hub, messages
    await hub.stop()
    await messages.stop()


@contextlib.asynccontextmanager
async def up(config: Path, state: Path) -> AsyncIterator[app_browser.Command]:
    """Run `nightshift up` until the roles are ready, and end it politely."""
    folders = ("--config", str(config), "--state", str(state))
    command = await app_browser.nightshift("up", *folders)
    try:
        await command.until(r"^(validator) +ready")
        yield command
    finally:
        command.process.send_signal(signal.SIGTERM)
        await command.ended()


async def plant(hub: Twin, world: World, home: Path) -> None:
    """Show the world's repository as it was before anybody thought of Nightshift."""
    bare = build_repository(world, home / "origin")
    work = home / "work"
    git(home, "clone", "-q", str(bare), str(work))
    git(work, "rm", "-q", "mission.md")
    git(work, "commit", "-q", "-m", "Forget the mission")
    users = [{"login": one.login, "token": one.token} for one in world.people]
    repo = {
        "full_name": world.repository.full_name,
        "path": str(work),
        "collaborators": {one.login: one.permission for one in world.people},
    }
    acme = {"login": "acme", "type": "Organization"}
    await hub.admin("POST", "seed", {"users": [acme, *users], "repos": [repo]})


def person(hub: Twin, world: World, permission: str) -> github.Github:
    """Return somebody with this permission."""
    token = next(one.token for one in world.people if one.permission == permission)
    return github.Github(
        auth=github.Auth.Token(token),
        base_url=f"{hub.url}/api/v3",
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def fill_in(config: Path, messages: str, port: int) -> None:
    """Write what a person writes into the files, and what a demonstration accepts."""
    set_key(config / "server.env", "NIGHTSHIFT_LISTEN_PORT", str(port))
    set_key(config / "server.env", "NIGHTSHIFT_ACCEPT_UNCALIBRATED", "1")
    set_key(config / "builder.env", "NIGHTSHIFT_MODEL_KEY", "any")
    set_key(config / "builder.env", "NIGHTSHIFT_MODEL_URL", messages)
    set_key(config / "builder.env", "NIGHTSHIFT_MODEL", "nightshift-search-1")
    for role in Role:
        set_key(config / f"{role.value}.env", "NIGHTSHIFT_ACCEPT_TIER_B", "1")
        (config / f"{role.value}.env").chmod(0o600)


def hide_scenarios(state: Path, world: World) -> None:
    """Copy the corpus to where only the validator looks, as root does; `up` hands it over."""
    folder = state / "scenarios" / world.repository.full_name.replace("/", "__")
    shutil.copytree(CODE / "scenarios" / str(world.corpus), folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def merge_the_mission(hub: Twin, world: World) -> None:
    """Do what the pull request asks a person for: complete the mission there, and merge."""
    with person(hub, world, "admin") as admin:
        repo = admin.get_repo(world.repository.full_name)
        drafted = repo.get_contents("mission.md", ref=BRANCH)
        text = drafted.decoded_content.decode()
        assert PRODUCT in text
        mended = text.replace(PRODUCT, PRODUCT + HTTP)
        repo.update_file("mission.md", "It is a service too", mended, drafted.sha, branch=BRANCH)
        next(iter(repo.get_pulls())).merge()


def landed(hub: Twin, world: World, number: int) -> bool:
    """Tell whether the issue is closed by a merged pull request of the App."""
    with person(hub, world, "admin") as admin:
        repo = admin.get_repo(world.repository.full_name)
        issue = repo.get_issue(number)
        labels = {label.name for label in issue.labels}
        ended = {"dropped", "opened", "parked", "rejected", "stopped"}
        assert not {f"nightshift:{word}" for word in ended} & labels, labels
        return issue.state == "closed" and any(
            pull.merged and re.fullmatch(r"nightshift.*\[bot\]", pull.merged_by.login)
            for pull in repo.get_pulls(state="closed")
        )


async def test_from_zero_to_the_first_landed_issue(
    twins: tuple[Twin, Twin], tmp_path: Path
) -> None:
    """Set up, init, doctor, up: an issue is filed, and its proven change is on main."""
    hub, messages = twins
    world = load("parcel")
    await plant(hub, world, tmp_path)
    config, state, name = tmp_path / "etc", tmp_path / "var", world.repository.full_name
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()

    hook = ("--webhook", f"http://127.0.0.1:{port}")
    window, _ = await app_browser.set_up(hub.url, config, state, "--org", "acme", *hook)
    assert (3, True) == (window.clicks, "is installed on acme" in window.text)
    fill_in(config, messages.url, port)
    hide_scenarios(state, world)
    prepare = await app_browser.nightshift("init", name, "--config", str(config))
    assert 0 == (await prepare.ended())[0], prepare.said
    merge_the_mission(hub, world)
    async with up(config, state):
        told(began, "ready")
        with person(hub, world, "write") as writer:
            issue = writer.get_repo(name).create_issue(
                world.issues[0].title, world.issues[0].body, labels=["nightshift"]
            )
        while not landed(hub, world, issue.number):
            await asyncio.sleep(0.5)
            assert time.monotonic() - began < MOST_S
        told(began, "landed")
        folders = ("--config", str(config), "--state", str(state), "--repo", name)
        look = await app_browser.nightshift("doctor", *folders)
        code, said = await look.ended()
        told(began, "doctor")

    assert 0 == code, said
    assert re.search(r"^good +landing", said, re.MULTILINE)


def told(began: float, what: str) -> None:
    """Say how long it took so far, for `pytest -s`."""
    sys.stdout.write(f"\n{time.monotonic() - began:.1f} s: {what}\n")
