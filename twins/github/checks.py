"""Check runs, which only Apps write, and the suites they add up to."""

from typing import Any

from twins.github.access import why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.checks import (
    run_body,
    run_payload,
    runs_of,
    suite_item,
    suite_state,
)
from twins.github.body import Body
from twins.github.commits import commit_at
from twins.github.events import emit, emit_to
from twins.github.hub import Context
from twins.github.problem import Problem, invalid, missing, not_found
from twins.github.prose import within
from twins.github.state import App, CheckRun, CheckSuite, Repository
from twins.github.suites import head_commit, suite_payload
from twins.github.times import moment

REPO = "/repos/{owner}/{repo}"
RUN = REPO + "/check-runs/{number}"
STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "success",
    "failure",
    "neutral",
    "cancelled",
    "skipped",
    "timed_out",
    "action_required",
)
MOST_TEXT = 65_535
MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3
LONGEST_OF_ACTION = {"label": 20, "description": 40, "identifier": 20}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("POST", REPO + "/check-runs", create),
        Operation("GET", RUN, get),
        Operation("PATCH", RUN, update),
        Operation("GET", RUN + "/annotations", list_annotations),
        Operation("POST", RUN + "/rerequest", rerequest_run),
        Operation("POST", REPO + "/check-suites", create_suite),
        Operation("POST", REPO + "/check-suites/{number}/rerequest", rerequest_suite),
        Operation("GET", REPO + "/check-suites/{number}", get_suite),
        Operation("GET", REPO + "/check-suites/{number}/check-runs", list_in_suite),
        Operation("GET", REPO + "/commits/{ref:.+}/check-runs", list_for_ref),
        Operation("GET", REPO + "/commits/{ref:.+}/check-suites", list_suites),
    ]


def _writer(call: Call) -> tuple[Repository, App]:
    """Return where and as which App to write; people cannot."""
    if call.actor.kind == "user" and call.repo():
        call.accepted = "checks=write"
        raise Problem(403, "You must authenticate via a GitHub App.")
    repo = call.repo("checks", "write")
    if call.actor.app is None:
        raise why_not(call.actor)
    return repo, call.actor.app


def create(call: Call) -> Reply:
    """Start a check run on a commit."""
    repo, app = _writer(call)
    body = call.body()
    name, sha = body.need("name", "CheckRun"), body.need("head_sha", "CheckRun")
    if call.hub.git.kind(repo.path, sha) != "commit":
        raise Problem(422, f"No commit found for SHA: {sha}")
    suite = suite_on(call, repo, app, sha)
    number, now = call.hub.number("run", 50_000_000_001), call.hub.now()
    run = CheckRun(number, suite, name, sha, "queued", None, now, None)
    _apply(call, run, body)
    repo.runs[number] = run
    _tell(call, repo, run, "created")
    if run.status == "completed":
        _completed(call, repo, run)
    return Reply(201, run_body(call.links, repo, run))


def suite_on(call: Call, repo: Repository, app: App, sha: str) -> CheckSuite:
    """Return an App's suite on a commit, opened on the spot when there is none."""
    for suite in repo.suites.values():
        if suite.app is app and suite.head_sha == sha:
            return suite
    heads = (ref for ref, tip in repo.refs.items() if tip == sha and ref.startswith("refs/heads/"))
    branch = next(heads, "").removeprefix("refs/heads/") or None
    number, now = call.hub.number("suite", 30_000_000_001), call.hub.now()
    suite = CheckSuite(number, app, sha, branch, None, now, now)
    repo.suites[number] = suite
    return suite


def _apply(call: Call, run: CheckRun, body: Body) -> None:
    """Take over what the body says; a conclusion completes the run by itself."""
    now = call.hub.now()
    conclusion = body.choice("conclusion", CONCLUSIONS)
    status = body.choice("status", STATUSES) or ("completed" if conclusion else run.status)
    if status == "completed" and not (conclusion or run.conclusion):
        raise missing("CheckRun", "conclusion")
    run.name = body.text("name", run.name)
    run.status = status
    run.conclusion = (conclusion or run.conclusion) if status == "completed" else None
    done = body.text("completed_at")
    run.completed_at = (moment(done) or now) if status == "completed" else None
    if begun := body.text("started_at"):
        run.started_at = moment(begun)
    run.external_id = body.text("external_id", run.external_id)
    run.details_url = body.text("details_url") or run.details_url
    if "actions" in body:
        run.actions = _buttons(body)
    if body.has("output"):
        _apply_output(run, Body(body.object("output")))
    run.suite.waiting = False


