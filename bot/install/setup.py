"""`nightshift setup`: a GitHub App of your own, in three clicks, and one file per role."""

import asyncio
import secrets
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot.domain.role import Role
from bot.errors import EnvironmentProblem, Unavailable, UsageError
from bot.install import envfiles
from bot.install.browser import ManifestFlow
from bot.install.host import Host
from bot.install.made import MadeApp, exchange
from bot.policy.app import Registration
from bot.up import STORE, installation, verdict_key

_LONGEST_NAME = 34
_LOGIN = 39
_LISTENS = "127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class SetupOptions:
    """What was asked for on the command line."""

    host: Host
    org: str
    name: str
    webhook: str
    config: Path
    state: Path
    force: bool
    minutes: float
    browser: bool
    administration: bool


async def setup(options: SetupOptions, console: Console) -> int:
    """Make the App and the files; what can go wrong here goes wrong before there is a key."""
    envfiles.claim(options.config, force=options.force)
    around = _surroundings(options)
    wanted = Registration(
        name=_name(options),
        home=options.host.web,
        redirect_url="",
        webhook_url=options.webhook,
        optional=options.administration,
    )

    async def finish(code: str) -> MadeApp:
        app = await exchange(options.host, code)
        try:
            envfiles.write_all(options.config, app, around)
        except OSError as error:
            raise EnvironmentProblem(
                f"the App {app.slug} is made, its files could not be written: {error.strerror}",
                means="its key was handed over once and is lost",
                remedy=f"mend {options.config}, delete the App at {app.html_url}, run setup again",
            ) from None
        return app

    flow = ManifestFlow(options.host, options.org, wanted, finish)
    async with flow.served():
        say = _speaker(console)
        say(f"Open this page, here or through a tunnel:\n\n  {flow.url}\n")
        port = flow.url.split(":")[2].partition("/")[0]
        say(f"from another machine first: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE\n")
        if options.browser:
            await asyncio.to_thread(webbrowser.open, flow.url)
        app = await _waited(flow, options)
    for line in _next_steps(options, app):
        say(line)
    return 0


def _speaker(console: Console) -> Callable[[str], None]:
    """Print whole lines: an address that is broken in two is no address."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    return say


async def _waited(flow: ManifestFlow, options: SetupOptions) -> MadeApp:
    try:
        async with asyncio.timeout(options.minutes * 60):
            return await flow.done
    except TimeoutError:
        raise Unavailable(
            f"no App within {options.minutes:g} minutes",
            means="no .env file was written; the page has gone",
            remedy="run `nightshift setup` again, open its page and press the green buttons; an "
            f"App that was made meanwhile can be deleted at {options.host.web}/settings/apps",
        ) from None


def _surroundings(options: SetupOptions) -> envfiles.Surroundings:
    """Make what the files point at: the key of verdicts, and a closed folder of scenarios."""
    scenarios = options.state / STORE
    try:
        supervisor = installation(options.state)
        public = verdict_key(supervisor)
        if not scenarios.exists():
            scenarios.mkdir(mode=0o700)
            supervisor.give(Role.VALIDATOR, scenarios)
    except PermissionError:
        raise EnvironmentProblem(
            f"cannot write in {options.state}",
            remedy="run it with sudo, or name a folder of your own with --state",
        ) from None
    return envfiles.Surroundings(options.host, public, scenarios)


def _name(options: SetupOptions) -> str:
    """Choose a name: unique on the whole of GitHub, so a person may still change it there."""
    name = options.name or f"nightshift-{options.org or secrets.token_hex(3)}"
    if options.name and len(name) > _LONGEST_NAME:
        raise UsageError(f"--name: at most {_LONGEST_NAME} characters, this has {len(name)}")
    return name[:_LONGEST_NAME].rstrip("-")


def checked_org(org: str) -> str:
    """Return an organisation's login; anything else would end up in an address."""
    plain = org.replace("-", "")
    if org and not (plain.isascii() and plain.isalnum() and len(org) <= _LOGIN):
        raise UsageError(f"--org: {org!r} is no name of an organisation")
    return org


def _next_steps(options: SetupOptions, app: MadeApp) -> list[str]:
    """Say what a person does next, in the order in which it works."""
    files = ", ".join(str(envfiles.path_of(options.config, role)) for role in Role)
    where = f" --config {options.config} --state {options.state}"
    hook = (
        f"let your reverse proxy pass {options.webhook} to {_LISTENS}"
        if options.webhook
        else "no webhook: GitHub is read every 15 minutes. For less waiting switch it on at "
        f"{app.html_url} with the secret in server.env"
    )
    steps = [
        f"install the App, if the browser has not led there: {app.install_url}",
        f"put your model's key into {options.config}/builder.env: NIGHTSHIFT_MODEL_KEY=...",
        hook,
        f"nightshift init OWNER/REPO --config {options.config}",
        f"write hidden scenarios: {options.state / STORE}/OWNER__REPO (scenarios/README.md)",
        f"nightshift doctor{where} --repo OWNER/REPO",
        f"nightshift up{where}",
    ]
    numbered = [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return [f"App {app.slug} is made; written (0600): {files}", "next:", *numbered]
