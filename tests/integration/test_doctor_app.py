"""`nightshift doctor` on an installed App: one test per finding, on twins as real processes."""

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import github
import pytest
import pytest_asyncio
from aiohttp import web
from dotenv import set_key
from rich.console import Console

from bot.doctor import Health, Part, Scope, app, doctor, repository
from bot.doctor.files import Files, files, verdict_key
from bot.doctor.outside import clock, model
from bot.doctor.scenarios import scenarios
from bot.domain.role import Role
from bot.install.init import init
from bot.install.session import Credentials, Session
from bot.policy.app import EVENTS, OFF_URL, permissions
from bot.stage.twin import Twin
from bot.supervise import CODE
from bot.up import installation
from tests.integration.installed_app import REPO, Installed, new_key

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Twin]:
    """Serve one GitHub for all."""
    started = await Twin.start("twins.github", log=tmp_path_factory.mktemp("twin") / "log")
    yield started
    await started.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def messages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Twin]:
    """Serve one Messages API, with a key."""
    log = tmp_path_factory.mktemp("messages") / "log"
    started = await Twin.start("twins.anthropic", "--key", "right", log=log)
    yield started
    await started.stop()


LISTED = "nightshift-search-1"
"""The one model that the Messages twin describes."""


class Receiver:
    """Where deliveries go; answers what it is told."""

    status = 202
    url = ""

    async def take(self, _: web.Request) -> web.Response:
        """Answer."""
        return web.Response(status=self.status)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    """Serve a place for webhooks."""
    made, served = Receiver(), web.Application()
    served.router.add_post("/github/webhooks", made.take)
    runner = web.AppRunner(served)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/github/webhooks"
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def installed(twin: Twin, receiver: Receiver, tmp_path: Path) -> Installed:
    """Give an App in good order, whose deliveries arrive."""
    receiver.status = 202
    made = await Installed(twin, tmp_path).plant(tmp_path, webhook_url=receiver.url)
    await twin.admin("GET", "deliveries?settle=5")
    return made


def lay_down(installed: Installed, *rows: dict[str, Any], bypass: bool = False) -> None:
    """Let these rules hold on main, all of one ruleset."""
    app = {"actor_type": "Integration", "actor_id": installed.app["id"], "bypass_mode": "always"}
    ruleset = {
        "name": "main",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": list(rows),
        "bypass_actors": [app] if bypass else [],
    }
    with installed.alice() as alice:
        path = f"/repos/{REPO}/rulesets"
        alice.requester.requestJsonAndCheck("POST", path, input=ruleset)


async def tell(installed: Installed, row: dict[str, Any]) -> None:
    """Let GitHub tell of a rule that the twin does not have."""
    about = {"ruleset_id": 7, "ruleset_source_type": "Organization"}
    rule = {"path": ".*/rules/branches/main", "status": 200, "body": [{**row, **about}]}
    await installed.twin.admin("POST", "faults", rule)


async def seen(installed: Installed, repo: str = REPO) -> dict[str, Part]:
    """Return what is found about the App and a repository, by name."""

    def look() -> list[Part]:
        with Session(Credentials.of(installed.config)) as session:
            parts, us = app.looks(session)
            return parts + (repository.looks(session, us, repo) if us else [])

    return {part.name: part for part in await asyncio.to_thread(look)}


def finding(part: Part, health: Health, *words: str) -> None:
    """Check how a part is, and that finding and next step say it."""
    assert health is part.health, part
    assert bool(part.remedy) == (health is not Health.GOOD), part
    assert [] == [word for word in words if word not in f"{part.detail} | {part.remedy}"], part


