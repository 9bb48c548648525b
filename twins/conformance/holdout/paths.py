"""Pages, conditions, redirects, other sites' scripts, and search."""

from random import Random
from urllib.parse import quote, urlsplit

from twins.conformance.cited import REST, facts, links, of, say
from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, issue, pull

MOST = 100


def pages(ground: Ground, random: Random) -> None:
    """A first page has no way back, a last one none onward, a whole list no links at all."""
    plot = ground.plot(random)
    count, size = random.randrange(5, 9), random.randrange(2, 4)
    made = [issue(plot)["number"] for _ in range(count)]
    target = f"issues?direction=asc&state=all&per_page={size}"
    first = plot.call("GET", target)
    expect("first", {"next", "last"}, set(links(first)))
    found, onward = of(first.json), links(first)
    while "next" in onward:
        expect_that("keeps", f"per_page={size}" in onward["next"] and "state=all" in onward["next"])
        page = plot.call("GET", onward["next"])
        found += of(page.json)
        onward = links(page)
    expect("every one once", made, found)
    expect("last", {"prev", "first"}, set(onward))
    middle = links(plot.call("GET", f"{target}&page=2"))
    expect("middle", {"prev", "next", "first", "last"}, set(middle))
    beyond = plot.call("GET", f"{target}&page={count + 5}")
    expect("beyond", (200, []), (beyond.status, beyond.json))
    expect("whole", {}, links(plot.call("GET", f"issues?per_page={count}")))


def most(ground: Ground, random: Random) -> None:
    """Thirty come unless asked for, and never more than a hundred."""
    plot = ground.plot(random)
    total = len(plot.ok("GET", "labels?per_page=100")) + MOST
    for _ in range(MOST):
        plot.ok("POST", "labels", {"name": plot.word("l"), "color": "ededed"})
    total += len(plot.ok("POST", f"issues/{issue(plot)['number']}/labels", [plot.word("l")]))
    expect("unasked", 30, len(plot.ok("GET", "labels")))
    asked = plot.call("GET", f"labels?per_page={random.randrange(101, 1000)}")
    expect("asked", MOST, len(asked.json))
    expect_that("more", "next" in links(asked))
    rest = plot.ok("GET", f"labels?per_page={MOST}&page=2")
    expect("rest", total - MOST, len(rest))
    last = links(plot.call("GET", "labels?per_page=9"))["last"]
    expect("last", total % 9 or 9, len(plot.call("GET", last).json))


def moved(ground: Ground, random: Random) -> None:
    """A renamed repository answers at its old name with the way to its id."""
    plot = ground.plot(random)
    filed = issue(plot)
    identity = plot.ok("GET", "")["id"]
    new = plot.word("new")
    plot.ok("PATCH", "", {"name": new}, by="owner")
    rest = random.choice(["", f"/issues/{filed['number']}", "/issues"])
    old = plot.call("GET", f"{plot.path}{rest}")
    expect("read", 301, old.status)
    way = urlsplit(old.headers["location"])
    expect_that(f"to {way.path}", way.path.endswith(f"/repositories/{identity}{rest}"))
    expect("followed", 200, plot.call("GET", way.path).status)
    write = plot.call("PATCH", f"{plot.path}/issues/{filed['number']}", {"title": "x"})
    expect("write", 307, write.status)
    plot.name = new
    expect("new", filed["title"], plot.ok("GET", f"issues/{filed['number']}")["title"])


def elsewhere(ground: Ground, random: Random) -> None:
    """A page of any origin may call and may read the headers that matter."""
    plot = ground.plot(random)
    origin = {"Origin": f"https://{plot.word()}.example.com"}
    target = random.choice(["labels", "issues", ""])
    seen = plot.call("GET", target, headers=origin)
    expect("origin", "*", seen.headers.get("access-control-allow-origin"))
    exposed = seen.headers.get("access-control-expose-headers", "")
    names = {one.strip().lower() for one in exposed.split(",")}
    expect_that(f"exposed: {exposed}", {"etag", "link", "x-ratelimit-remaining"} <= names)
    asked = {"Access-Control-Request-Method": "POST"}
    before = plot.call("OPTIONS", target, by="", headers=origin | asked)
    expect("asked before", 204, before.status)
    allowed = before.headers.get("access-control-allow-methods", "")
    methods = {one.strip() for one in allowed.split(",")}
    expect_that(f"methods: {allowed}", {"GET", "POST", "PATCH", "PUT", "DELETE"} <= methods)
    allowed = before.headers.get("access-control-allow-headers", "")
    expect_that(f"headers: {allowed}", "authorization" in allowed.lower())


def _found(plot: Plot, query: str, more: str = "") -> list[int]:
    text = quote(f"repo:{plot.full_name} {query}")
    seen = plot.ok("GET", f"/search/issues?q={text}{more}", by="read")
    expect("complete", False, seen["incomplete_results"])
    return of(seen["items"])


