"""Issues and labels: filters, silence towards those who may not, and what is told afterwards."""

from random import Random

from twins.conformance.cited import EVENTS, REST, facts, of, say, shifted
from twins.conformance.ground import Ground
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import begin, branch, encoded, file, issue, pull, tip

REASONS = ("off-topic", "too heated", "resolved", "spam")


def since(ground: Ground, random: Random) -> None:
    """`since` lists what was touched after it, whenever that was filed."""
    plot = ground.plot(random)
    left, touched = issue(plot), issue(plot)
    ground.advance(random.randrange(120, 300))
    new = issue(plot)
    plot.ok("PATCH", f"issues/{touched['number']}", {"title": plot.word()}, by="owner")
    found = plot.ok("GET", f"issues?since={shifted(new['created_at'], -60)}")
    expect("touched since", {touched["number"], new["number"]}, set(of(found)))
    early = plot.ok("GET", f"issues?since={shifted(left['created_at'], -60)}")
    expect("all", 3, len(early))


def sorting(ground: Ground, random: Random) -> None:
    """Sorted by comments or by change, the most come first unless asked otherwise."""
    plot = ground.plot(random)
    filed = [issue(plot)["number"] for _ in range(3)]
    counts = random.sample(range(5), 3)
    for number, count in zip(filed, counts, strict=True):
        for _ in range(count):
            say(plot, number, "x")
    few = [number for _, number in sorted(zip(counts, filed, strict=True))]
    expect("fewest", few, of(plot.ok("GET", "issues?sort=comments&direction=asc")))
    expect("most", few[::-1], of(plot.ok("GET", "issues?sort=comments")))
    order = random.sample(filed, 3)
    for number in order:
        ground.advance(2)
        plot.ok("PATCH", f"issues/{number}", {"body": plot.word()}, by="owner")
    expect("changed", order[::-1], of(plot.ok("GET", "issues?sort=updated")))
    expect("created", filed[::-1], of(plot.ok("GET", "issues")))


def replaced(ground: Ground, random: Random) -> None:
    """An update replaces the labels and assignees it names and leaves alone what it does not."""
    plot = ground.plot(random)
    labels = [plot.word("l") for _ in range(4)]
    people = [plot.logins[role] for role in ("admin", "maintain", "write")]
    text = plot.word("body")
    filed = issue(plot, labels=labels[:2], assignees=people[:2], body=text)
    path = f"issues/{filed['number']}"
    seen = plot.ok("PATCH", path, {"labels": labels[2:]})
    expect("labels", set(labels[2:]), set(of(seen["labels"], "name")))
    expect("assignees stay", set(people[:2]), set(of(seen["assignees"], "login")))
    seen = plot.ok("PATCH", path, {"assignees": people[2:]})
    expect("assignees", people[2:], of(seen["assignees"], "login"))
    expect("labels stay", set(labels[2:]), set(of(seen["labels"], "name")))
    seen = plot.ok("PATCH", path, {random.choice(["labels", "assignees"]): []})
    expect("one is empty", 1, [seen["labels"], seen["assignees"]].count([]))
    expect("text stays", (text, filed["title"]), (seen["body"], seen["title"]))
    grown = plot.ok("POST", f"{path}/assignees", {"assignees": people[:1]})
    expect_that("added", people[0] in of(grown["assignees"], "login"))


