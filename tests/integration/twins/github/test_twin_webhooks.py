"""Deliveries: signed, in order, logged, redelivered on demand, and spoiled on demand."""

import hashlib
import hmac
import json
import time
from typing import Any

REPO = "/repos/alice/parcel"
LOG = "/app/hook/deliveries"


async def issue(twin: Any, title: str = "t", **more: object) -> Any:
    """File an issue."""
    return (await twin.call("POST", f"{REPO}/issues", {"title": title, **more})).body


async def hits(twin: Any) -> list[str]:
    """Return the events that really arrived, in order."""
    await twin.deliveries()
    return [headers["X-GitHub-Event"] for headers, _ in twin.receiver.hits]


async def test_a_delivery_is_what_github_sends(twin: Any) -> None:
    """Headers, signature over the raw bytes, sender, repository, installation."""
    twin.receiver.hits.clear()
    await issue(twin, "tïtle ✓")
    await twin.deliveries()
    [(headers, raw)] = twin.receiver.hits
    mac = hmac.new(b"hush", raw, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={mac}"
    assert headers["X-GitHub-Event"] == "issues"
    assert len(headers["X-GitHub-Delivery"]) == 36
    assert headers["X-GitHub-Hook-ID"].isdigit()
    app, installed = twin.planted["apps"][0], twin.planted["installations"][0]
    assert headers["X-GitHub-Hook-Installation-Target-ID"] == str(app["id"])
    payload = json.loads(raw)
    assert payload["installation"]["id"] == installed["id"]
    assert (payload["sender"]["login"], payload["repository"]["name"]) == ("alice", "parcel")
    assert payload["issue"]["title"] == "tïtle ✓"


async def test_own_changes_are_delivered_too(twin: Any) -> None:
    """A bot hears of itself, as its own bot account."""
    await twin.call("POST", f"{REPO}/issues", {"title": "t"}, token=twin.token)
    [one] = await twin.deliveries()
    assert one["request"]["payload"]["sender"]["login"] == "nightshift[bot]"
    assert one["request"]["payload"]["sender"]["type"] == "Bot"


async def test_only_what_is_installed_and_subscribed_is_sent(twin: Any) -> None:
    """No event of other repositories, none that the App did not ask for."""
    await twin.call("POST", "/repos/alice/vault/issues", {"title": "t"})
    assert await twin.events() == []
    url = twin.receiver.url
    await twin.plant(
        apps=[{"slug": "quiet", "webhook_url": url, "events": ["push"]}],
        installations=[{"app": "quiet", "repos": ["alice/parcel"]}],
    )
    assert await twin.events() == ["ping", "installation.created"]
    await issue(twin)
    assert await twin.events() == ["issues.opened"]


async def test_a_payload_is_the_state_at_its_own_moment(twin: Any) -> None:
    """Later changes do not reach into an event that is still queued."""
    await twin.call(
        "POST", "/_twin/faults", {"event": "issues.*", "deliver": "late", "delay": 0.05}
    )
    await issue(twin, "before")
    await twin.call("PATCH", f"{REPO}/issues/1", {"title": "after"})
    titles = {
        d["action"]: d["request"]["payload"]["issue"]["title"] for d in await twin.deliveries()
    }
    assert titles == {"opened": "before", "edited": "after"}


async def test_order_holds_while_the_receiver_answers_badly(twin: Any) -> None:
    """A failing receiver delays nothing, retries nothing, and the log says so."""
    twin.receiver.hits.clear()
    twin.receiver.status = 500
    await issue(twin, labels=["a"])
    log = await twin.deliveries()
    assert [(d["status_code"], d["status"]) for d in log] == [
        (500, "Invalid HTTP Response: 500")
    ] * 3
    assert await hits(twin) == ["label", "issues", "issues"]


async def test_redelivery_keeps_the_guid(twin: Any) -> None:
    """The App lists, reads and repeats an attempt; bytes and GUID stay, the id is new."""
    twin.receiver.hits.clear()
    twin.receiver.status = 503
    await issue(twin)
    await twin.deliveries()
    twin.receiver.status = 202
    [failed] = await twin.get(f"{LOG}?status=failure", token=twin.jwt())
    assert (failed["event"], failed["action"], failed["redelivery"]) == ("issues", "opened", False)
    again = await twin.call("POST", f"{LOG}/{failed['id']}/attempts", token=twin.jwt())
    assert again.status == 202
    [second] = await twin.deliveries()
    assert (second["guid"], second["redelivery"]) == (failed["guid"], True)
    assert second["id"] != failed["id"]
    (_, first_raw), (_, second_raw) = twin.receiver.hits
    assert first_raw == second_raw
    full = await twin.get(f"{LOG}/{second['id']}", token=twin.jwt())
    assert full["response"]["payload"] == ""
    assert (await twin.call("GET", LOG, token=twin.token)).status == 401


async def test_the_log_is_paged_by_cursor(twin: Any) -> None:
    """Newest first, each once, until there is no next page."""
    for number in range(4):
        await issue(twin, str(number))
    await twin.deliveries()
    seen: list[int] = []
    path = f"{LOG}?per_page=3"
    while path:
        page = await twin.call("GET", path, token=twin.jwt())
        seen += [d["id"] for d in page.body]
        path = page.headers.get("link", "").partition("?")[2].partition(">")[0]
        path = path and f"{LOG}?{path}"
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) >= 6


