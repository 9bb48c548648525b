"""HTTPS on loopback: believed by whoever trusts the folder's own authority, and by nobody else."""

import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from twins.core.tls import Tls, make_tls


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """Make an authority."""
    return make_tls(tmp_path / "tls")


@pytest.fixture
async def port(tls: Tls) -> AsyncIterator[int]:
    """Serve one page over TLS."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=tls.context)
    yield server.port or 0
    await server.close()


async def test_whoever_trusts_the_authority_gets_through(tls: Tls, port: int) -> None:
    """By name and by address, with every check of the certificate on."""
    trusting = ssl.create_default_context(cafile=str(tls.ca))
    async with aiohttp.ClientSession() as session:
        for host in ("localhost", "127.0.0.1"):
            async with session.get(f"https://{host}:{port}/", ssl=trusting) as answer:
                assert await answer.text() == "hello"


async def test_nobody_else_believes_it(port: int, tmp_path: Path) -> None:
    """Neither the system's own authorities nor those of another twin vouch for it."""
    other = make_tls(tmp_path / "other")
    async with aiohttp.ClientSession() as session:
        for context in (
            ssl.create_default_context(),
            ssl.create_default_context(cafile=str(other.ca)),
        ):
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"https://localhost:{port}/", ssl=context)


def test_the_key_is_readable_by_its_owner_alone(tls: Tls) -> None:
    """The authority keeps no key at all; the server's is closed."""
    assert b"PRIVATE" not in tls.ca.read_bytes()
    assert stat.S_IMODE((tls.ca.parent / "server.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in tls.ca.parent.iterdir()) == ["ca.pem", "server.pem"]
