"""The forge against the GitHub twin: every method, and the ways GitHub goes wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.adapters.forge import CheckText, Forge
from bot.domain.issue import Issue
from bot.domain.label import Label
from bot.domain.subject import SubjectKey, SubjectKind
from bot.errors import Conflict, CredentialRefused, Gone, RateLimited, Rejected, Unavailable
from bot.web.app import build_door
from bot.web.intake import Delivery, intake_handler
from tests.person import git
from twins.github.app import make_twin

pytestmark = pytest.mark.integration
REPO = "acme/parcel"
BRANCH = "nightshift/issue-1"
SECRET = "hook-secret"
LABEL = Label("nightshift:building", "1d76db", "Nightshift builds")


@dataclass(slots=True)
class Place:
    """A twin with one repository, one installed App and one person."""

    url: str
    forge: Forge
    session: aiohttp.ClientSession
    token: str
    head: str
    topic: str
    pem: str
    app: dict[str, Any]

    async def person(self, method: str, path: str, body: object = None) -> Any:
        """Do something as Ann, who may write."""
        headers = {"Authorization": f"token {self.token}"}
        async with self.session.request(
            method, self.url + path, json=body, headers=headers
        ) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.content_length else None

    async def admin(self, path: str, body: object = None) -> Any:
        """Turn one of the twin's own knobs."""
        method = "GET" if body is None else "POST"
        async with self.session.request(method, f"{self.url}/_twin/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def issue(self, title: str = "Wrong price", **more: object) -> int:
        """File an issue."""
        made = await self.person("POST", f"/repos/{REPO}/issues", {"title": title, **more})
        return int(made["number"])

    async def calls(self) -> list[str]:
        """Return what was asked of the twin since its start, admin aside."""
        entries = await self.admin("journal")
        return [f"{e['method']} {e['path']} {e['status']}" for e in entries]


def connect(url: str, app_id: str, pem: str, session: aiohttp.ClientSession) -> Forge:
    """Build a forge that writes without spacing."""
    key = SecretStr(pem)
    return Forge(base_url=url, app_id=app_id, private_key=key, session=session, write_spacing_s=0.0)


@pytest.fixture(name="source")
def source_fixture(tmp_path: Path) -> Path:
    """Make a repository with main and one branch of ours."""
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "mission.md").write_text("---\nchecks: [x]\n---\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Begin")
    git(folder, "checkout", "-qb", BRANCH)
    (folder / "a.py").write_text("x = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Change")
    git(folder, "checkout", "-q", "main")
    return folder


@pytest.fixture(name="pem", scope="module")
def pem_fixture() -> str:
    """Make one private key: making many takes most of the time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


@pytest.fixture(name="place")
async def place_fixture(tmp_path: Path, source: Path, pem: str) -> AsyncIterator[Place]:
    """Start a twin in this process and connect a forge to it."""
    server = TestServer(make_twin(tmp_path / "state"), host="127.0.0.1")
    async with server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        seed = {
            "users": [{"login": "ann"}],
            "apps": [{"slug": "nightshift", "webhook_secret": SECRET, "private_key_pem": pem}],
            "repos": [{"full_name": REPO, "path": str(source), "collaborators": {"ann": "write"}}],
            "installations": [{"app": "nightshift", "repos": [REPO]}],
        }
        async with session.post(f"{url}/_twin/seed", json=seed) as answer:
            planted = await answer.json()
            assert answer.status == 201, planted
        app = planted["apps"][0]
        yield Place(
            url,
            connect(url, app["client_id"], pem, session),
            session,
            planted["users"][0]["token"],
            git(source, "rev-parse", "main"),
            git(source, "rev-parse", BRANCH),
            pem,
            app,
        )


async def test_who_we_are_and_where_we_are_installed(place: Place) -> None:
    """Identity, bot id, installations and repositories."""
    us = await place.forge.identity()

    assert (us.slug, us.bot_login, us.id) == ("nightshift", "nightshift[bot]", place.app["id"])
    assert await place.forge.bot_id() == place.app["bot"]["id"]
    (repo,) = await place.forge.repositories((await place.forge.installations())[0])
    assert (repo.full_name, repo.default_branch, repo.archived) == (REPO, "main", False)
    assert repo == await place.forge.repository(REPO)


@pytest.mark.parametrize("root", ["/api/v3", "/api/v3/"])
async def test_an_enterprise_address_works_as_well(place: Place, root: str) -> None:
    """The API's root may lie below the host; the numeric id is as good as the client id."""
    forge = connect(place.url + root, str(place.app["id"]), place.pem, place.session)

    for index in range(31):
        await place.issue(f"Issue {index}")
    assert len(await forge.open_issues(REPO)) == 31
    assert (await forge.repository(REPO)).clone_url == f"{place.url}/{REPO}.git"


