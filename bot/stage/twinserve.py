"""`nightshift twin serve`: a twin on loopback until Ctrl-C, and the lines to try it with.

The tokens it prints are the twin's own and open nothing anywhere else.
"""

import asyncio
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from bot.errors import EnvironmentProblem, ToolMissing, UsageError
from bot.signals import until_signal
from bot.stage.filing import as_person, file_at
from bot.stage.twin import Twin
from twins.github.graphql import sdl
from twins.worlds.loader import World, WorldError, build_repository, load, seed_payload

MODULES = {"github": "twins.github", "anthropic": "twins.anthropic"}
# Everybody may know it: it signs nothing but the twin's deliveries.
SECRET = "twin-webhook-secret"  # noqa: S105
SOMEBODY = ("octavia", "twin-person-octavia")
"""Who there is when no world brings people."""
HIGHEST_PORT = 65_535
HOST = "github.localhost"
"""The name under which gh believes to speak to github.com."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line asked for."""

    twin: str
    port: int = 0
    tls: bool = False
    state: Path | None = None
    world: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was put on a GitHub twin before anybody came."""

    people: Sequence[tuple[str, str, str]]
    """Login, role and token."""
    repository: str = ""
    issues: int = 0
    app: dict[str, Any] | None = None
    key: Path | None = None

    @property
    def token(self) -> str:
        """Return the token of whoever may do most."""
        return self.people[0][2]


async def serve(options: ServeOptions, console: Console) -> int:
    """Serve until somebody interrupts; 0 then, and an error when the twin ends by itself."""
    world = _world(options)
    _check(options)
    folder = Path(tempfile.mkdtemp(prefix="nightshift-twin-"))
    try:
        return await _serve(options, world, folder, console)
    except EnvironmentProblem as error:
        log = folder / "log"
        if str(log) in error.remedy:
            error.remedy = log.read_text(errors="replace").strip() or error.remedy
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _serve(options: ServeOptions, world: World | None, folder: Path, console: Console) -> int:
    state = (options.state or folder / "state").resolve()
    log = folder / "log"
    async with until_signal() as interrupted:
        twin = await Twin.start(
            MODULES[options.twin], *_arguments(options, state), log=log, port=options.port
        )
        ending = asyncio.ensure_future(twin.ended())
        stopping = asyncio.ensure_future(interrupted.wait())
        try:
            for line in await _told(options, twin, world, state, folder):
                console.print(line, soft_wrap=True, markup=False, highlight=False)
            await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                raise EnvironmentProblem(
                    f"the twin ended by itself with {ending.result()}", remedy=f"read {log}"
                )
        finally:
            stopping.cancel()
            await twin.stop()
            await ending
    return 0


def _world(options: ServeOptions) -> World | None:
    if not options.world:
        return None
    try:
        return load(options.world)
    except WorldError as error:
        raise UsageError(str(error), remedy="choose one of the worlds it names") from None


def _check(options: ServeOptions) -> None:
    """Refuse what cannot work before anything starts."""
    if not 0 <= options.port <= HIGHEST_PORT:
        raise UsageError(
            f"{options.port} is no port", remedy=f"name one up to {HIGHEST_PORT}, 0 for a free one"
        )
    if options.twin == "anthropic":
        if options.tls or options.world or options.state:
            raise UsageError(
                "--tls, --world and --state are for the GitHub twin",
                remedy="nightshift twin serve anthropic [--port N] [--seed N]",
            )
        return
    if shutil.which("git") is None:
        raise ToolMissing("git is not on PATH", remedy="sudo apt-get install -y git")
    state = options.state
    if state is None:
        return
    if state.exists() and not state.is_dir():
        raise UsageError(f"{state} is no folder", remedy="name a new or empty folder")
    ours = state / "home" / "hooks" / "update"
    if state.is_dir() and any(state.iterdir()) and not ours.is_file():
        raise UsageError(
            f"{state} is not empty, and no twin has lived there",
            means="a twin clears the repositories in its folder",
            remedy="name a new or empty folder",
        )


def _arguments(options: ServeOptions, state: Path) -> Iterator[str]:
    yield from ("--seed", str(options.seed))
    if options.twin == "github":
        yield from ("--state", str(state))
    if options.tls:
        yield "--tls"


async def _told(
    options: ServeOptions, twin: Twin, world: World | None, state: Path, folder: Path
) -> list[str]:
    """Fill the twin and return what its user has to know."""
    if options.twin == "anthropic":
        return [*_messages(twin), *_end(twin)]
    seeded = await (_seed(twin, world, state, folder) if world else _bare(twin))
    return [*_github(twin, seeded), *_end(twin)]


async def _bare(twin: Twin) -> Seeded:
    login, token = SOMEBODY
    await twin.admin("POST", "seed", {"users": [{"login": login, "token": token}]})
    return Seeded([(login, "", token)])


async def _seed(twin: Twin, world: World, state: Path, folder: Path) -> Seeded:
    """Plant a world: repository, people, App; labels and issues come from the people themselves."""
    origin = await asyncio.to_thread(build_repository, world, folder / "origin")
    planted = await twin.admin("POST", "seed", seed_payload(world, origin, "", SECRET))
    app = planted["apps"][0]
    key = state / f"{app['slug']}.pem"
    key.touch(mode=0o600)
    key.write_text(app["private_key_pem"])
    await asyncio.to_thread(_label, twin.url, world)
    numbers = await asyncio.to_thread(file_at, twin.url, world, world.issues)
    people = sorted(
        ((one.login, one.permission, one.token) for one in world.people),
        key=lambda one: one[0] != world.maintainer.login,
    )
    return Seeded(people, world.repository.full_name, len(numbers), app, key)


def _label(url: str, world: World) -> None:
    with as_person(url, world.maintainer) as client:
        repo = client.get_repo(world.repository.full_name)
        for label in world.labels:
            repo.create_label(label.name, label.color, label.description)


def _github(twin: Twin, seeded: Seeded) -> Iterator[str]:
    yield f"GitHub twin  {twin.url}"
    if twin.tls:
        yield f"        TLS  {twin.tls['url']}  (authority {twin.tls['ca']})"
    if seeded.repository:
        yield f" repository  {seeded.repository}, {seeded.issues} issues filed"
    for login, role, token in seeded.people:
        yield f"     person  {login:<14} {role:<8} token {token}"
    if seeded.app is not None:
        app = seeded.app
        yield f"        App  {app['slug']}, id {app['id']}, client id {app['client_id']}"
        yield f"             key {seeded.key}, webhook secret {SECRET}"
    if not sdl.PATH.is_file():
        yield f"    GraphQL  {sdl.MISSING}"
    yield ""
    yield from _lines(twin, seeded)


def _lines(twin: Twin, seeded: Seeded) -> Iterator[str]:
    """Return lines to paste, each for another client."""
    token, name = seeded.token, seeded.repository
    deed = "issue list" if name else "repo create parcel --public"
    yield f"  gh         export {_plain_environment(twin, token)}"
    yield f"             gh {deed}{f' -R {name}' if name else ''}"
    if twin.tls:
        host, ca = urlsplit(twin.tls["url"]).netloc, shlex.quote(twin.tls["ca"])
        also = f"SSL_CERT_FILE={ca} GIT_SSL_CAINFO={ca}"
        deed += f" -R {host}/{name}" if name else ""
        yield f"  gh, TLS    {also} GH_HOST={host} GH_ENTERPRISE_TOKEN={token} gh {deed}"
    if name:
        netloc = urlsplit(twin.url).netloc
        yield f"  git        git clone http://x-access-token:{token}@{netloc}/{name}.git"
    yield (
        f'  PyGithub   github.Github(auth=github.Auth.Token("{token}"), base_url="{twin.url}", '
        "seconds_between_writes=0)"
    )
    yield f'  octokit    new Octokit({{auth: "{token}", baseUrl: "{twin.url}"}})'
    yield f'  curl       curl -H "Authorization: Bearer {token}" {twin.url}/user'
    if seeded.app is not None:
        order = f'{{"app": "{seeded.app["slug"]}", "url": "http://127.0.0.1:PORT/PATH"}}'
        yield f"  webhooks   curl -X POST {twin.url}/_twin/hook -d '{order}'"


def _plain_environment(twin: Twin, token: str) -> str:
    """Return the variables with which gh and the git below it take the twin for github.com.

    git asks gh for a password only for HTTPS, so it is told here.
    """
    helper = '!f() { echo username=x; echo "password=$GH_TOKEN"; }; f'
    variables = {
        "HTTP_PROXY": twin.url,
        "http_proxy": twin.url,  # git looks at this one alone
        "GH_HOST": HOST,
        "GH_TOKEN": token,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"credential.http://{HOST}.helper",
        "GIT_CONFIG_VALUE_0": helper,
    }
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


def _messages(twin: Twin) -> Iterator[str]:
    yield f"Messages twin  {twin.url}  (search brain, not a language model; any key is accepted)"
    yield ""
    yield f"  environment  export ANTHROPIC_BASE_URL={twin.url} ANTHROPIC_API_KEY=none"
    yield f'  Python       anthropic.Anthropic(base_url="{twin.url}", api_key="none")'
    yield f'  curl         curl {twin.url}/v1/models -H "x-api-key: none"'


def _end(twin: Twin) -> Iterator[str]:
    yield f"  journal    curl {twin.url}/_twin/journal    (?unmodelled=1: what the twin lacks)"
    yield ""
    yield "Ctrl-C ends it; what has happened on it is forgotten."