async def test_deliveries_go_wrong_as_planned(twin: Any) -> None:
    """Twice with one GUID; never, logged or not; after the next one."""
    twin.receiver.hits.clear()
    rules = [
        {"event": "issues[.]opened", "deliver": "duplicate"},
        {"event": "issues[.]edited", "deliver": "lost"},
        {"event": "issues[.]labeled", "deliver": "lost", "params": {"logged": False}},
        {"event": "issues[.]unlabeled", "deliver": "reorder"},
    ]
    await twin.call("POST", "/_twin/faults", {"rules": rules})
    await issue(twin)
    await twin.call("PATCH", f"{REPO}/issues/1", {"title": "x", "labels": ["a"]})
    await twin.call("PATCH", f"{REPO}/issues/1", {"labels": []})
    await twin.call("PATCH", f"{REPO}/issues/1", {"state": "closed"})
    log = await twin.deliveries()
    assert [(d["event"], d["action"], d["status"]) for d in log] == [
        ("issues", "opened", "OK"),
        ("issues", "opened", "OK"),
        ("issues", "edited", "failed to connect to host"),
        ("label", "created", "OK"),
        ("issues", "closed", "OK"),
        ("issues", "unlabeled", "OK"),
    ]
    assert log[0]["guid"] == log[1]["guid"]
    assert len(twin.receiver.hits) == 5


async def test_one_in_twenty_is_lost_and_the_rest_comes_thrice_and_shuffled(twin: Any) -> None:
    """What arrives is every event that was not lost, three times, in an order of its own."""
    shuffled = {"copies": 3, "among": 20, "shuffle": True}
    rules = [
        {"event": "issues[.].*", "deliver": "lost", "count": 0, "share": 0.05},
        {
            "event": "issues[.].*",
            "deliver": "duplicate",
            "count": 0,
            "params": shuffled,
            "delay": 0.05,
        },
    ]
    orders = []
    for _ in range(2):
        await twin.call("DELETE", "/_twin/faults")
        await twin.call("POST", "/_twin/faults", {"rules": rules})
        twin.receiver.hits.clear()
        first = (await issue(twin))["number"]
        for _ in range(99):
            await issue(twin)
        log = await twin.deliveries()
        lost = {one["guid"] for one in log if one["status"] != "OK"}
        guids = [headers["X-GitHub-Delivery"] for headers, _ in twin.receiver.hits]
        assert 1 <= len(lost) <= 15
        assert not lost & set(guids)
        assert {guids.count(guid) for guid in guids} == {3}
        assert len(set(guids)) + len(lost) == 100
        numbers = [json.loads(raw)["issue"]["number"] - first for _, raw in twin.receiver.hits]
        assert numbers != sorted(numbers)
        orders.append(numbers)
    assert orders[0] == orders[1]


async def test_whoever_is_held_back_goes_out_when_nothing_follows(twin: Any) -> None:
    """A reordered delivery waits for as many as it was told, or for silence."""
    rule = {"event": "issues[.]opened", "deliver": "reorder", "params": {"among": 3}, "delay": 0.05}
    await twin.call("POST", "/_twin/faults", rule)
    await issue(twin)
    for title in "abcd":
        await twin.call("PATCH", f"{REPO}/issues/1", {"title": title})
    assert await twin.events() == [*["issues.edited"] * 3, "issues.opened", "issues.edited"]
    await twin.call("POST", "/_twin/faults", rule)
    await issue(twin)
    assert await twin.events() == ["issues.opened"]


async def test_a_late_delivery_holds_up_no_other(twin: Any) -> None:
    """What comes late comes last, and the API answered long before."""
    rule = {"event": "issues[.]opened", "deliver": "late", "delay": 0.2}
    await twin.call("POST", "/_twin/faults", rule)
    started = time.monotonic()
    await issue(twin)
    await twin.call("PATCH", f"{REPO}/issues/1", {"title": "x"})
    assert time.monotonic() - started < 10
    assert await twin.events() == ["issues.edited", "issues.opened"]


async def test_nobody_listening_is_a_failed_delivery(twin: Any) -> None:
    """A dead receiver costs the API nothing; a hook moved later gets what comes later."""
    await twin.call("POST", "/_twin/hook", {"url": "http://127.0.0.1:9/", "secret": "new"})
    await issue(twin)
    log = await twin.deliveries()
    assert {d["status_code"] for d in log} == {0}
    config = {"url": twin.receiver.url}
    moved = await twin.call("PATCH", "/app/hook/config", config, token=twin.jwt())
    assert moved.body["secret"] == "********"
    await issue(twin)
    assert [d["status"] for d in await twin.deliveries()] == ["OK"]
    headers, raw = twin.receiver.hits[-1]
    mac = hmac.new(b"new", raw, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={mac}"
