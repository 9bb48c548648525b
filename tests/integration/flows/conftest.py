"""The server's parts on a GitHub twin, and boxes, all in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.adapters.engine import Engine, EngineSettings
from bot.adapters.forge import Forge
from bot.adapters.store import Store
from bot.adapters.workflowfile import load_workflow
from bot.domain.issue import Issue
from bot.domain.priority import Priority
from bot.domain.role import Role
from bot.domain.run import Attempt, Run, RunState
from bot.flows.server import Server
from bot.provision.jj import installed
from bot.supervise import CODE
from tests.integration.small_world import REPO, small_world
from tests.person import git
from twins.github.app import make_twin
from twins.worlds.history import build_repository
from twins.worlds.loader import seed_payload
from twins.worlds.world import Person

JJ = installed(CODE / ".tools")
Call = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def pem() -> str:
    """Return one App key for all tests; making one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


@dataclass
class Floor:
    """A server on a small world, and a person who works on GitHub."""

    server: Server
    call: Call
    """Call GitHub's API as a person, the owner unless said otherwise: method, path, body, by."""
    folder: Path
    engine: Engine

    async def file(self, **more: Any) -> Run:
        """File an issue and return a run of it."""
        body = {"title": "Sum", "body": "Wrong.", "labels": ["nightshift"], **more}
        number = (await self.call("POST", f"/repos/{REPO}/issues", body))["number"]
        issue = await self.server.forge.issue(REPO, number)
        assert isinstance(issue, Issue)
        run = Run(f"{issue.slug}@x-1", issue, "", Priority.P2, RunState.QUEUED)
        assert await self.server.store.create_run(run)
        return run

    async def attempted(self, run: Run, files: dict[str, str]) -> tuple[Run, Attempt, str]:
        """Commit files as a builder would; return the run, its attempt and the bundle's digest."""
        repo = await self.server.forge.repository(REPO)
        base = await self.server.fetch(repo)
        work = self.folder / f"work-{len(list(self.folder.iterdir()))}"
        bare = self.folder / "github" / "repos" / f"{REPO}.git"
        self.git(self.folder, "clone", "-q", str(bare), str(work))
        for path, text in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        self.git(work, "add", "--all")
        self.git(work, "commit", "-q", "--allow-empty", "-m", "Change")
        head = self.git(work, "rev-parse", "HEAD")
        tree = self.git(work, "rev-parse", "HEAD^{tree}")
        self.git(work, "bundle", "create", "-q", "--version=2", "b.bundle", f"^{base}", "HEAD")
        digest = await self.server.store.put_blob((work / "b.bundle").read_bytes())
        attempt = Attempt(1, base, "z" * 12, head, tree, "did it", box_tier="A")
        return replace(run, base=base, attempts=(attempt,)), attempt, digest

    def git(self, folder: Path, *words: str) -> str:
        """Run git as a person."""
        return git(folder, *words, who=("Ann", "ann@calc.example"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory, pem: str) -> AsyncIterator[Floor]:
    """Open everything on a fresh twin, for all tests of a file; each files an issue of its own."""
    tmp_path = tmp_path_factory.mktemp("floor")
    world = small_world()
    origin = build_repository(world, tmp_path / "origin")
    seed = seed_payload(world, origin, "", "hush")
    seed["apps"][0]["private_key_pem"] = pem
    assert JJ is not None
    async with (
        TestServer(make_twin(tmp_path / "github")) as twin,
        aiohttp.ClientSession() as session,
        Store(f"sqlite:///{tmp_path}/n.db") as store,
    ):
        url = str(twin.make_url("")).rstrip("/")

        async def call(
            method: str, path: str, body: object = None, by: Person = world.maintainer
        ) -> Any:
            token = {"Authorization": f"token {by.token}"}
            async with session.request(method, url + path, json=body, headers=token) as said:
                assert said.status < 300, await said.text()
                return await said.json() if said.content_type == "application/json" else None

        planted = await call("POST", "/_twin/seed", seed)
        forge = Forge(
            base_url=url,
            app_id=str(planted["apps"][0]["id"]),
            private_key=SecretStr(pem),
            session=session,
            write_spacing_s=0,
        )
        engine = Engine(EngineSettings(Role.SERVER.app, "t", "unit", f"sqlite:///{tmp_path}/n.db"))
        server = Server(
            engine=engine,
            store=store,
            forge=forge,
            workflow=load_workflow(CODE / "workflows"),
            state=tmp_path / "server",
            jj=JJ,
            verdict_key="aa" * 32,
            accept_tier_b=True,
            accept_uncalibrated=True,
        )
        yield Floor(server, call, tmp_path, engine)
