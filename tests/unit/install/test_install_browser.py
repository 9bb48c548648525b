"""The local page: one form, one code, nobody else's."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from pydantic import SecretStr

from bot.errors import Gone
from bot.install.browser import ManifestFlow
from bot.install.host import Host
from bot.install.made import MadeApp
from bot.policy.app import Registration

APP = MadeApp(id=1, slug="n", html_url="https://ghe.example/github-apps/n", pem=SecretStr("pem"))


class Exchange:
    """Stands where GitHub would be asked, and notes with what."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.fails = False

    async def __call__(self, code: str) -> MadeApp:
        """Hand over the App."""
        self.codes.append(code)
        if self.fails:
            raise Gone("GitHub does not know <this> code", remedy="again")
        return APP


@pytest.fixture
def exchange() -> Exchange:
    """Return one that works."""
    return Exchange()


@pytest.fixture
async def flow(exchange: Exchange) -> AsyncIterator[ManifestFlow]:
    """Serve the page of an App for an organisation on an Enterprise Server."""
    wanted = Registration("n", "https://ghe.example", "")
    made = ManifestFlow(Host.of("https://ghe.example"), "acme", wanted, exchange)
    async with made.served():
        yield made


async def get(url: str) -> tuple[int, str, str]:
    """Return status, text and where a redirect leads."""
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as one:
        return one.status, await one.text(), one.headers.get("Location", "")


async def state_of(flow: ManifestFlow) -> tuple[str, str]:
    """Return where the form leads, and the state it carries."""
    _, page, _ = await get(flow.url)
    found = re.search(r"action='([^']+)'", page)
    assert found is not None
    action = urlsplit(unescape(found[1]))
    return f"{action.scheme}://{action.netloc}{action.path}", parse_qs(action.query)["state"][0]


async def test_the_form_leads_to_the_organisation_there(flow: ManifestFlow) -> None:
    """On its host, with a state that nobody can guess."""
    where, state = await state_of(flow)

    assert "https://ghe.example/organizations/acme/settings/apps/new" == where
    assert len(state) >= 32


@pytest.mark.parametrize("code", ["", "../../app", "a b", "a" * 201, "é"])
async def test_what_is_no_code_is_not_asked_about(
    flow: ManifestFlow, exchange: Exchange, code: str
) -> None:
    """It would become a part of an address."""
    _, state = await state_of(flow)

    status, _, _ = await get(f"{flow.url}/made?state={state}&code={code}")

    assert (400, [], False) == (status, exchange.codes, flow.done.done())


async def test_one_code_is_taken_once(flow: ManifestFlow, exchange: Exchange) -> None:
    """A page that is loaded again changes nothing, and the first answer leads on."""
    _, state = await state_of(flow)

    first = await get(f"{flow.url}/made?state={state}&code=abc")
    second = await get(f"{flow.url}/made?state={state}&code=def")

    assert (302, f"{APP.html_url}/installations/new") == (first[0], first[2])
    assert (400, ["abc"], APP) == (second[0], exchange.codes, flow.done.result())


async def test_a_failure_is_shown_in_both_places(flow: ManifestFlow, exchange: Exchange) -> None:
    """In the browser as text, at the terminal as an error."""
    exchange.fails = True
    _, state = await state_of(flow)

    status, page, _ = await get(f"{flow.url}/made?state={state}&code=abc")

    assert (502, True) == (status, "&lt;this&gt;" in page)
    with pytest.raises(Gone):
        flow.done.result()


async def test_without_the_path_there_is_nothing(flow: ManifestFlow) -> None:
    """Another user of this machine who finds the port finds no form, so no state."""
    parts = urlsplit(flow.url)

    for path in ("/", "/made", f"{parts.path[:-1]}"):
        assert 404 == (await get(f"http://{parts.netloc}{path}"))[0]
