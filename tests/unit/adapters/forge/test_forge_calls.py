"""The plumbing of the forge against a small server that answers whatever a test wants."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt as pyjwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.adapters.forge import Forge
from bot.adapters.forge.pace import Pace, Writer
from bot.adapters.forge.transport import EtagCache
from bot.domain.control import Labelling, Person
from bot.errors import (
    CredentialRefused,
    Gone,
    RateLimited,
    Rejected,
    Unavailable,
)

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = SecretStr(
    _KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
)
REPO = "acme/parcel"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """Authenticates as GitHub does, and leaves every other answer to the test."""

    def __init__(self) -> None:
        self.minted: list[dict[str, Any]] = []
        self.jwts: list[str] = []
        self.seen: list[str] = []
        self.refused: set[str] = set()
        self.answer: Answer = self.nothing
        self.now = 1_000_000.0

    async def nothing(self, _: web.Request) -> web.StreamResponse:
        """Answer an empty list."""
        return web.json_response([])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve App authentication, and hand on the rest."""
        bearer = request.headers["Authorization"].partition(" ")[2]
        if request.path.endswith("/installation"):
            self.jwts.append(bearer)
            return web.json_response({"id": 5, "account": {"login": "acme"}})
        if request.path.endswith("/access_tokens"):
            self.minted.append(await request.json())
            await asyncio.sleep(0)
            return web.json_response({"token": f"ghs_{len(self.minted)}"}, status=201)
        if request.path == "/app":
            fields: dict[str, Any] = {"id": 1, "slug": "nightshift", "name": "Nightshift"}
            return web.json_response({**fields, "permissions": {}, "events": []})
        self.seen.append(f"{request.method} {request.path_qs}")
        if bearer in self.refused:
            return web.json_response({"message": "Bad credentials"}, status=401)
        return await self.answer(request)