def _buttons(body: Body) -> list[dict[str, str]]:
    """Read the buttons of a run: three at most, each with three short texts."""
    given = body.items("actions")
    if len(given) > MOST_ACTIONS:
        raise Problem(422, f"Invalid request.\n\nNo more than {MOST_ACTIONS} items are allowed.")
    found = [
        {name: Body(one).need(name, "CheckRun") for name in LONGEST_OF_ACTION} for one in given
    ]
    for one in found:
        for name, most in LONGEST_OF_ACTION.items():
            within(one[name], "CheckRun", name, most)
    return found


def request_action(context: Context, repo: Repository, run: CheckRun, identifier: str) -> None:
    """Tell a run's App that somebody pressed one of its buttons."""
    body = run_payload(context.links.for_hooks(), repo, run)
    asked = {"identifier": identifier}
    emit_to(
        context,
        repo,
        run.suite.app,
        "check_run",
        "requested_action",
        check_run=body,
        requested_action=asked,
    )


def _apply_output(run: CheckRun, output: Body) -> None:
    texts = {name: output.text(name) or None for name in ("title", "summary", "text")}
    for name in ("summary", "text"):
        if len(texts[name] or "") > MOST_TEXT:
            raise invalid("CheckRun", name, "custom", f"Only {MOST_TEXT} characters are allowed")
    if not texts["summary"]:
        raise Problem(422, 'Invalid request.\n\n"summary" wasn\'t supplied.')
    added = output.items("annotations")
    if len(added) > MOST_ANNOTATIONS:
        raise Problem(422, f"Only {MOST_ANNOTATIONS} annotations are allowed per request")
    run.output = texts
    run.annotations += [_annotation(Body(one)) for one in added]


def _annotation(one: Body) -> dict[str, object]:
    """Read one remark of a run."""
    level = one.choice("annotation_level", ("notice", "warning", "failure"))
    start = one.integer("start_line")
    if not level or not start:
        raise invalid("CheckRun", "annotations", "missing_field")
    return {
        "path": one.need("path", "CheckRun"),
        "start_line": start,
        "end_line": one.integer("end_line", start),
        "start_column": one.value.get("start_column"),
        "end_column": one.value.get("end_column"),
        "annotation_level": level,
        "title": one.value.get("title"),
        "message": one.need("message", "CheckRun"),
        "raw_details": one.value.get("raw_details"),
    }


def _tell(call: Call, repo: Repository, run: CheckRun, action: str) -> None:
    body = run_payload(call.links.for_hooks(), repo, run)
    if action == "rerequested":
        emit_to(call.context, repo, run.suite.app, "check_run", action, check_run=body)
    else:
        emit(call.context, repo, "check_run", action, check_run=body)


def _completed(call: Call, repo: Repository, run: CheckRun) -> None:
    """Tell of a finished run, and of its suite when that was the last one."""
    _tell(call, repo, run, "completed")
    run.suite.updated_at = call.hub.now()
    if suite_state(repo, run.suite)[0] == "completed":
        _tell_suite(call, repo, run.suite, "completed")


def _run(call: Call, repo: Repository) -> CheckRun:
    run = repo.runs.get(call.number())
    if run is None:
        raise not_found()
    return run


def get(call: Call) -> Reply:
    """Return a check run."""
    repo = call.repo("checks")
    return Reply(body=run_body(call.links, repo, _run(call, repo)))


def update(call: Call) -> Reply:
    """Change a check run; only the App that made it may."""
    repo, app = _writer(call)
    run = _run(call, repo)
    if run.suite.app is not app:
        raise Problem(403, f"Invalid app_id `{app.id}` - check run can only be modified by its App")
    before = (run.status, run.conclusion)
    _apply(call, run, call.body())
    if run.status == "completed" and before != (run.status, run.conclusion):
        _completed(call, repo, run)
    return Reply(body=run_body(call.links, repo, run))


def list_annotations(call: Call) -> Reply:
    """List the remarks of a check run."""
    repo = call.repo("checks")
    run = _run(call, repo)
    blob = f"/repos/{repo.full_name}/contents"
    shown = [
        {**one, "blob_href": call.links.api(f"{blob}/{one['path']}?ref={run.head_sha}")}
        for one in call.page(run.annotations)
    ]
    return Reply(body=shown)


