"""Commit statuses: one line per context, the newest counts."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.checks import simple_status_body, status_body
from twins.github.bodies.commits import commit_body
from twins.github.bodies.repositories import brief_body
from twins.github.commit_log import one
from twins.github.commits import commit_at
from twins.github.events import emit
from twins.github.guard import is_protected
from twins.github.problem import Problem, invalid
from twins.github.state import Repository, Status

REPO = "/repos/{owner}/{repo}"
STATES = ("error", "failure", "pending", "success")


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("POST", REPO + "/statuses/{sha}", create),
        # Older clients still ask here; it is the same list.
        Operation("GET", REPO + "/statuses/{ref:.+}", list_statuses),
        Operation("GET", REPO + "/commits/{ref:.+}/status", combined),
        Operation("GET", REPO + "/commits/{ref:.+}/statuses", list_statuses),
    ]


def create(call: Call) -> Reply:
    """Set a status on a commit."""
    repo = call.repo("statuses", "write")
    sha, body = call.arg("sha"), call.body()
    if call.hub.git.kind(repo.path, sha) != "commit":
        raise Problem(422, f"No commit found for SHA: {sha}")
    if body.text("state") not in STATES:
        raise invalid("Status", "state")
    status = Status(
        id=call.hub.number("status", 40_000_000_001),
        sha=sha,
        context=body.text("context", "default"),
        state=body.text("state"),
        description=body.text("description") or None,
        target_url=body.text("target_url") or None,
        creator=call.user,
        created_at=call.hub.now(),
    )
    repo.statuses.append(status)
    _tell(call, repo, status)
    return Reply(201, status_body(call.links, repo, status))


def _tell(call: Call, repo: Repository, status: Status) -> None:
    links = call.links.for_hooks()
    body = status_body(links, repo, status)
    names = ("id", "context", "description", "state", "target_url", "created_at", "updated_at")
    commit = commit_body(links, call.hub.world, repo, one(call.hub.git, repo.path, status.sha))
    payload = {name: body[name] for name in names}
    heads = [r for r, s in repo.refs.items() if s == status.sha and r.startswith("refs/heads/")]
    url = links.api(f"/repos/{repo.full_name}/commits/{status.sha}")
    branches = [
        {
            "name": ref.removeprefix("refs/heads/"),
            "commit": {"sha": status.sha, "url": url},
            "protected": is_protected(repo, ref.removeprefix("refs/heads/")),
        }
        for ref in heads
    ]
    about = {"sha": status.sha, "name": repo.full_name, "avatar_url": body["avatar_url"]}
    emit(call.context, repo, "status", None, **payload, **about, commit=commit, branches=branches)


def _on(call: Call, repo: Repository) -> tuple[str, list[Status]]:
    """Return a commit and its statuses, newest first."""
    sha = commit_at(call, repo, call.arg("ref"))
    return sha, [status for status in reversed(repo.statuses) if status.sha == sha]


def list_statuses(call: Call) -> Reply:
    """List all statuses of a commit, newest first."""
    repo = call.repo("statuses")
    shown = call.page(_on(call, repo)[1])
    return Reply(body=[status_body(call.links, repo, one) for one in shown])


def combined(call: Call) -> Reply:
    """Return the newest status of each context, and what they add up to."""
    repo = call.repo("statuses")
    sha, newest_first = _on(call, repo)
    latest: dict[str, Status] = {}
    for status in newest_first:
        latest.setdefault(status.key, status)
    states = {status.state for status in latest.values()}
    if states & {"error", "failure"}:
        state = "failure"
    else:
        state = "success" if states == {"success"} else "pending"
    path = f"/repos/{repo.full_name}/commits/{sha}"
    shown = call.page(list(latest.values()))
    body = {
        "state": state,
        "statuses": [simple_status_body(call.links, repo, one) for one in shown],
        "sha": sha,
        "total_count": len(latest),
        "repository": brief_body(call.links, repo),
        "commit_url": call.links.api(path),
        "url": call.links.api(f"{path}/status"),
    }
    return Reply(body=body)
