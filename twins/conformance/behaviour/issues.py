"""Issues, labels, comments, reactions, history, search."""

from random import Random

from twins.conformance.ground import Ground, Plot
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import JsonObject, issue
from twins.conformance.rows import behaviours

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
LETTERS = "abcdefghij klmnopqrstuvwxyz éß漢字🙂 <>&\"'`*_#\n"


def _text(random: Random, most: int = 200) -> str:
    return "x" + "".join(random.choices(LETTERS, k=random.randrange(1, most)))


def round_trip(ground: Ground, random: Random) -> None:
    """An issue reads back as it was written, wherever it is read."""
    plot = ground.plot(random)
    title, body = _text(random, 60).replace("\n", " ").strip(), _text(random)
    labels = [plot.word("label") for _ in range(random.randrange(1, 4))]
    people = [plot.logins[role] for role in random.sample(["write", "admin", "triage"], 2)]
    made = issue(plot, title=title, body=body, labels=labels, assignees=people)
    listed = plot.ok("GET", "issues")[0]
    for seen in (made, plot.ok("GET", f"issues/{made['number']}"), listed):
        expect("title and body", (title, body), (seen["title"], seen["body"]))
        expect("labels", labels, [one["name"] for one in seen["labels"]])
        expect("assignees", people, [one["login"] for one in seen["assignees"]])
        expect("author", plot.logins["owner"], seen["user"]["login"])
        expect("state", ("open", None), (seen["state"], seen["closed_at"]))


def partial_update(ground: Ground, random: Random) -> None:
    """An update changes what it names and nothing else."""
    plot = ground.plot(random)
    before = issue(plot, body=_text(random), labels=[plot.word()])
    changes = {
        "title": plot.word("New"),
        "body": _text(random),
        "state": "closed",
        "labels": [plot.word("other")],
    }
    name = random.choice(list(changes))
    path = f"issues/{before['number']}"
    plot.ok("PATCH", path, {name: changes[name]}, by="owner")
    after = plot.ok("GET", path)
    for member, new in changes.items():
        found = [one["name"] for one in after["labels"]] if member == "labels" else after[member]
        old = [one["name"] for one in before["labels"]] if member == "labels" else before[member]
        expect(member, new if member == name else old, found)


def filters(ground: Ground, random: Random) -> None:
    """Every filter of the list keeps exactly what it should."""
    plot = ground.plot(random)
    pool, made = [plot.word("l") for _ in range(3)], []
    people = ["write", "admin"]
    for _ in range(8):
        labels = random.sample(pool, random.randrange(0, 3))
        who, by = random.choice([*people, ""]), random.choice(["owner", "bot"])
        one = issue(plot, by=by, labels=labels, assignees=[plot.logins[who]] if who else [])
        state = random.choice(["open", "closed"])
        plot.ok("PATCH", f"issues/{one['number']}", {"state": state})
        made.append((one["number"], set(labels), plot.logins.get(who), state, by))
    creators = {"owner": plot.logins["owner"], "bot": "nightshift%5Bbot%5D"}
    for _ in range(5):
        state = random.choice(["open", "closed", "all"])
        label, who, by = random.choice(pool), random.choice(people), random.choice(["owner", "bot"])
        wanted = {
            f"state={state}&labels={label}": {
                n for n, ls, _, s, _ in made if label in ls and state in (s, "all")
            },
            f"state={state}&assignee={plot.logins[who]}": {
                n for n, _, p, s, _ in made if p == plot.logins[who] and state in (s, "all")
            },
            f"state={state}&assignee=none": {
                n for n, _, p, s, _ in made if p is None and state in (s, "all")
            },
            f"state={state}&creator={creators[by]}": {
                n for n, _, _, s, b in made if b == by and state in (s, "all")
            },
        }
        for query, numbers in wanted.items():
            found = plot.ok("GET", f"issues?per_page=100&{query}")
            expect(query, numbers, {one["number"] for one in found})