async def test_all_is_well(installed: Installed, messages: Twin) -> None:
    """The whole command: every part is good, nothing is changed, exit 0."""
    await asyncio.to_thread(init, installed.config, REPO, Console(file=io.StringIO()))
    with installed.alice() as alice:
        next(iter(alice.get_repo(REPO).get_pulls())).merge()
    set_model(installed, messages.url)
    corpus(installed)
    before = len(await installed.twin.admin("GET", "journal"))
    page = io.StringIO()
    scope = Scope(installed.config, installed.state, REPO)

    code = await doctor(Console(file=page, width=200), scope, as_json=True)

    parts = {part["name"]: part for part in json.loads(page.getvalue())}
    bad = [one for one in parts.values() if one["health"] not in {"good", "weak"}]
    assert ([], 0) == (bad, code)
    weak = {name for name, one in parts.items() if one["health"] == "weak"}
    assert weak <= {"box", "disk", "state", "scenarios"}  # the machine's, and how good a corpus is
    assert {"server.env", "verdict key", "model", "clock", "app", "permissions", "events"} < set(
        parts
    )
    assert {"webhook", "deliveries", "installation", "mission", "labels", "landing"} < set(parts)
    asked = (await installed.twin.admin("GET", "journal"))[before:]
    [token] = [one for one in asked if one["method"] not in {"GET", "HEAD"}]
    assert token["path"].endswith("/access_tokens")
    assert {"read"} == set(json.loads(token["body"])["permissions"].values())


def set_model(installed: Installed, url: str, key: str = "right", name: str = LISTED) -> None:
    """Write the builder's file."""
    file = installed.config / "builder.env"
    values = {"KEY": key, "URL": url}
    lines = [f"NIGHTSHIFT_MODEL_{part}={value}" for part, value in values.items()]
    file.write_text("\n".join([*lines, f"NIGHTSHIFT_MODEL={name}", ""]))
    file.chmod(0o600)


def corpus(installed: Installed, source: Path = CODE / "scenarios" / "parcel") -> Path:
    """Give the validator scenarios for the repository."""
    store = installed.state / "scenarios"
    folder = store / REPO.replace("/", "__")
    shutil.copytree(source, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    installation(installed.state).give(Role.VALIDATOR, store)
    return folder


async def test_a_key_of_another_app(installed: Installed) -> None:
    """The one finding of GitHub's side: nothing else can be asked."""
    installed.app["private_key_pem"] = new_key()
    installed.write()

    found = await seen(installed)

    finding(found.pop("app"), Health.BROKEN, "401", "server.env")
    assert {} == found


@pytest.mark.parametrize("value", ["", "no key"])
async def test_a_key_that_is_none(installed: Installed, value: str) -> None:
    """The whole command tells it as a finding."""
    set_key(installed.config / "server.env", "NIGHTSHIFT_APP_KEY", value)
    page = io.StringIO()

    code = await doctor(
        Console(file=page, width=300), Scope(installed.config, installed.state), as_json=False
    )

    [line, after] = page.getvalue().split(" app ")[1].splitlines()[:2]
    assert 4 == code
    assert "NIGHTSHIFT_APP_KEY" in line
    assert "next: " in after


@pytest.mark.parametrize(
    ("granted", "health", "words"),
    [
        ({"checks": "read"}, Health.MISSING, ("checks: write", "/settings/apps/nightshift")),
        ({"workflows": "write"}, Health.WEAK, ("more than needed: workflows: write",)),
        ({"administration": "read"}, Health.GOOD, ("administration: read",)),
    ],
)
async def test_permissions(
    twin: Twin, tmp_path: Path, granted: dict[str, str], health: Health, words: tuple[str, ...]
) -> None:
    """Too few, too many, and the optional one; of the App and of the installation alike."""
    made = await Installed(twin, tmp_path).plant(tmp_path, permissions={**permissions(), **granted})

    found = await seen(made)

    finding(found["permissions"], health, *words)
    finding(found["installation"], health, *words[:1])


async def test_events(twin: Twin, tmp_path: Path) -> None:
    """What it is not told is noticed late."""
    made = await Installed(twin, tmp_path).plant(
        tmp_path, events=[event for event in EVENTS if event != "push"]
    )

    finding((await seen(made))["events"], Health.WEAK, "not told about push", "subscribe at")


async def test_no_webhook(twin: Twin, tmp_path: Path) -> None:
    """It works, and slowly; of deliveries there is nothing to say."""
    made = await Installed(twin, tmp_path).plant(tmp_path)

    found = await seen(made)

    finding(found["webhook"], Health.WEAK, "every 15 minutes", "/settings/apps/nightshift")
    assert "deliveries" not in found


async def test_nothing_was_ever_delivered(installed: Installed) -> None:
    """A webhook that nobody has seen at work."""
    rule = {"path": ".*/app/hook/deliveries", "status": 200, "body": []}
    await installed.twin.admin("POST", "faults", rule)

    finding((await seen(installed))["deliveries"], Health.WEAK, "none in the last days", "ping")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": {"message": "Not Found"}},
        {"status": 200, "body": {"url": OFF_URL, "content_type": "json"}},
    ],
)
async def test_a_webhook_that_is_off(installed: Installed, answer: dict[str, Any]) -> None:
    """As set-up leaves it without an address; an App may also never have had one."""
    await installed.twin.admin("POST", "faults", {"path": ".*/app/hook/config", **answer})

    finding((await seen(installed))["webhook"], Health.WEAK, "every 15 minutes")


