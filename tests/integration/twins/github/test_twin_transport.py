"""What surrounds every answer, the pages for people, and input nobody should send."""

import asyncio
import json
from email.utils import parsedate_to_datetime
from typing import Any

from twins.github.api import Operation

REPO = "/repos/alice/parcel"
NASTY = ("%00", "--help", "%ff", "9" * 5000, "a%0Ab%20%F0%9F%92%A5")
GARBAGE: tuple[bytes, ...] = (
    b"{",
    b"[]",
    b'"x"',
    b"null",
    b'{"title": "\\ud800"}',
    b"\xff\xfe",
    b"[" * 100_000,
)


async def test_every_answer_carries_the_common_headers(twin: Any) -> None:
    """Limits, request id, media type and version, also on refusals; permissions for Apps."""
    for path, status in ((REPO, 200), ("/repos/alice/none", 404)):
        answer = await twin.call("GET", path, token=twin.token)
        headers = answer.headers
        assert answer.status == status
        for name in ("limit", "remaining", "reset", "used", "resource"):
            assert f"x-ratelimit-{name}" in headers
        assert headers["x-github-media-type"] == "github.v3; format=json"
        assert headers["x-github-request-id"].count(":") == 2
        assert headers["content-type"] == "application/json; charset=utf-8"
    labels = await twin.call("GET", f"{REPO}/labels", token=twin.token)
    assert labels.headers["x-accepted-github-permissions"] == "issues=read"


async def test_an_unchanged_resource_is_304_and_free(twin: Any) -> None:
    """If-None-Match answers empty and costs nothing, until something changes."""
    first = await twin.call("GET", f"{REPO}/issues")
    same = {"If-None-Match": first.headers["etag"]}
    second = await twin.call("GET", f"{REPO}/issues", headers=same)
    assert (second.status, second.body) == (304, b"")
    used = "x-ratelimit-used"
    assert first.headers[used] == second.headers[used]
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    assert (await twin.call("GET", f"{REPO}/issues", headers=same)).status == 200


