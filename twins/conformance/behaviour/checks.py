"""Check runs, suites and statuses, and what they add up to."""

from random import Random

from twins.conformance.ground import Ground
from twins.conformance.misses import expect
from twins.conformance.moves import begin, branch, check, file
from twins.conformance.rows import behaviours

WORST_FIRST = ("action_required", "timed_out", "cancelled", "failure", "success")
STATES = ("error", "failure", "pending", "success")


def run_life(ground: Ground, random: Random) -> None:
    """A run is queued, in progress, completed; its output and annotations grow."""
    plot = ground.plot(random)
    sha, name = begin(plot), plot.word("check")
    order = {"name": name, "head_sha": sha, "external_id": plot.word("x")}
    made = plot.ok("POST", "check-runs", order)
    path = f"check-runs/{made['id']}"
    expect("queued", ("queued", None), (made["status"], made["conclusion"]))
    plot.ok("PATCH", path, {"status": "in_progress"})
    expect("in progress", "in_progress", plot.ok("GET", path)["status"])
    conclusion = random.choice(["success", "failure", "neutral", "skipped", "cancelled"])
    count = random.randrange(1, 5)
    notes = [
        {
            "path": "README.md",
            "start_line": n + 1,
            "end_line": n + 1,
            "annotation_level": random.choice(["notice", "warning", "failure"]),
            "message": plot.word(),
        }
        for n in range(count)
    ]
    output = {"title": "T", "summary": plot.word(), "annotations": notes}
    plot.ok("PATCH", path, {"conclusion": conclusion, "output": output})
    seen = plot.ok("GET", path)
    expect("completed", ("completed", conclusion), (seen["status"], seen["conclusion"]))
    expect("kept", (name, order["external_id"]), (seen["name"], seen["external_id"]))
    expect("summary", output["summary"], seen["output"]["summary"])
    expect("counted", count, seen["output"]["annotations_count"])
    found = plot.ok("GET", f"{path}/annotations")
    expect("annotations", [n["message"] for n in notes], [n["message"] for n in found])
    more = {"output": {"title": "T", "summary": "s", "annotations": notes[:1]}}
    plot.ok("PATCH", path, more)
    expect("grown", count + 1, plot.ok("GET", path)["output"]["annotations_count"])


def roll_up(ground: Ground, random: Random) -> None:
    """A suite waits for its last run and is as bad as its worst."""
    plot = ground.plot(random)
    sha = begin(plot)
    conclusions = [random.choice(WORST_FIRST) for _ in range(random.randrange(2, 4))]
    runs = [
        plot.ok("POST", "check-runs", {"name": f"c{n}", "head_sha": sha})
        for n, _ in enumerate(conclusions)
    ]
    suite = f"check-suites/{runs[0]['check_suite']['id']}"
    for run, conclusion in zip(runs, conclusions, strict=True):
        expect("waits", None, plot.ok("GET", suite)["conclusion"])
        plot.ok("PATCH", f"check-runs/{run['id']}", {"conclusion": conclusion})
    seen = plot.ok("GET", suite)
    worst = next(one for one in WORST_FIRST if one in conclusions)
    expect("suite", ("completed", worst), (seen["status"], seen["conclusion"]))
    expect("runs", len(runs), seen["latest_check_runs_count"])
    listed = plot.ok("GET", f"{suite}/check-runs")
    expect("listed", {run["id"] for run in runs}, {one["id"] for one in listed["check_runs"]})
    of_ref = plot.ok("GET", "commits/main/check-suites")
    expect("of the ref", [runs[0]["check_suite"]["id"]], [x["id"] for x in of_ref["check_suites"]])


def latest(ground: Ground, random: Random) -> None:
    """Of runs with one name the latest counts; all are there when asked for."""
    plot = ground.plot(random)
    sha, name, other = begin(plot), plot.word("a"), plot.word("b")
    conclusions = random.sample(["success", "failure", "neutral"], 3)
    made = [check(plot, sha, name, one)["id"] for one in conclusions]
    check(plot, sha, other)
    path = f"commits/{sha}/check-runs"
    seen = plot.ok("GET", f"{path}?check_name={name}")
    expect(
        "latest",
        [(made[-1], conclusions[-1])],
        [(x["id"], x["conclusion"]) for x in seen["check_runs"]],
    )
    expect("total", 2, plot.ok("GET", path)["total_count"])
    every = plot.ok("GET", f"{path}?filter=all&check_name={name}")
    expect("all", set(made), {one["id"] for one in every["check_runs"]})
    plot.ok("POST", "check-runs", {"name": other, "head_sha": sha})
    queued = plot.ok("GET", f"{path}?status=queued")
    expect("queued", [other], [one["name"] for one in queued["check_runs"]])
    expect("by branch", 2, plot.ok("GET", "commits/main/check-runs")["total_count"])
    pages = [plot.ok("GET", f"{path}?filter=all&per_page=2&page={n}") for n in (1, 2, 3)]
    expect("pages", [2, 2, 1], [len(page["check_runs"]) for page in pages])


