"""An App from a manifest: the pages, the code, and the hour it lives."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

MANIFEST = {
    "name": "Night Watch",
    "url": "https://example.com",
    "redirect_url": "http://127.0.0.1:9/made",
    "hook_attributes": {"url": "https://example.com/hook"},
    "default_permissions": {"issues": "write", "contents": "read"},
    "default_events": ["issues", "push"],
}


async def make(twin: Any, state: str = "s", org: str = "", **changed: object) -> Any:
    """Post a manifest and press the button; return the answer of the button."""
    where = f"/organizations/{org}/settings/apps/new" if org else "/settings/apps/new"
    form = {"manifest": json.dumps({**MANIFEST, **changed})}
    async with twin.client.post(where, params={"state": state}, data=form) as shown:
        page = await shown.text()
        if shown.status != 200:
            return shown.status, page
    fields = {"manifest": form["manifest"], "state": state, "owner": org or "alice"}
    async with twin.client.post("/settings/apps", data=fields, allow_redirects=False) as made:
        return made.status, made.headers.get("Location", await made.text())


def code_in(location: str) -> str:
    """Return the code of a redirect."""
    return parse_qs(urlsplit(location).query)["code"][0]


async def test_the_code_is_the_app_once(twin: Any) -> None:
    """State comes back unchanged; a second exchange knows nothing any more."""
    status, location = await make(twin, state="a b&c")

    assert (302, ["a b&c"]) == (status, parse_qs(urlsplit(location).query)["state"])
    path = f"/app-manifests/{code_in(location)}/conversions"
    first, second = [await twin.call("POST", path, token="") for _ in range(2)]
    assert (201, 404) == (first.status, second.status)
    body = first.body
    assert ("night-watch", "alice", ["issues", "push"]) == (
        body["slug"],
        body["owner"]["login"],
        body["events"],
    )
    assert {"metadata": "read", "issues": "write", "contents": "read"} == body["permissions"]
    assert body["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert re.fullmatch("[0-9a-f]{40}", body["webhook_secret"])


async def test_the_code_lives_for_an_hour(twin: Any) -> None:
    """After it, the App is there and its key is lost."""
    _, location = await make(twin)

    await twin.call("POST", "/_twin/clock", {"advance": 3600})

    answer = await twin.call("POST", f"/app-manifests/{code_in(location)}/conversions", token="")
    assert answer.status == 404


async def test_an_inactive_hook_has_no_secret(twin: Any) -> None:
    """And nothing is sent to it."""
    hook = {"url": "https://example.com/hook", "active": False}
    _, location = await make(twin, hook_attributes=hook)

    answer = await twin.call("POST", f"/app-manifests/{code_in(location)}/conversions", token="")

    assert answer.body["webhook_secret"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "n" * 35},
        {"url": "nowhere"},
        {"redirect_url": ""},
        {"hook_attributes": {"active": False}},
        {"default_permissions": {"issues": "all"}},
        {"default_events": ["check_run"]},
        {"default_events": ["installation"]},
    ],
)
async def test_a_manifest_that_is_off_is_refused_on_the_page(
    twin: Any, wrong: dict[str, object]
) -> None:
    """No App comes of it."""
    status, page = await make(twin, **wrong)

    assert (422, True) == (status, "Invalid GitHub App configuration" in page)


async def test_a_name_is_taken_once(twin: Any) -> None:
    """Names are unique on the whole host."""
    assert (await make(twin))[0] == 302
    status, page = await make(twin)
    assert (422, True) == (status, "already taken" in page)


async def test_an_organisation_has_to_exist(twin: Any) -> None:
    """A person's login is none."""
    assert (await make(twin, org="nobody"))[0] == 404
    assert (await make(twin, org="bob"))[0] == 404


async def test_a_private_app_stays_at_home(twin: Any) -> None:
    """Only repositories of its owner are offered, and unticked means all of them."""
    await make(twin)
    await twin.plant(repos=[{"full_name": "bob/own"}])
    async with twin.client.get("/apps/night-watch/installations/new") as shown:
        page = await shown.text()
    assert ("alice/parcel" in page, "bob/own" in page) == (True, False)

    form = {"repo": "alice/parcel"}
    async with twin.client.post("/apps/night-watch/installations", data=form) as done:
        assert "night-watch is installed on alice" in await done.text()