@pytest.mark.parametrize(
    ("config", "health", "words"),
    [
        ({"content_type": "form"}, Health.BROKEN, ("forms", "JSON")),
        ({"secret": None}, Health.BROKEN, ("unsigned", "NIGHTSHIFT_WEBHOOK_SECRET")),
        ({"insecure_ssl": "1"}, Health.WEAK, ("certificate", "SSL verification")),
    ],
)
async def test_webhook_settings(
    installed: Installed, config: dict[str, Any], health: Health, words: tuple[str, ...]
) -> None:
    """Each switch that a person can set wrong on the App's page."""
    good = {"url": "https://b.example", "content_type": "json", "secret": "*", "insecure_ssl": "0"}
    rule = {"path": ".*/app/hook/config", "status": 200, "body": {**good, **config}}
    await installed.twin.admin("POST", "faults", rule)

    finding((await seen(installed))["webhook"], health, *words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "the secrets differ"),
        (404, "/github/webhooks"),
        (502, "is `nightshift up` running"),
        (503, "its disk"),
    ],
)
async def test_the_last_delivery_failed(
    installed: Installed, receiver: Receiver, status: int, words: str
) -> None:
    """The answer tells what is wrong on the way."""
    receiver.status = status
    await nudge(installed)

    finding((await seen(installed))["deliveries"], Health.BROKEN, str(status), words)


async def nudge(installed: Installed) -> None:
    """Let something happen that is delivered."""
    with installed.alice() as alice:
        await asyncio.to_thread(alice.get_repo(REPO).create_issue, "x")
    await installed.twin.admin("GET", "deliveries?settle=5")


async def test_an_address_nobody_listens_at(installed: Installed) -> None:
    """Deliveries never arrive."""
    hook = {"app": "nightshift", "url": "http://127.0.0.1:1/x"}
    await installed.twin.admin("POST", "hook", hook)
    await nudge(installed)

    finding((await seen(installed))["deliveries"], Health.BROKEN, "failed to connect", "firewall")


async def test_some_deliveries_failed(installed: Installed, receiver: Receiver) -> None:
    """What arrived last counts; the rest is asked for again."""
    receiver.status = 500
    await nudge(installed)
    receiver.status = 202
    await nudge(installed)

    finding((await seen(installed))["deliveries"], Health.WEAK, "1 of the last", "by itself")


async def test_not_installed(installed: Installed) -> None:
    """On that repository, or nowhere near it."""
    found = (await seen(installed, "alice/elsewhere"))["installation"]
    finding(found, Health.MISSING, "on the account", "choose the repository at", "/installations/")
    found = (await seen(installed, "nobody/elsewhere"))["installation"]
    finding(found, Health.MISSING, "not installed", "/settings/apps/nightshift/installations")


