"""Pull requests over REST."""

from collections.abc import Callable

from twins.github.access import may_see
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import account_body
from twins.github.bodies.commits import commit_body, file_body
from twins.github.bodies.pulls import brief_pull, pull_body, pull_of
from twins.github.body import Body
from twins.github.commit_log import changes, log, text_between
from twins.github.issue_changes import new_issue, note, retitle, tell
from twins.github.issues import change_state, check_reopen
from twins.github.problem import Problem, invalid, not_found
from twins.github.prose import text_in, title_in
from twins.github.pull_changes import Head, change_base, judge_mergeable, open_pull, refresh
from twins.github.state import Issue, Repository, User

PULLS = "/repos/{owner}/{repo}/pulls"
ONE = PULLS + "/{number}"
HEADS = "refs/heads/"
SORTS: dict[str, Callable[[Issue], float]] = {
    "created": lambda issue: issue.created_at,
    "updated": lambda issue: issue.updated_at,
    "popularity": lambda issue: len(issue.comments),
}


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", PULLS, list_pulls),
        Operation("POST", PULLS, create),
        Operation("GET", ONE, get),
        Operation("PATCH", ONE, update),
        Operation("GET", ONE + "/commits", list_commits),
        Operation("GET", ONE + "/files", list_files),
        Operation("GET", ONE + "/requested_reviewers", list_reviewers),
        Operation("POST", ONE + "/requested_reviewers", request_reviewers),
        Operation("DELETE", ONE + "/requested_reviewers", drop_reviewers),
    ]


def pull_issue(
    call: Call, level: str = "read", *, own: bool = False, permission: str = "pull_requests"
) -> Issue:
    """Return the pull request of the path if the caller may do this to it."""
    repo = call.repo()
    issue = repo.issues.get(call.number())
    if issue is None or issue.pull is None:
        raise not_found()
    call.need(repo, level, permission, exempt=own and issue.user is call.actor.user)
    return issue


def list_pulls(call: Call) -> Reply:
    """List pull requests by state, head (`owner:branch`) and base."""
    repo = call.repo("pull_requests")
    state, base = call.query("state", "open"), call.query("base")
    head = call.query("head").rpartition(":")[2]
    owner = call.query("head").partition(":")[0].lower() if ":" in call.query("head") else ""
    kept = [
        issue
        for issue in repo.issues.values()
        if issue.pull is not None
        and state in ("all", issue.state)
        and base in ("", issue.pull.base_ref)
        and head in ("", issue.pull.head_ref)
        and owner in ("", issue.pull.head_owner.login.lower())
    ]
    key = SORTS.get(call.query("sort"), SORTS["created"])
    default = "asc" if call.query("sort") not in {"", "created"} else "desc"
    down = call.query("direction", default) == "desc"
    kept.sort(key=lambda issue: (key(issue), issue.number), reverse=down)
    return Reply(body=[brief_pull(call.links, repo, issue) for issue in call.page(kept)])


def create(call: Call) -> Reply:
    """Open a pull request, anew or out of an issue; one open request per head and base."""
    repo = call.repo("pull_requests", "write" if call.actor.installation else "read")
    context, body = call.context, call.body()
    head, base = _branches(call, repo, body)
    _check_new(call, repo, head, base)
    if body.has("issue"):
        issue = _convertible(call, repo, body.integer("issue"))
    else:
        title, text = title_in(body, "PullRequest"), text_in(body, "PullRequest")
        issue = new_issue(context, repo, title, text)
    open_pull(
        context,
        repo,
        issue,
        head=head,
        base=base,
        draft=body.flag("draft"),
        modifiable=body.flag("maintainer_can_modify", default=True),
    )
    reply = pull_body(call.links, repo, issue)
    return Reply(201, reply, {"Location": reply["url"]})


def _convertible(call: Call, repo: Repository, number: int) -> Issue:
    """Return an open issue that is to become a pull request, with all that is said about it."""
    issue = repo.issues.get(number)
    if issue is None or issue.pull is not None or issue.state != "open":
        raise invalid("PullRequest", "issue")
    call.need(repo, "write", "issues", exempt=issue.user is call.user)
    return issue


def _branches(call: Call, repo: Repository, body: Body) -> tuple[Head, str]:
    named, base = body.need("head", "PullRequest"), body.need("base", "PullRequest")
    owner, colon, branch = named.partition(":")
    if HEADS + base not in repo.refs:
        raise invalid("PullRequest", "base")
    home = _home(call, repo, owner, body.text("head_repo")) if colon else repo
    head = Head(home, branch if colon else named)
    if HEADS + head.branch not in head.repo.refs:
        raise invalid("PullRequest", "head")
    return head, base


def _home(call: Call, repo: Repository, owner: str, name: str) -> Repository:
    """Return the repository of somebody in the same network that a head is in."""
    known = [repo, *(one for one in call.hub.world.repos.values() if one is not repo)]
    for one in known:
        wanted = one.name.lower() == name.rpartition("/")[2].lower() if name else True
        theirs = one.owner.login.lower() == owner.lower()
        if theirs and wanted and one.source is repo.source and may_see(call.actor, one):
            return one
    raise invalid("PullRequest", "head")