@asynccontextmanager
async def forge_at(service: Service, **options: object) -> AsyncIterator[Forge]:
    """Serve on loopback and connect a forge."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        yield Forge(
            base_url=str(server.make_url("")),
            app_id="Iv1.client",
            private_key=PEM,
            session=session,
            now=lambda: service.now,
            **({"write_spacing_s": 0.0} | options),  # type: ignore[arg-type]
        )


def always(status: int, body: object = None, **headers: str) -> Answer:
    """Answer the same every time."""

    async def answer(_: web.Request) -> web.StreamResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=sent)

    return answer


async def test_ten_callers_cause_one_narrow_token() -> None:
    """One request for the token, and it names one repository and the permissions of the job."""
    service = Service()
    async with forge_at(service) as forge:
        await asyncio.gather(*(forge.open_issues(REPO) for _ in range(10)))

    (wanted,) = service.minted
    assert wanted["repositories"] == ["parcel"]
    assert "contents" not in {k for k, level in wanted["permissions"].items() if level == "write"}
    assert "workflows" not in wanted["permissions"]


async def test_a_token_is_renewed_after_55_minutes() -> None:
    """It lasts an hour; we do not use the last minutes."""
    service = Service()
    async with forge_at(service) as forge:
        await forge.open_issues(REPO)
        service.now += 54 * 60
        await forge.open_issues(REPO)
        assert len(service.minted) == 1
        service.now += 2 * 60
        await forge.open_issues(REPO)

    assert len(service.minted) == 2


async def test_a_refused_token_is_replaced_once() -> None:
    """One 401 costs one more token; two are a refusal."""
    service = Service()
    service.refused = {"ghs_1"}
    async with forge_at(service) as forge:
        assert await forge.open_issues(REPO) == ()
        service.refused = {"ghs_2", "ghs_3"}
        with pytest.raises(CredentialRefused):
            await forge.open_issues(REPO)

    assert len(service.minted) == 3


async def test_the_jwt_is_backdated_and_short() -> None:
    """A clock 60 seconds fast or slow is no reason to be turned down."""
    service = Service()
    async with forge_at(service) as forge:
        await forge.open_issues(REPO)

    claims = pyjwt.decode(
        service.jwts[0],
        _KEY.public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {"iss": "Iv1.client", "iat": 1_000_000 - 60, "exp": 1_000_000 + 540}


async def test_a_key_that_is_none_is_named() -> None:
    """A wrong file in the environment is a setting to mend, not a traceback."""
    async with aiohttp.ClientSession() as session:
        forge = Forge(
            base_url="http://127.0.0.1:9",
            app_id="1",
            private_key=SecretStr("no key"),
            session=session,
        )
        with pytest.raises(CredentialRefused, match="cannot sign"):
            await forge.identity()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (always(403, {"message": "secondary rate limit"}, Retry_After="855"), RateLimited),
        (always(422, {"message": "x", "errors": "plain"}), Rejected),
        (always(520), Unavailable),
        (always(301, {}, Location="/elsewhere"), Gone),
        (always(200, {"not": "a list"}), Unavailable),
        (always(200, [{"number": "x"}]), Unavailable),
        (always(200, [1]), Unavailable),
        (always(200, [], X_RateLimit_Limit="a", X_RateLimit_Remaining="b"), None),
        (always(200, [], Link='<http://evil.invalid/x>; rel="next"'), Unavailable),
    ],
)
async def test_answers_become_typed_errors(answer: Answer, kind: type[Exception] | None) -> None:
    """Whatever comes back, only our errors leave the forge, at once and without a retry."""
    service = Service()
    service.answer = answer
    async with forge_at(service) as forge:
        if kind is None:
            assert await forge.open_issues(REPO) == ()
        else:
            with pytest.raises(kind):
                await forge.open_issues(REPO)

    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], RateLimited),
        ([{"type": "RATE_LIMIT", "message": "API rate limit already exceeded"}], RateLimited),
        ([{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}], Gone),
        ([{"message": "Something went wrong while executing your query"}], Unavailable),
        ("odd", Unavailable),
        (None, Unavailable),
    ],
)
async def test_what_graphql_refuses_with_200_is_one_of_our_errors(
    errors: object, kind: type[Exception]
) -> None:
    """Its limit says when to come back, as the others do."""
    service, put = Service(), Labelling(7, "nightshift", Person("ann", 5), at=1.0)

    async def answer(request: web.Request) -> web.StreamResponse:
        body = [] if request.method == "GET" else {"data": None, "errors": errors}
        return web.json_response(body)

    service.answer = answer
    async with forge_at(service) as forge:
        with pytest.raises(kind) as caught:
            await forge.edited_since(REPO, 7, put)
    assert service.seen[-1] == "POST /graphql"
    if kind is RateLimited:
        assert caught.value.retry_at == service.now + 60  # type: ignore[attr-defined]


async def test_a_limit_holds_everything_until_it_is_over() -> None:
    """Once GitHub has asked for a pause nobody asks on: that is what gets an App banned."""
    service = Service()
    service.answer = always(403, {"message": "secondary rate limit"}, Retry_After="855")
    async with forge_at(service) as forge:
        with pytest.raises(RateLimited):
            await forge.create_comment(REPO, 1, "x")
        for _ in range(3):
            with pytest.raises(RateLimited) as caught:
                await forge.create_comment(REPO, 1, "x")
            assert caught.value.retry_at == service.now + 855
            with pytest.raises(RateLimited):
                await forge.open_issues(REPO)
        assert len(service.seen) == 1

        service.now += 856
        service.answer = service.nothing
        assert await forge.open_issues(REPO) == ()


@pytest.mark.parametrize("body", ["<html>", "{broken"])
async def test_an_answer_that_is_no_json_is_an_outage(body: str) -> None:
    """A proxy's page with status 200 is not data."""
    service = Service()

    async def page(_: web.Request) -> web.StreamResponse:
        kind = "text/html" if body.startswith("<") else "application/json"
        return web.Response(text=body, content_type=kind)

    service.answer = page
    async with forge_at(service) as forge:
        with pytest.raises(Unavailable):
            await forge.open_issues(REPO)


async def test_a_silent_service_is_given_up_on() -> None:
    """Every call has a deadline."""
    service = Service()
    hang = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await hang.wait()
        return web.Response()

    service.answer = silent
    async with forge_at(service, timeout_s=0.2) as forge:
        with pytest.raises(Unavailable, match=r"no answer in 0\.2 s"):
            await forge.open_issues(REPO)
        hang.set()


async def test_nobody_listening_is_an_outage() -> None:
    """A refused connection is told as such."""
    async with aiohttp.ClientSession() as session:
        forge = Forge(base_url="http://127.0.0.1:9", app_id="1", private_key=PEM, session=session)
        with pytest.raises(Unavailable, match="did not get through"):
            await forge.identity()


