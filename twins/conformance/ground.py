"""A twin in a process of its own, with an App in it and ever new repositories on demand."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from twins.conformance.inbox import Arrival, Inbox, receiving
from twins.conformance.misses import Miss
from twins.conformance.wire import Answer, Wire

T = TypeVar("T")
JsonObject = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
TWIN = ("twins.github",)
SECRET = "it is no secret"  # the twin's App keeps none
SETTLE_S = 20
ROLES = ("admin", "maintain", "write", "triage", "read")


@contextmanager
def process(module: Sequence[str] = TWIN) -> Iterator[JsonObject]:
    """Run a twin until the block ends; yield its ready line: `url`, and `tls` when it has that."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as state:
        argv = [sys.executable, "-m", *module, "--port", "0", "--state", state]
        running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
        try:
            line = running.stdout.readline() if running.stdout else b""
            if not line:
                raise Miss("the twin did not start")
            yield dict(json.loads(line))
        finally:
            running.terminate()
            running.communicate(timeout=30)


@dataclass(slots=True)
class Ground:
    """One running twin, its App and its inbox."""

    url: str
    inbox: Inbox
    wire: Wire
    pem: str
    app: JsonObject = field(default_factory=dict)
    # What is wrong with a delivery, by the published contract.
    judge: Callable[[Arrival], str | None] = lambda _: None
    plots: int = 0
    # Where the same twin speaks HTTPS, and the authority to trust there: `url` and `ca`.
    tls: JsonObject = field(default_factory=dict)
    seed: int = 0
    kept: dict[tuple[int, type], Any] = field(default_factory=dict)
    # How far the twin's clock is ahead of ours.
    ahead: int = 0

    def keep(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return what rows of one table share, made for each seed once."""
        key = (self.seed, kind)
        if key not in self.kept:
            self.kept[key] = make()
        return cast("T", self.kept[key])

    def advance(self, seconds: int) -> None:
        """Let time pass in the twin."""
        self.admin("POST", "clock", {"advance": seconds})
        self.ahead += seconds

    def admin(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
        """Call a route about the twin."""
        answer = self.wire.send(method, f"/_twin/{path}", body)
        if answer.status >= 400:  # any refusal
            raise Miss(f"_twin/{path}: {answer.status} {answer.raw[:300]!r}")
        return answer.json

    def proof(self, *, age: int = 0, life: int = 540) -> str:
        """Return a JWT that speaks for the App."""
        now = int(time.time()) + self.ahead - age
        claims = {"iat": now - 30, "exp": now + life, "iss": str(self.app["id"])}
        return jwt.encode(claims, self.pem, algorithm="RS256")

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the API with a token, or with none."""
        given = {"Accept": "application/vnd.github+json", "User-Agent": "conformance"}
        given |= {"Authorization": f"Bearer {token}"} if token else {}
        return self.wire.send(method, target, body, given | (headers or {}))

    def plot(self, random: Random, *, private: bool = False, org: bool = False) -> "Plot":
        """Return a fresh repository with an owner, people of every role, and the App."""
        self.plots += 1
        mark = f"{self.plots:x}{random.randrange(16**6):06x}"
        people = {role: f"{role}-{mark}" for role in (*ROLES, "stranger")}
        owner = f"o-{mark}"
        name = f"r-{random.choice('abcdefgh')}{mark}"
        users: list[JsonObject] = [{"login": login} for login in people.values()]
        users.append({"login": owner, "type": "Organization" if org else "User"})
        repo = {
            "full_name": f"{owner}/{name}",
            "private": private,
            "collaborators": {people[role]: role for role in ROLES},
        }
        document = {
            "users": users,
            "repos": [repo],
            "installations": [{"app": self.app["slug"], "repos": [repo["full_name"]]}],
        }
        planted = self.admin("POST", "seed", document)
        logins = [*people, "owner"]
        tokens = {role: one["token"] for role, one in zip(logins, planted["users"], strict=True)}
        if org:
            tokens["owner"] = tokens["admin"]
        installation = planted["installations"][0]["id"]
        plot = Plot(self, random, owner, name, installation, tokens, {**people, "owner": owner})
        plot.tokens["bot"] = plot.mint()
        return plot


@dataclass(slots=True)
class Plot:
    """One repository and everybody who may or may not touch it."""

    ground: Ground
    random: Random
    owner: str
    name: str
    installation: int
    tokens: dict[str, str]
    logins: dict[str, str]
    seen: int = 0

    @property
    def full_name(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        """Return the API path of the repository."""
        return f"/repos/{self.full_name}"

    def mint(self, **body: object) -> str:
        """Return a new installation token."""
        where = f"/app/installations/{self.installation}/access_tokens"
        answer = self.ground.call("POST", where, body, token=self.ground.proof())
        if answer.status != 201:  # created
            raise Miss(f"no token: {answer.raw[:300]!r}")
        return str(answer.json["token"])

    def call(
        self,
        method: str,
        below: str,
        body: object = None,
        *,
        by: str = "bot",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the API about this repository (or about `/anything`) as somebody."""
        target = below if below.startswith("/") else f"{self.path}/{below}".rstrip("/")
        token = self.ground.proof() if by == "app" else self.tokens[by] if by else ""
        return self.ground.call(method, target, body, token=token, headers=headers)

    def ok(self, method: str, below: str, body: object = None, *, by: str = "bot") -> Any:  # noqa: ANN401  # JSON
        """Call and return the body; anything but success is a Miss."""
        answer = self.call(method, below, body, by=by)
        if not 200 <= answer.status < 300:  # success
            raise Miss(f"{method} {answer.path}: {answer.status} {answer.raw[:300]!r}")
        return answer.json

    def events(self) -> list[Arrival]:
        """Return what arrived for this repository since the last time somebody asked."""
        pending = self.ground.admin("GET", f"deliveries?settle={SETTLE_S}&brief=1")["pending"]
        if pending:
            raise Miss(f"{pending} deliveries never end")
        mine = [one for one in self.ground.inbox.arrivals if self._is_mine(one)]
        news, self.seen = mine[self.seen :], len(mine)
        return news

    def _is_mine(self, one: Arrival) -> bool:
        return bool((one.payload.get("installation") or {}).get("id") == self.installation)

    def word(self, prefix: str = "w") -> str:
        """Return a random word."""
        return f"{prefix}-{self.random.randrange(16**8):08x}"


@contextmanager
def ground(
    module: Sequence[str] = TWIN, listener: Callable[[Answer], None] = lambda _: None
) -> Iterator[Ground]:
    """Start a twin, an inbox and an App between them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    with receiving() as inbox, process(module) as ready:
        url = str(ready["url"])
        wire = Wire(url, listener)
        one = Ground(url, inbox, wire, pem.decode(), tls=ready.get("tls", {}))
        app = {
            "slug": "nightshift",
            "webhook_url": inbox.url,
            "webhook_secret": SECRET,
            "private_key_pem": one.pem,
        }
        try:
            one.app = one.admin("POST", "seed", {"apps": [app]})["apps"][0]
            yield one
        finally:
            wire.close()
