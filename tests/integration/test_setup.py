"""`nightshift setup` against a twin as a real process; an HTTP client plays the browser."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import github
import pytest
from dotenv import dotenv_values

from bot.policy.app import EVENTS, permissions
from bot.settings import ServerSettings
from bot.stage.twin import Twin
from bot.validator.signing import open_signer
from tests.integration import app_browser

pytestmark = pytest.mark.integration


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[Twin]:
    """Serve a twin with alice, her repository, and an organisation with one."""
    started = await Twin.start("twins.github", log=tmp_path / "twin.log")
    people = [
        {"login": "alice", "token": "alice-token"},
        {"login": "acme", "type": "Organization"},
    ]
    repos = [{"full_name": "alice/parcel"}, {"full_name": "acme/till"}]
    await started.admin("POST", "seed", {"users": people, "repos": repos})
    yield started
    await started.stop()


async def test_three_clicks_make_an_app_that_works(twin: Twin, tmp_path: Path) -> None:
    """From nothing to an installed App whose key, permissions and events are right."""
    config, state = tmp_path / "etc", tmp_path / "var"
    began = time.monotonic()

    window, said = await app_browser.set_up(
        twin.url, config, state, "--webhook", "https://bot.example.org"
    )

    assert (3, 200) == (window.clicks, window.status)
    assert "is installed on alice" in window.text
    assert time.monotonic() - began < 30
    server = dotenv_values(config / "server.env", interpolate=False)
    assert f"{twin.url}/api/v3" == server["NIGHTSHIFT_GITHUB_URL"]
    auth = github.Auth.AppAuth(str(server["NIGHTSHIFT_APP_ID"]), str(server["NIGHTSHIFT_APP_KEY"]))
    with github.GithubIntegration(
        auth=auth, base_url=f"{twin.url}/api/v3", retry=None
    ) as integration:
        app = integration.get_app()
        installation = integration.get_repo_installation("alice", "parcel")
        _, hook = integration.requester.requestJsonAndCheck("GET", "/app/hook/config")
    assert (permissions(), sorted(EVENTS)) == (app.permissions, sorted(app.events))
    assert permissions() == installation.raw_data["permissions"]
    assert "https://bot.example.org/github/webhooks" == hook["url"]
    assert "nightshift init OWNER/REPO" in said


async def test_each_role_gets_its_own_file_closed_to_others(twin: Twin, tmp_path: Path) -> None:
    """The key stands in one file, the verdict key fits, and the roles' settings accept them."""
    config, state = tmp_path / "etc", tmp_path / "var"

    await app_browser.set_up(twin.url, config, state)

    files = {path.name: path for path in config.iterdir()}
    assert {"server.env", "builder.env", "validator.env"} == set(files)
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files.values()}
    assert 0o700 == config.stat().st_mode & 0o777
    holding = [name for name, path in files.items() if "PRIVATE KEY" in path.read_text()]
    assert ["server.env"] == holding
    server = dotenv_values(files["server.env"], interpolate=False)
    signer = open_signer(state / "validator" / "signing-key.pem")
    assert signer.public_key == server["NIGHTSHIFT_VERDICT_KEY"]
    given = {name.removeprefix("NIGHTSHIFT_").lower(): value for name, value in server.items()}
    made = ServerSettings(**given, state=state, database_url="sqlite:///x")
    assert twin.url == made.github_pages
    assert len(made.webhook_secret.get_secret_value()) >= 32
    named = dotenv_values(files["validator.env"])["NIGHTSHIFT_SCENARIOS"]
    assert str(state / "scenarios") == named
    assert 0o700 == (state / "scenarios").stat().st_mode & 0o777


async def test_an_organisation_owns_its_app(twin: Twin, tmp_path: Path) -> None:
    """A private App is installed where it belongs, and nowhere else."""
    window, said = await app_browser.set_up(
        twin.url, tmp_path / "etc", tmp_path / "var", "--org", "acme"
    )

    assert "is installed on acme" in window.text
    assert "App nightshift-acme is made" in said


async def test_nothing_is_overwritten_without_force(twin: Twin, tmp_path: Path) -> None:
    """A second run says what is there; with --force the old files are kept beside the new."""
    config, state = tmp_path / "etc", tmp_path / "var"
    await app_browser.set_up(twin.url, config, state)
    before = (config / "server.env").read_text()
    builder = config / "builder.env"
    builder.write_text("NIGHTSHIFT_MODEL_KEY='k$y'\nNIGHTSHIFT_SLOTS=3\n")

    refused = await app_browser.nightshift(
        "setup", "--host", twin.url, "--config", str(config), "--state", str(state)
    )
    code, said = await refused.ended()

    assert (2, True) == (code, "server.env" in said and "--force" in said)
    assert before == (config / "server.env").read_text()

    await app_browser.set_up(twin.url, config, state, "--force")

    assert before == (config / "server.env.old").read_text()
    assert before != (config / "server.env").read_text()
    kept = dotenv_values(builder, interpolate=False)
    assert ("k$y", "3") == (kept["NIGHTSHIFT_MODEL_KEY"], kept["NIGHTSHIFT_SLOTS"])


async def test_a_code_of_somebody_else_is_not_taken(twin: Twin, tmp_path: Path) -> None:
    """Without this form's state nothing is exchanged or written, and the right one still works."""
    config = tmp_path / "etc"
    folders = ("--config", str(config), "--state", str(tmp_path / "var"))
    command = await app_browser.nightshift("setup", "--host", twin.url, "--no-browser", *folders)
    page = await command.until(r"(http://127\.0\.0\.1:\d+/\S+)")
    async with app_browser.browser() as window:
        for query in ("code=abc", "code=abc&state=guess", "code=&state="):
            await window.open(f"{page}/made?{query}")
            assert window.status == 400
        await window.open(page.rpartition("/")[0] + "/")
        assert window.status == 404
        assert [] == list(config.iterdir())
        await window.open(page)
        await window.click()
        await window.click()
        assert 0 == (await command.ended())[0]


async def test_a_code_that_github_does_not_know_ends_with_a_next_step(
    twin: Twin, tmp_path: Path
) -> None:
    """An hour later, or taken by somebody: nothing is written, and the person knows what to do."""
    config = tmp_path / "etc"
    folders = ("--config", str(config), "--state", str(tmp_path / "var"))
    command = await app_browser.nightshift("setup", "--host", twin.url, "--no-browser", *folders)
    page = await command.until(r"(http://127\.0\.0\.1:\d+/\S+)")
    async with app_browser.browser() as window:
        await window.open(page)
        await window.click()
        rule = {"method": "POST", "path": ".*/conversions", "status": 404}
        await twin.admin("POST", "faults", rule)
        await window.click()
        assert window.status == 502
        code, said = await command.ended()
    assert (6, True) == (code, "run `nightshift setup` again" in said)
    assert [] == list(config.iterdir())


async def test_nobody_comes(twin: Twin, tmp_path: Path) -> None:
    """After the time is over the command ends with what to do next."""
    folders = ("--config", str(tmp_path / "etc"), "--state", str(tmp_path / "var"))
    command = await app_browser.nightshift(
        *("setup", "--host", twin.url, "--no-browser", "--minutes", "0.005"), *folders
    )

    code, said = await command.ended()

    assert (5, True) == (code, "run `nightshift setup` again" in said)
    assert "Traceback" not in said