async def test_suspended(installed: Installed) -> None:
    """Nothing else of the repository can be asked."""
    with Session(Credentials.of(installed.config)) as session:
        session.ask("PUT", f"/app/installations/{session.installation(REPO).id}/suspended")

    found = await seen(installed)

    finding(found["installation"], Health.BROKEN, "suspended", "settings/installations")
    assert "landing" not in found


async def test_issues_switched_off(installed: Installed) -> None:
    """Nobody could ask for anything there."""
    with installed.alice() as alice:
        alice.get_repo(REPO).edit(has_issues=False)

    finding((await seen(installed))["issues"], Health.BROKEN, "switched off", "/settings")


async def test_archived(installed: Installed) -> None:
    """Nothing can be changed there."""
    with installed.alice() as alice:
        alice.get_repo(REPO).edit(archived=True)

    finding((await seen(installed))["repository"], Health.BROKEN, "archived", "unarchive")


async def test_not_prepared(installed: Installed) -> None:
    """No mission, no labels: the same command mends both."""
    found = await seen(installed)

    finding(found["mission"], Health.MISSING, "nothing starts", f"nightshift init {REPO}")
    finding(found["labels"], Health.WEAK, "nightshift:stop", f"nightshift init {REPO}")


async def test_a_mission_that_cannot_be_read(installed: Installed) -> None:
    """The parser's own words."""
    with installed.alice() as alice:
        alice.get_repo(REPO).create_file("mission.md", "x", "---\nchecks: [x]\ncolour: red\n---\n")

    finding((await seen(installed))["mission"], Health.BROKEN, "colour")


PULL = {"type": "pull_request", "parameters": {"required_approving_review_count": 0}}
REVIEW = {"type": "pull_request", "parameters": {"required_approving_review_count": 1}}
CI = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [{"context": "ci"}]},
}


@pytest.mark.parametrize(
    ("rows", "bypass", "health", "words"),
    [
        ([], False, Health.GOOD, ("direct: a fast-forward",)),
        ([{"type": "required_linear_history"}], False, Health.GOOD, ("direct",)),
        ([CI], False, Health.GOOD, ("direct", "waits for ci")),
        ([PULL], False, Health.WEAK, ("PUT /merge", "bypass it", "/settings/rules")),
        ([{"type": "required_signatures"}], False, Health.WEAK, ("PUT /merge", "signed")),
        ([REVIEW], False, Health.BROKEN, ("cannot approve its own", "bypass it")),
        ([{"type": "update"}], False, Health.BROKEN, ("nobody may move", "bypass it")),
        ([REVIEW, {"type": "update"}], True, Health.GOOD, ("direct",)),
    ],
)
async def test_which_way_a_change_lands(
    installed: Installed,
    rows: list[dict[str, Any]],
    bypass: bool,  # noqa: FBT001  a column of the table
    health: Health,
    words: tuple[str, ...],
) -> None:
    """Directly, through a merge, or not at all; and why, and what would open a better way."""
    lay_down(installed, *rows, bypass=bypass)

    finding((await seen(installed))["landing"], health, *words)


@pytest.mark.parametrize(
    ("kind", "health", "words"),
    [
        ("merge_queue", Health.BROKEN, "merge queue"),
        ("commit_message_pattern", Health.WEAK, "commit_message_pattern"),
    ],
)
async def test_rules_of_an_organisation(
    installed: Installed, kind: str, health: Health, words: str
) -> None:
    """Whose ruleset cannot be seen: it is not taken for bypassed."""
    await tell(installed, {"type": kind})

    finding((await seen(installed))["landing"], health, words)


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("rows", [[], [{"type": "required_linear_history"}], [PULL], [REVIEW]])
async def test_what_is_said_about_landing_is_true(
    installed: Installed,
    rows: list[dict[str, Any]],
    bypass: bool,  # noqa: FBT001  a column of the table
) -> None:
    """The App tries both ways: the first that is open is the one that the doctor has named."""
    await asyncio.to_thread(init, installed.config, REPO, Console(file=io.StringIO()))
    lay_down(installed, *rows, bypass=bypass)
    said = (await seen(installed))["landing"]

    way = await asyncio.to_thread(_way_that_works, installed)

    expected = {Health.GOOD: "push", Health.WEAK: "merge", Health.BROKEN: ""}
    assert expected[said.health] == way, said