def reasons(ground: Ground, random: Random) -> None:
    """A reason without a change of state is ignored; with one it is kept."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}"
    seen = plot.ok("PATCH", path, {"state_reason": "not_planned"}, by="write")
    expect("ignored", ("open", None), (seen["state"], seen["state_reason"]))
    reason = random.choice(["completed", "not_planned"])
    seen = plot.ok("PATCH", path, {"state": "closed", "state_reason": reason}, by="write")
    expect("kept", ("closed", reason), (seen["state"], seen["state_reason"]))
    expect("by", plot.logins["write"], seen["closed_by"]["login"])
    expect_that("when", seen["closed_at"])
    seen = plot.ok("PATCH", path, {"state": "open", "state_reason": "reopened"}, by="write")
    expect("reopened", ("open", "reopened"), (seen["state"], seen["state_reason"]))
    expect("not closed", None, seen["closed_at"])


def and_back(ground: Ground, random: Random) -> None:
    """Closing tells when and by whom; opened again, neither is told and the reason says so."""
    plot = ground.plot(random)
    path = f"issues/{issue(plot)['number']}"
    by = random.choice(["owner", "maintain", "write"])
    shut = plot.ok("PATCH", path, {"state": "closed"}, by=by)
    expect("by", plot.logins[by], shut["closed_by"]["login"])
    expect("reason", "completed", shut["state_reason"])
    expect_that("when", shut["closed_at"] >= shut["created_at"])
    again = plot.ok("PATCH", path, {"state": "open"}, by=by)
    expect("again", ("open", None, None), (again["state"], again["closed_at"], again["closed_by"]))
    expect("says so", "reopened", again["state_reason"])


def events(ground: Ground, random: Random) -> None:
    """Each event says what it is about: the label, both people, both titles, the reason."""
    plot = ground.plot(random)
    filed = issue(plot)
    path, title = f"issues/{filed['number']}", plot.word("New")
    color = f"{random.randrange(16**6):06x}"
    label = plot.ok("POST", "labels", {"name": plot.word("l"), "color": color})
    reason = random.choice(REASONS)
    plot.ok("POST", f"{path}/labels", {"labels": [label["name"]]}, by="write")
    plot.ok("POST", f"{path}/assignees", {"assignees": [plot.logins["admin"]]}, by="write")
    plot.ok("PATCH", path, {"title": title}, by="write")
    plot.ok("PUT", f"{path}/lock", {"lock_reason": reason}, by="write")
    told = {one["event"]: one for one in plot.ok("GET", f"{path}/events")}
    about = {"name": label["name"], "color": color}
    expect("label", about, told["labeled"]["label"])
    expect("assignee", plot.logins["admin"], told["assigned"]["assignee"]["login"])
    expect("assigner", plot.logins["write"], told["assigned"]["assigner"]["login"])
    expect("rename", {"from": filed["title"], "to": title}, told["renamed"]["rename"])
    expect("reason", reason, told["locked"]["lock_reason"])
    one = told[random.choice(["labeled", "assigned", "renamed"])]
    alone = plot.ok("GET", f"issues/events/{one['id']}")
    expect("alone", (one["event"], filed["number"]), (alone["event"], alone["issue"]["number"]))
    whole = plot.ok("GET", "issues/events")
    expect_that("in the repository's", one["id"] in of(whole, "id"))


def timeline(ground: Ground, random: Random) -> None:
    """Comments and cross-references stand in the timeline and not among the events."""
    plot = ground.plot(random)
    begin(plot)
    filed = issue(plot)
    number = filed["number"]
    text = plot.word()
    comment = say(plot, number, text)
    if random.random() < 1 / 2:
        source, is_pull = issue(plot, body=f"like #{number}"), False
    else:
        source, is_pull = pull(plot, body=f"see #{number}"), True
    shown = plot.ok("GET", f"issues/{number}/timeline")
    told = {one["event"]: one for one in shown}
    expect("comment", (comment["id"], text), (told["commented"]["id"], told["commented"]["body"]))
    cross = told["cross-referenced"]["source"]
    expect("source", ("issue", source["number"]), (cross["type"], cross["issue"]["number"]))
    expect("is a pull request", is_pull, bool(cross["issue"].get("pull_request")))
    kinds = set(of(plot.ok("GET", f"issues/{number}/events"), "event"))
    expect("not events", set(), kinds & {"commented", "cross-referenced"})


def mentioned(ground: Ground, random: Random) -> None:
    """Whoever is mentioned in the body is the actor of a `mentioned` event."""
    plot = ground.plot(random)
    role = random.choice(["admin", "write", "triage"])
    filed = issue(plot, body=f"{plot.word()} @{plot.logins[role]} {plot.word()}")
    found = plot.ok("GET", f"issues/{filed['number']}/events")
    actors = [one["actor"]["login"] for one in found if one["event"] == "mentioned"]
    expect("actor", [plot.logins[role]], actors)


def locked(ground: Ground, random: Random) -> None:
    """A locked conversation keeps its reason and is open only to those who may push."""
    plot = ground.plot(random)
    number = issue(plot)["number"]
    reason = random.choice(REASONS)
    plot.ok("PUT", f"issues/{number}/lock", {"lock_reason": reason}, by="write")
    seen = plot.ok("GET", f"issues/{number}")
    expect("locked", (True, reason), (seen["locked"], seen["active_lock_reason"]))
    path, body = f"issues/{number}/comments", {"body": plot.word()}
    expect("others", 403, plot.call("POST", path, body, by="stranger").status)
    expect("writers", 201, plot.call("POST", path, body, by="write").status)
    plot.ok("DELETE", f"issues/{number}/lock", by="write")
    seen = plot.ok("GET", f"issues/{number}")
    expect("open", (False, None), (seen["locked"], seen["active_lock_reason"]))
    expect("everybody", 201, plot.call("POST", path, body, by="stranger").status)


def renamed_label(ground: Ground, random: Random) -> None:
    """A label's new name shows on its issues, its other members stay; deleted, it is off them."""
    plot = ground.plot(random)
    order = {"name": plot.word("l"), "color": f"{random.randrange(16**6):06x}"}
    order |= {"description": plot.word("what")}
    plot.ok("POST", "labels", order)
    keeps = plot.word("keeps")
    number = issue(plot, labels=[order["name"], keeps])["number"]
    name = plot.word("renamed")
    seen = plot.ok("PATCH", f"labels/{order['name']}", {"new_name": name})
    expect("stays", (order["color"], order["description"]), (seen["color"], seen["description"]))
    expect("old", 404, plot.call("GET", f"labels/{order['name']}").status)
    on = plot.ok("GET", f"issues/{number}/labels")
    expect("on the issue", {name, keeps}, set(of(on, "name")))
    expect("filter", [number], of(plot.ok("GET", f"issues?labels={name}")))
    plot.ok("DELETE", f"labels/{name}")
    expect("off", [keeps], of(plot.ok("GET", f"issues/{number}/labels"), "name"))


