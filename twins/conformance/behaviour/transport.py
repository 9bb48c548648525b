"""What surrounds every answer: limits, ETags, prefixes, the delivery log, the unmodelled."""

from random import Random
from typing import Any

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, check, file, issue, pull, tip
from twins.conformance.rows import behaviours

NOT_MODELLED = (
    ("GET", "actions/runs"),
    ("GET", "contributors"),
    ("POST", "releases"),
    ("GET", "releases/latest"),
    ("PUT", "subscription"),
)


def etags(ground: Ground, random: Random) -> None:
    """What has not changed is answered 304 and costs nothing; a change is told."""
    plot = ground.plot(random)
    begin(plot)
    path = f"issues/{issue(plot)['number']}"
    where = random.choice([path, "issues", "labels", "commits", ""])
    first = plot.call("GET", where)
    condition = {"If-None-Match": first.headers["etag"]}
    for _ in range(2):
        again = plot.call("GET", where, headers=condition)
        expect("unchanged", (304, b""), (again.status, again.raw))
        expect("free", first.headers["x-ratelimit-used"], again.headers["x-ratelimit-used"])
    seen = plot.call("GET", "").headers["etag"]
    expect("itself", 304, plot.call("GET", "", headers={"If-None-Match": seen}).status)
    other = plot.call("GET", path)
    plot.ok("PATCH", path, {"title": plot.word("New")})
    after = plot.call("GET", path, headers={"If-None-Match": other.headers["etag"]})
    expect("changed", 200, after.status)
    expect_that("new tag", after.headers["etag"] != other.headers["etag"])


def allowance(ground: Ground, random: Random) -> None:
    """Every call costs one; when nothing is left the answer is 403 until the hour is over."""
    plot = ground.plot(random)
    limit = random.randrange(3, 7)
    ground.admin("POST", "rate_limit", {"limit": limit})
    try:
        expect("all of it", limit, plot.ok("GET", "/rate_limit")["rate"]["remaining"])
        for used in range(1, limit + 1):
            answer = plot.call("GET", "")
            expect("used", str(used), answer.headers["x-ratelimit-used"])
            expect("left", str(limit - used), answer.headers["x-ratelimit-remaining"])
        refused = plot.call("GET", "")
        expect("nothing left", 403, refused.status)
        expect_that("said", "rate limit exceeded" in refused.json["message"].lower())
        seen = plot.ok("GET", "/rate_limit")
        expect("asking is free", (limit, 0), (seen["rate"]["used"], seen["rate"]["remaining"]))
        expect("others have theirs", 200, plot.call("GET", "", by="read").status)
        ground.advance(3601)
        plot.tokens["bot"] = plot.mint()
        expect("next hour", 200, plot.call("GET", "").status)
    finally:
        ground.admin("POST", "rate_limit", {})


def secondary(ground: Ground, random: Random) -> None:
    """Who writes too fast is told to wait, may go on afterwards, and reads meanwhile."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    most = random.randrange(2, 5)
    status = random.choice([403, 429])
    ground.admin("POST", "rate_limit", {"content_per_minute": most, "status": status})
    try:
        path = f"issues/{number}/comments"
        for _ in range(most):
            expect("within", 201, plot.call("POST", path, {"body": plot.word()}).status)
        refused = plot.call("POST", path, {"body": plot.word()})
        expect("beyond", status, refused.status)
        expect_that("said", "secondary rate limit" in refused.json["message"])
        wait = int(refused.headers["retry-after"])
        expect_that("how long", 0 < wait <= 60)  # a minute
        expect("reads go on", 200, plot.call("GET", path).status)
        expect("nothing written", most, len(plot.ok("GET", path)))
        ground.advance(wait)
        expect("afterwards", 201, plot.call("POST", path, {"body": plot.word()}).status)
    finally:
        ground.admin("POST", "rate_limit", {})


def headers(ground: Ground, random: Random) -> None:
    """Every answer carries the limits, an id of its own and the media type."""
    plot = ground.plot(random)
    ids = set()
    for method, path in random.sample(
        [("GET", ""), ("GET", "labels"), ("GET", "issues/99"), ("POST", "issues")], 3
    ):
        answer = plot.call(method, path, {} if method == "POST" else None)
        for name in ("limit", "remaining", "reset", "used", "resource"):
            expect_that(f"x-ratelimit-{name}", f"x-ratelimit-{name}" in answer.headers)
        ids.add(answer.headers["x-github-request-id"])
        expect_that("media type", "github.v3" in answer.headers["x-github-media-type"])
    expect("ids", 3, len(ids))


def prefix(ground: Ground, random: Random) -> None:
    """Below the enterprise prefix everything is the same, with the prefix in its URLs."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    below = random.choice(["", f"/issues/{number}", "/branches/main", "/commits/main"])
    plain = plot.ok("GET", plot.path + below)
    there = plot.ok("GET", f"/api/v3{plot.path}{below}")
    expect_that("prefixed", f"{ground.url}/api/v3/repos/" in str(there))
    same = str(there).replace("/api/v3/", "/")
    expect("otherwise the same", str(plain), same)