async def test_the_primary_limit_runs_out_and_comes_back(twin: Any) -> None:
    """403 with nothing remaining, per owner of a token, until the virtual hour is over."""
    await twin.call("POST", "/_twin/rate_limit", {"limit": 2})
    statuses = [(await twin.call("GET", REPO)).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    limited = await twin.call("GET", REPO)
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert "API rate limit exceeded" in limited.body["message"]
    assert (await twin.call("GET", REPO, token="bob-token")).status == 200
    assert (await twin.get("/rate_limit"))["rate"]["remaining"] == 0
    await twin.call("POST", "/_twin/clock", {"advance": 3601})
    assert (await twin.call("GET", REPO)).status == 200
    left = await twin.get("/rate_limit")
    assert left["resources"]["core"]["remaining"] == left["rate"]["remaining"] == 1


async def test_urls_carry_the_callers_own_base(twin: Any) -> None:
    """Host, port and prefix of the request, in bodies and in Link; hooks get no prefix."""
    for title in "abc":
        await twin.call("POST", f"/api/v3{REPO}/issues", {"title": title})
    base = str(twin.client.make_url("")).rstrip("/")
    one = await twin.get(f"/api/v3{REPO}/issues/1")
    assert one["url"] == f"{base}/api/v3{REPO}/issues/1"
    assert one["html_url"] == f"{base}/alice/parcel/issues/1"
    path = f"/api/v3{REPO}/issues?per_page=1&state=all"
    link = (await twin.call("GET", f"{path}&page=2")).headers["link"]
    assert f'<{base}{path}&page=1>; rel="prev"' in link
    assert f'<{base}{path}&page=3>; rel="last"' in link
    for host in ("github.localhost:8080", "127.0.0.1:1"):
        body = await twin.get(f"{REPO}/issues/1", headers={"Host": host})
        assert body["url"].startswith(f"http://{host}/repos/")
    [*_, last] = await twin.deliveries()
    assert last["request"]["payload"]["issue"]["url"] == f"{base}{REPO}/issues/3"


async def test_pages_for_people_open_and_escape(twin: Any) -> None:
    """html_url opens in a browser; markup in titles stays text; private ones stay shut."""
    evil = "<script>alert(1)</script>"
    made = await twin.call("POST", f"{REPO}/issues", {"title": evil, "body": evil})
    await twin.call("POST", f"{REPO}/issues/1/comments", {"body": evil})
    sha = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/t", "sha": sha})
    body = {"message": "m", "content": "PGI+", "branch": "t"}
    await twin.call("PUT", f"{REPO}/contents/x.html", body)
    await twin.call("POST", f"{REPO}/pulls", {"title": evil, "head": "t", "base": "main"})
    path = made.body["html_url"].partition("/alice")[2]
    for page in (f"/alice{path}", "/alice/parcel", "/alice/parcel/pull/2"):
        answer = await twin.call("GET", page, token="")
        assert answer.status == 200
        assert b"<script>" not in answer.body
        assert b"&lt;script&gt;" in answer.body
    assert b"+&lt;b&gt;" in answer.body
    assert (await twin.call("GET", "/alice/vault", token="")).status == 501
    assert (await twin.call("GET", "/alice/parcel/issues/99", token="")).status == 404


async def test_the_unmodelled_is_said_and_journalled(twin: Any) -> None:
    """Routes GitHub may have and the twin has not are 501, never a polite default."""
    for method, path in (("GET", "/gists"), ("POST", "/markdown"), ("GET", f"{REPO}/hooks")):
        answer = await twin.call(method, path)
        assert (answer.status, answer.body["unmodelled"]) == (501, True)
    sha = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    assert (await twin.call("GET", f"{REPO}/commits/{sha}/comments")).status == 501
    journal = (await twin.get("/_twin/journal?unmodelled=1"))[:3]
    assert [entry["path"] for entry in journal] == ["/gists", "/markdown", f"{REPO}/hooks"]
    assert "alice-token" not in json.dumps(journal)


def _filled(operation: Operation, value: str) -> str:
    """Return an operation's path with one value for whatever is variable below the repository."""
    path = operation.path.replace("{owner}/{repo}", "alice/parcel")
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + value + path[end + 1 :]
    return path


async def test_no_operation_breaks_on_odd_names(twin: Any, operations: list[Operation]) -> None:
    """Null bytes, options, traversal, huge numbers: refused in every place, never a 5xx."""
    for nasty in NASTY:
        body = {"title": "t", "message": "m", "content": "eA==", "branch": nasty, "sha": nasty}
        for operation in operations:
            answer = await twin.call(operation.method, _filled(operation, nasty), body)
            assert answer.status < 500 or answer.status == 501, (operation, nasty, answer)


async def test_no_operation_breaks_on_garbage(twin: Any, operations: list[Operation]) -> None:
    """Bodies that are no JSON, no object or no text: 4xx, and nothing is told."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    await twin.events()
    headers = {"Authorization": "token alice-token", "Content-Type": "application/json"}
    for operation in operations:
        if operation.method in {"GET", "DELETE"}:
            continue
        for raw in GARBAGE:
            path = _filled(operation, "1")
            async with twin.client.request(
                operation.method, path, data=raw, headers=headers
            ) as answer:
                assert answer.status < 500, (operation, raw[:20], await answer.text())
    assert await twin.events() == []


async def test_what_has_not_changed_since_is_304_by_date_as_well(twin: Any) -> None:
    """A tag outranks a date; a weak and a strong form of one tag are the same."""
    await twin.call("POST", f"{REPO}/issues", {"title": "x"})
    first = await twin.call("GET", f"{REPO}/issues/1")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert 304 == (await twin.call("GET", f"{REPO}/issues/1", headers=since)).status
    other = {**since, "If-None-Match": '"another"'}
    assert 200 == (await twin.call("GET", f"{REPO}/issues/1", headers=other)).status
    strong = {"If-None-Match": first.headers["etag"].removeprefix("W/")}
    assert 304 == (await twin.call("GET", f"{REPO}/issues/1", headers=strong)).status
    await twin.call("POST", "/_twin/clock", {"advance": 5})
    await twin.call("PATCH", f"{REPO}/issues/1", {"title": "y"})
    assert 200 == (await twin.call("GET", f"{REPO}/issues/1", headers=since)).status
    assert "last-modified" not in (await twin.call("GET", f"{REPO}/issues")).headers


async def test_a_change_is_never_missed_by_date(twin: Any) -> None:
    """Of everything dated: unchanged is 304, changed is 200 with a later date, whatever changed."""
    await twin.call("POST", "/_twin/clock", {"freeze": True})
    await twin.call("POST", f"{REPO}/issues", {"title": "x", "labels": ["bug"]})
    await twin.call("POST", f"{REPO}/milestones", {"title": "one"})
    comment = (await twin.call("POST", f"{REPO}/issues/1/comments", {"body": "c"})).body
    said = f"{REPO}/issues/comments/{comment['id']}"
    for path, method, target, order in (
        (REPO, "PATCH", REPO, {"description": "new"}),
        (REPO, "PUT", f"{REPO}/topics", {"names": ["new"]}),
        (REPO, "POST", f"{REPO}/issues", {"title": "another"}),
        (f"{REPO}/issues/1", "PATCH", f"{REPO}/issues/1", {"title": "new"}),
        (f"{REPO}/issues/1", "PATCH", f"{REPO}/labels/bug", {"color": "ff0000"}),
        (f"{REPO}/issues/1", "POST", f"{REPO}/issues/1/reactions", {"content": "+1"}),
        (f"{REPO}/milestones/1", "PATCH", f"{REPO}/milestones/1", {"title": "two"}),
        (f"{REPO}/milestones/1", "PATCH", f"{REPO}/issues/1", {"milestone": 1}),
        (said, "PATCH", said, {"body": "d"}),
        (said, "POST", f"{said}/reactions", {"content": "+1"}),
    ):
        date = (await twin.call("GET", path)).headers["last-modified"]
        await twin.call("POST", "/_twin/clock", {"advance": 2})
        since = {"If-Modified-Since": date}
        assert 304 == (await twin.call("GET", path, headers=since)).status, path
        assert (await twin.call(method, target, order)).status < 300, target
        changed = await twin.call("GET", path, headers=since)
        assert 200 == changed.status, (path, target)
        later = parsedate_to_datetime(changed.headers["last-modified"])
        assert later > parsedate_to_datetime(date), (path, target)


async def test_a_change_within_the_second_is_seen(twin: Any) -> None:
    """A date has no fractions, so what changed in the second of its date is sent again."""
    await twin.call("POST", "/_twin/clock", {"freeze": True})
    await twin.call("POST", f"{REPO}/issues", {"title": "x"})
    first = await twin.call("GET", f"{REPO}/issues/1")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    await twin.call("PATCH", f"{REPO}/issues/1", {"title": "y"})
    assert 200 == (await twin.call("GET", f"{REPO}/issues/1", headers=since)).status


async def test_a_tag_may_be_any_or_one_of_many(twin: Any) -> None:
    """If-None-Match takes a list and a star, and outranks a date either way."""
    first = await twin.call("GET", REPO)
    past = {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    for tags, status in (
        ("*", 304),
        (f'"another", {first.headers["etag"]}', 304),
        ('"another"', 200),
        ("", 200),
    ):
        answer = await twin.call("GET", REPO, headers={**past, "If-None-Match": tags})
        assert answer.status == status, tags
    date = {"If-Modified-Since": first.headers["last-modified"], "If-None-Match": '"another"'}
    assert 200 == (await twin.call("GET", REPO, headers=date)).status


async def test_who_says_no_name_is_turned_away(twin: Any) -> None:
    """Without a User-Agent the API answers 403 as text; git and the admin routes do not mind."""
    for path, status in ((REPO, 403), ("/api/v3/user", 403), ("/_twin/journal", 200)):
        async with twin.client.get(path, skip_auto_headers=["User-Agent"]) as answer:
            said = await answer.text()
            assert (answer.status, "administrative rules" in said) == (status, status == 403), path
    refs = "/alice/parcel.git/info/refs?service=git-upload-pack"
    async with twin.client.get(refs, skip_auto_headers=["User-Agent"]) as answer:
        assert answer.status == 200
    assert 403 == (await twin.call("GET", REPO, headers={"User-Agent": " "})).status


async def test_a_version_that_there_is_not_is_refused(twin: Any) -> None:
    """400 naming the versions there are; those, and none, are taken."""
    known = ("2022-11-28", "2026-03-10")
    for version in ("v3", "2021-01-01", ""):
        answer = await twin.call("GET", REPO, headers={"X-GitHub-Api-Version": version})
        assert answer.status == 400
        assert all(f'"{one}"' in answer.body["message"] for one in (version, *known))
    for version in known:
        good = await twin.call("GET", REPO, headers={"X-GitHub-Api-Version": version})
        assert (good.status, good.headers["x-github-api-version-selected"]) == (200, version)
    default = await twin.call("GET", REPO)
    assert default.headers["x-github-api-version-selected"] == known[0]


async def test_pages_lead_on_behind_a_proxy_too(twin: Any) -> None:
    """A request line with a host in it, as gh sends it, is no part of the next page's URL."""
    for title in ("a", "b"):
        await twin.call("POST", f"{REPO}/issues", {"title": title})
    host = f"{twin.client.host}:{twin.client.port}"
    reader, writer = await asyncio.open_connection(twin.client.host, twin.client.port)
    line = f"GET http://api.github.localhost{REPO}/issues?per_page=1 HTTP/1.1"
    rest = "Host: api.github.localhost\r\nUser-Agent: gh\r\nConnection: close\r\n\r\n"
    writer.write(f"{line}\r\n{rest}".encode())
    said = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    [link] = [one for one in said.splitlines() if one.lower().startswith("link:")]
    wanted = f"<http://api.github.localhost{REPO}/issues?per_page=1&page=2>"
    assert (wanted in link, host in link) == (True, False)
