"""The App as GitHub hands it over, once: its id, its key and its secrets."""

import re

import aiohttp
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from bot.errors import Gone, Rejected, Unavailable
from bot.install.host import Host

CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_AGAIN = "run `nightshift setup` again: a code works once, and for one hour"
_TIMEOUT = aiohttp.ClientTimeout(total=30)


class MadeApp(BaseModel):
    """What stands in the answer to a conversion, as far as it matters here."""

    model_config = ConfigDict(frozen=True)

    id: int
    slug: str
    html_url: str
    pem: SecretStr
    webhook_secret: SecretStr | None = None

    @property
    def install_url(self) -> str:
        """Where a person chooses the repositories."""
        return f"{self.html_url}/installations/new"


async def exchange(host: Host, code: str) -> MadeApp:
    """Turn the code into the App. The key in the answer is shown this one time."""
    url = f"{host.api}/app-manifests/{code}/conversions"
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(url, headers={"Accept": "application/vnd.github+json"}) as response,
        ):
            status, body = response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(
            f"{host.api} did not answer: {type(error).__name__}",
            means="the App exists, its key was not handed over",
            remedy=f"delete it at {host.web}/settings/apps; then {_AGAIN}",
        ) from None
    match status:
        case 201:
            return _read(body)
        case 404:
            raise Gone("GitHub does not know this code", remedy=_AGAIN)
        case _ if status >= 500:  # noqa: PLR2004  the class of the server's own failures
            raise Unavailable(f"{host.api} answered {status}", remedy=_AGAIN)
        case _:
            raise Rejected(f"{host.api} refused the code ({status})", remedy=_AGAIN)


def _read(body: bytes) -> MadeApp:
    try:
        return MadeApp.model_validate_json(body)
    except ValidationError as error:
        missing = ".".join(str(part) for part in error.errors()[0]["loc"]) or "body"
        raise Rejected(
            f"the answer holds no usable App: {missing}",
            means="the address answers, and it is no GitHub",
            remedy="give --host as people open it in a browser",
        ) from None
