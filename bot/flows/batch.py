"""One batch of tool calls: from a recorded commit, in a fresh box, to a recorded commit."""

from dataclasses import dataclass
from typing import Any

from bot import wire
from bot.domain.usage import Usage
from bot.errors import Rejected
from bot.flows.desk import Desk
from bot.flows.tools import run_batch
from bot.policy.conversation import Conversation
from bot.policy.turns import (
    ToolCall,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One recorded batch of tool calls."""

    results: str
    """Digest of the tool results that go back to the model."""
    commit: str
    ended: str
    """`submit`, `give_up` or empty."""
    ended_id: str
    words: str
    """The summary or reason given with it: untrusted."""
    refused: bool
    """Every call of the batch was refused for its form."""
    usage: Usage


async def run_tools(desk: Desk, talk: Conversation, calls: tuple[ToolCall, ...]) -> Batch:
    """Run the calls as one durable step; a tree that cannot be taken is put back."""
    builder = desk.builder

    async def run() -> Batch:
        workspace = await desk.store.resume(desk.name, talk.commit)
        tree = await desk.store.git.archive(talk.commit)
        async with builder.pool.box(layers=desk.seat.layers) as box:
            await box.put(tree)
            ran = await run_batch(box, calls, timeout_s=builder.workflow.tool_timeout_s)
            left = await box.get()
        results = list(ran.results)
        commit = talk.commit
        try:
            await desk.store.replace(workspace, left)
            commit = (await desk.store.snapshot(workspace)).commit
        except Rejected as refused:
            results = [_put_back(result, refused) for result in results]
        ended = ran.ended
        return Batch(
            results=await builder.store.put_blob(wire.canonical(results).encode()),
            commit=commit,
            ended=ended.name if ended else "",
            ended_id=ended.id if ended else "",
            words=str(ended.arguments.get("summary") or ended.arguments.get("reason"))[:4000]
            if ended
            else "",
            refused=ran.failed == len(calls),
            usage=Usage(box_seconds=ran.wall_s, cpu_seconds=ran.cpu_s),
        )

    limit = builder.workflow.tool_timeout_s * max(1, len(calls)) + 120
    return await builder.engine.step(f"tools:{talk.turn}", run, kind=Batch, timeout_s=limit)


def _put_back(result: dict[str, Any], refused: Rejected) -> dict[str, Any]:
    note = f"\n[the tree this left cannot be taken and was put back: {refused.what}]"
    return {**result, "content": f"{result['content']}{note}", "is_error": True}