def paging(ground: Ground, random: Random) -> None:
    """Pages put together are the whole list, once, in order; Link says where they are."""
    plot = ground.plot(random)
    count, size = random.randrange(5, 12), random.randrange(2, 5)
    for _ in range(count):
        issue(plot)
    numbers: list[int] = []
    target, pages = f"{plot.path}/issues?per_page={size}", 0
    while target:
        answer = plot.call("GET", target)
        numbers += [one["number"] for one in answer.json]
        pages += 1
        links = {
            part.split('rel="')[1].rstrip('"'): part.partition(">")[0].lstrip(" <")
            for part in answer.headers.get("link", "").split(",")
            if part
        }
        if "next" in links:
            expect_that("last page", links["last"].endswith(f"page={-(-count // size)}"))
        target = links.get("next", "").removeprefix(ground.url)
    expect("numbers", list(range(count, 0, -1)), numbers)
    expect("pages", -(-count // size), pages)


def sorting(ground: Ground, random: Random) -> None:
    """Lists can be sorted by comments, both ways."""
    plot = ground.plot(random)
    counts = random.sample(range(5), 4)
    for count in counts:
        number = issue(plot)["number"]
        for _ in range(count):
            plot.ok("POST", f"issues/{number}/comments", {"body": plot.word()})
    up = plot.ok("GET", "issues?sort=comments&direction=asc")
    down = plot.ok("GET", "issues?sort=comments&direction=desc")
    expect("upwards", sorted(counts), [one["comments"] for one in up])
    expect("downwards", sorted(counts, reverse=True), [one["comments"] for one in down])


def counters(ground: Ground, random: Random) -> None:
    """Counts follow what they count: comments, reactions, open issues."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    path = f"issues/{number}"
    texts = [plot.word() for _ in range(random.randrange(2, 5))]
    kept = [plot.ok("POST", f"{path}/comments", {"body": text})["id"] for text in texts]
    gone = kept.pop(random.randrange(len(kept)))
    plot.ok("DELETE", f"issues/comments/{gone}")
    given = random.sample(REACTIONS, 3)
    for content in given:
        plot.ok("POST", f"{path}/reactions", {"content": content}, by="read")
    seen = plot.ok("GET", path)
    expect("comments", len(kept), seen["comments"])
    expect("ids", kept, [one["id"] for one in plot.ok("GET", f"{path}/comments")])
    expect(
        "reactions",
        {**dict.fromkeys(REACTIONS, 0), **dict.fromkeys(given, 1)},
        {name: seen["reactions"][name] for name in REACTIONS},
    )
    expect("total", 3, seen["reactions"]["total_count"])
    before = plot.ok("GET", "")["open_issues_count"]
    plot.ok("PATCH", path, {"state": "closed"})
    expect("open issues", before - 1, plot.ok("GET", "")["open_issues_count"])


def unique_ids(ground: Ground, random: Random) -> None:
    """Ids and node ids are unique and stay."""
    plot = ground.plot(random)
    made = [issue(plot) for _ in range(random.randrange(3, 7))]
    expect("numbers", list(range(1, len(made) + 1)), [one["number"] for one in made])
    for name in ("id", "node_id"):
        expect(f"distinct {name}", len(made), len({one[name] for one in made}))
        again = [plot.ok("GET", f"issues/{one['number']}")[name] for one in made]
        expect(f"same {name}", [one[name] for one in made], again)


def label_life(ground: Ground, random: Random) -> None:
    """A label is found in any case, keeps its issues when renamed, leaves them when deleted."""
    plot = ground.plot(random)
    name, color = plot.word("Label"), f"{random.randrange(16**6):06x}"
    made = plot.ok("POST", "labels", {"name": name, "color": color, "description": "d"})
    expect("read", made, plot.ok("GET", f"labels/{name.upper()}"))
    number = issue(plot, labels=[name])["number"]
    new = plot.word("renamed")
    changed = plot.ok("PATCH", f"labels/{name}", {"new_name": new})
    expect("renamed", (made["id"], new, color), (changed["id"], changed["name"], changed["color"]))
    path = f"issues/{number}/labels"
    expect("on the issue", [new], [one["name"] for one in plot.ok("GET", path)])
    expect("old name", 404, plot.call("GET", f"labels/{name}").status)
    plot.ok("DELETE", f"labels/{new}")
    expect("off the issue", [], plot.ok("GET", path))
    expect("gone", [], plot.ok("GET", "labels"))


def issue_labels(ground: Ground, random: Random) -> None:
    """Labels are made when they are needed, added once, replaced, taken off one by one."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}/labels"
    one, two, three = (plot.word(f"l{n}") for n in range(3))
    plot.ok("POST", path, {"labels": [one, two]})
    expect(
        "twice", [one, two], [x["name"] for x in plot.ok("POST", path, {"labels": [one.upper()]})]
    )
    expect("made", {one, two}, {x["name"] for x in plot.ok("GET", "labels")})
    expect(
        "replaced",
        [two, three],
        [x["name"] for x in plot.ok("PUT", path, {"labels": [two, three]})],
    )
    expect("removed", [three], [x["name"] for x in plot.ok("DELETE", f"{path}/{two}")])
    expect("not there", 404, plot.call("DELETE", f"{path}/{two}").status)
    plot.ok("DELETE", path)
    expect("empty", [], plot.ok("GET", path))


def label_paging(ground: Ground, random: Random) -> None:
    """Labels of repository and issue come in pages."""
    plot = ground.plot(random)
    names = [plot.word(f"l{n}") for n in range(5)]
    number = issue(plot, labels=names)["number"]
    for path in ("labels", f"issues/{number}/labels"):
        pages = [plot.ok("GET", f"{path}?per_page=2&page={page}") for page in (1, 2, 3, 4)]
        expect(f"sizes of {path}", [2, 2, 1, 0], [len(page) for page in pages])
        expect(f"all of {path}", set(names), {one["name"] for page in pages for one in page})


def closing(ground: Ground, random: Random) -> None:
    """Closing keeps the reason, twice is once, reopening forgets who closed."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}"
    reason = random.choice(["completed", "not_planned"])
    seen: JsonObject = {}
    for _ in range(2):
        seen = plot.ok("PATCH", path, {"state": "closed", "state_reason": reason}, by="admin")
    expect(
        "closed",
        ("closed", reason, plot.logins["admin"]),
        (seen["state"], seen["state_reason"], seen["closed_by"]["login"]),
    )
    expect("listed", [], plot.ok("GET", "issues"))
    seen = plot.ok("PATCH", path, {"state": "open"})
    expect(
        "open", ("open", "reopened", None), (seen["state"], seen["state_reason"], seen["closed_at"])
    )
    told = [one["event"] for one in plot.ok("GET", f"{path}/events")]
    expect("history", ["closed", "reopened"], told)


def comment_life(ground: Ground, random: Random) -> None:
    """A comment reads back, is edited, is listed for issue and repository, and goes."""
    plot = ground.plot(random)
    number, text = issue(plot)["number"], _text(random)
    made = plot.ok("POST", f"issues/{number}/comments", {"body": text})
    path = f"issues/comments/{made['id']}"
    expect("read", (text, made["id"]), (plot.ok("GET", path)["body"], made["id"]))
    new = _text(random)
    plot.ok("PATCH", path, {"body": new})
    expect("edited", new, plot.ok("GET", path)["body"])
    other = issue(plot)["number"]
    plot.ok("POST", f"issues/{other}/comments", {"body": "other"})
    every = plot.ok("GET", "issues/comments")
    expect("of the repository", [new, "other"], [one["body"] for one in every])
    down = plot.ok("GET", "issues/comments?direction=desc&sort=created")
    expect("downwards", ["other", new], [one["body"] for one in down])
    plot.ok("DELETE", path)
    expect("gone", 404, plot.call("GET", path).status)
    expect("not listed", [], plot.ok("GET", f"issues/{number}/comments"))


def reaction_life(ground: Ground, random: Random) -> None:
    """The same reaction twice is one; only its author takes it back."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    comment = plot.ok("POST", f"issues/{number}/comments", {"body": "x"})["id"]
    for path in (f"issues/{number}/reactions", f"issues/comments/{comment}/reactions"):
        one, two = random.sample(REACTIONS, 2)
        first = plot.call("POST", path, {"content": one}, by="read")
        again = plot.call("POST", path, {"content": one}, by="read")
        expect("statuses", (201, 200), (first.status, again.status))
        expect("the same", first.json["id"], again.json["id"])
        plot.ok("POST", path, {"content": two}, by="write")
        kept = plot.ok("GET", f"{path}?content={one}".replace("+", "%2B"))
        expect("filtered", [one], [x["content"] for x in kept])
        expect("all", 2, len(plot.ok("GET", path)))
        target = f"{path}/{first.json['id']}"
        expect("taken by another", 403, plot.call("DELETE", target, by="write").status)
        plot.ok("DELETE", target, by="read")
        expect("left", [two], [x["content"] for x in plot.ok("GET", path)])


def history(ground: Ground, random: Random) -> None:
    """History and timeline tell each change, in order, once."""
    plot = ground.plot(random)
    number, label = issue(plot)["number"], plot.word("l")
    path = f"issues/{number}"
    steps = ["label", "assign", "rename", "comment", "close", "lock"]
    random.shuffle(steps)
    words = {
        "label": "labeled",
        "assign": "assigned",
        "rename": "renamed",
        "comment": "commented",
        "close": "closed",
        "lock": "locked",
    }
    for step in steps:
        _do(plot, path, step, label)
    expect(
        "timeline",
        sorted(words.values()),
        sorted(x["event"] for x in plot.ok("GET", f"{path}/timeline")),
    )
    told = plot.ok("GET", f"{path}/events")
    expect("events", [words[s] for s in steps if s != "comment"], [x["event"] for x in told])
    for one in told:
        seen = plot.ok("GET", f"issues/events/{one['id']}")
        expect("one event", (one["event"], number), (seen["event"], seen["issue"]["number"]))
    every = plot.ok("GET", "issues/events")
    expect("of the repository", [x["id"] for x in reversed(told)], [x["id"] for x in every])


def _do(plot: Plot, path: str, step: str, label: str) -> None:
    match step:
        case "label":
            plot.ok("POST", f"{path}/labels", {"labels": [label]})
        case "assign":
            plot.ok("POST", f"{path}/assignees", {"assignees": [plot.logins["write"]]})
        case "rename":
            plot.ok("PATCH", path, {"title": plot.word("Renamed")})
        case "lock":
            plot.ok("PUT", f"{path}/lock", {"lock_reason": "resolved"})
        case "comment":
            plot.ok("POST", f"{path}/comments", {"body": "hello"})
        case _:
            plot.ok("PATCH", path, {"state": "closed"})


def assignment(ground: Ground, random: Random) -> None:
    """Assignees are added once and taken off; whoever may not be assigned is refused."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}/assignees"
    one, two = (plot.logins[role] for role in random.sample(["write", "admin", "maintain"], 2))
    plot.ok("POST", path, {"assignees": [one]})
    both = plot.ok("POST", path, {"assignees": [one, two]})
    expect("both", [one, two], [x["login"] for x in both["assignees"]])
    left = plot.ok("DELETE", path, {"assignees": [one]})
    expect("left", [two], [x["login"] for x in left["assignees"]])
    known = {x["login"] for x in plot.ok("GET", "assignees")}
    expect_that("assignable", {one, two} <= known)
    expect("may be", 204, plot.call("GET", f"assignees/{one}").status)
    expect("may not", 404, plot.call("GET", f"assignees/{plot.logins['stranger']}").status)


def locking(ground: Ground, random: Random) -> None:
    """A locked issue takes comments from writers only."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}"
    reason = random.choice(["off-topic", "too heated", "resolved", "spam"])
    plot.ok("PUT", f"{path}/lock", {"lock_reason": reason})
    seen = plot.ok("GET", path)
    expect("locked", (True, reason), (seen["locked"], seen["active_lock_reason"]))
    said = {"body": "x"}
    expect("a reader", 403, plot.call("POST", f"{path}/comments", said, by="read").status)
    expect("a writer", 201, plot.call("POST", f"{path}/comments", said, by="write").status)
    plot.ok("DELETE", f"{path}/lock")
    expect("unlocked", 201, plot.call("POST", f"{path}/comments", said, by="read").status)


def searching(ground: Ground, random: Random) -> None:
    """Search finds what the list finds, by state, label, author and words."""
    plot = ground.plot(random)
    word, label = plot.word("needle"), plot.word("l")
    wanted = issue(plot, title=f"has {word}", labels=[label])["number"]
    other = issue(plot, body=f"in the body {word}")["number"]
    issue(plot)
    plot.ok("PATCH", f"issues/{other}", {"state": "closed"})
    base = f"/search/issues?q=repo:{plot.full_name}+"
    queries = {
        word: {wanted, other},
        f"{word}+is:open": {wanted},
        f"label:{label}": {wanted},
        "is:issue+state:closed": {other},
        f"author:{plot.logins['owner']}+-label:{label}+is:closed": {other},
        "is:pr": set[int](),
    }
    for query, numbers in queries.items():
        found = plot.ok("GET", base + query)
        expect(query, numbers, {one["number"] for one in found["items"]})
        expect(f"count of {query}", len(numbers), found["total_count"])


def narrowing(ground: Ground, random: Random) -> None:
    """Search narrows by what is missing, by dates, numbers and places, and sorts as it is told."""
    plot = ground.plot(random)
    goal = plot.ok("POST", "milestones", {"title": plot.word("v")})
    plain = issue(plot, body="in the body")["number"]
    day = plot.ok("GET", f"issues/{plain}")["created_at"][:10]
    ground.advance(2 * 86_400)
    plot.tokens["bot"] = plot.mint()  # the old one has died of age
    people = [plot.logins["write"]]
    held = issue(plot, title="in the title", labels=["l"], assignees=people)["number"]
    plot.ok("PATCH", f"issues/{held}", {"milestone": goal["number"]})
    for _ in range(random.randrange(2, 4)):
        plot.ok("POST", f"issues/{plain}/comments", {"body": f"ask @{plot.logins['write']}"})
    base = f"/search/issues?q=repo:{plot.full_name}+"
    queries = {
        "no:label": [plain],
        "no:milestone": [plain],
        "-no:assignee": [held],
        f"milestone:{goal['title']}": [held],
        f"created:%3E{day}": [held],
        f"created:{day}": [plain],
        f"created:*..{day}": [plain],
        "comments:%3E1": [plain],
        "comments:0..1": [held],
        "title+in:title": [held],
        "body+in:body": [plain],
        f"mentions:{plot.logins['write']}": [plain],
        f"assignee:{plot.logins['write']}": [held],
        f"involves:{plot.logins['write']}+sort:created-asc": [plain, held],
        "sort:created-desc": [held, plain],
        "sort:comments-asc": [held, plain],
        "is:locked": [],
    }
    for query, numbers in queries.items():
        found = plot.ok("GET", base + query)["items"]
        expect(query, numbers, [one["number"] for one in found])


def since(ground: Ground, random: Random) -> None:
    """`since` keeps what was updated at that moment or later."""
    plot = ground.plot(random)
    old = issue(plot)["number"]
    ground.advance(random.randrange(2, 30))
    new = issue(plot)
    moment = new["updated_at"]
    found = plot.ok("GET", f"issues?since={moment}")
    expect("issues", {new["number"]}, {one["number"] for one in found})
    plot.ok("POST", f"issues/{old}/comments", {"body": "news"})
    found = plot.ok("GET", f"issues?since={moment}")
    expect("after a comment", {old, new["number"]}, {one["number"] for one in found})


ROWS = behaviours(
    "issues",
    round_trip,
    partial_update,
    filters,
    paging,
    sorting,
    counters,
    unique_ids,
    label_life,
    issue_labels,
    label_paging,
    closing,
    comment_life,
    reaction_life,
    history,
    assignment,
    locking,
    searching,
    narrowing,
    since,
)