@pytest.mark.parametrize("off", [-5000.0, -90.0, 90.0, 5000.0])
async def test_a_clock_that_is_off_still_gets_a_token(place: Place, off: float) -> None:
    """GitHub refuses what was issued in its future, and what lasts longer than ten minutes."""
    forge = Forge(
        base_url=place.url,
        app_id=place.app["client_id"],
        private_key=SecretStr(place.pem),
        session=place.session,
        write_spacing_s=0,
        now=lambda: time.time() + off,
    )
    assert (await forge.identity()).slug == "nightshift"
    assert await forge.branch_tip(REPO, "main") == place.head


async def test_issues_come_as_they_are(place: Place) -> None:
    """A snapshot has title, body, labels and author; closed ones leave the list."""
    first = await place.issue(body="It is wrong.", labels=["nightshift", "priority:P1"])
    second = await place.issue("Other")
    issue = await place.forge.issue(REPO, first)

    assert issue == Issue(
        REPO,
        first,
        "Wrong price",
        "It is wrong.",
        ("nightshift", "priority:P1"),
        "ann",
        issue.author_id,
    )
    assert [i.number for i in await place.forge.open_issues(REPO)] == [first, second]
    assert [i.number for i in await place.forge.open_issues(REPO, "nightshift")] == [first]

    await place.forge.close_issue(REPO, first, completed=False)
    assert (await place.forge.issue(REPO, first)).state == "closed"
    assert [i.number for i in await place.forge.open_issues(REPO)] == [second]


async def test_what_is_not_there_is_gone(place: Place) -> None:
    """Missing issues, foreign repositories and names that are none."""
    with pytest.raises(Gone):
        await place.forge.issue(REPO, 999)
    with pytest.raises(Gone):
        await place.forge.repository("acme/other")
    with pytest.raises(Rejected):
        await place.forge.repository("no-name")


async def test_the_sticky_comment_is_found_again(place: Place) -> None:
    """Only our own comment with the marker counts; updating it makes no second one."""
    number = await place.issue()
    marker = "<!-- nightshift:issue:1 -->"
    await place.person("POST", f"/repos/{REPO}/issues/{number}/comments", {"body": f"{marker}\nx"})
    assert await place.forge.find_comment(REPO, number, marker) is None

    made = await place.forge.create_comment(REPO, number, f"{marker}\nfirst")
    found = await place.forge.find_comment(REPO, number, marker)
    assert found == made
    await place.forge.update_comment(REPO, made.id, f"{marker}\nsecond")

    bodies = [comment.body for comment in await place.forge.comments(REPO, number)]
    assert bodies == [f"{marker}\nx", f"{marker}\nsecond"]


async def test_many_comments_are_read_to_the_last(place: Place) -> None:
    """The marker on the second page is found."""
    number = await place.issue()
    for index in range(101):
        await place.person("POST", f"/repos/{REPO}/issues/{number}/comments", {"body": str(index)})
    made = await place.forge.create_comment(REPO, number, "<!-- nightshift:x -->")

    assert await place.forge.find_comment(REPO, number, "<!-- nightshift:x -->") == made


