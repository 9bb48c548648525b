"""Twins, roles and a world on loopback: what `demo`, `try` and `panel` play on.

The roles are the production ones, started by the production supervisor; only the addresses in
their settings point at the twins.
"""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from bot import settings
from bot.adapters.store import Store
from bot.domain.role import Role
from bot.errors import ToolMissing
from bot.provision import jj
from bot.stage.twin import Twin
from bot.supervise import CODE, RolePlan, Supervisor, Users
from bot.validator.signing import open_signer
from twins.worlds.loader import World, seed_payload
from twins.worlds.world import Repository

_USERS = range(20_000, 60_000, 100)
_WRITE_SPACING_S = 0.0
_POLL_S = 0.1
SLOTS = 3
"""Issues, and boxes per role, at the same time."""


@dataclass(frozen=True, slots=True)
class Brain:
    """Who answers the model calls: the twin's brain, or a real endpoint."""

    label: str
    model: str
    url: str = ""
    """Empty: the Messages twin."""
    key: str = ""
    twin_brain: str = "search"


SEARCH = Brain("search brain, not a language model", "nightshift-search-1")


@dataclass(frozen=True, slots=True)
class Place:
    """A repository as it is shown, where it comes from, and what judges it."""

    repository: Repository
    origin: Path
    scenarios: Path | None