def sought(ground: Ground, random: Random) -> None:
    """Qualifiers choose by kind, state, label and its absence, writer and place of a word."""
    plot = ground.plot(random)
    begin(plot)
    word, label = plot.word("word"), plot.word("l")
    titled = issue(plot, title=f"{word} one", labels=[label])["number"]
    bodied = issue(plot, body=f"some {word} here", by="read")["number"]
    opened = pull(plot, body=word)["number"]
    plot.ok("PATCH", f"issues/{titled}", {"state": "closed"}, by="owner")
    wanted = {
        word: {titled, bodied, opened},
        f"{word} is:issue": {titled, bodied},
        f"{word} type:pr": {opened},
        f"{word} is:open": {bodied, opened},
        f"{word} state:closed": {titled},
        f"{word} in:title": {titled},
        f"{word} in:body": {bodied, opened},
        f"label:{label}": {titled},
        f"{word} -label:{label} is:issue": {bodied},
        f"{word} no:label": {bodied, opened},
        f"{word} author:{plot.logins['read']}": {bodied},
        f"{word} -author:{plot.logins['read']}": {titled, opened},
        f"{word} author:app/{ground.app['slug']}": {opened},
        f"{word} {plot.word('no')}": set(),
    }
    for query in random.sample(sorted(wanted), len(wanted)):
        expect(query, wanted[query], set(_found(plot, query)))


def involved(ground: Ground, random: Random) -> None:
    """Search knows who is assigned, mentioned, has commented, or any of these."""
    plot = ground.plot(random)
    role = random.choice(["admin", "maintain", "write"])
    name = plot.logins[role]
    assigned = issue(plot, assignees=[name])["number"]
    mentioned = issue(plot, body=f"see @{name}")["number"]
    commented = issue(plot)["number"]
    say(plot, commented, plot.word(), by=role)
    written = issue(plot, by=role)["number"]
    issue(plot)
    expect("assignee", {assigned}, set(_found(plot, f"assignee:{name}")))
    expect("mentions", {mentioned}, set(_found(plot, f"mentions:{name}")))
    expect("commenter", {commented}, set(_found(plot, f"commenter:{name}")))
    every = {assigned, mentioned, commented, written}
    expect("involves", every, set(_found(plot, f"involves:{name}")))
    expect("comments", {commented}, set(_found(plot, "comments:>0")))
    expect_that("no assignee", assigned not in _found(plot, "no:assignee"))


def labelled(ground: Ground, random: Random) -> None:
    """Labels one after the other must all be there; joined by commas, one of them."""
    plot = ground.plot(random)
    one, other = plot.word("l"), plot.word("l")
    both = issue(plot, labels=[one, other])["number"]
    only = issue(plot, labels=[one])["number"]
    rest = issue(plot, labels=[other])["number"]
    expect("all", {both}, set(_found(plot, f"label:{one} label:{other}")))
    expect("any", {both, only, rest}, set(_found(plot, f"label:{one},{other}")))
    quoted = f'label:"{random.choice([one, one.upper()])}"'
    expect("quoted", {both, only}, set(_found(plot, quoted)))


def ranked(ground: Ground, random: Random) -> None:
    """Results are sorted and paged as asked; the total counts all of them."""
    plot = ground.plot(random)
    count = random.randrange(4, 7)
    made = []
    for _ in range(count):
        made.append(issue(plot)["number"])
        ground.advance(2)
    expect("oldest", made, _found(plot, "is:issue", "&sort=created&order=asc"))
    expect("newest", made[::-1], _found(plot, "is:issue", "&sort=created"))
    talked = random.choice(made)
    say(plot, talked, "x")
    expect("most talked", talked, _found(plot, "is:issue", "&sort=comments")[0])
    text = quote(f"repo:{plot.full_name} is:issue")
    target = f"/search/issues?q={text}&sort=created&order=asc&per_page=2&page=2"
    page = plot.call("GET", target, by="read")
    expect("page", (made[2:4], count), (of(page.json["items"]), page.json["total_count"]))
    expect_that("links", {"prev", "first"} <= set(links(page)))


PAGING = f"{REST}using-the-rest-api/using-pagination-in-the-rest-api"
PRACTICE = f"{REST}using-the-rest-api/best-practices-for-using-the-rest-api"
CORS = f"{REST}using-the-rest-api/using-cors-and-jsonp-to-make-cross-origin-requests"
SEARCH = "docs.github.com/search-github/searching-on-github/searching-issues-and-pull-requests"
ROWS = facts(
    "paths",
    (pages, PAGING),
    (most, PAGING),
    (moved, f"{PRACTICE}#follow-redirects"),
    (elsewhere, CORS),
    (sought, SEARCH),
    (involved, SEARCH),
    (labelled, f"{SEARCH}#search-by-label"),
    (ranked, f"{REST}search/search#search-issues-and-pull-requests"),
)