async def test_one_state_label_at_a_time(place: Place) -> None:
    """Labels of people stay; a repeated call writes nothing."""
    number = await place.issue(labels=["nightshift", "nightshift:queued"])
    among = {"nightshift:queued", LABEL.name}
    for _ in range(2):
        await place.forge.ensure_label(REPO, LABEL)
        await place.forge.set_state_label(REPO, number, LABEL.name, among)

    labels = (await place.forge.issue(REPO, number)).labels
    assert sorted(labels) == ["nightshift", LABEL.name]
    writes = [c for c in await place.calls() if "label" in c and c.split()[0] in {"POST", "DELETE"}]
    assert len(writes) == 3


async def test_permissions_decide_who_counts(place: Place) -> None:
    """By numeric id; strangers have none."""
    ann = await place.forge.permission(REPO, "ann")

    assert ann.writes
    assert ann.user_id == (await place.forge.issue(REPO, await place.issue())).author_id
    assert not (await place.forge.permission(REPO, "nobody")).writes


async def test_a_pull_request_is_opened_once(place: Place) -> None:
    """A second opening returns the first; it is found by its branch and can be changed."""
    assert await place.forge.find_pull(REPO, BRANCH) is None
    made = await place.forge.create_pull(REPO, head=BRANCH, base="main", title="T", body="B")
    again = await place.forge.create_pull(REPO, head=BRANCH, base="main", title="T", body="B")

    assert again.number == made.number
    assert (made.head_sha, made.base_ref, made.merged) == (place.topic, "main", False)
    changed = await place.forge.update_pull(REPO, made.number, body="C", state="closed")
    assert (changed.body, changed.title, changed.state) == ("C", "T", "closed")
    found = await place.forge.find_pull(REPO, BRANCH)
    assert found is not None
    assert found.number == made.number
    with pytest.raises(Gone):
        await place.forge.issue(REPO, made.number)
    assert await place.forge.open_issues(REPO) == ()


async def test_branch_tips_are_read_back(place: Place) -> None:
    """Slashes in a name are part of it."""
    assert await place.forge.branch_tip(REPO, "main") == place.head
    assert await place.forge.branch_tip(REPO, BRANCH) == place.topic
    assert await place.forge.branch_tip(REPO, "none/such") is None


async def test_a_check_is_found_again_and_ends(place: Place) -> None:
    """It begins in progress, ends with a conclusion, and another run's check stays apart."""
    name = "nightshift/satisfaction"
    assert await place.forge.find_check(REPO, place.topic, name, "run-1") is None
    for conclusion, external in [("", "run-1"), ("neutral", "run-2")]:
        shown = CheckText("Hidden scenarios", "asked", conclusion)
        await place.forge.create_check(REPO, place.topic, name, external, shown)
    found = await place.forge.find_check(REPO, place.topic, name, "run-1")
    assert found is not None
    await place.forge.update_check(REPO, found.id, CheckText("Hidden", "passed", "success"))
    runs = await place.forge.check_runs(REPO, place.topic, name)

    found = sorted((run.external_id, run.status, run.conclusion) for run in runs)
    assert found == [("run-1", "completed", "success"), ("run-2", "completed", "neutral")]


async def test_git_gets_a_token_for_fetch_or_push(place: Place, tmp_path: Path) -> None:
    """The token clones; only the pushing one may push."""
    fetch = await place.forge.git_token(REPO)
    push = await place.forge.git_token(REPO, push=True)
    assert fetch.token != push.token

    def address(token: SecretStr) -> str:
        secret = f"x-access-token:{token.get_secret_value()}@"
        return fetch.clone_url.replace("://", f"://{secret}")

    clone = tmp_path / "clone"
    await asyncio.to_thread(git, tmp_path, "clone", "-q", address(fetch.token), str(clone))
    assert git(clone, "rev-parse", "HEAD") == place.head
    refspec = "HEAD:refs/heads/new"
    with pytest.raises(AssertionError, match="denied"):
        await asyncio.to_thread(git, clone, "push", "-q", address(fetch.token), refspec)
    await asyncio.to_thread(git, clone, "push", "-q", address(push.token), refspec)
    assert await place.forge.branch_tip(REPO, "new") == place.head


