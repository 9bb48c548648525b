"""Check runs, check suites and statuses."""

from typing import Any

from twins.github.bodies.basics import account_body, iso, node_id
from twins.github.bodies.issues import app_body
from twins.github.bodies.pulls import pull_of
from twins.github.bodies.repositories import brief_body, repo_path
from twins.github.links import Links
from twins.github.state import CheckRun, CheckSuite, Repository, Status

JsonObject = dict[str, Any]
# From worst to best: a suite is as bad as its worst run.
WORST_FIRST = (
    "action_required",
    "timed_out",
    "cancelled",
    "failure",
    "startup_failure",
    "stale",
    "success",
    "neutral",
    "skipped",
)


def runs_of(repo: Repository, suite: CheckSuite) -> list[CheckRun]:
    """Return the runs of a suite, the latest of each name."""
    latest = {
        run.name: run
        for run in repo.runs.values()
        if run.suite is suite and run.id > suite.rerequested_at
    }
    return list(latest.values())


def suite_state(repo: Repository, suite: CheckSuite) -> tuple[str, str | None]:
    """Return status and conclusion rolled up from the latest runs."""
    runs = runs_of(repo, suite)
    if suite.waiting or not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        started = any(run.status == "in_progress" for run in runs)
        return ("in_progress" if started else "queued"), None
    conclusions = {run.conclusion for run in runs}
    return "completed", next((one for one in WORST_FIRST if one in conclusions), None)


def _pull_refs(links: Links, repo: Repository, sha: str) -> list[JsonObject]:
    """Return the open pull requests whose head is this commit, in the short form of checks."""
    path = repo_path(repo)
    brief = {"id": repo.id, "url": links.api(path), "name": repo.name}
    found = []
    for issue in repo.issues.values():
        if issue.pull is None or issue.state != "open" or issue.pull.head_sha != sha:
            continue
        if issue.pull.head_repo is not repo:
            continue  # of forks the checks of a repository know nothing
        pull = pull_of(issue)
        found.append(
            {
                "url": links.api(f"{path}/pulls/{issue.number}"),
                "id": pull.id,
                "number": issue.number,
                "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": brief},
                "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": brief},
            }
        )
    return found


def suite_body(links: Links, repo: Repository, suite: CheckSuite) -> JsonObject:
    """Return a check suite."""
    status, conclusion = suite_state(repo, suite)
    path = f"{repo_path(repo)}/check-suites/{suite.id}"
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": links.api(path),
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": _pull_refs(links, repo, suite.head_sha),
        "app": app_body(links, suite.app),
        "created_at": iso(suite.created_at),
        "updated_at": iso(suite.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len(runs_of(repo, suite)),
        "check_runs_url": links.api(f"{path}/check-runs"),
    }


def suite_item(links: Links, repo: Repository, suite: CheckSuite, head: JsonObject) -> JsonObject:
    """Return a check suite as lists carry it, with its repository and head commit."""
    about = {"repository": brief_body(links, repo), "head_commit": head}
    return {**suite_body(links, repo, suite), **about}


def run_body(links: Links, repo: Repository, run: CheckRun) -> JsonObject:
    """Return a check run."""
    path = f"{repo_path(repo)}/check-runs/{run.id}"
    page = links.html(f"/{repo.full_name}/runs/{run.id}")
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CR", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": links.api(path),
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": iso(run.started_at),
        "completed_at": iso(run.completed_at),
        "output": {
            "title": run.output.get("title"),
            "summary": run.output.get("summary"),
            "text": run.output.get("text"),
            "annotations_count": len(run.annotations),
            "annotations_url": links.api(f"{path}/annotations"),
        },
        "check_suite": {"id": run.suite.id},
        "app": app_body(links, run.suite.app),
        "pull_requests": _pull_refs(links, repo, run.head_sha),
    }


def run_payload(links: Links, repo: Repository, run: CheckRun) -> JsonObject:
    """Return a check run as events carry it: with its whole suite."""
    return {**run_body(links, repo, run), "check_suite": suite_body(links, repo, run.suite)}


def status_body(links: Links, repo: Repository, status: Status) -> JsonObject:
    """Return a status."""
    creator = {"creator": account_body(links, status.creator)}
    return {**simple_status_body(links, repo, status), **creator}


def simple_status_body(links: Links, repo: Repository, status: Status) -> JsonObject:
    """Return a status as the combined one lists it."""
    return {
        "url": links.api(f"{repo_path(repo)}/statuses/{status.sha}"),
        "avatar_url": links.html(f"/avatars/{status.creator.id}"),
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": iso(status.created_at),
        "updated_at": iso(status.created_at),
    }
