"""Who may do what: roles, tokens, invitations, installations and their deliveries."""

from base64 import b64encode
from random import Random

from twins.conformance.cited import REST, facts, links, of, refused
from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import issue

HOUR = 3600


def some_repositories(ground: Ground, random: Random) -> None:
    """A token for some repositories reaches no other of the same installation."""
    plot = ground.plot(random)
    other = f"{plot.owner}/{plot.word('second')}"
    ground.admin("POST", "seed", {"repos": [{"full_name": other, "private": True}]})
    second = ground.call("GET", f"/repos/{other}", token=plot.tokens["owner"]).json["id"]
    first = plot.ok("GET", "")["id"]
    place = f"/user/installations/{plot.installation}/repositories/{second}"
    plot.ok("PUT", place, by="owner")
    plot.tokens["both"] = plot.mint()
    listed = plot.ok("GET", "/installation/repositories", by="both")
    expect("both", ({first, second}, 2), (set(of(listed["repositories"], "id")), 2))
    pages = [
        plot.ok("GET", f"/installation/repositories?per_page=1&page={n}", by="both")
        for n in (1, 2, 3)
    ]
    expect("pages", [1, 1, 0], [len(page["repositories"]) for page in pages])
    expect("totals", [2, 2, 2], of(pages, "total_count"))
    body = random.choice([{"repositories": [plot.name]}, {"repository_ids": [first]}])
    path = f"/app/installations/{plot.installation}/access_tokens"
    made = plot.ok("POST", path, body, by="app")
    expect("told", ("selected", [first]), (made["repository_selection"], _ids(made)))
    plot.tokens["one"] = made["token"]
    expect("own", 200, plot.call("GET", "issues", by="one").status)
    expect("other", 404, plot.call("GET", f"/repos/{other}", by="one").status)
    plot.ok("DELETE", place, by="owner")
    where = f"/repos/{other}/installation"
    expect("removed", 404, plot.call("GET", where, by="app").status)


def _ids(made: dict[str, list[dict[str, int]]]) -> list[int]:
    return of(made["repositories"], "id")


def suspended(ground: Ground, random: Random) -> None:
    """A suspended installation has no access and gets no token until that ends."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    path = f"/app/installations/{plot.installation}"
    plot.ok("PUT", f"{path}/suspended", by="app")
    seen = plot.ok("GET", path, by="app")
    expect_that("told", seen["suspended_at"])
    target = random.choice([f"issues/{number}", "issues", "labels"])
    expect("reads", 403, plot.call("GET", target).status)
    expect("tokens", 403, plot.call("POST", f"{path}/access_tokens", {}, by="app").status)
    plot.ok("DELETE", f"{path}/suspended", by="app")
    expect("told", None, plot.ok("GET", path, by="app")["suspended_at"])
    plot.tokens["bot"] = plot.mint()
    expect("again", 200, plot.call("GET", target).status)


def revoked(ground: Ground, random: Random) -> None:
    """A token that revoked itself is dead at once; its sister lives."""
    plot = ground.plot(random, private=random.random() < 1 / 2)
    plot.tokens["other"] = plot.mint()
    expect("revoked", 204, plot.call("DELETE", "/installation/token").status)
    dead = plot.call("GET", random.choice(["issues", "/installation/repositories"]))
    expect("dead", (401, "Bad credentials"), (dead.status, dead.json["message"]))
    expect("sister", 200, plot.call("GET", "issues", by="other").status)


def proofs(ground: Ground, random: Random) -> None:
    """A JWT is good for ten minutes at most, not after its end, and not for a repository."""
    life = random.randrange(700, 3000)
    late = ground.call("GET", "/app", token=ground.proof(life=life))
    expect("too long", 401, late.status)
    over = ground.call("GET", "/app", token=ground.proof(age=1000, life=500))
    expect("over", 401, over.status)
    fine = ground.call("GET", "/app", token=ground.proof(life=random.randrange(60, 540)))
    expect("fine", (200, ground.app["slug"]), (fine.status, fine.json["slug"]))
    head, _, rest = ground.proof().partition(".")
    body, _, _ = rest.partition(".")
    forged = f"{head}.{body}.{b64encode(b'x' * 256).decode().rstrip('=')}"
    expect("forged", 401, ground.call("GET", "/app", token=forged).status)


def invited(ground: Ground, random: Random) -> None:
    """An invitation waits until it is taken or declined; a collaborator is only changed."""
    plot = ground.plot(random, private=True)
    name = plot.logins["stranger"]
    path = f"collaborators/{name}"
    made = plot.call("PUT", path, {}, by="owner")
    expect("invited", (201, name), (made.status, made.json["invitee"]["login"]))
    expect("not yet", 404, plot.call("GET", path, by="owner").status)
    expect("reads", 404, plot.call("GET", "", by="stranger").status)
    expect("sent", [made.json["id"]], of(plot.ok("GET", "invitations", by="owner"), "id"))
    mine = "/user/repository_invitations"
    expect("got", [made.json["id"]], of(plot.ok("GET", mine, by="stranger"), "id"))
    one = f"{mine}/{made.json['id']}"
    refused("not theirs", plot.call("PATCH", one, by="read"), 403, 404)
    if random.random() < 1 / 2:
        expect("declined", 204, plot.call("DELETE", one, by="stranger").status)
        expect("still not", 404, plot.call("GET", path, by="owner").status)
    else:
        expect("taken", 204, plot.call("PATCH", one, by="stranger").status)
        expect("is one", 204, plot.call("GET", path, by="owner").status)
        expect("reads", 200, plot.call("GET", "", by="stranger").status)
        expect("changed", 204, plot.call("PUT", path, {}, by="owner").status)
    expect("none left", [], plot.ok("GET", mine, by="stranger"))


def allowance(ground: Ground, random: Random) -> None:
    """Asking for the limit is free, so is what has not changed; all else counts one."""
    plot = ground.plot(random)
    issue(plot)

    def used() -> int:
        return int(plot.ok("GET", "/rate_limit")["resources"]["core"]["used"])

    before = used()
    expect("free", before, used())
    first = plot.call("GET", "issues")
    expect("one", before + 1, used())
    told = (first.headers["x-ratelimit-used"], first.headers["x-ratelimit-resource"])
    expect("told", (str(before + 1), "core"), told)
    for _ in range(random.randrange(1, 4)):
        same = plot.call("GET", "issues", headers={"If-None-Match": first.headers["etag"]})
        expect("unchanged", 304, same.status)
    expect("free too", before + 1, used())
    limit, left = (int(first.headers[f"x-ratelimit-{x}"]) for x in ("limit", "remaining"))
    expect("sum", limit, left + before + 1)


def as_itself(ground: Ground, random: Random) -> None:
    """What an App asks as itself is not held to the sixty an hour of an address."""
    ground.advance(HOUR + random.randrange(5, 60))
    nobody = ground.call("GET", "/zen")
    expect("sixty", "60", nobody.headers["x-ratelimit-limit"])
    calls = [ground.call("GET", "/app", token=ground.proof()).status for _ in range(70)]
    ground.advance(HOUR)  # the address is free again, for the rows behind
    expect("answered", {200}, set(calls))


def hook(ground: Ground, random: Random) -> None:
    """The hook's configuration changes in what is given; its secret is never shown."""
    path = "/app/hook/config"

    def call(method: str, body: object = None) -> dict[str, str]:
        answer = ground.call(method, path, body, token=ground.proof())
        expect(method, 200, answer.status)
        return dict(answer.json)

    before = call("GET")
    expect("masked", "********", before.get("secret"))
    value = random.choice(["0", "1"])
    seen = call("PATCH", {"insecure_ssl": value})
    expect("changed", value, seen["insecure_ssl"])
    same = ("url", "content_type", "secret")
    expect("kept", [before.get(name) for name in same], [seen.get(name) for name in same])
    call("PATCH", {"insecure_ssl": before["insecure_ssl"]})
    expect("back", before, call("GET"))