def media(ground: Ground, random: Random) -> None:
    """The media type chooses between the raw, the plain and the rendered text."""
    plot = ground.plot(random)
    word = plot.word()
    filed = issue(plot, body=f"**{word}**")
    path = f"issues/{filed['number']}"
    names = ("body", "body_text", "body_html")
    wanted = {"raw": {0}, "text": {1}, "html": {2}, "full": {0, 1, 2}}
    for kind in random.sample(sorted(wanted), 4):
        accept = {"Accept": f"application/vnd.github.{kind}+json"}
        seen = plot.call("GET", path, headers=accept).json
        expect(kind, wanted[kind], {n for n, name in enumerate(names) if name in seen})
    accept = {"Accept": "application/vnd.github.full+json"}
    seen = plot.call("GET", path, headers=accept).json
    expect("raw", f"**{word}**", seen["body"])
    expect("text", word, seen["body_text"].strip())
    expect_that("html", f"<strong>{word}</strong>" in seen["body_html"])


def closed_by_commit(ground: Ground, random: Random) -> None:
    """A commit with a keyword closes when it reaches the default branch, and is named."""
    plot = ground.plot(random)
    sha = begin(plot)
    number = issue(plot)["number"]
    side = plot.word("b")
    branch(plot, side, sha)
    word = random.choice(["close", "closes", "closed", "fix", "fixes", "resolve", "resolved"])
    order = {"message": f"{word} #{number}", "content": encoded(b"x"), "branch": side}
    plot.ok("PUT", f"contents/{plot.word()}", order, by="write")
    expect("not yet", "open", plot.ok("GET", f"issues/{number}")["state"])
    head = tip(plot, side)
    plot.ok("PATCH", "git/refs/heads/main", {"sha": head}, by="write")
    expect("closed", "closed", plot.ok("GET", f"issues/{number}")["state"])
    found = plot.ok("GET", f"issues/{number}/events")
    closing = [one for one in found if one["event"] == "closed"]
    expect("commit", [head], of(closing, "commit_id"))


def referenced(ground: Ground, random: Random) -> None:
    """A commit message that names an issue leaves a `referenced` event with the commit."""
    plot = ground.plot(random)
    begin(plot)
    number = issue(plot)["number"]
    message = f"{plot.word()} for #{number}"
    order = {"message": message, "content": encoded(plot.word().encode())}
    sha = plot.ok("PUT", f"contents/{plot.word()}", order, by="write")["commit"]["sha"]
    file(plot, plot.word(), "unrelated")
    found = plot.ok("GET", f"issues/{number}/events")
    expect("commit", [sha], [one["commit_id"] for one in found if one["event"] == "referenced"])
    expect("open", "open", plot.ok("GET", f"issues/{number}")["state"])


LINKING = "docs.github.com/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue"
ROWS = facts(
    "issues",
    (since, f"{REST}issues/issues#list-repository-issues"),
    (sorting, f"{REST}issues/issues#list-repository-issues"),
    (replaced, f"{REST}issues/issues#update-an-issue"),
    (reasons, f"{REST}issues/issues#update-an-issue"),
    (and_back, f"{REST}issues/issues#update-an-issue"),
    (events, EVENTS),
    (timeline, f"{EVENTS}#cross-referenced"),
    (mentioned, f"{EVENTS}#mentioned"),
    (locked, f"{REST}issues/issues#lock-an-issue"),
    (renamed_label, f"{REST}issues/labels#update-a-label"),
    (media, f"{REST}issues/issues#get-an-issue"),
    (closed_by_commit, LINKING),
    (referenced, f"{EVENTS}#referenced"),
)