class Stage:
    """Everything that was started, in one folder that goes away at the end."""

    def __init__(self, state: Path, supervisor: Supervisor, world: World) -> None:
        self.state = state
        self.supervisor = supervisor
        self.world = world
        self.github: Twin
        self.messages: Twin | None = None
        self.store: Store
        self.tiers: dict[Role, str] = {}
        self.server_url = ""
        self.pages_url = ""

    @classmethod
    def make(cls, world: World) -> Self:
        """Make the folder; nothing is started yet."""
        if shutil.which("git") is None:
            raise ToolMissing("git is not on PATH", remedy="sudo apt-get install -y git")
        state = Path(tempfile.mkdtemp(prefix="nightshift-"))
        users = _free_users(state) if os.geteuid() == 0 else None
        supervisor = Supervisor(state, users)
        try:
            supervisor.prepare()
        except BaseException:
            shutil.rmtree(state, ignore_errors=True)
            raise
        (state / "twins").mkdir(mode=0o700)
        return cls(state, supervisor, world)

    async def open(
        self,
        brain: Brain,
        origin: Path,
        scenarios: Path | None,
        slots: int = SLOTS,
        *,
        beside: Sequence[Place] = (),
    ) -> None:
        """Start everything; afterwards the App is installed on `origin` and the roles listen.

        `beside` are further repositories, for the same people and under the same installation.
        """
        places = [Place(self.world.repository, origin, scenarios), *beside]
        logs = self.state / "logs"
        self.github = await Twin.start(
            "twins.github",
            "--state",
            str(self.state / "twins" / "github"),
            log=logs / "github-twin.log",
        )
        model_url = brain.url or await self._start_messages(brain)
        secret = secrets.token_hex(20)
        app = await self._install(places, secret)
        verdict_key = self._open_wall(places)
        own = {
            Role.SERVER: self._of_server(app, secret, verdict_key, slots),
            Role.BUILDER: _of_builder(brain, model_url),
            Role.VALIDATOR: {
                "NIGHTSHIFT_SCENARIOS": str(self.supervisor.home(Role.VALIDATOR) / "corpora")
            },
        }
        plans = [
            RolePlan(role, self._environment(role, variables, slots), slots=slots)
            for role, variables in own.items()
        ]
        ready = await self.supervisor.start_all(plans)
        self.tiers = {role: facts.get("tier", "") for role, facts in ready.items()}
        self.server_url = ready[Role.SERVER]["url"]
        self.pages_url = ready[Role.SERVER]["pages"]
        for name, url in (("LISTEN", self.server_url), ("PAGES", self.pages_url)):
            port = str(urlsplit(url).port)
            self.supervisor.remember(Role.SERVER, f"NIGHTSHIFT_{name}_PORT", port)
        self.store = Store(self.supervisor.database_url)
        hook = {"app": self.world.app.slug, "url": f"{self.server_url}/github/webhooks"}
        await self.github.admin("POST", "hook", hook)

    async def _install(self, places: Sequence[Place], secret: str) -> dict[str, Any]:
        """Put the repositories on the twin with the App installed on them; return the App."""
        first, *beside = places
        seed = seed_payload(self.world, first.origin, "", secret)
        for place in beside:
            shown = place.repository
            named = {"full_name": shown.full_name, "default_branch": shown.default_branch}
            seed["repos"].append({**seed["repos"][0], **named, "path": str(place.origin)})
            seed["installations"][0]["repos"].append(shown.full_name)
        seeded = await self.github.admin("POST", "seed", seed)
        app: dict[str, Any] = seeded["apps"][0]
        return app

    def _of_server(
        self, app: Mapping[str, Any], secret: str, verdict_key: str, slots: int
    ) -> dict[str, str]:
        return {
            "NIGHTSHIFT_GITHUB_URL": self.github.url,
            "NIGHTSHIFT_APP_ID": str(app["id"]),
            "NIGHTSHIFT_APP_KEY": app["private_key_pem"],
            "NIGHTSHIFT_WEBHOOK_SECRET": secret,
            "NIGHTSHIFT_VERDICT_KEY": verdict_key,
            "NIGHTSHIFT_JJ": str(_jj()),
            "NIGHTSHIFT_LISTEN_PORT": "0",
            "NIGHTSHIFT_PAGES_PORT": "0",
            "NIGHTSHIFT_WRITE_SPACING_S": str(_WRITE_SPACING_S),
            "NIGHTSHIFT_CONCURRENCY": str(slots),
        }

    async def _start_messages(self, brain: Brain) -> str:
        self.messages = await Twin.start(
            "twins.anthropic",
            "--brain",
            brain.twin_brain,
            log=self.state / "logs" / "messages-twin.log",
        )
        return self.messages.url

    def _open_wall(self, places: Sequence[Place]) -> str:
        """Give the validator its key and the only copy of the scenarios that a role can read."""
        home = self.supervisor.home(Role.VALIDATOR)
        key = home / "signing-key.pem"
        public = open_signer(key).public_key
        corpora = home / "corpora"
        corpora.mkdir(mode=0o700)
        known_fixes = shutil.ignore_patterns("_*")  # of worlds; no role has any use for them
        for place in places:
            if place.scenarios is None:
                continue
            corpus = corpora / place.repository.full_name.replace("/", "__")
            shutil.copytree(place.scenarios, corpus, ignore=known_fixes)
            for path in (corpus, *corpus.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
        self.supervisor.give(Role.VALIDATOR, home)
        return public

    def _environment(self, role: Role, own: dict[str, str], slots: int) -> dict[str, str]:
        machine = settings.handed_down()
        common = {
            **{k: v for k, v in machine.items() if not k.startswith("PIP_")},
            "HOME": str(self.supervisor.home(role)),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(CODE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NIGHTSHIFT_STATE": str(self.supervisor.home(role)),
            "NIGHTSHIFT_DATABASE_URL": self.supervisor.database_url,
            "NIGHTSHIFT_POLL_S": str(_POLL_S),
            "NIGHTSHIFT_ACCEPT_TIER_B": "1",
            "NIGHTSHIFT_ACCEPT_UNCALIBRATED": "1",
            **own,
        }
        if role is not Role.SERVER:
            common["NIGHTSHIFT_SLOTS"] = str(slots)
            common["NIGHTSHIFT_RESOLVER_ENV"] = json.dumps(machine)
        return common

    async def unmodelled(self) -> tuple[str, ...]:
        """Return what was asked of the twins that they do not model: then nothing is proven."""
        told = [f"the GitHub twin does not model {one}" for one in await self.github.unmodelled()]
        if self.messages is not None:
            asked = await self.messages.unmodelled()
            told += [f"the Messages twin does not model {one}" for one in asked]
        return tuple(told)

    async def close(self, *, keep: bool = False) -> None:
        """Stop everything; remove the folder unless it is to be kept."""
        if hasattr(self, "store"):
            await self.store.close()
        await self.supervisor.stop()
        for twin in (self.messages, getattr(self, "github", None)):
            if twin is not None:
                await twin.stop()
        if not keep:
            with contextlib.suppress(OSError):
                shutil.rmtree(self.state)


def _of_builder(brain: Brain, model_url: str) -> dict[str, str]:
    return {
        "NIGHTSHIFT_MODEL": brain.model,
        "NIGHTSHIFT_MODEL_URL": model_url,
        "NIGHTSHIFT_MODEL_KEY": brain.key or "none",
        "NIGHTSHIFT_JJ": str(_jj()),
        "NIGHTSHIFT_OUTAGES": "0",  # somebody is watching: say it at once
    }


def _jj() -> Path:
    found = jj.installed(CODE / ".tools")
    if found is None:
        raise ToolMissing("jj is not set up", remedy="run `make setup` in the checkout")
    return found


def _free_users(state: Path) -> Users:
    """Choose a block of numeric users that nobody on this machine has, differently per folder."""
    import pwd  # noqa: PLC0415  not on every platform

    taken = {entry.pw_uid for entry in pwd.getpwall()}
    start = int.from_bytes(state.name.encode()[-4:]) % len(_USERS)
    for offset in range(len(_USERS)):
        base = _USERS[(start + offset) % len(_USERS)]
        if not any(base <= uid < base + 100 for uid in taken):
            return Users(base)
    return Users(_USERS[0])
