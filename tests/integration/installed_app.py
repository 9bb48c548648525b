"""A twin as a process with an installed App, and the folder of files that belongs to it."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import github
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.install import envfiles
from bot.install.host import Host
from bot.install.made import MadeApp
from bot.policy.app import EVENTS, permissions
from bot.stage.twin import Twin
from bot.up import installation, verdict_key
from tests import person

REPO = "alice/parcel"
FILES = {
    "README.md": "# parcel\n",
    "pyproject.toml": '[project]\nname = "parcel"\nversion = "1.0"\ndescription = "Prices."\n',
    "parcel/__init__.py": "",
    "parcel/__main__.py": "print(1)\n",
    "tests/test_parcel.py": "def test_it() -> None: ...\n",
}


def git(path: Path, *words: str) -> str:
    """Run git as Alice."""
    return person.git(path, *words, who=("Alice", "alice@users.noreply.github.com"))


def source(path: Path, files: dict[str, str]) -> Path:
    """Make a local repository with one commit."""
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Begin")
    return path


def new_key() -> str:
    """Make an RSA key as GitHub hands it out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, form, serialization.NoEncryption()).decode()


@functools.cache
def usual_key() -> str:
    """Return one key for all of a run: making one takes a while."""
    return new_key()


@dataclass
class Installed:
    """What a test needs of it."""

    twin: Twin
    home: Path
    app: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """Return the folder of the three files."""
        return self.home / "etc"

    @property
    def state(self) -> Path:
        """Return the folder of everything else."""
        return self.home / "var"

    async def plant(self, home: Path, **changed: object) -> Self:
        """Begin anew: alice, her repositories, an installed App; `changed` are the App's values."""
        self.home = home
        await self.twin.admin("POST", "reset")
        await self.twin.admin("DELETE", "faults")
        app = {
            "slug": "nightshift",
            "owner": "alice",
            "permissions": permissions(),
            "events": list(EVENTS),
            "private_key_pem": usual_key(),
            "webhook_secret": "hush",
            **changed,
        }
        parcel = str(source(home / "source", FILES))
        seed = {
            "users": [{"login": "alice", "token": "alice-token"}],
            "apps": [app],
            "repos": [
                {"full_name": REPO, "path": parcel},
                {"full_name": "alice/empty"},
                {"full_name": "alice/elsewhere", "path": parcel},
            ],
            "installations": [{"app": "nightshift", "repos": [REPO, "alice/empty"]}],
        }
        planted = await self.twin.admin("POST", "seed", seed)
        self.app = planted["apps"][0]
        self.write()
        return self

    def write(self) -> None:
        """Write the three files as `nightshift setup` does."""
        envfiles.claim(self.config, force=True)
        supervisor = installation(self.state)
        scenarios = self.state / "scenarios"
        scenarios.mkdir(mode=0o700, exist_ok=True)
        app = MadeApp(
            id=self.app["id"],
            slug="nightshift",
            html_url=f"{self.twin.url}/apps/nightshift",
            pem=SecretStr(self.app["private_key_pem"]),
            webhook_secret=SecretStr("hush"),
        )
        around = envfiles.Surroundings(Host.of(self.twin.url), verdict_key(supervisor), scenarios)
        envfiles.write_all(self.config, app, around)

    def alice(self) -> github.Github:
        """Return PyGithub as the owner."""
        return github.Github(
            auth=github.Auth.Token("alice-token"),
            base_url=f"{self.twin.url}/api/v3",
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