def combined(ground: Ground, random: Random) -> None:
    """The newest status of each context counts, and the worst decides."""
    plot = ground.plot(random)
    sha, contexts = begin(plot), [plot.word("ci") for _ in range(3)]
    newest: dict[str, str] = {}
    path = f"commits/{sha}/status"
    expect("none", ("pending", 0), _summed(plot.ok("GET", path)))
    written = []
    for _ in range(random.randrange(2, 7)):
        context, state = random.choice(contexts), random.choice(STATES)
        order = {"context": context, "state": state, "description": plot.word()}
        made = plot.ok("POST", f"statuses/{sha}", order, by="write")
        written.append(made["id"])
        newest[context] = state
        states = set(newest.values())
        bad = bool(states & {"error", "failure"})
        word = "failure" if bad else "success" if states == {"success"} else "pending"
        expect("combined", (word, len(newest)), _summed(plot.ok("GET", path)))
    found = {one["context"]: one["state"] for one in plot.ok("GET", path)["statuses"]}
    expect("newest", newest, found)
    listed = plot.ok("GET", f"commits/{sha}/statuses")
    expect("all, newest first", written[::-1], [one["id"] for one in listed])


def _summed(seen: dict[str, object]) -> tuple[object, object]:
    return seen["state"], seen["total_count"]


def only_apps(ground: Ground, random: Random) -> None:
    """People write no check runs, and see who did."""
    plot = ground.plot(random)
    sha = begin(plot)
    role = random.choice(["owner", "admin", "write"])
    order = {"name": plot.word(), "head_sha": sha}
    expect(role, 403, plot.call("POST", "check-runs", order, by=role).status)
    made = plot.ok("POST", "check-runs", order)
    expect("app", ground.app["slug"], made["app"]["slug"])
    path = f"check-runs/{made['id']}"
    expect("change", 403, plot.call("PATCH", path, {"name": "x"}, by=role).status)
    expect("read", order["name"], plot.ok("GET", path, by="read")["name"])
    expect(
        "by app",
        1,
        plot.ok("GET", f"commits/{sha}/check-runs?app_id={ground.app['id']}")["total_count"],
    )
    expect("by another", 0, plot.ok("GET", f"commits/{sha}/check-runs?app_id=1")["total_count"])


def rerequest(ground: Ground, random: Random) -> None:
    """A suite that is asked for again starts over; so does what is opened by hand."""
    plot = ground.plot(random)
    sha = begin(plot)
    run = check(plot, sha, plot.word(), random.choice(["success", "failure"]))
    suite = f"check-suites/{run['check_suite']['id']}"
    expect("done", "completed", plot.ok("GET", suite)["status"])
    plot.ok("POST", f"{suite}/rerequest")
    seen = plot.ok("GET", suite)
    expect("again", ("queued", None), (seen["status"], seen["conclusion"]))
    plot.ok("POST", f"check-runs/{run['id']}/rerequest")
    expect("known", 200, plot.call("POST", "check-suites", {"head_sha": sha}).status)


def own_suite(ground: Ground, random: Random) -> None:
    """A push opens one suite per commit, however many branches point there."""
    plot = ground.plot(random)
    begin(plot)
    name = plot.word("b")
    branch(plot, name, plot.ok("GET", "git/ref/heads/main")["object"]["sha"])
    expect("one", 1, plot.ok("GET", f"commits/{name}/check-suites")["total_count"])
    sha = file(plot, plot.word("f"), "x", branch=name)
    [suite] = plot.ok("GET", f"commits/{sha}/check-suites")["check_suites"]
    expect(
        "head", (sha, name, "queued"), (suite["head_sha"], suite["head_branch"], suite["status"])
    )


ROWS = behaviours("checks", run_life, roll_up, latest, combined, only_apps, rerequest, own_suite)
