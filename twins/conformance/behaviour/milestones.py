"""Milestones: what belongs to them, how they count, how they end."""

from random import Random

from twins.conformance.ground import Ground
from twins.conformance.misses import expect
from twins.conformance.moves import begin, issue, pull
from twins.conformance.rows import behaviours


def life(ground: Ground, random: Random) -> None:
    """A milestone reads back as it was made, is numbered, edited, closed, reopened and deleted."""
    plot = ground.plot(random)
    order = {"title": plot.word("v"), "description": plot.word(), "due_on": "2031-05-06T00:00:00Z"}
    made = [plot.ok("POST", "milestones", order)]
    made += [plot.ok("POST", "milestones", {"title": plot.word("w")}) for _ in range(2)]
    expect("numbers", [1, 2, 3], [one["number"] for one in made])
    seen = plot.ok("GET", "milestones/1")
    expect("as made", order, {name: seen[name] for name in order})
    expect("twice", 422, plot.call("POST", "milestones", order).status)
    title = plot.word("x")
    plot.ok("PATCH", "milestones/2", {"title": title, "state": "closed"})
    expect("open", [1, 3], [one["number"] for one in plot.ok("GET", "milestones")])
    [closed] = plot.ok("GET", "milestones?state=closed")
    expect("closed", (title, True), (closed["title"], closed["closed_at"] is not None))
    plot.ok("PATCH", "milestones/2", {"state": "open"})
    expect("again", None, plot.ok("GET", "milestones/2")["closed_at"])
    expect("a reader", 403, plot.call("POST", "milestones", {"title": "x"}, by="read").status)
    plot.ok("DELETE", "milestones/2")
    expect("gone", 404, plot.call("GET", "milestones/2").status)
    later = plot.ok("POST", "milestones", {"title": plot.word("y")})["number"]
    expect("its number stays free of others", 4, later)


def belonging(ground: Ground, random: Random) -> None:
    """Issues and pull requests go into a milestone and out; counts, filters, history follow."""
    plot = ground.plot(random)
    begin(plot)
    goal = plot.ok("POST", "milestones", {"title": plot.word("v")})["number"]
    label = plot.word("l")
    first = issue(plot, milestone=goal, labels=[label])["number"]
    second, third = issue(plot)["number"], issue(plot)["number"]
    offered = pull(plot)["number"]
    for number in (second, offered):
        plot.ok("PATCH", f"issues/{number}", {"milestone": goal})
    plot.ok("PATCH", f"issues/{second}", {"state": "closed"})
    expect("shown", goal, plot.ok("GET", f"pulls/{offered}")["milestone"]["number"])
    seen = plot.ok("GET", f"milestones/{goal}")
    expect("counts", (2, 1), (seen["open_issues"], seen["closed_issues"]))
    for query, numbers in {
        f"milestone={goal}&state=all": {first, second, offered},
        "milestone=none": {third},
        "milestone=*": {first, offered},
    }.items():
        expect(query, numbers, {one["number"] for one in plot.ok("GET", f"issues?{query}")})
    words = [one["name"] for one in plot.ok("GET", f"milestones/{goal}/labels")]
    expect("labels", [label], words)
    plot.ok("PATCH", f"issues/{first}", {"milestone": None})
    expect("out", None, plot.ok("GET", f"issues/{first}")["milestone"])
    told = [one["event"] for one in plot.ok("GET", f"issues/{first}/events")]
    expect("history", ["milestoned", "demilestoned"], [w for w in told if "milestone" in w])
    expect("none such", 422, plot.call("PATCH", f"issues/{first}", {"milestone": 99}).status)
    plot.ok("DELETE", f"milestones/{goal}")
    expect("left alone", None, plot.ok("GET", f"issues/{offered}")["milestone"])


def dropped(ground: Ground, random: Random) -> None:
    """A milestone that somebody without write access asks for is dropped without a word."""
    plot = ground.plot(random)
    goal = plot.ok("POST", "milestones", {"title": plot.word("v")})["number"]
    role = random.choice(["read", "stranger"])
    expect("dropped", None, issue(plot, by=role, milestone=goal)["milestone"])
    expect("kept", goal, issue(plot, by="triage", milestone=goal)["milestone"]["number"])


ROWS = behaviours("milestones", life, belonging, dropped)