# Lists, with the member that holds the items where the list is wrapped.
LISTS = (
    ("labels", ""),
    ("issues?state=all", ""),
    ("issues/comments", ""),
    ("issues/events", ""),
    ("issues/1/comments", ""),
    ("issues/1/events", ""),
    ("issues/1/timeline", ""),
    ("issues/1/labels", ""),
    ("issues/1/reactions", ""),
    ("pulls?state=all", ""),
    ("pulls/comments", ""),
    ("pulls/2/commits", ""),
    ("pulls/2/files", ""),
    ("pulls/2/reviews", ""),
    ("pulls/2/comments", ""),
    ("commits", ""),
    ("commits/main/statuses", ""),
    ("commits/main/status", "statuses"),
    ("commits/main/check-runs", "check_runs"),
    ("branches", ""),
    ("collaborators", ""),
    ("assignees", ""),
    ("git/matching-refs/heads", ""),
    ("rulesets", ""),
    ("rules/branches/main", ""),
    ("/app/installations", ""),
)


def every_list(ground: Ground, random: Random) -> None:
    """Every list comes in pages of any size that together are the list, once and in order."""
    plot = ground.plot(random)
    begin(plot)
    _fill(plot)
    for below, member in random.sample(LISTS, len(LISTS)):
        role = "app" if below.startswith("/app") else "owner"
        mark = "&" if "?" in below else "?"

        def page(query: str, below: str = below, member: str = member, by: str = role) -> list[Any]:
            found = plot.ok("GET", below + query, by=by)
            return list(found[member] if member else found)

        whole = page(f"{mark}per_page=100")
        expect_that(f"{below} has items", len(whole) > 1)
        first = page(f"{mark}per_page=1")
        expect(f"{below}: one", whole[:1], first)
        expect(f"{below}: the second", whole[1:2], page(f"{mark}per_page=1&page=2"))
        expect(f"{below}: beyond", [], page(f"{mark}per_page=100&page=9"))


def _fill(plot: Plot) -> None:
    """Make two of everything that is listed."""
    for n in range(2):
        plot.ok("POST", "labels", {"name": f"l{n}"})
    number = issue(plot, labels=["l0", "l1"])["number"]
    made = pull(plot)
    file(plot, plot.word("f"), "x", branch=made["head"]["ref"])
    pull(plot)
    sha = tip(plot)
    for n in range(2):
        plot.ok("POST", f"issues/{number}/comments", {"body": f"c{n}"})
        plot.ok("POST", f"issues/{number}/reactions", {"content": ("heart", "eyes")[n]})
        remark = {"body": "x", "path": made["path"], "line": n + 1, "side": "RIGHT"}
        plot.ok("POST", f"pulls/{made['number']}/comments", remark)
        plot.ok("POST", f"statuses/{sha}", {"state": "success", "context": f"s{n}"}, by="write")
        check(plot, sha, f"c{n}")
        rules = [{"type": ("deletion", "non_fast_forward")[n]}]
        names = {"include": ["~ALL"], "exclude": []}
        order = {"name": f"r{n}", "enforcement": "active", "rules": rules}
        plot.ok("POST", "rulesets", order | {"conditions": {"ref_name": names}}, by="owner")
    file(plot, plot.word("g"), "x")
    for n in range(2):
        plot.ok(
            "POST", f"statuses/{tip(plot)}", {"state": "success", "context": f"s{n}"}, by="write"
        )
        check(plot, tip(plot), f"c{n}")
    plot.ground.plot(plot.random)


