"""A GitHub twin with a small world, a JSON client and a hook receiver, all on loopback."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import person
from twins.core.core import Core
from twins.github.api import Operation
from twins.github.app import make_twin
from twins.github.app import operations as table
from twins.github.git_store import GitStore
from twins.github.hub import Hub
from twins.github.transport import Transport
from twins.github.webhooks import WebhookSender

REPO = "/repos/alice/parcel"
FILES = {"README.md": "# parcel\n", "src/parcel.py": "def quote():\n    return 1\n"}


@dataclass
class Answer:
    """What came back; header names in lower case."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Receiver:
    """Where webhooks arrive."""

    url: str = ""
    status: int = 202
    hits: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep headers and raw bytes."""
        self.hits.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@dataclass
class Twin:
    """The twin as a test sees it."""

    client: TestClient[web.Request, web.Application]
    receiver: Receiver
    state: Path
    key: rsa.RSAPrivateKey
    planted: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    last_delivery: int = 0

    async def call(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the API, as alice unless told otherwise; an empty token is nobody."""
        auth = "alice-token" if token is None else token
        sent = {"Authorization": f"token {auth}"} if auth else {}
        sent |= headers or {}
        async with self.client.request(method, path, json=json, headers=sent) as response:
            is_json = response.content_type == "application/json"
            body = await (response.json() if is_json else response.read())
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, body, lower)

    async def get(self, path: str, **kwargs: Any) -> Any:
        """Return the body of a GET that must succeed."""
        answer = await self.call("GET", path, **kwargs)
        assert answer.status == 200, answer
        return answer.body

    async def deliveries(self) -> list[dict[str, Any]]:
        """Return what was delivered since the last time somebody asked."""
        body = await self.get("/_twin/deliveries?settle=5")
        assert body["pending"] == 0
        fresh = [one for one in body["deliveries"] if one["id"] > self.last_delivery]
        self.last_delivery = max([self.last_delivery, *(one["id"] for one in fresh)])
        return fresh

    async def events(self) -> list[str]:
        """Return `event.action` of everything delivered since the last time somebody asked."""
        fresh = await self.deliveries()
        return [".".join(filter(None, (one["event"], one["action"]))) for one in fresh]

    def jwt(self, **claims: object) -> str:
        """Return an App JWT; claims given replace the good ones."""
        now = int(time.time())
        good = {"iat": now - 60, "exp": now + 540, "iss": self.planted["apps"][0]["client_id"]}
        return jwt.encode({**good, **claims}, self.key, algorithm="RS256")

    async def plant(self, **document: Any) -> dict[str, Any]:
        """Seed more of a world."""
        answer = await self.call("POST", "/_twin/seed", document)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def mint(self, **body: object) -> Answer:
        """Ask for an installation token."""
        number = self.planted["installations"][0]["id"]
        path = f"/app/installations/{number}/access_tokens"
        return await self.call("POST", path, body, token=self.jwt())


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    """Return one RSA key for the whole session; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """Return a key as GitHub hands it out."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def git(path: Path, *words: str) -> str:
    """Run git as Alice."""
    return person.git(path, *words, who=("Alice", "alice@users.noreply.github.com"))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a local repository with two commits on main."""
    path = tmp_path_factory.mktemp("source")
    git(path, "init", "-q", "-b", "main")
    for name, text in FILES.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
        git(path, "add", name)
        git(path, "commit", "-q", "-m", f"Add {name}")
    return path


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Serve a place for webhooks."""
    receiver = Receiver()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/hook", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def twin(
    tmp_path: Path, source: Path, app_key: rsa.RSAPrivateKey, receiver: Receiver
) -> AsyncIterator[Twin]:
    """Serve a twin: alice owns parcel (public) and vault (private), bob writes, carol is nobody."""
    async with TestClient(TestServer(make_twin(tmp_path))) as client:
        twin = Twin(client, receiver, tmp_path, app_key)
        people = [{"login": name, "token": f"{name}-token"} for name in ("alice", "bob", "carol")]
        app = {"slug": "nightshift", "private_key_pem": pem(app_key), "webhook_url": receiver.url}
        repo = {"full_name": "alice/parcel", "path": str(source), "collaborators": {"bob": "write"}}
        vault = {"full_name": "alice/vault", "private": True}
        twin.planted = await twin.plant(
            users=people,
            apps=[{**app, "webhook_secret": "hush"}],
            repos=[repo, vault],
            installations=[{"app": "nightshift", "repos": ["alice/parcel"]}],
        )
        twin.token = (await twin.mint()).body["token"]
        await twin.events()
        yield twin


@pytest.fixture
def operations(tmp_path: Path) -> list[Operation]:
    """Return every REST operation the twin models."""
    core = Core("list")
    hub = Hub(core, GitStore(tmp_path / "list"), WebhookSender(core))
    return table(Transport(hub))