def _way_that_works(installed: Installed) -> str:
    """Push the branch of the open pull request to main as the App, else let GitHub merge it."""
    with Session(Credentials.of(installed.config)) as session:
        number = session.installation(REPO).id
        with session.installed(number) as client:
            repo = client.get_repo(REPO)
            [pull] = repo.get_pulls()
            try:
                repo.get_git_ref("heads/main").edit(pull.head.sha)
            except github.GithubException:
                try:
                    pull.merge(sha=pull.head.sha, merge_method="squash")
                except github.GithubException:
                    return ""
                return "merge"
            return "push"


@pytest.mark.parametrize(
    ("protection", "health", "words"),
    [
        ({}, Health.GOOD, ("direct",)),
        ({"required_signatures": {"enabled": True}}, Health.WEAK, ("PUT /merge",)),
        ({"required_signatures": {"enabled": False}}, Health.GOOD, ("direct",)),
        ({"restrictions": {"apps": []}}, Health.BROKEN, ("nobody may move", "bypass it")),
        ({"restrictions": {"apps": [{"slug": "nightshift"}]}}, Health.GOOD, ("direct",)),
        (
            {"required_pull_request_reviews": {"required_approving_review_count": 2}},
            Health.BROKEN,
            ("2 approving review",),
        ),
        (
            {
                "required_pull_request_reviews": {
                    "required_approving_review_count": 2,
                    "bypass_pull_request_allowances": {"apps": [{"slug": "nightshift"}]},
                }
            },
            Health.GOOD,
            ("direct",),
        ),
        ({"lock_branch": {"enabled": True}}, Health.BROKEN, ("locked",)),
        ({"required_status_checks": {"contexts": ["ci"]}}, Health.GOOD, ("waits for ci",)),
        (None, Health.WEAK, ("cannot be read", "administration: read")),
    ],
)
async def test_classic_protection(
    installed: Installed,
    protection: dict[str, Any] | None,
    health: Health,
    words: tuple[str, ...],
) -> None:
    """The older form of rules; without the optional permission it is named as unseen."""
    branch = {"name": "main", "protected": True, "commit": {"sha": "0" * 40}}
    hidden = {"message": "Resource not accessible by integration"}
    answer = {"status": 403, "body": hidden} if protection is None else {"status": 200}
    for rule in (
        {"path": ".*/parcel/branches/main", "status": 200, "body": branch},
        {"path": ".*/branches/main/protection", "body": protection, **answer},
    ):
        await installed.twin.admin("POST", "faults", rule)

    finding((await seen(installed))["landing"], health, *words)


async def test_github_is_down_in_the_middle(installed: Installed) -> None:
    """Each part that could not be seen says so; the others are told."""
    rule = {"path": ".*/app/hook/.*", "status": 502, "body": "<html>", "count": 0}
    await installed.twin.admin("POST", "faults", rule)

    found = await seen(installed)

    finding(found["webhook"], Health.BROKEN, "502")
    finding(found["deliveries"], Health.BROKEN, "502")
    finding(found["permissions"], Health.GOOD)


@pytest.mark.parametrize(
    ("ahead", "health"),
    [
        (10, Health.GOOD),
        (30, Health.WEAK),
        (-30, Health.WEAK),
        (300, Health.BROKEN),
        (-300, Health.BROKEN),
    ],
)
async def test_the_clock(installed: Installed, ahead: int, health: Health) -> None:
    """Against the date that GitHub's answers carry."""
    await installed.twin.admin("POST", "clock", {"advance": -ahead})

    [part] = await clock(Files(installed.config))

    finding(part, health, {-1: "behind", 1: "ahead"}[(ahead > 0) - (ahead < 0)])