def entrance(ground: Ground, random: Random) -> None:
    """The first links, the addresses and a word of wisdom need no credentials."""
    plot = ground.plot(random)
    root = plot.ok("GET", "/", by="")
    expect_that("links", str(root["rate_limit_url"]).endswith("/rate_limit"))
    expect_that("meta", isinstance(plot.ok("GET", "/meta", by="")["hooks"], list))
    expect_that("zen", len(plot.call("GET", "/zen", by="").raw) > 1)
    _ = random


def unmodelled(ground: Ground, random: Random) -> None:
    """What the twin does not model it says so, distinctly, and keeps count."""
    plot = ground.plot(random)
    method, path = random.choice(NOT_MODELLED)
    answer = plot.call(method, path, {} if method != "GET" else None)
    expect("status", (501, True), (answer.status, answer.json.get("unmodelled")))
    found = ground.admin("GET", f"journal?unmodelled=1&path={plot.path}/{path}")
    expect("counted", [method], [one["method"] for one in found])


def delivery_log(ground: Ground, random: Random) -> None:
    """Deliveries are logged, newest first, by cursor, and sent again under the same GUID."""
    plot = ground.plot(random)
    plot.events()
    made = [issue(plot)["number"] for _ in range(random.randrange(3, 6))]
    plot.events()
    page = plot.call("GET", "/app/hook/deliveries?per_page=2", by="app")
    expect("newest first", ["opened", "opened"], [one["action"] for one in page.json])
    full = plot.ok("GET", f"/app/hook/deliveries/{page.json[0]['id']}", by="app")
    expect("payload", made[-1], full["request"]["payload"]["issue"]["number"])
    expect("answer", (202, "OK"), (full["status_code"], full["status"]))
    target = page.headers["link"].partition(">")[0].lstrip("<").removeprefix(ground.url)
    older = plot.ok("GET", target, by="app")
    expect_that("older", older[0]["id"] < page.json[1]["id"])
    guid = page.json[0]["guid"]
    where = f"/app/hook/deliveries/{page.json[0]['id']}/attempts"
    expect("accepted", 202, plot.call("POST", where, by="app").status)
    [again] = plot.events()
    expect("guid", guid, again.headers["x-github-delivery"])
    again_first = plot.ok("GET", "/app/hook/deliveries?per_page=2", by="app")[0]
    logged = plot.ok("GET", "/app/hook/deliveries?per_page=1", by="app")[0]
    expect("the same page has news", logged["id"], again_first["id"])
    expect("logged", (guid, True), (logged["guid"], logged["redelivery"]))


def hook_config(ground: Ground, random: Random) -> None:
    """An App reads and changes where its events go; the secret is never shown."""
    plot = ground.plot(random)
    path = "/app/hook/config"
    before = plot.ok("GET", path, by="app")
    expect("url", ground.inbox.url, before["url"])
    target = f"{ground.inbox.url}{plot.word()}"
    seen = plot.ok("PATCH", path, {"url": target, "content_type": "json"}, by="app")
    expect("changed", target, seen["url"])
    expect_that("hidden", set(seen.get("secret", "*")) == {"*"})
    plot.events()
    issue(plot)
    expect("arrives there", ["issues.opened"], [one.name for one in plot.events()])
    plot.ok("PATCH", path, {"url": ground.inbox.url}, by="app")
    _ = random


ROWS = behaviours(
    "transport",
    etags,
    allowance,
    secondary,
    headers,
    every_list,
    prefix,
    entrance,
    unmodelled,
    delivery_log,
    hook_config,
)