def deliveries(ground: Ground, random: Random) -> None:
    """Deliveries are listed newest first, a cursor apart; sent again they keep their GUID."""
    plot = ground.plot(random)
    issue(plot)
    arrived = [one for one in plot.events() if one.event == "issues"]
    guid = arrived[0].headers["x-github-delivery"]
    path = "/app/hook/deliveries"
    page = ground.call("GET", f"{path}?per_page=3", token=ground.proof())
    stamps = of(page.json, "delivered_at")
    expect("newest first", sorted(stamps, reverse=True), stamps)
    onward = links(page)["next"]
    expect_that("cursor", "cursor=" in onward and "page=" not in onward.replace("per_page", ""))
    second = ground.call("GET", onward, token=ground.proof()).json
    expect("apart", set(), set(of(page.json, "id")) & set(of(second, "id")))
    recent = ground.call("GET", f"{path}?per_page=30", token=ground.proof()).json
    one = next(x for x in recent if x["guid"] == guid)
    expect("sent", (False, "issues", "opened"), (one["redelivery"], one["event"], one["action"]))
    whole = plot.ok("GET", f"{path}/{one['id']}", by="app")
    payload = whole["request"]["payload"]
    expect("payload", arrived[0].payload["issue"]["id"], payload["issue"]["id"])
    expect_that("answer", "payload" in whole["response"] and "headers" in whole["response"])
    expect("accepted", 202, plot.call("POST", f"{path}/{one['id']}/attempts", by="app").status)
    [again] = [x for x in plot.events() if x.event == "issues"]
    expect("same", (guid, arrived[0].raw), (again.headers["x-github-delivery"], again.raw))
    recent = ground.call("GET", f"{path}?per_page=30", token=ground.proof()).json
    flags = sorted(x["redelivery"] for x in recent if x["guid"] == guid)
    expect("flags", [False, True], flags)
    failed = ground.call("GET", f"{path}?status=failure", token=ground.proof()).json
    expect_that("filter", guid not in of(failed, "guid"))


APPS = "docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/"
ROWS = facts(
    "access",
    (some_repositories, f"{REST}apps/apps#create-an-installation-access-token-for-an-app"),
    (suspended, f"{REST}apps/apps#suspend-an-app-installation"),
    (revoked, f"{REST}apps/installations#revoke-an-installation-access-token"),
    (proofs, f"{APPS}generating-a-json-web-token-jwt-for-a-github-app"),
    (invited, f"{REST}collaborators/invitations"),
    (allowance, f"{REST}rate-limit/rate-limit"),
    (as_itself, "github3.py CheckRun_update_check_run"),
    (hook, f"{REST}apps/webhooks#update-a-webhook-configuration-for-an-app"),
    (deliveries, f"{REST}apps/webhooks#list-deliveries-for-an-app-webhook"),
)
