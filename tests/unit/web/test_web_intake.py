"""The webhook door: nothing unauthenticated leaves a trace, nothing authenticated gets lost."""

import gzip
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.domain.subject import SubjectKey, SubjectKind
from bot.errors import Unavailable
from bot.web.app import build_door, make_runner
from bot.web.intake import Delivery, intake_handler, signed

OLD, NEW = "old-secret", "new-secret"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
BODY = json.dumps(
    {"action": "labeled", "issue": {"number": 7}, "repository": {"full_name": "acme/parcel"}}
).encode()


class Inbox:
    """Remembers deliveries by GUID, as the store does, and can be out of order."""

    def __init__(self) -> None:
        self.seen: dict[str, Delivery] = {}
        self.broken: Exception | None = None

    async def record(self, delivery: Delivery) -> bool:
        """Store once."""
        if self.broken is not None:
            raise self.broken
        fresh = delivery.guid not in self.seen
        self.seen.setdefault(delivery.guid, delivery)
        return fresh


@pytest.fixture(name="inbox")
def inbox_fixture() -> Inbox:
    """Give an empty inbox."""
    return Inbox()


Client = TestClient[web.Request, web.Application]


@pytest.fixture(name="client")
async def client_fixture(inbox: Inbox) -> AsyncIterator[Client]:
    """Serve the application on loopback with a small body limit."""
    handler = intake_handler(inbox.record, [SecretStr(NEW), SecretStr(OLD)], largest=100_000)
    app = build_door(handler)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(auto_decompress=False)  # as make_runner does
    async with TestClient(server) as client:
        yield client


def sign(body: bytes, secret: str = NEW) -> str:
    """Sign as GitHub does."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(body: bytes = BODY, **changes: str | None) -> dict[str, str]:
    """Build the headers of a delivery; None leaves one out."""
    wanted: dict[str, str | None] = {
        "X-Hub-Signature-256": sign(body),
        "X-GitHub-Delivery": GUID,
        "X-GitHub-Event": "issues",
        "Content-Type": "application/json",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in wanted.items() if value is not None}


async def post(client: Client, head: Mapping[str, str], body: bytes = BODY) -> int:
    """Send one delivery and return the status."""
    async with client.post("/github/webhooks", data=body, headers=head) as answer:
        await answer.read()
        return answer.status


async def test_a_signed_delivery_is_stored_before_the_answer(client: Client, inbox: Inbox) -> None:
    """202 means: on disk, with its subjects."""
    status = await post(client, headers())

    expected = (SubjectKey("acme/parcel", SubjectKind.ISSUE, 7),)
    assert (status, inbox.seen[GUID].subjects) == (202, expected)
    assert inbox.seen[GUID].body == BODY


async def test_both_secrets_are_good_while_one_replaces_the_other(client: Client) -> None:
    """Rotation loses no delivery."""
    old = headers(X_Hub_Signature_256=sign(BODY, OLD), X_GitHub_Delivery="0" * 36)

    assert [await post(client, headers()), await post(client, old)] == [202, 202]


async def test_a_duplicate_is_accepted_and_kept_once(client: Client, inbox: Inbox) -> None:
    """A redelivery has the same GUID."""
    assert [await post(client, headers()) for _ in range(2)] == [202, 202]
    assert len(inbox.seen) == 1


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign(BODY)[:-1],
        sign(BODY).upper(),
        sign(BODY, "other"),
        sign(BODY + b" "),
        "sha1=" + "0" * 40,
        "sha256=" + "\u00e9" * 64,
    ],
)
async def test_a_wrong_signature_leaves_no_trace(
    client: Client, inbox: Inbox, signature: str | None
) -> None:
    """Missing, truncated, forged, SHA-1 and non-ASCII signatures are 401."""
    head = headers(X_Hub_Signature_256=signature, X_Hub_Signature="sha1=" + "0" * 40)

    assert (await post(client, head), inbox.seen) == (401, {})


@pytest.mark.parametrize(
    ("body", "changes", "status"),
    [
        (b"no json", {}, 400),
        (b"payload=%7B%7D", {}, 400),
        (b"[]", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b"\xff\xfe", {}, 400),
        (b'{"action": 5}', {}, 400),
        (BODY, {"X_GitHub_Delivery": None}, 400),
        (BODY, {"X_GitHub_Delivery": "../../etc"}, 400),
        (BODY, {"X_GitHub_Event": None}, 400),
        (BODY, {"X_GitHub_Event": "ISSUES;"}, 400),
        (BODY, {"X_GitHub_Event": "star"}, 204),
        (b'{"zen": "x"}', {"X_GitHub_Event": "ping"}, 204),
        (b"x" * 100_001, {}, 413),
        (BODY, {"Content_Encoding": "gzip"}, 415),
        (gzip.compress(b"0" * 50_000_000), {"Content_Encoding": "GZIP"}, 415),
    ],
)
async def test_a_bad_delivery_is_refused_with_its_own_status(
    client: Client, inbox: Inbox, body: bytes, changes: dict[str, str | None], status: int
) -> None:
    """The answer tells what is wrong, and nothing is stored."""
    assert (await post(client, headers(body, **changes), body), inbox.seen) == (status, {})


async def test_nothing_is_unpacked_for_anybody(inbox: Inbox) -> None:
    """A thousandth of what unpacking costs is what a stranger has to send."""
    handler = intake_handler(inbox.record, [SecretStr(NEW)])
    app = build_door(handler)
    runner = make_runner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/github/webhooks"
        async with ClientSession() as session:
            body = b"no gzip at all"
            head = headers(body, Content_Encoding="gzip")
            async with session.post(url, data=body, headers=head) as answer:
                assert answer.status == 415
    finally:
        await runner.cleanup()


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client: Client) -> None:
    """Chunked transfer is no way around the limit."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 1000

    async with client.post("/github/webhooks", data=endless(), headers=headers()) as answer:
        assert (answer.status, "message" in await answer.json()) == (413, True)


