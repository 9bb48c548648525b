"""Calls a library through a tiny server beside it, over a private descriptor.

The product runs in the same process and could write there itself. It gains nothing: what is
expected is not in the box, and any reply but exactly one per question, with the question's own
nonce and form, ends the trajectory as a crash.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.adapters.box import BoxProcess
from bot.errors import BoxUnavailable
from bot.validator.drivers.visit import Visit
from bot.validator.observation import Ended, NotThere, Observation, strict_json
from bot.validator.scenario import Step
from bot.validator.template import fill

_SOURCE = Path(__file__).parent.parent / "boxed" / "calls.py"
_IMPORTS = "/work/src:/work:/env/site"
_FORMS = ({"nonce", "return"}, {"nonce", "absent"}, {"nonce", "raises", "message"})
MAX_REPLY = 1 << 20
_LAST_BYTES_S = 5.0


async def drive(visit: Visit) -> dict[str, Observation]:
    """Take the steps in order in one process, until one breaks off."""
    seen: dict[str, Observation] = {}
    process = await visit.box.start(
        ["python", "-I", "-B", "-c", _SOURCE.read_text(), _IMPORTS],
        env=visit.env,
        limits=visit.limits,
        private_fd=True,
        line_bytes=MAX_REPLY,
    )
    try:
        await process.feed(b"")
        whole = await _talk(visit, process, seen)
        forged = whole and not await _silent(visit, process)
    finally:
        await process.kill()
        end = await process.wait()
    if not end.started:
        raise BoxUnavailable("a box did not start")
    return {name: Observation({}, Ended.CRASHED) for name in seen} if forged else seen


async def _talk(visit: Visit, process: BoxProcess, seen: dict[str, Observation]) -> bool:
    """Ask one question after the other; false when one breaks off."""
    handles: dict[str, int] = {}
    for step in visit.scenario.steps:
        match step.verb:
            case "write":
                await visit.write({step.body["path"]: step.body["text"]})
            case "wait":
                await asyncio.sleep(min(step.body["seconds"], visit.left))
            case _:
                seen[step.name] = await _call(visit, process, step, handles)
                handles[step.name] = len(handles)
                if seen[step.name].ended in {Ended.TIMED_OUT, Ended.CRASHED}:
                    return False
    return True


async def _call(
    visit: Visit, process: BoxProcess, step: Step, handles: Mapping[str, int]
) -> Observation:
    """Ask one question and read exactly one answer."""
    call = _numbered(fill(step.body, visit.names), handles)
    if "on" in call:
        call["on"] = handles[call["on"]]
    reply = await _asked(process, call, visit.left)
    if isinstance(reply, Ended):
        return Observation({}, reply)
    if "absent" in reply:
        return Observation({}, Ended.ABSENT)
    if "raises" in reply:
        bases = reply["raises"]
        return Observation({"raises": bases[0], "bases": bases, "message": reply["message"]})
    return Observation({"return": reply["return"]})


def _numbered(value: Any, handles: Mapping[str, int]) -> Any:
    """Replace the names of earlier steps by numbers: no word of a scenario enters the box."""
    if isinstance(value, Mapping):
        if set(value) == {"$ref"}:
            return {"$ref": handles[value["$ref"]]}
        return {key: _numbered(item, handles) for key, item in value.items()}
    return [_numbered(item, handles) for item in value] if isinstance(value, list) else value


def _reply(line: bytes, nonce: str) -> dict[str, Any] | None:
    """Read one reply strictly; None for anything that is not exactly one."""
    try:
        reply = strict_json(line.decode("ascii"))
    except (NotThere, UnicodeDecodeError):
        return None
    if not isinstance(reply, dict) or set(reply) not in _FORMS or reply["nonce"] != nonce:
        return None
    if "raises" in reply:
        names = reply["raises"]
        texts = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
        return reply if texts and isinstance(reply["message"], str) else None
    return reply


async def _asked(process: BoxProcess, call: Any, left: float) -> dict[str, Any] | Ended:
    """Send one question and read its reply, or say how that ended."""
    nonce = secrets.token_hex(16)
    question = json.dumps({"nonce": nonce, "call": call}).encode() + b"\n"
    try:
        async with asyncio.timeout(left):
            await process.write(question, timeout_s=left)
            line = await process.readline(timeout_s=left)
    except TimeoutError:
        return Ended.TIMED_OUT
    except (ValueError, ConnectionError):
        return Ended.CRASHED
    return _reply(line, nonce) or Ended.CRASHED


async def _silent(visit: Visit, process: BoxProcess) -> bool:
    """Whether nothing but one reply to one empty question is left to read."""
    reply = await _asked(process, None, visit.left)
    if isinstance(reply, Ended) or reply.get("return", "") is not None:
        return False
    await process.kill()
    try:
        return not await process.readline(timeout_s=_LAST_BYTES_S)
    except (TimeoutError, ValueError, ConnectionError):
        return False