async def test_unchanged_reads_are_free(place: Place) -> None:
    """The second read is answered 304."""
    number = await place.issue()
    for _ in range(3):
        await place.forge.issue(REPO, number)

    reads = [
        c
        for c in await place.calls()
        if c.startswith("GET") and c.split()[1].endswith(f"/issues/{number}")
    ]
    assert [read.split()[2] for read in reads] == ["200", "304", "304"]


async def test_an_expired_token_is_replaced_without_a_word(place: Place) -> None:
    """GitHub's hour may end before ours."""
    number = await place.issue()
    await place.forge.issue(REPO, number)
    await place.admin("tokens/expire", {})

    assert (await place.forge.issue(REPO, number)).number == number


async def test_a_wrong_key_is_refused_with_a_remedy(place: Place) -> None:
    """What a person sees who configured another App's key."""
    stranger = connect(place.url, "Iv23other", place.pem, place.session)
    with pytest.raises(CredentialRefused) as caught:
        await stranger.identity()
    assert "private key" in caught.value.remedy


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 502}, Unavailable),
        ({"cut": True}, Unavailable),
        ({"status": 429, "headers": {"retry-after": "855"}}, RateLimited),
        (
            {"status": 403, "body": {"message": "You have exceeded a secondary rate limit"}},
            RateLimited,
        ),
        ({"status": 422, "body": {"message": "x", "errors": "plain"}}, Rejected),
        ({"status": 409}, Conflict),
    ],
)
async def test_a_fault_is_one_typed_error_and_no_retry(
    place: Place, fault: dict[str, Any], kind: type[Exception]
) -> None:
    """The forge reports; the engine repeats."""
    number = await place.issue()
    await place.forge.comments(REPO, number)
    await place.admin("faults", {"method": "POST", "path": ".*/comments", **fault})
    forge = connect(place.url, str(place.app["id"]), place.pem, place.session)
    with pytest.raises(kind):
        await forge.create_comment(REPO, number, "x")
    assert await place.forge.comments(REPO, number) == ()

    await place.forge.create_comment(REPO, number, "x")


async def test_a_write_that_failed_after_it_happened_is_found_by_its_marker(place: Place) -> None:
    """A 500 says nothing about what was done: the lookup does."""
    number = await place.issue()
    await place.forge.comments(REPO, number)
    rule = {"method": "POST", "path": ".*/comments", "when": "after", "status": 500}
    await place.admin("faults", rule)
    with pytest.raises(Unavailable):
        await place.forge.create_comment(REPO, number, "<!-- nightshift:x -->")

    assert await place.forge.find_comment(REPO, number, "<!-- nightshift:x -->") is not None


async def test_deliveries_reach_the_door_and_lost_ones_are_asked_for_again(place: Place) -> None:
    """The twin's signature opens our door; a lost delivery is in the log and comes again."""
    received: dict[str, Delivery] = {}

    async def record(delivery: Delivery) -> bool:
        received[delivery.guid] = delivery
        return True

    app = build_door(intake_handler(record, [SecretStr(SECRET)]))
    async with TestServer(app, host="127.0.0.1") as door:
        url = str(door.make_url("/github/webhooks"))
        await place.admin("hook", {"app": "nightshift", "url": url, "secret": SECRET})
        await place.admin("faults", {"event": "issues[.]opened", "deliver": "lost"})
        number = await place.issue()
        await place.admin("deliveries?settle=5")
        assert not [d for d in received.values() if d.event == "issues"]

        (lost,) = [d for d in await place.forge.deliveries() if d.event == "issues"]
        assert not lost.arrived
        await place.forge.redeliver(lost.id)
        await place.admin("deliveries?settle=5")

    expected = (SubjectKey(REPO, SubjectKind.ISSUE, number),)
    assert received[lost.guid].subjects == expected
    guids = {d.guid for d in await place.forge.deliveries() if d.arrived}
    assert lost.guid in guids
