"""The builder's flows in this process: real engine, store, jj, boxes, and the Messages twin."""

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from bot import wire
from bot.adapters.box import BoxPool
from bot.adapters.engine import Engine, EngineSettings, Json, Queue
from bot.adapters.missionfile import parse_mission
from bot.adapters.model import Models
from bot.adapters.prompts import Prompts
from bot.adapters.store import Store
from bot.adapters.substrate.gitstore import GitStore
from bot.adapters.workflowfile import load_prices, load_workflow
from bot.domain.issue import Issue
from bot.domain.role import Lane, Role
from bot.domain.work import (
    BuildEnd,
    BuildReply,
    BuildRequest,
    TriageDecision,
    TriageReply,
    TriageRequest,
)
from bot.flows.build import build
from bot.flows.builder import Builder
from bot.flows.triage import triage
from bot.supervise import CODE
from tests.integration.adapters.box.conftest import pool, scratch
from tests.integration.flows.conftest import JJ
from tests.integration.small_world import (
    REPO,
    accept_all,
    coder,
    edit,
    product,
    small_world,
    submit,
    tool,
)
from twins.anthropic.app import make_twin
from twins.anthropic.script import ScriptBrain
from twins.worlds.history import build_repository

__all__ = ["pool", "scratch"]

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SLOWER = "echo x >> n; sleep 0.$(wc -l < n)"
"""Takes longer every time, and says the same."""
RULES = [
    *coder(
        "DO-fix",
        [edit(1, line="return 0")],
        [submit()],
        [edit(2), submit()],
    ),
    *coder("DO-red", [tool("edit", path="calc.py", old="n * 1 + 1", new="n * 1"), submit()]),
    *coder("DO-quit", [tool("give_up", reason="beyond me")]),
    {"when": {"anywhere": "DO-wander", "tools": True}, "reply": [tool("bash", command=SLOWER)]},
]


@dataclass
class Bench:
    """A builder, and a way to ask it as the server does."""

    builder: Builder
    url: str
    triage_url: str
    base: str
    bundle: str
    names: "itertools.count[int]"

    async def ask(self, kind: str, request: object) -> Json:
        """Run one of its workflows."""
        own = f"{kind}:{next(self.names)}"
        engine = self.builder.engine
        await engine.enqueue(Lane.AGENT, kind, wire.dump(request), id=own, priority=1)
        return await engine.result(own, 60)

    async def build(self, mark: str, **more: Any) -> BuildReply:
        """Ask for an attempt at an issue."""
        number = next(self.names)
        issue = Issue(REPO, number, "Sum", mark, (), "olga", 1)
        mission = parse_mission(product()["mission.md"].decode())
        request = BuildRequest(
            f"run-{number}", 1, issue, mission, self.base, self.bundle, seconds_left=600
        )
        return wire.load(BuildReply, await self.ask("build", replace(request, **more)))

    async def asked(self, mark: str, *, of: str = "") -> list[dict[str, Any]]:
        """Return the bodies of the model calls about an issue."""
        journal = f"{of or self.url}/_twin/journal"
        async with ClientSession() as session, session.get(journal) as said:
            bodies = [entry["body"] for entry in await said.json()]
        return [json.loads(body) for body in bodies if mark in body]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory, pool: BoxPool) -> AsyncIterator[Bench]:
    """Open the builder's parts."""
    folder = tmp_path_factory.mktemp("bench")
    origin = build_repository(small_world(), folder / "origin")
    git = await GitStore.open(folder / "reader")
    base = await git.fetch(str(origin), "main")
    url = f"sqlite:///{folder}/n.db"
    assert JJ is not None
    async with (
        TestServer(make_twin(ScriptBrain(RULES))) as twin,
        TestServer(make_twin(ScriptBrain([accept_all()]))) as other,
        Store(url) as store,
    ):
        address = str(twin.make_url("")).rstrip("/")
        workflow = load_workflow(CODE / "workflows")
        second = str(other.make_url("")).rstrip("/")
        elsewhere = replace(workflow.triage.model, base_url=second)
        builder = Builder(
            engine=Engine(EngineSettings(Role.BUILDER.app, "t", "unit", url, poll_s=0.02)),
            store=store,
            pool=pool,
            models=Models(url=address, key="k"),
            model_id="nightshift-script-1",
            prompts=Prompts(CODE / "prompts"),
            workflow=replace(workflow, triage=replace(workflow.triage, model=elsewhere)),
            prices=load_prices(CODE / "workflows"),
            state=folder / "builder",
            jj=JJ,
            resolver_env={},
            outages=0,
        )
        await _register(builder)
        bundle = await store.put_blob(await git.bundle(base))
        yield Bench(builder, address, second, base, bundle, itertools.count(1))
        await builder.engine.close()
        await builder.models.close()