async def test_an_unchanged_answer_costs_nothing_and_cannot_be_spoilt() -> None:
    """The second read is a 304; the first reader could not change what the second gets."""
    service = Service()
    row = {"number": 1, "title": "a", "body": None, "state": "open", "user": None, "labels": []}

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.json_response(row, headers={"ETag": '"v1"'})

    service.answer = answer
    async with forge_at(service) as forge:
        first = await forge.issue(REPO, 1)
        second = await forge.issue(REPO, 1)

    assert first == second
    assert (first.author, first.body) == ("ghost", "")


def test_the_cache_is_bounded_and_hands_out_copies() -> None:
    """The oldest answer goes first; a caller owns what it gets."""
    cache = EtagCache(size=2)
    for name in "abc":
        cache[name] = ("etag", None, {"list": [name]}, None)
    cache["c"][2]["list"].append("spoilt")

    assert (sorted(cache), cache["c"][2]) == (["b", "c"], {"list": ["c"]})


async def test_pages_are_read_to_the_end() -> None:
    """A list is whole or an error; pull requests are no issues."""
    service = Service()

    async def answer(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("page", "1"))
        rows: list[dict[str, Any]] = [
            {"number": page, "title": "", "body": "", "state": "open", "user": None, "labels": []},
            {"number": 99, "pull_request": {}},
        ]
        link = f'<{request.url.with_query({"page": page + 1})}>; rel="next"'
        return web.json_response(rows, headers={"Link": link} if page < 3 else {})

    service.answer = answer
    async with forge_at(service) as forge:
        found = await forge.open_issues(REPO, "nightshift")

    assert [issue.number for issue in found] == [1, 2, 3]
    assert "labels=nightshift" in service.seen[0]


async def test_names_with_odd_characters_stay_in_their_place() -> None:
    """A label or login is quoted; a repository name that is none never leaves."""
    service = Service()
    service.answer = always(200, {})
    async with forge_at(service) as forge:
        await forge.remove_label(REPO, 1, "a/b?c:d#e")
        with pytest.raises(Rejected):
            await forge.issue("../x", 1)

    assert service.seen == ["DELETE /repos/acme/parcel/issues/1/labels/a%2Fb%3Fc:d%23e"]


async def test_a_marker_written_by_somebody_else_is_not_ours() -> None:
    """A planted marker must not make us edit a stranger's comment."""
    service = Service()

    def comment(number: int, login: str, app: dict[str, int] | None) -> dict[str, Any]:
        return {
            "id": number,
            "body": "<!-- nightshift:status -->\nhello",
            "user": {"login": login, "id": number},
            "performed_via_github_app": app,
            "html_url": "",
            "updated_at": "",
        }

    planted = [comment(1, "eve", None), comment(2, "other[bot]", {"id": 2})]
    service.answer = always(200, [*planted, comment(3, "nightshift[bot]", {"id": 1})])
    async with forge_at(service) as forge:
        found = await forge.find_comment(REPO, 1, "<!-- nightshift:status -->")

    assert found is not None
    assert found.id == 3


async def test_writes_take_turns_with_room_between() -> None:
    """Never two at once, and the spacing holds."""
    writer = Writer(Pace(spacing=0.02), time.time)
    inside: list[int] = []
    started = time.monotonic()

    async def write(number: int) -> None:
        async with writer.turn():
            inside.append(number)
            await asyncio.sleep(0)
            assert inside[-1] == number

    await asyncio.gather(*(write(number) for number in range(4)))

    assert time.monotonic() - started >= 0.06


async def test_a_used_up_bucket_says_when_it_is_full_again() -> None:
    """The writer never waits out a minute: it says until when, and the engine comes back."""
    clock = [1000.0]
    writer = Writer(Pace(spacing=0, per_minute=2, per_hour=3), lambda: clock[0])

    async def write() -> None:
        async with writer.turn():
            clock[0] += 1

    await write()
    await write()
    with pytest.raises(RateLimited) as minute:
        await write()
    clock[0] = 1061.5
    await write()
    with pytest.raises(RateLimited) as hour:
        await write()

    assert (minute.value.retry_at, hour.value.retry_at) == (1060.0, 4600.0)