@pytest.mark.parametrize(
    ("given", "health", "words"),
    [
        (("right", LISTED), Health.GOOD, "at http"),
        (("wrong", LISTED), Health.BROKEN, "turns the key down"),
        (("right", "no-such-model"), Health.BROKEN, "has no model no-such-model"),
    ],
)
async def test_the_model(
    installed: Installed, messages: Twin, given: tuple[str, str], health: Health, words: str
) -> None:
    """Asked for a description only: no message is sent."""
    set_model(installed, messages.url, *given)
    before = len(await messages.admin("GET", "journal"))

    [part] = await model(Files(installed.config))

    finding(part, health, words)
    asked = (await messages.admin("GET", "journal"))[before:]
    assert {"GET"} == {one["method"] for one in asked}


async def test_a_model_that_does_not_answer(installed: Installed) -> None:
    """Nobody listens there."""
    set_model(installed, "http://127.0.0.1:1")

    [part] = await model(Files(installed.config))

    finding(part, Health.BROKEN, "does not answer", "NIGHTSHIFT_MODEL_URL")


async def test_an_endpoint_without_a_list(installed: Installed) -> None:
    """It may well work: only a run can tell. Here the other twin plays it."""
    set_model(installed, installed.twin.url)

    [part] = await model(Files(installed.config))

    finding(part, Health.WEAK, "does not list models")


async def test_files(installed: Installed) -> None:
    """Empty, open to others, absent: each by its name."""
    (installed.config / "server.env").chmod(0o644)
    (installed.config / "validator.env").unlink()

    server, builder, validator = files(Files(installed.config))

    finding(server, Health.BROKEN, "can be read by others", "chmod 600")
    finding(builder, Health.MISSING, "NIGHTSHIFT_MODEL_KEY: not set", "builder.env")
    finding(validator, Health.BROKEN, "there is no", "nightshift setup")


async def test_the_verdict_key(installed: Installed, tmp_path: Path) -> None:
    """The server believes one validator only: the one on this machine."""
    found = Files(installed.config)
    finding(verdict_key(found, installed.state)[0], Health.GOOD, "fit together")
    finding(verdict_key(found, tmp_path / "other")[0], Health.WEAK, "--state")
    set_key(installed.config / "server.env", "NIGHTSHIFT_VERDICT_KEY", "ab" * 32)
    finding(verdict_key(found, installed.state)[0], Health.BROKEN, "another validator's key")


async def test_scenarios(installed: Installed) -> None:
    """None, open to others, and a file that cannot be read; never a word of what stands there."""
    found, store = Files(installed.config), installed.state / "scenarios"
    installation(installed.state).give(Role.VALIDATOR, store)
    finding(scenarios(found, "")[0], Health.GOOD, "closed to others")
    finding(scenarios(found, REPO)[0], Health.WEAK, f"none for {REPO}", "scenario new")

    folder = corpus(installed)
    assert scenarios(found, REPO)[0].health in {Health.GOOD, Health.WEAK}

    (folder / "gate" / "zz.md").write_text("---\nid: canary-77\n---\n")
    (folder / "gate" / "zz.md").chmod(0o600)
    installation(installed.state).give(Role.VALIDATOR, store)
    bad = scenarios(found, REPO)[0]
    finding(bad, Health.BROKEN, "nothing is judged", "scenario lint")
    assert "canary" not in str(bad)

    store.chmod(0o755)
    finding(scenarios(found, REPO)[0], Health.BROKEN, "can be read by others", "chmod")


async def test_scenarios_of_a_repository(installed: Installed) -> None:
    """The validator's business; from here nothing is fetched."""
    file = installed.config / "validator.env"
    set_key(file, "NIGHTSHIFT_SCENARIOS", "https://git.example/hidden.git")

    finding(scenarios(Files(installed.config), REPO)[0], Health.GOOD, "git.example")
