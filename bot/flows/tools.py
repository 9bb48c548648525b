"""Runs one batch of tool calls in one box. Every tool, `view` and `edit` too, runs inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.adapters.box import Box, BoxResult, Limits
from bot.policy.turns import ToolCall

_SCRIPTS = Path(__file__).parent / "boxed"
_SHOWN = 10_000
"""Characters of a tool's output that a model sees: half from the head, half from the tail."""
_LONGEST_COMMAND = 100_000
"""Bytes. The kernel takes a little more as one argument."""
_UNFINISHED = "not run: an earlier call of this reply ended the turn"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a batch did. `ended` is the submit or give_up call that closed it, if any."""

    results: tuple[dict[str, Any], ...]
    ended: ToolCall | None
    wall_s: float
    cpu_s: float
    failed: int
    """Calls that were refused for their form."""


def shorten(text: str, limit: int = _SHOWN) -> str:
    """Cut the middle out of a long text, saying how much went."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - limit} characters left out ...]\n{text[-half:]}"


async def run_batch(box: Box, calls: Sequence[ToolCall], *, timeout_s: float) -> Ran:
    """Run the calls in order; `submit` or `give_up` ends the batch and gets no result here."""
    results: list[dict[str, Any]] = []
    ended: ToolCall | None = None
    wall = cpu = 0.0
    failed = 0
    for call in calls:
        if ended is not None:
            results.append(_result(call, _UNFINISHED, error=True))
        elif problem := call.problem or _unrunnable(call):
            failed += 1
            results.append(_result(call, problem, error=True))
        elif call.name in {"submit", "give_up"}:
            ended = call
        else:
            done = await _run(box, call, timeout_s)
            wall, cpu = wall + done.wall_s, cpu + done.cpu_s
            results.append(_result(call, _told(done), error=False))
    return Ran(tuple(results), ended, wall, cpu, failed)


def _unrunnable(call: ToolCall) -> str:
    """Say why a command could not even be handed to a shell, or nothing."""
    command = str(call.arguments.get("command", ""))
    if "\0" in command:
        return "the command has a NUL byte in it: no shell takes that"
    if len(command.encode("utf-8", "replace")) > _LONGEST_COMMAND:
        return f"the command is longer than {_LONGEST_COMMAND} bytes: write long texts with `edit`"
    return ""


def _result(call: ToolCall, text: str, *, error: bool) -> dict[str, Any]:
    return {
        "type": "tool_result",
        "tool_use_id": call.id,
        "content": text,
        "is_error": error,
    }


async def _run(box: Box, call: ToolCall, timeout_s: float) -> BoxResult:
    if call.name == "bash":
        asked = min(call.arguments.get("timeout_s", timeout_s), timeout_s)
        limits = Limits(wall_s=max(1.0, asked), output_bytes=1_000_000)
        argv = ["bash", "-c", str(call.arguments["command"])]
        return await box.run(argv, limits=limits, merge_stderr=True)
    script = (_SCRIPTS / f"{call.name}.py").read_text(encoding="utf-8")
    return await box.run(
        ["python3", "-I", "-c", script],
        stdin=json.dumps(dict(call.arguments)).encode(),
        limits=Limits(wall_s=30.0, output_bytes=1_000_000),
        merge_stderr=True,
    )


def _told(done: BoxResult) -> str:
    text = shorten(done.stdout.decode("utf-8", "replace").rstrip("\n"))
    if done.timed_out:
        return f"{text}\n[stopped after {done.wall_s:.1f} s: the time limit]"
    if done.exit_code is None:
        return f"{text}\n[killed by a limit after {done.wall_s:.1f} s]"
    return f"{text}\n[exit {done.exit_code}, {done.wall_s:.1f} s]"