def _check_new(call: Call, repo: Repository, head: Head, base: str) -> None:
    git, owner = call.hub.git, head.repo.owner.login
    git.bring(repo.path, head.repo.path, head.tip)
    if git.is_ancestor(repo.path, head.tip, repo.refs[HEADS + base]):
        raise _refused(f"No commits between {base} and {head.branch}")
    if git.merge_base(repo.path, head.tip, repo.refs[HEADS + base]) is None:
        raise _refused(f"The {head.branch} branch has no history in common with {base}")
    for issue in repo.issues.values():
        pull = issue.pull
        if pull is None or issue.state != "open" or pull.head_repo is not head.repo:
            continue
        if (pull.head_ref, pull.base_ref) == (head.branch, base):
            raise _refused(f"A pull request already exists for {owner}:{head.branch}.")


def _refused(message: str) -> Problem:
    return invalid("PullRequest", "", "custom", message)


def get(call: Call) -> Reply:
    """Return a pull request, or its diff or patch."""
    issue = pull_issue(call)
    repo, pull, git = call.repo(), pull_of(issue), call.hub.git
    if call.media in {"diff", "patch"}:
        root = git.merge_base(repo.path, pull.base_sha, pull.head_sha) or pull.base_sha
        text = text_between(git, repo.path, root, pull.head_sha, call.media)
        return Reply(body=text, media_type=call.media)
    judge_mergeable(call.hub, repo, issue)
    return Reply(body=pull_body(call.links, repo, issue))


def update(call: Call) -> Reply:
    """Change title, body, base or state."""
    issue = pull_issue(call, "write", own=True)
    repo, context, body = call.repo(), call.context, call.body()
    state = body.choice("state", ("open", "closed"))
    modifiable = body.flag("maintainer_can_modify", default=pull_of(issue).maintainer_can_modify)
    title = title_in(body, "PullRequest", issue.title)
    text = text_in(body, "PullRequest", issue.body)
    base = body.text("base")
    if base and HEADS + base not in repo.refs:
        raise invalid("PullRequest", "base")
    check_reopen(issue, state)
    if state == "open" and issue.state == "closed":
        _bring_back(call, repo, issue)
    pull_of(issue).maintainer_can_modify = modifiable and pull_of(issue).head_repo is not repo
    retitle(context, repo, issue, title, text)
    if base and base != pull_of(issue).base_ref:
        change_base(context, repo, issue, base)
    change_state(context, repo, issue, state, "completed")
    return Reply(body=pull_body(call.links, repo, issue))


def _bring_back(call: Call, repo: Repository, issue: Issue) -> None:
    """Make a closed pull request fit to be reopened: its branch is there and has news."""
    pull = pull_of(issue)
    if pull.head_repo is None:
        raise _refused("state cannot be changed. The repository that submitted it is gone.")
    head = Head(pull.head_repo, pull.head_ref)
    if HEADS + head.branch not in head.repo.refs:
        raise _refused(f"state cannot be changed. The {pull.head_ref} branch has been deleted.")
    _check_new(call, repo, head, pull.base_ref)
    pull.head_sha = head.tip
    refresh(call.context, repo, issue)


def list_commits(call: Call) -> Reply:
    """List a pull request's commits, oldest first."""
    issue = pull_issue(call)
    repo, pull = call.repo(), pull_of(issue)
    entries = log(call.hub.git, repo.path, "--reverse", pull.head_sha, f"^{pull.base_sha}")
    shown = [commit_body(call.links, call.hub.world, repo, e) for e in call.page(entries)]
    return Reply(body=shown)


def list_files(call: Call) -> Reply:
    """List the files a pull request changes."""
    issue = pull_issue(call)
    repo, pull, git = call.repo(), pull_of(issue), call.hub.git
    root = git.merge_base(repo.path, pull.base_sha, pull.head_sha) or pull.base_sha
    files = call.page(changes(git, repo.path, root, pull.head_sha))
    return Reply(body=[file_body(call.links, repo, pull.head_sha, one) for one in files])


def list_reviewers(call: Call) -> Reply:
    """List who was asked for a review."""
    users = pull_of(pull_issue(call)).requested_reviewers
    return Reply(body={"users": [account_body(call.links, u) for u in users], "teams": []})


def _reviewers(call: Call, repo: Repository, issue: Issue) -> list[User]:
    found = []
    for login in call.body().items("reviewers"):
        user = call.hub.world.user(str(login))
        if user is None or (user is not repo.owner and user.id not in repo.collaborators):
            raise Problem(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or "
                "teams you specified is not a collaborator of the repository.",
            )
        if user is issue.user:
            raise Problem(422, "Review cannot be requested from pull request author.")
        found.append(user)
    return found


def request_reviewers(call: Call) -> Reply:
    """Ask people for a review."""
    issue = pull_issue(call, "write")
    repo, pull = call.repo(), pull_of(issue)
    for user in _reviewers(call, repo, issue):
        if user not in pull.requested_reviewers:
            pull.requested_reviewers.append(user)
            note(call.context, issue, "review_requested").reviewer = user
            asked = account_body(call.links.for_hooks(), user)
            tell(call.context, repo, issue, "review_requested", requested_reviewer=asked)
    return Reply(201, brief_pull(call.links, repo, issue))


def drop_reviewers(call: Call) -> Reply:
    """Take the question back."""
    issue = pull_issue(call, "write")
    repo, pull = call.repo(), pull_of(issue)
    for user in _reviewers(call, repo, issue):
        if user in pull.requested_reviewers:
            pull.requested_reviewers.remove(user)
            note(call.context, issue, "review_request_removed").reviewer = user
            asked = account_body(call.links.for_hooks(), user)
            tell(call.context, repo, issue, "review_request_removed", requested_reviewer=asked)
    return Reply(body=brief_pull(call.links, repo, issue))
