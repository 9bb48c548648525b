"""The three environment files: one per role, 0600, never over one that is there."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from bot.domain.role import Role
from bot.errors import EnvironmentProblem, UsageError
from bot.install.host import Host
from bot.install.made import MadeApp

_OLD = ".old"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the files say besides the App itself."""

    host: Host
    verdict_key: str
    scenarios: Path


def path_of(config: Path, role: Role) -> Path:
    """Return where the file of a role is."""
    return config / f"{role.value}.env"


def claim(config: Path, *, force: bool) -> None:
    """Make sure that the files can be written, before there is a key that could get lost."""
    there = [path for role in Role if (path := path_of(config, role)).exists()]
    if there and not force:
        raise UsageError(
            f"{', '.join(str(path) for path in there)}: there already",
            means="setup makes a new App, and would replace the keys of the one in use",
            remedy=f"name another folder with --config, or --force (keeps them as *{_OLD})",
        )
    try:
        config.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = config / f".setup-{os.getpid()}"
        _write(probe, "")
        probe.unlink()
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write in {config}: {error.strerror}",
            remedy="run it with sudo, or name a folder of your own with --config",
        ) from None


def write_all(config: Path, app: MadeApp, around: Surroundings) -> None:
    """Write every file; one that was there keeps its own values beside ours, and a copy."""
    for role, ours in _variables(app, around).items():
        path = path_of(config, role)
        kept = _kept(path, ours)
        if path.exists():
            path.replace(path.with_name(path.name + _OLD))
        lines = [f"# {role.value}: written by `nightshift setup` for {app.html_url}"]
        lines += [_line(name, value) for name, value in (ours | kept).items()]
        _write(path, "\n".join(lines) + "\n")


def _variables(app: MadeApp, around: Surroundings) -> dict[Role, dict[str, str]]:
    """Say what each role has to know, and nothing that only another one may."""
    hook = app.webhook_secret.get_secret_value() if app.webhook_secret else ""
    return {
        Role.SERVER: {
            # The numeric id: not every Enterprise Server takes the client id.
            "NIGHTSHIFT_APP_ID": str(app.id),
            "NIGHTSHIFT_APP_KEY": app.pem.get_secret_value(),
            # Without a webhook GitHub makes no secret, and an empty one would let anybody in.
            "NIGHTSHIFT_WEBHOOK_SECRET": hook or secrets.token_hex(32),
            "NIGHTSHIFT_VERDICT_KEY": around.verdict_key,
            "NIGHTSHIFT_GITHUB_URL": around.host.api,
            "NIGHTSHIFT_LISTEN_HOST": "127.0.0.1",
            "NIGHTSHIFT_LISTEN_PORT": "8080",
            "NIGHTSHIFT_PAGES_PORT": "8081",
        },
        Role.BUILDER: {"NIGHTSHIFT_MODEL_KEY": ""},
        Role.VALIDATOR: {"NIGHTSHIFT_SCENARIOS": str(around.scenarios)},
    }


def _kept(path: Path, ours: Mapping[str, str]) -> dict[str, str]:
    """Return what a person had written into a file: all that setup has no better value for."""
    if not path.exists():
        return {}
    there = {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    chosen = {"LISTEN_HOST", "LISTEN_PORT", "PAGES_HOST", "PAGES_PORT", "SCENARIOS"}
    mine = {f"NIGHTSHIFT_{name}" for name in chosen}
    return {
        name: value
        for name, value in there.items()
        if name not in ours or name in mine or (value and not ours[name])
    }


def _line(name: str, value: str) -> str:
    """Quote the one way that keeps line ends and leaves `$` alone."""
    if value and all(c.isalnum() or c in "/._:-" for c in value):
        return f"{name}={value}"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{quoted}'" if value else f"{name}="


def _write(path: Path, text: str) -> None:
    """Write a file that nobody else could read at any moment, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