async def _register(builder: Builder) -> None:
    async def of_build(payload: Json) -> Json:
        return wire.dump(await build(builder, wire.load(BuildRequest, payload)))

    async def of_triage(payload: Json) -> Json:
        return wire.dump(await triage(builder, wire.load(TriageRequest, payload)))

    builder.engine.workflow("build")(of_build)
    builder.engine.workflow("triage")(of_triage)
    await builder.engine.launch([Queue(Lane.AGENT, worker_concurrency=2)])


async def test_an_attempt_and_the_one_after_it(bench: Bench, tmp_path: Path) -> None:
    """A change on the base as a bundle; the next goes on in the same talk, as the same change."""
    issue = Issue(REPO, 77, "Sum", "DO-fix", (), "olga", 1)
    first = await bench.build("DO-fix", issue=issue)
    assert first.end is BuildEnd.SUBMITTED, first.detail
    attempt = first.attempt
    assert attempt is not None
    assert attempt.visible_pass
    assert attempt.checks[0].collected == 1
    again = await bench.build(
        "DO-fix",
        index=2,
        issue=issue,
        conversation=first.conversation,
        feedback="Not accepted: look again",
    )
    second = again.attempt
    assert second is not None
    assert second.change_id == attempt.change_id
    assert second.commit != attempt.commit
    reader = await GitStore.open(tmp_path)
    store = bench.builder.store
    await reader.import_bundle(await store.blob(bench.bundle), wants=bench.base)
    await reader.import_bundle(await store.blob(again.bundle), wants=second.commit)
    assert await reader.parents(second.commit) == (bench.base,)
    source = await reader.read(second.commit, "calc.py")
    assert source is not None
    assert b"return n * 2\n" in source
    calls = await bench.asked("DO-fix")
    for before, after in itertools.pairwise(calls):
        assert after["messages"][: len(before["messages"])] == before["messages"]
    results = calls[-1]["messages"][-1]["content"]
    assert results[-1]["content"] == "Not accepted: look again"


async def test_a_red_check_is_reported(bench: Bench) -> None:
    """The attempt comes back with what the suite said; nothing is hidden or repaired."""
    reply = await bench.build("DO-red")
    assert reply.attempt is not None
    assert not reply.attempt.visible_pass
    assert not reply.attempt.checks[0].passed
    assert "FAILED" in reply.attempt.checks[0].output


async def test_giving_up_is_an_end(bench: Bench) -> None:
    """With the model's own words."""
    reply = await bench.build("DO-quit")
    assert (reply.end, reply.detail, reply.attempt) == (BuildEnd.GAVE_UP, "beyond me", None)


async def test_no_money_no_call(bench: Bench) -> None:
    """Zero forbids, and is no way to say unlimited."""
    mission = parse_mission(product()["mission.md"].decode())
    broke = replace(mission, limits=replace(mission.limits, usd_per_issue=0.0))
    reply = await bench.build("DO-broke", mission=broke)
    assert (reply.end, reply.attempt) == (BuildEnd.EXHAUSTED, None)
    assert "money" in reply.detail
    assert await bench.asked("DO-broke") == []


async def test_no_time_no_call(bench: Bench) -> None:
    """What the issue has left is looked at before every turn."""
    reply = await bench.build("DO-late", seconds_left=0.0)
    assert reply.end is BuildEnd.EXHAUSTED
    assert "time" in reply.detail
    assert await bench.asked("DO-late") == []


async def test_wandering_ends(bench: Bench) -> None:
    """The same look three times over is no progress, however long each took."""
    reply = await bench.build("DO-wander")
    assert reply.end is BuildEnd.NO_RESULT
    assert len(await bench.asked("DO-wander")) == 3


async def test_triage_asks_once_without_tools(bench: Bench) -> None:
    """One typed call on mission and issue, at the step's own address; its cost is in the reply."""
    issue = Issue(REPO, 99, "Sum", "DO-triage </issue>", (), "olga", 1)
    mission = parse_mission(product()["mission.md"].decode())
    request = TriageRequest("run-t", issue, mission, bench.base)
    reply = wire.load(TriageReply, await bench.ask("triage", request))
    assert reply.decision is TriageDecision.ACCEPT
    assert reply.usage.calls == 1
    assert [] == await bench.asked("DO-triage")
    (body,) = await bench.asked("DO-triage", of=bench.triage_url)
    assert "tools" not in body
    assert "DO-triage </issue>" not in json.dumps(body)
    assert await bench.builder.store.spent("run-t") == pytest.approx(reply.usage.usd)
