"""What is refused, and how; each line says who told us.

Source `openapi`: the description of the operation has the status, which is checked. Else a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twins.conformance.ground import Ground
from twins.conformance.holdout.facts import MARK, REST
from twins.conformance.landscape import Landscape, lay_out
from twins.conformance.misses import expect, expect_that
from twins.conformance.moves import issue
from twins.conformance.rows import Row
from twins.contract.contract import Contract, operation_of

OPENAPI = "openapi"
TROUBLE = f"{REST}using-the-rest-api/troubleshooting-the-rest-api"
STARTED = f"{REST}using-the-rest-api/getting-started-with-the-rest-api"
CONTENTS = f"{REST}repos/contents#create-or-update-file-contents"
STATUSES = f"{REST}commits/statuses#create-a-commit-status"
RUNS = f"{REST}checks/runs#create-a-check-run"
HEX = f"{REST}issues/labels#create-a-label"
MINE = f"{REST}repos/repos#list-repositories-for-the-authenticated-user"
FORBIDDEN = "Resource not accessible by integration"
TEXT = {"message": "m", "content": "eA=="}
RULES: dict[str, Any] = {"name": "r", "target": "branch", "enforcement": "active"}
PROTECTION = {
    "required_status_checks": None,
    "enforce_admins": None,
    "required_pull_request_reviews": None,
    "restrictions": None,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One refusal; `{names}` are the landscape's; an empty header is left out altogether."""

    what: str
    method: str
    path: str
    status: int
    body: Any = None
    by: str = "bot"
    says: str = ""
    code: str = ""
    source: str = OPENAPI
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return a name nobody else has."""
        return f"{MARK}refusal: {self.what}"


def no(
    what: str,
    request: str,
    status: int,
    body: Any = None,  # noqa: ANN401  # JSON
    **more: Any,  # noqa: ANN401  # what a Line takes
) -> Line:
    """Return a line; a request is `METHOD path`, below the repository unless it has a slash."""
    method, _, path = request.partition(" ")
    return Line(what, method, path, status, body, **more)


def remark(**more: object) -> dict[str, object]:
    """Return the order for a remark on the open pull request."""
    base = {"body": "x", "commit_id": "{topic_head}", "path": "{path}", "line": 1}
    return {**base, "side": "RIGHT", **more}


APP = (
    no("an installation nobody knows", "GET /app/installations/{number}", 404, by="app"),
    no("no token for it", "POST /app/installations/{number}/access_tokens", 404, {}, by="app"),
    no("no suspending it", "PUT /app/installations/{number}/suspended", 404, by="app"),
    no("no waking it", "DELETE /app/installations/{number}/suspended", 404, by="app"),
    no("no uninstalling it", "DELETE /app/installations/{number}", 404, by="app"),
    no(
        "a token for a repository that is not there",
        "POST /app/installations/{installation}/access_tokens",
        422,
        {"repositories": ["{unknown}"]},
        by="app",
    ),
    no(
        "a token for a repository id that is not there",
        "POST /app/installations/{installation}/access_tokens",
        422,
        {"repository_ids": ["#number"]},
        by="app",
    ),
    no(
        "a token for more than was granted",
        "POST /app/installations/{installation}/access_tokens",
        422,
        {"permissions": {"organization_administration": "write"}},
        by="app",
        says="not granted",
    ),
    no("an App nobody knows", "GET /apps/{unknown}", 404),
    no(
        "a manifest code nobody knows",
        "POST /app-manifests/{unknown}/conversions",
        404,
        by="",
    ),
    no(
        "an installation on a repository that is not there",
        "GET /repos/{org}/{unknown}/installation",
        404,
        by="app",
    ),
    no("an App is no user", "GET /user", 403, says=FORBIDDEN),
    no("nobody is no user", "GET /user", 401, by="", says="Requires authentication"),
    no("a wrong token", "GET /user", 401, by="!", says="Bad credentials"),
    no("an App has no invitations", "GET /user/repository_invitations", 403, says=FORBIDDEN),
    no("nobody has no invitations", "GET /user/repository_invitations", 401, by=""),
    no(
        "taking an invitation of others",
        "PATCH /user/repository_invitations/{number}",
        404,
        by="read",
    ),
    no(
        "declining an invitation of others",
        "DELETE /user/repository_invitations/{number}",
        404,
        by="read",
    ),
    no("nobody has no repositories", "GET /user/repos", 401, by=""),
    no(
        "type beside visibility",
        "GET /user/repos?type=owner&visibility=public",
        422,
        by="owner",
    ),
    no(
        "type beside affiliation",
        "GET /user/repos?type=private&affiliation=owner",
        422,
        by="owner",
        source=MINE,
    ),
    no("a user nobody knows", "GET /users/{unknown}", 404),
)
DOORS = (
    no(
        "a version there never was",
        "GET /zen",
        400,
        source=f"{TROUBLE}#not-a-supported-version",
        headers={"X-GitHub-Api-Version": "2001-01-01"},
    ),
    no(
        "no user agent",
        "GET /zen",
        403,
        source=f"{STARTED}#user-agent",
        headers={"User-Agent": ""},
    ),
    no("a slash too many", "GET /repos/{full}/labels/", 404, source=TROUBLE),
    no(
        "a list for a body",
        "PATCH issues/{issue}",
        400,
        ["x"],
        says="Body should be a JSON object",
        source=f"{TROUBLE}#body-should-be-a-json-object",
    ),
    no("a search for nothing", "GET /search/issues", 422),
    no(
        "a search where nobody is",
        "GET /search/issues?q=repo:{unknown}/{unknown}",
        422,
        says="cannot be searched",
    ),
    no("a repository that is not there", "GET /repos/{org}/{unknown}", 404),
)
REPOSITORY = (
    no(
        "a default branch that is not there",
        "PATCH ",
        422,
        {"default_branch": "{unknown}"},
        by="owner",
    ),
    no("a permission of nobody", "GET collaborators/{unknown}/permission", 404, by="owner"),
    no("a stranger is no collaborator", "GET collaborators/{stranger}", 404, by="owner"),
    no("a stranger is not assigned", "GET assignees/{stranger}", 404),
    no("a readme of no ref", "GET readme?ref={unknown}", 404),
    no("a label nobody knows", "GET labels/{unknown}", 404),
    no(
        "a label without a name",
        "POST labels",
        422,
        {"color": "ffffff"},
    ),
    no(
        "a label in no color",
        "POST labels",
        422,
        {"name": "{unknown}", "color": "#ff0000"},
        code="invalid",
        says="Validation Failed",
    ),
    no(
        "a label with a speech",
        "POST labels",
        422,
        {"name": "{unknown}", "color": "ff0000", "description": "x" * 101},
        source=HEX,
    ),
)
ISSUES = (
    no("an issue without a title", "POST issues", 422, {"body": "x"}),
    no("an issue with an empty title", "POST issues", 422, {"title": ""}),
    no("an issue in no state", "PATCH issues/{issue}", 422, {"state": "resolved"}),
    no(
        "an issue for no reason",
        "PATCH issues/{issue}",
        422,
        {"state": "closed", "state_reason": "bored"},
    ),
    no("an issue nobody knows", "PATCH issues/{number}", 404, {"title": "x"}),
    no("a label that is not on it", "DELETE issues/{issue}/labels/{unknown}", 404),
    no("labels on no issue", "PUT issues/{number}/labels", 404, {"labels": ["{label}"]}),
    no("labels of no issue", "GET issues/{number}/labels", 404),
    no("labels off no issue", "DELETE issues/{number}/labels", 404),
    no("a lock for a bad reason", "PUT issues/{issue}/lock", 422, {"lock_reason": "bored"}),
    no("a lock on no issue", "PUT issues/{number}/lock", 404, {}),
    no("a comment on no issue", "POST issues/{number}/comments", 404, {"body": "x"}),
    no("comments on no issue", "GET issues/{number}/comments", 404),
    no("a comment that says nothing", "POST issues/{issue}/comments", 422, {"body": ""}),
    no("a comment without a body", "POST issues/{issue}/comments", 422, {}),
    no("an edit that says nothing", "PATCH issues/comments/{comment}", 422, {"body": ""}),
    no("a comment nobody knows", "GET issues/comments/{number}", 404),
    no(
        "a stranger where it is locked",
        "POST issues/{locked}/comments",
        403,
        {"body": "x"},
        by="stranger",
    ),
    no("a reaction of no kind", "POST issues/{issue}/reactions", 422, {"content": "wow"}),
    no(
        "a reaction of no kind to a comment",
        "POST issues/comments/{comment}/reactions",
        422,
        {"content": "thumbs_up"},
    ),
    no("reactions to no issue", "GET issues/{number}/reactions", 404),
    no("reactions to no comment", "GET issues/comments/{number}/reactions", 404),
    no("the timeline of no issue", "GET issues/{number}/timeline", 404),
    no("an event nobody knows", "GET issues/events/{number}", 404),
)
GIT = (
    no("a blob nobody knows", "GET git/blobs/{sha}", 404),
    no("a tree nobody knows", "GET git/trees/{sha}", 404),
    no("a commit object nobody knows", "GET git/commits/{sha}", 404),
    no(
        "a ref without its first word",
        "POST git/refs",
        422,
        {"ref": "heads/{unknown}", "sha": "{root}"},
    ),
    no("a ref with one slash", "POST git/refs", 422, {"ref": "refs/{unknown}", "sha": "{root}"}),
    no("a ref to nothing", "POST git/refs", 422, {"ref": "refs/heads/{unknown}", "sha": "{sha}"}),
    no("a ref without a commit", "POST git/refs", 422, {"ref": "refs/heads/{unknown}"}),
    no("moving no ref", "PATCH git/refs/heads/{unknown}", 422, {"sha": "{root}"}),
    no("moving a ref to nothing", "PATCH git/refs/heads/{branch}", 422, {"sha": "{sha}"}),
    no("deleting no ref", "DELETE git/refs/heads/{unknown}", 422),
    no(
        "a tree of a blob nobody knows",
        "POST git/trees",
        422,
        {"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": "{sha}"}]},
    ),
    no(
        "a tree without what it never had",
        "POST git/trees",
        422,
        {
            "base_tree": "{tree}",
            "tree": [{"path": "{unknown}", "mode": "100644", "type": "blob", "sha": None}],
        },
    ),
    no("a file at no ref", "GET contents/known.txt?ref={unknown}", 404),
    no(
        "another file than was read",
        "DELETE contents/known.txt",
        409,
        {"message": "m", "sha": "{sha}"},
    ),
    no("deleting no file", "DELETE contents/{unknown}", 404, {"message": "m", "sha": "{blob}"}),
    no("deleting a file unseen", "DELETE contents/known.txt", 422, {"message": "m"}),
    no(
        "a committer without an address",
        "PUT contents/{unknown}",
        422,
        {**TEXT, "committer": {"name": "N"}},
        source=CONTENTS,
    ),
    no("a file that is not base64", "PUT contents/{unknown}", 422, {**TEXT, "content": "%%%"}),
    no("a file on no branch", "PUT contents/{unknown}", 404, {**TEXT, "branch": "{unknown}"}),
    no("a history of no ref", "GET commits?sha={unknown}", 404),
    no("a commit nobody knows", "GET commits/{sha}", 422, says="No commit found for SHA"),
    no("a comparison with nothing", "GET compare/main...{unknown}", 404),
)
RULED = (
    no("a branch nobody knows", "GET branches/{unknown}", 404, says="Branch not found"),
    no(
        "no protection",
        "GET branches/{branch}/protection",
        404,
        by="owner",
        says="Branch not protected",
    ),
    no("protecting no branch", "PUT branches/{unknown}/protection", 404, PROTECTION, by="owner"),
    no("a protection of nothing", "PUT branches/main/protection", 422, {}, by="owner"),
    no("rules without a name", "POST rulesets", 422, {"enforcement": "active"}, by="owner"),
    no(
        "rules enforced somehow",
        "POST rulesets",
        422,
        {**RULES, "enforcement": "maybe"},
        by="owner",
    ),
    no(
        "a rule of no kind",
        "POST rulesets",
        422,
        {**RULES, "rules": [{"type": "be_nice"}]},
        by="owner",
    ),
    no("rules nobody knows", "GET rulesets/{number}", 404, by="owner"),
    no("changing no rules", "PUT rulesets/{number}", 404, RULES, by="owner"),
    no("deleting no rules", "DELETE rulesets/{number}", 404, by="owner"),
    no(
        "a status of no kind",
        "POST statuses/{root}",
        422,
        {"state": "great"},
        by="write",
        source=STATUSES,
    ),
    no(
        "a status without a state",
        "POST statuses/{root}",
        422,
        {"context": "x"},
        by="write",
        source=STATUSES,
    ),
    no(
        "a run that is complete without an end",
        "POST check-runs",
        422,
        {"name": "x", "head_sha": "{root}", "status": "completed"},
        source=RUNS,
    ),
    no("a run without a name", "POST check-runs", 422, {"head_sha": "{root}"}, source=RUNS),
    no("asking for no run again", "POST check-runs/{number}/rerequest", 404),
)
PULLS = (
    no("a pull request nobody knows", "GET pulls/{number}", 404),
    no("an issue is no pull request", "GET pulls/{issue}", 404),
    no("nothing to pull", "POST pulls", 422, {"title": "x", "head": "main", "base": "main"}),
    no("neither title nor issue", "POST pulls", 422, {"head": "{branch}", "base": "main"}),
    no("onto no branch", "PATCH pulls/{pull}", 422, {"base": "{unknown}"}),
    no("into no state", "PATCH pulls/{pull}", 422, {"state": "merged"}),
    no("what is merged stays closed", "PATCH pulls/{merged}", 422, {"state": "open"}),
    no("not merged yet", "GET pulls/{pull}/merge", 404),
    no("merging nothing", "PUT pulls/{number}/merge", 404, {}),
    no("merging by no method", "PUT pulls/{pull}/merge", 422, {"merge_method": "octopus"}),
    no("merging another head", "PUT pulls/{pull}/merge", 409, {"sha": "{root}"}),
    no(
        "updating from another head",
        "PUT pulls/{pull}/update-branch",
        422,
        {"expected_head_sha": "{root}"},
    ),
    no(
        "asking a stranger",
        "POST pulls/{pull}/requested_reviewers",
        422,
        {"reviewers": ["{stranger}"]},
    ),
    no(
        "a comment for a verdict",
        "POST pulls/{pull}/reviews",
        422,
        {"event": "COMMENT"},
        by="write",
    ),
    no(
        "changes without a word",
        "POST pulls/{pull}/reviews",
        422,
        {"event": "REQUEST_CHANGES"},
        by="write",
    ),
    no(
        "a verdict of no kind",
        "POST pulls/{pull}/reviews",
        422,
        {"event": "LGTM", "body": "x"},
        by="write",
    ),
    no(
        "approving one's own",
        "POST pulls/{pull}/reviews",
        422,
        {"event": "APPROVE"},
    ),
    no("a review nobody knows", "GET pulls/{pull}/reviews/{number}", 404),
    no("deleting what was submitted", "DELETE pulls/{pull}/reviews/{review}", 422, by="write"),
    no(
        "dismissing a comment",
        "PUT pulls/{pull}/reviews/{review}/dismissals",
        422,
        {"message": "x"},
        by="maintain",
    ),
    no(
        "dismissing nothing",
        "PUT pulls/{pull}/reviews/{number}/dismissals",
        404,
        {"message": "x"},
        by="maintain",
    ),
    no(
        "submitting twice",
        "POST pulls/{pull}/reviews/{review}/events",
        422,
        {"event": "COMMENT", "body": "x"},
        by="write",
    ),
    no("a remark on no file of it", "POST pulls/{pull}/comments", 422, remark(path="{unknown}")),
    no("a remark beyond the end", "POST pulls/{pull}/comments", 422, remark(line=4000)),
    no("a remark on no commit", "POST pulls/{pull}/comments", 422, remark(commit_id="{sha}")),
    no("an answer to nothing", "POST pulls/{pull}/comments/{number}/replies", 404, {"body": "x"}),
    no("a remark nobody knows", "GET pulls/comments/{number}", 404),
    no("deleting no remark", "DELETE pulls/comments/{number}", 404),
)
TABLE: tuple[Line, ...] = (*APP, *DOORS, *REPOSITORY, *ISSUES, *GIT, *RULED, *PULLS)


@dataclass(frozen=True, slots=True)
class Terrain:
    """A landscape with what these lines need beside it."""

    land: Landscape


def _terrain(ground: Ground, random: Random) -> Terrain:
    land = lay_out(ground, random)
    locked = issue(land.plot)["number"]
    land.plot.ok("PUT", f"issues/{locked}/lock", {}, by="write")
    head = land.plot.ok("GET", f"pulls/{land.names['pull']}")["head"]["sha"]
    more = {"locked": str(locked), "topic_head": head, "full": land.plot.full_name}
    return Terrain(Landscape(land.plot, land.names | more))


def rows(table: Iterable[Line] = TABLE) -> tuple[Row, ...]:
    """Return the table as rows."""

    def row(line: Line) -> Row:
        def run(ground: Ground, random: Random) -> None:
            _refused(line, ground, ground.keep(Terrain, lambda: _terrain(ground, random)).land)

        return Row("E", line.name, run, line.source)

    return tuple(row(line) for line in table)


def undescribed(contract: Contract, table: Iterable[Line] = TABLE) -> list[str]:
    """Return the lines that cite the description for a status it does not have."""
    found = []
    for line in table:
        path = line.path.partition("?")[0]
        whole = path if path.startswith("/") else f"/repos/o/r/{path}".rstrip("/")
        operation = operation_of(contract.operations(), line.method, whole)
        known = operation is not None and contract.describes(operation, line.status)
        if line.source == OPENAPI and not known:
            found.append(line.name)
    return found


def _refused(line: Line, ground: Ground, land: Landscape) -> None:
    plot, path = land.plot, str(land.fill(line.path))
    target = path if path.startswith("/") else f"{plot.path}/{path}".rstrip("/")
    tokens = {**plot.tokens, "app": ground.proof(), "!": plot.word("token"), "": ""}
    token = tokens[line.by]
    sent = {"Accept": "application/vnd.github+json", "User-Agent": "conformance"}
    sent |= {"Authorization": f"Bearer {token}"} if token else {}
    sent = {name: value for name, value in (sent | line.headers).items() if value}
    answer = ground.wire.send(line.method, target, land.fill(line.body), sent)
    expect(f"{answer.raw[:200]!r}", line.status, answer.status)
    if not answer.media.startswith("application/json"):
        return
    message = answer.json["message"]
    expect_that(f"says {message!r}, not {line.says!r}", line.says in message)
    if line.code:
        codes = [one.get("code") for one in answer.json["errors"]]
        expect_that(f"codes {codes}", line.code in codes)
