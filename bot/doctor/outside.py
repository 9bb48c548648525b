"""What answers from outside, asked for nothing that costs: the model's endpoint, the clock."""

import time
from email.utils import parsedate_to_datetime

import aiohttp

from bot.doctor.files import Files
from bot.doctor.part import Health, Part
from bot.domain.role import Role
from bot.install.session import address
from bot.settings import BuilderSettings

_FAST, _TOO_FAST = 20, 50
"""Seconds. A JWT is dated a minute back, so from there on GitHub refuses it. The server then dates
the next one by GitHub's answer; the commands for people do not."""
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_OK, _REFUSED, _UNKNOWN = 200, {401, 403}, 404


async def model(found: Files) -> list[Part]:
    """Ask the endpoint for one model's description, which costs nothing."""
    values = found.of(Role.BUILDER)
    key = values.get("NIGHTSHIFT_MODEL_KEY", "")
    if not key:
        return []
    fields = BuilderSettings.model_fields
    url = (values.get("NIGHTSHIFT_MODEL_URL") or str(fields["model_url"].default)).rstrip("/")
    name = values.get("NIGHTSHIFT_MODEL") or str(fields["model"].default)
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session:
            async with session.get(f"{url}/v1/models/{name}") as one:
                status = one.status
            async with session.get(f"{url}/v1/models", params={"limit": "1"}) as every:
                lists = every.status == _OK
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        detail = f"{url} does not answer: {type(error).__name__}"
        return [Part("model", Health.BROKEN, detail, "check NIGHTSHIFT_MODEL_URL in builder.env")]
    if status in _REFUSED:
        detail = f"{url} turns the key down ({status})"
        return [Part("model", Health.BROKEN, detail, "put a working key into builder.env")]
    if status == _UNKNOWN and lists:
        detail = f"{url} has no model {name}"
        return [Part("model", Health.BROKEN, detail, "set NIGHTSHIFT_MODEL in builder.env")]
    if status != _OK:
        detail = f"{url} answers ({status}) and does not list models"
        return [Part("model", Health.WEAK, detail, "file a small issue, and see whether it builds")]
    return [Part("model", Health.GOOD, f"{name} at {url}")]


async def clock(found: Files) -> list[Part]:
    """Compare this machine's clock with the one of the GitHub host."""
    api = address(found.of(Role.SERVER))
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"{api}/meta", allow_redirects=False) as answer,
        ):
            there = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
        detail = f"{api} does not answer: {type(error).__name__}"
        return [Part("clock", Health.BROKEN, detail, "check NIGHTSHIFT_GITHUB_URL, and the way")]
    ahead = time.time() - there
    detail = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} GitHub's"
    remedy = "sudo timedatectl set-ntp true"
    if abs(ahead) > _TOO_FAST:
        return [Part("clock", Health.BROKEN, f"{detail}: tokens are refused", remedy)]
    if abs(ahead) > _FAST:
        return [Part("clock", Health.WEAK, detail, remedy)]
    return [Part("clock", Health.GOOD, detail)]
