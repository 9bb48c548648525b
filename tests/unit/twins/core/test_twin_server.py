"""The server every twin runs on: admin routes, faults, journal, start and stop."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from twins.core.core import Core
from twins.core.server import FAULT, Unmodelled, make_app

Client = TestClient[web.Request, web.Application]


class Counter:
    """A service worth faking: it counts."""

    def __init__(self) -> None:
        self.value = 0

    async def bump(self, request: web.Request) -> web.Response:
        """Count one and say the total, with what a fault says to us."""
        self.value += 1
        fault = request.get(FAULT)
        return web.json_response({"value": self.value, "params": fault.params if fault else {}})

    async def vague(self, _: web.Request) -> web.Response:
        """Exist as a route, yet not be modelled."""
        raise Unmodelled

    async def forget(self) -> None:
        """Start at zero."""
        self.value = 0


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Serve a counter."""
    counter = Counter()
    routes = [web.post("/bump", counter.bump), web.get("/vague", counter.vague)]
    app = make_app(Core("counter"), routes=routes, on_reset=counter.forget)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_unmodelled_calls_say_so_and_are_journalled(client: Client) -> None:
    """No route, wrong method and a handler that gives up all answer 501 with a mark."""
    for method, path in (("GET", "/nowhere"), ("DELETE", "/bump"), ("GET", "/vague")):
        answer = await client.request(method, path)
        assert answer.status == 501
        assert (await answer.json())["unmodelled"] is True
    await client.post("/bump")
    entries = await (await client.get("/_twin/journal?unmodelled=1")).json()
    assert [(e["method"], e["path"]) for e in entries] == [
        ("GET", "/nowhere"),
        ("DELETE", "/bump"),
        ("GET", "/vague"),
    ]


async def test_admin_calls_are_not_journalled(client: Client) -> None:
    """The journal holds what the product asked, not what the test asked."""
    await client.get("/_twin/health")
    await client.post("/bump", data=b"hello", headers={"Content-Type": "text/plain"})
    entries = await (await client.get("/_twin/journal")).json()
    assert [(e["path"], e["status"], e["body"]) for e in entries] == [("/bump", 200, "hello")]


async def test_fault_before_spares_the_handler_and_after_does_not(client: Client) -> None:
    """A 500 that in truth succeeded and one that did not look alike from outside."""
    await client.post(
        "/_twin/faults",
        json={
            "rules": [
                {"path": "/bump", "status": 503, "headers": {"Retry-After": "2"}},
                {"path": "/bump", "nth": 2, "when": "after", "status": 500},
            ]
        },
    )
    first = await client.post("/bump")
    assert (first.status, first.headers["Retry-After"]) == (503, "2")
    assert (await client.post("/bump")).status == 500
    assert (await (await client.post("/bump")).json())["value"] == 2


async def test_cut_drops_the_connection(client: Client) -> None:
    """A cut is seen as a dead connection and journalled with status 0."""
    await client.post("/_twin/faults", json={"path": "/bump", "cut": True})
    with pytest.raises(aiohttp.ClientError):
        await client.post("/bump")
    [entry] = await (await client.get("/_twin/journal")).json()
    assert (entry["status"], entry["faulted"]) == (0, True)


async def test_params_reach_the_handler(client: Client) -> None:
    """A twin's own kinds of trouble travel as params of the fault."""
    await client.post("/_twin/faults", json={"path": "/bump", "params": {"mood": "bad"}})
    assert (await (await client.post("/bump")).json())["params"] == {"mood": "bad"}
    assert (await (await client.post("/bump")).json())["params"] == {}


async def test_bad_admin_orders_are_refused(client: Client) -> None:
    """Garbage for the admin routes is 4xx, never 5xx."""
    assert (await client.post("/_twin/faults", json={"nope": 1})).status == 422
    assert (await client.post("/_twin/clock", json={"freeze": "soon"})).status == 422
    assert (await client.post("/_twin/clock", data=b"{")).status == 400
    assert (await client.get("/_twin/journal?since=x")).status == 200


async def test_reset_forgets_everything(client: Client) -> None:
    """Journal, faults, clock and the service's own state start over."""
    await client.post("/bump")
    await client.post("/_twin/faults", json={"path": "/bump", "count": 0, "status": 500})
    await client.post("/_twin/clock", json={"freeze": 1})
    await client.post("/_twin/reset")
    assert await (await client.get("/_twin/journal")).json() == []
    assert (await (await client.post("/bump")).json())["value"] == 1
    assert (await (await client.post("/_twin/clock", json={})).json())["now"] > 1e9