@pytest.mark.parametrize("error", [Unavailable("locked"), OSError(28, "No space left on device")])
async def test_a_failing_database_is_told_to_github(
    client: Client, inbox: Inbox, error: Exception
) -> None:
    """503 keeps the delivery in GitHub's log, where the sweep finds it."""
    inbox.broken = error
    assert await post(client, headers()) == 503

    inbox.broken = None
    assert await post(client, headers()) == 202


async def test_random_requests_never_break_the_door(client: Client, inbox: Inbox) -> None:
    """A few hundred malformed requests: no 5xx, nothing stored."""
    chance = random.Random(7)  # noqa: S311  a seed, no secret
    names = ["X-Hub-Signature-256", "X-GitHub-Delivery", "X-GitHub-Event", "Content-Type"]
    for _ in range(300):
        body = chance.randbytes(chance.randrange(60))
        head = {n: bytes(chance.choices(range(33, 127), k=9)).decode() for n in names}
        assert await post(client, head, body) in {400, 401}
    assert inbox.seen == {}


async def test_an_unread_body_does_not_hold_the_connection(client: Client) -> None:
    """After a 413 the next request on the same client works."""
    big = b"x" * 200_000
    assert await post(client, headers(big), big) == 413
    assert await post(client, headers()) == 202


@given(st.binary(max_size=50), st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_header_text_counts_as_a_signature(body: bytes, header: str) -> None:
    """Only the right digest passes, and odd text never raises."""
    assert not signed(body, header, [b"secret"])
    assert signed(body, sign(body, "secret"), [b"other", b"secret"])


def test_an_empty_secret_is_refused() -> None:
    """A door without a lock must not open by accident."""
    with pytest.raises(ValueError, match="none may be empty"):
        intake_handler(Inbox().record, [SecretStr("")])


async def test_the_method_has_to_be_post(client: Client) -> None:
    """Looking at the door with a browser says so."""
    session: ClientSession = client.session
    async with session.get(client.make_url("/github/webhooks")) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
