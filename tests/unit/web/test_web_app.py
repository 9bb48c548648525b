"""The status page shows runs and cannot be made to run anything."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.run import Run, RunState
from bot.errors import Unavailable
from bot.web.app import build_door, build_pages

HOSTILE = Issue("acme/parcel", 7, "<script>alert(1)</script>", "", (), "ann", 5)
RUN = Run("acme/parcel#7@x", HOSTILE, "a" * 40, Priority.P1, RunState.BUILDING, pull=9)


async def intake(_: web.Request) -> web.Response:
    """Stand where the webhook door is."""
    return web.Response(status=202)


def always(value: object) -> Callable[[], Awaitable[object]]:
    """Answer with a value, or raise it."""

    async def answer() -> object:
        if isinstance(value, Exception):
            raise value
        return value

    return answer


@asynccontextmanager
async def serving(
    runs: Sequence[Run] | Exception,
    wrong: dict[str, str] | None = None,
    held: Sequence[str] = (),
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Serve the application on loopback."""
    app = build_pages(
        runs=always(runs),  # type: ignore[arg-type]
        health=always(wrong or {}),  # type: ignore[arg-type]
        held=always(held),  # type: ignore[arg-type]
        github_url="http://127.0.0.1:1/",
    )
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def test_the_page_shows_a_run_and_escapes_its_title() -> None:
    """A title is text, and the policy forbids scripts anyway."""
    async with serving([RUN]) as client, client.get("/") as answer:
        text = await answer.text()

    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert 'href="http://127.0.0.1:1/acme/parcel/pull/9"' in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_page_says_who_keeps_everything_paused() -> None:
    """Whoever wonders why nothing happens reads it first."""
    async with serving([], held=["owner: <b>a look</b>"]) as client, client.get("/") as answer:
        text = await answer.text()

    assert "Paused</strong> by owner: &lt;b&gt;a look&lt;/b&gt;." in text


async def test_an_empty_page_says_how_to_begin() -> None:
    """The first visit is no blank table."""
    async with serving([]) as client, client.get("/") as answer:
        assert "Put the label" in await answer.text()


async def test_runs_are_there_as_json() -> None:
    """Other programs read the same rows."""
    async with serving([RUN]) as client, client.get("/runs.json") as answer:
        (row,) = await answer.json()

    assert (
        row["priority"],
        row["state"],
        row["pull"],
        row["ended"],
    ) == ("P1", "building", 9, False)


async def test_health_names_what_is_wrong() -> None:
    """A load balancer sees the status, a person the part."""
    async with serving([]) as client, client.get("/healthz") as answer:
        assert (answer.status, (await answer.json())["ok"]) == (200, True)
    async with serving([], {"database": "locked"}) as client, client.get("/healthz") as answer:
        assert (answer.status, (await answer.json())["wrong"]["database"]) == (503, "locked")


async def test_a_known_error_is_a_sentence_not_a_traceback() -> None:
    """The page answers 503 while the database is away, and 404 for what is not there."""
    async with serving(Unavailable("the database is locked")) as client:
        async with client.get("/") as answer:
            assert (
                answer.status,
                (await answer.json())["message"],
            ) == (503, "the database is locked")
        async with client.get("/nothing") as answer:
            assert answer.status == 404


async def test_the_style_sheet_is_served_from_here() -> None:
    """The policy allows no other place."""
    async with serving([]) as client, client.get("/style.css") as answer:
        assert (answer.content_type, answer.status) == ("text/css", 200)


async def test_the_door_opens_nothing_but_the_door() -> None:
    """Whoever passes its port on to the world shows neither runs nor health."""
    async with TestClient(TestServer(build_door(intake), host="127.0.0.1")) as client:
        for path in ("/", "/runs.json", "/healthz", "/style.css"):
            async with client.get(path) as answer:
                assert answer.status == 404
        async with client.post("/github/webhooks") as answer:
            assert answer.status == 202