def _filtered(call: Call, runs: list[CheckRun]) -> list[CheckRun]:
    name, status, app = call.query("check_name"), call.query("status"), call.query("app_id")
    if call.query("filter", "latest") == "latest":
        runs = list({(run.suite.app.id, run.name): run for run in runs}.values())
    kept = [
        run
        for run in runs
        if name in ("", run.name)
        and status in ("", run.status)
        and app in ("", str(run.suite.app.id))
    ]
    return sorted(kept, key=lambda run: run.id, reverse=True)


def _runs_reply(call: Call, repo: Repository, runs: list[CheckRun]) -> Reply:
    kept = _filtered(call, runs)
    shown = [run_body(call.links, repo, run) for run in call.page(kept)]
    return Reply(body={"total_count": len(kept), "check_runs": shown})


def list_for_ref(call: Call) -> Reply:
    """List the check runs of a commit, the latest of each name."""
    repo = call.repo("checks")
    sha = commit_at(call, repo, call.arg("ref"))
    return _runs_reply(call, repo, [run for run in repo.runs.values() if run.head_sha == sha])


def _suite_named(call: Call, repo: Repository) -> CheckSuite:
    suite = repo.suites.get(call.number())
    if suite is None:
        raise not_found()
    return suite


def _suite_item(call: Call, repo: Repository, suite: CheckSuite) -> dict[str, Any]:
    head = head_commit(call.hub, call.links, repo, suite.head_sha)
    return suite_item(call.links, repo, suite, head)


def get_suite(call: Call) -> Reply:
    """Return a check suite."""
    repo = call.repo("checks")
    return Reply(body=_suite_item(call, repo, _suite_named(call, repo)))


def list_in_suite(call: Call) -> Reply:
    """List the check runs of a suite."""
    repo = call.repo("checks")
    suite = _suite_named(call, repo)
    return _runs_reply(call, repo, [run for run in repo.runs.values() if run.suite is suite])


def list_suites(call: Call) -> Reply:
    """List the check suites of a commit, by App and by the name of a run in them."""
    repo = call.repo("checks")
    sha = commit_at(call, repo, call.arg("ref"))
    name, app = call.query("check_name"), call.query("app_id")
    found = [
        suite
        for suite in repo.suites.values()
        if suite.head_sha == sha
        and app in ("", str(suite.app.id))
        and (name == "" or any(run.name == name for run in runs_of(repo, suite)))
    ]
    shown = [_suite_item(call, repo, suite) for suite in call.page(found)]
    return Reply(body={"total_count": len(found), "check_suites": shown})


def create_suite(call: Call) -> Reply:
    """Open a suite by hand; one that is there already is returned."""
    repo, app = _writer(call)
    sha = call.body().need("head_sha", "CheckSuite")
    if call.hub.git.kind(repo.path, sha) != "commit":
        raise Problem(422, f"No commit found for SHA: {sha}")
    known = any(one.app is app and one.head_sha == sha for one in repo.suites.values())
    suite = suite_on(call, repo, app, sha)
    if not known:
        _tell_suite(call, repo, suite, "requested")
    return Reply(200 if known else 201, _suite_item(call, repo, suite))


def _tell_suite(call: Call, repo: Repository, suite: CheckSuite, action: str) -> None:
    body = suite_payload(call.hub, call.links.for_hooks(), repo, suite)
    emit_to(call.context, repo, suite.app, "check_suite", action, check_suite=body)


def rerequest_suite(call: Call) -> Reply:
    """Ask the App to check the commit again; it starts over."""
    repo, app = _writer(call)
    suite = _suite_named(call, repo)
    if suite.app is not app:
        raise Problem(403, "Check suite can only be rerequested by its App")
    suite.waiting = False
    suite.rerequested_at = call.hub.number("run", 50_000_000_001)
    _tell_suite(call, repo, suite, "rerequested")
    return Reply(201, {})


def rerequest_run(call: Call) -> Reply:
    """Ask the App to run one check again; the suite waits for it, the run stays as it is."""
    repo, app = _writer(call)
    run = _run(call, repo)
    if run.suite.app is not app:
        raise Problem(403, "Check run can only be rerequested by its App")
    if run.status != "completed":
        raise Problem(422, "This check run is not rerequestable")
    run.suite.waiting, run.suite.updated_at = True, call.hub.now()
    _tell(call, repo, run, "rerequested")
    return Reply(201, {})
