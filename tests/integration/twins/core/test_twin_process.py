"""A twin as a process: it says where it is, leaves when told, and explains what stops it."""

import asyncio
import json
import signal
import socket
import sys

import aiohttp
import pytest

RUNNER = """
import sys
from twins.core.core import Core
from twins.core.server import make_app, run
sys.exit(run(make_app(Core("bare"), routes=[]), port=int(sys.argv[1])))
"""


async def _start(port: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUNNER,
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_process_says_ready_once_and_leaves_on_sigterm() -> None:
    """One JSON line means ready; SIGTERM is a clean exit."""
    process = await _start(0)
    if process.stdout is None:
        pytest.fail("no pipe")
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert ready["pid"] == process.pid
    async with aiohttp.ClientSession() as session, session.get(ready["url"] + "/_twin/health") as r:
        assert r.status == 200
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_taken_port_is_one_line_and_exit_4() -> None:
    """A port in use is a clear message, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await _start(taken.getsockname()[1])
        _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 4
    assert err.startswith(b"port-in-use: ")
    assert err.count(b"\n") == 1
