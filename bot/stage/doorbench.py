"""`make bench-intake`: our webhook door against Probot's, under the same fire in one run.

Both are processes of their own on loopback and get the same signed deliveries of an event that
starts nothing. Ours has each on disk before it answers; Probot keeps none. Timings depend on
whatever else the machine does: the ratio of the same minute is what can be compared.
"""

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.adapters.store import Delivery, Store, SubjectKey
from bot.signals import until_signal
from bot.web.app import make_runner
from bot.web.intake import Delivery as Received
from bot.web.intake import intake_handler
from twins.conformance.clients.provision import clean_environment, node_folder

SECRET = "a bench"  # noqa: S105  both doors live for a minute
AT_ONCE = 50
PER_SECOND = 50
OURS, PROBOT = "/github/webhooks", "/api/github/webhooks"
_BODY = json.dumps(
    {
        "action": "edited",
        "issue": {"number": 7, "title": "Sum", "body": "Wrong. " * 200},
        "repository": {"id": 1, "full_name": "acme/parcel", "default_branch": "main"},
        "installation": {"id": 1},
        "sender": {"id": 5, "login": "ann", "type": "User"},
    }
).encode()
_SIGNED = "sha256=" + hmac.new(SECRET.encode(), _BODY, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Measured:
    """One door: what it acknowledged a second at full fire, and how long answers took."""

    door: str
    per_second: float
    full_p99_ms: float
    paced_median_ms: float
    paced_p99_ms: float


async def measure(count: int, seconds: float) -> list[Measured]:
    """Fire at both doors, one after the other."""
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as name:
        found = []
        for door, serving, path in (("nightshift", ours, OURS), ("probot", probot, PROBOT)):
            with serving(Path(name)) as port:
                found.append(await _fire(door, f"http://127.0.0.1:{port}{path}", count, seconds))
        return found


async def _fire(door: str, url: str, count: int, seconds: float) -> Measured:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(_deliver(session, url) for _ in range(AT_ONCE)))  # warm
        full: list[float] = []

        async def in_turn() -> None:
            while len(full) < count:
                full.append(await _deliver(session, url))

        began = time.monotonic()
        await asyncio.gather(*(in_turn() for _ in range(AT_ONCE)))
        rate = len(full) / (time.monotonic() - began)
        paced = await _paced(session, url, seconds)
    return Measured(
        door, rate, 1000 * _p99(full), 1000 * statistics.median(paced), 1000 * _p99(paced)
    )


async def _paced(session: aiohttp.ClientSession, url: str, seconds: float) -> list[float]:
    """Deliver at a steady pace, whether or not the one before was answered."""
    began, sent = time.monotonic(), list[asyncio.Task[float]]()
    for number in range(int(seconds * PER_SECOND)):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        sent.append(asyncio.create_task(_deliver(session, url)))
    return list(await asyncio.gather(*sent))


async def _deliver(session: aiohttp.ClientSession, url: str) -> float:
    headers = {
        "X-Hub-Signature-256": _SIGNED,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-GitHub-Event": "issues",
        "Content-Type": "application/json",
    }
    began = time.monotonic()
    async with session.post(url, data=_BODY, headers=headers) as answer:
        await answer.read()
        answer.raise_for_status()
    return time.monotonic() - began


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * len(values))]


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[int]:
    """Run the production door on a database file of its own."""
    words = [sys.executable, "-m", "bot.stage.doorbench", "--serve", str(folder / "n.db")]
    with _process(words, folder, None) as port:
        yield port


@contextlib.contextmanager
def probot(folder: Path) -> Iterator[int]:
    """Run Probot as its own server starts it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    about = {"url": "http://127.0.0.1:9", "id": 1, "pem": pem.decode(), "secret": SECRET}
    environment = clean_environment(folder, STAGE=json.dumps(about), LOG_LEVEL="error")
    with _process(["node", "probot.mjs"], node_folder(), environment) as port:
        yield port


@contextlib.contextmanager
def _process(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None
) -> Iterator[int]:
    """Run a server until the block ends; its first line of JSON names the port."""
    cwd = Path(__file__).parents[2] if words[0] == sys.executable else folder
    with subprocess.Popen(words, cwd=cwd, env=environment, stdout=subprocess.PIPE) as running:
        try:
            said = iter(running.stdout or ())
            yield int(
                json.loads(next(line for line in said if line.startswith(b'{"port"')))["port"]
            )
        finally:
            running.terminate()
            running.communicate(timeout=30)


async def serve(database: Path) -> None:
    """Take in deliveries until SIGTERM, as the server role does."""
    async with Store(f"sqlite:///{database}") as store, until_signal() as stop:

        async def record(received: Received) -> bool:
            subjects = [SubjectKey(s.repo, s.kind.value, s.number) for s in received.subjects]
            taken = Delivery(received.guid, received.event, received.action, "", received.body)
            return await store.record_delivery(taken, subjects)

        app = web.Application()
        app.add_routes([web.post(OURS, intake_handler(record, [SecretStr(SECRET)]))])
        runner = make_runner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await runner.cleanup()


def told(found: Sequence[Measured]) -> str:
    """Put the figures into a few lines."""
    lines = [
        f"{one.door:<11} {one.per_second:6.0f} a second with {AT_ONCE} at a time "
        f"(p99 {one.full_p99_ms:.0f} ms); at {PER_SECOND} a second: "
        f"median {one.paced_median_ms:.1f} ms, p99 {one.paced_p99_ms:.1f} ms"
        for one in found
    ]
    ratio = found[0].per_second / found[1].per_second
    load = os.getloadavg()[0]
    return "\n".join([*lines, f"ratio x{ratio:.2f}; load of the machine {load:.1f}"])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench-intake", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="deliveries at full fire")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long at a steady pace")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.serve is not None:
        asyncio.run(serve(arguments.serve))
        return 0
    found = asyncio.run(measure(arguments.count, arguments.seconds))
    text = json.dumps([asdict(one) for one in found]) if arguments.json else told(found)
    sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
