"""Sends requests to a product's server, over a listening socket that the box inherits."""

import asyncio
import contextlib
import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import yarl

from bot.errors import BoxUnavailable
from bot.validator.drivers.visit import Visit, decoded
from bot.validator.observation import Ended, Observation
from bot.validator.scenario import Step
from bot.validator.template import fill, fill_text

_SOURCE = Path(__file__).parent.parent / "boxed" / "relay.py"
PORT = 8080
"""On the box's own loopback, told to the product as PORT and as {port} in its command."""
MAX_BODY = 1 << 16


async def drive(visit: Visit) -> dict[str, Observation]:
    """Start the server, take the steps in order, end the server."""
    command = [word.replace("{port}", str(PORT)) for word in visit.command]
    with _door() as (door, path):
        process = await visit.box.start(
            ["python", "-I", "-B", "-c", _SOURCE.read_text(), str(PORT), *command],
            env={"PORT": str(PORT), **visit.env},
            limits=visit.limits,
            listen=door,
        )
        door.close()  # the box holds the only one now: when it ends, connections are refused
        try:
            await process.feed(b"")
            seen = await _talk(visit, path)
        finally:
            await process.kill()
            end = await process.wait()
    if not end.started:
        raise BoxUnavailable("a box did not start")
    return seen


@contextlib.contextmanager
def _door() -> Iterator[tuple[socket.socket, str]]:
    """Listen in a directory that only this process can enter; the box never sees its path."""
    folder = Path(tempfile.mkdtemp(prefix="door-"))
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(folder / "door"))
            door.listen(16)
            yield door, str(folder / "door")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _talk(visit: Visit, path: str) -> dict[str, Observation]:
    """Send one request after the other, until one is not answered."""
    seen: dict[str, Observation] = {}
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(path=path, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        for step in visit.scenario.steps:
            match step.verb:
                case "write":
                    await visit.write({step.body["path"]: step.body["text"]})
                case "wait":
                    await asyncio.sleep(min(step.body["seconds"], visit.left))
                case _:
                    seen[step.name] = await _ask(visit, session, step)
                    if seen[step.name].ended is not Ended.NORMALLY:
                        break
    return seen


async def _ask(visit: Visit, session: aiohttp.ClientSession, step: Step) -> Observation:
    """Send one request and read its answer, without following where it points."""
    body = step.body
    headers = {name: fill_text(text, visit.names) for name, text in body.get("headers", {}).items()}
    data: bytes | None = None
    if "json" in body:
        data = json.dumps(fill(body["json"], visit.names)).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "body" in body:
        data = fill_text(body["body"], visit.names).encode()
    # A body in chunks has no length: that is how a client omits Content-Length.
    chunked = headers.pop("Transfer-Encoding", "") == "chunked" or None
    url = yarl.URL(f"http://localhost{fill_text(body['path'], visit.names)}", encoded=True)
    try:
        async with (
            asyncio.timeout(visit.left),
            session.request(
                body.get("method", "GET"),
                url,
                data=data,
                headers=headers,
                chunked=chunked,
                allow_redirects=False,
            ) as answer,
        ):
            content = await answer.content.read(MAX_BODY + 1)
            while len(content) <= MAX_BODY and (more := await answer.content.read(MAX_BODY)):
                content += more
    except TimeoutError:
        return Observation({}, Ended.TIMED_OUT)
    except (aiohttp.ClientError, ValueError, OSError):
        return Observation({}, Ended.CRASHED)
    if len(content) > MAX_BODY:
        return Observation({}, Ended.FLOODED)
    fields: dict[str, Any] = {
        "status": answer.status,
        "headers": {name.lower(): text for name, text in answer.headers.items()},
    }
    text = decoded(content)
    return Observation(fields if text is None else {**fields, "body": text})
