"""Bad input, and how the service refuses it: status, message, error code, and who says so.

Sources: `openapi` where the description of the operation has the status (the suite checks that it
has), else the recording that shows the answer, else the page of the documentation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from twins.conformance.ground import Ground
from twins.conformance.landscape import Landscape, lay_out
from twins.conformance.misses import expect, expect_that
from twins.conformance.rows import Row

LONG = "x" * 70_000
CONTENT = {"message": "m", "content": "eA=="}
OPENAPI = "openapi"
ISSUE_DOCS = "docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api"
AUTH_DOCS = "docs.github.com/rest/authentication/authenticating-to-the-rest-api"
JWT_DOCS = "docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app"
TOO_MANY = "testEditRequiredPullRequestReviewsWithTooLargeApprovingReviewCount"
CODES = "docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line of the table; `{names}` are those of the landscape."""

    method: str
    path: str
    status: int
    source: str = OPENAPI
    body: Any = None
    by: str = "bot"
    says: str = ""
    code: str = ""

    @property
    def name(self) -> str:
        """Return a name nobody else has."""
        shown = str(self.body)[:60] if self.body is not None else ""
        return f"{self.by or 'nobody'} {self.method} {self.path} {shown} -> {self.status}"


def no(
    method: str,
    path: str,
    status: int,
    body: Any = None,  # noqa: ANN401  # JSON
    *,
    by: str = "bot",
    says: str = "",
    code: str = "",
    source: str = OPENAPI,
) -> Refusal:
    """Return one line of the table."""
    return Refusal(method, path, status, source, body, by, says, code)


TABLE: tuple[Refusal, ...] = (
    # Who asks.
    no("GET", "/user", 401, by=""),
    no("GET", "/user", 403, says="Resource not accessible by integration"),
    no("GET", "/app", 401, by="owner", says="JSON web token", source=JWT_DOCS),
    no("GET", "/app/installations", 401, by="", source=JWT_DOCS),
    no("GET", "/app/installations/{number}", 404, by="app"),
    no("POST", "/app/installations/{number}/access_tokens", 404, {}, by="app"),
    no(
        "POST",
        "/app/installations/{installation}/access_tokens",
        422,
        {"permissions": {"administration": "write"}},
        by="app",
        says="The permissions requested are not granted to this installation.",
        source="PyGithub GithubIntegration.testGetAccessTokenWithInvalidPermissions.txt",
    ),
    no(
        "POST",
        "/app/installations/{installation}/access_tokens",
        422,
        {"repositories": ["{unknown}"]},
        by="app",
        says="does not exist or is not accessible",
    ),
    no(
        "POST",
        "/app/installations/{installation}/access_tokens",
        400,
        b"{",
        by="app",
        says="Problems parsing JSON",
        source="PyGithub GithubIntegration.testGetAccessTokenWithInvalidData.txt",
    ),
    no(
        "GET",
        "/orgs/{unknown}/installation",
        404,
        by="app",
        source="PyGithub GithubIntegration.testGetInstallationNotFound.txt",
    ),
    no("GET", "/repos/{org}/{unknown}/installation", 404, by="app"),
    no("GET", "/apps/{unknown}", 404),
    no("GET", "/users/{unknown}", 404),
    no("GET", "/installation/repositories", 403, by="owner"),
    no("GET", "/app/hook/deliveries/{number}", 404, by="app", source=ISSUE_DOCS),
    no("GET", "/app/hook/config", 401, by="write", source=JWT_DOCS),
    # Repository and people.
    no("GET", "/repos/{org}/{unknown}", 404),
    no("PATCH", "", 403, {"description": "x"}, by="write"),
    no("PATCH", "", 422, {"default_branch": "{unknown}"}, by="owner"),
    no("PUT", "collaborators/{stranger}", 403, {}, by="write"),
    no("PUT", "collaborators/{stranger}", 422, {"permission": "{unknown}"}, by="owner"),
    no("GET", "collaborators/{stranger}", 404),
    no("GET", "assignees/{stranger}", 404),
    no("GET", "collaborators/{unknown}/permission", 404),
    # Repositories made, forked and deleted.
    no("POST", "/user/repos", 422, {"name": "not a name"}, by="write", code="invalid"),
    no("POST", "/user/repos", 422, {}, by="write", code="missing_field"),
    no("POST", "/user/repos", 403, {"name": "{unknown}"}),
    no("POST", "/user/repos", 401, {"name": "{unknown}"}, by=""),
    no("POST", "/orgs/{unknown}/repos", 404, {"name": "x"}, by="write", source=ISSUE_DOCS),
    no("DELETE", "", 403, by="write"),
    no("DELETE", "/repos/{org}/{unknown}", 404, by="owner"),
    no("POST", "forks", 403, {}),
    no("POST", "forks", 422, {"organization": "{unknown}"}, by="write"),
    no("POST", "merge-upstream", 422, {"branch": "main"}, by="write"),
    # Labels.
    no("POST", "labels", 422, {}, code="missing_field"),
    no("POST", "labels", 422, {"name": "{label}"}, code="already_exists", source=OPENAPI),
    no(
        "POST",
        "labels",
        422,
        {"name": "{unknown}", "color": "invalid"},
        code="invalid",
        source="fixtures errors",
    ),
    no("POST", "labels", 403, {"name": "{unknown}"}, by="read", source=AUTH_DOCS),
    no("POST", "labels", 401, {"name": "{unknown}"}, by="", source=AUTH_DOCS),
    no("GET", "labels/{unknown}", 404),
    no("PATCH", "labels/{unknown}", 404, {"color": "000000"}, source=ISSUE_DOCS),
    no("DELETE", "labels/{unknown}", 404, source=ISSUE_DOCS),
    # Milestones.
    no("POST", "milestones", 422, {}, code="missing_field"),
    no("POST", "milestones", 403, {"title": "{unknown}"}, by="read", source=AUTH_DOCS),
    no("GET", "milestones/{number}", 404),
    no("PATCH", "milestones/{number}", 404, {"title": "x"}, source=ISSUE_DOCS),
    no("DELETE", "milestones/{number}", 404),
    no("POST", "issues", 422, {"title": "x", "milestone": 9999}, code="invalid"),
    no("GET", "/search/repositories", 422, source=CODES),
    # Issues and comments.
    no("POST", "issues", 422, {}, code="missing_field"),
    no("POST", "issues", 422, {"title": ""}, code="missing_field"),
    no("POST", "issues", 422, {"title": "{unknown}", "body": LONG}),
    no("POST", "issues", 422, {"title": 5}),
    no("POST", "issues", 400, b'{"title": ', says="Problems parsing JSON"),
    no("POST", "issues", 400, b'["x"]', says="Body should be a JSON object", source=ISSUE_DOCS),
    no("POST", "issues", 422, {"title": "x", "assignees": ["{stranger}"]}, code="invalid"),
    no("POST", "issues", 401, {"title": "x"}, by="", source=AUTH_DOCS),
    no("GET", "issues/{number}", 404),
    no("GET", "issues/x", 404),
    no("PATCH", "issues/{issue}", 422, {"state": "{unknown}"}),
    no("PATCH", "issues/{issue}", 403, {"title": "x"}, by="stranger"),
    no("PATCH", "issues/{number}", 404, {"title": "x"}),
    no("POST", "issues/{issue}/labels", 403, {"labels": ["x"]}, by="read", source=AUTH_DOCS),
    no("DELETE", "issues/{issue}/labels/{unknown}", 404, says="Label does not exist"),
    no("POST", "issues/{number}/comments", 404, {"body": "x"}),
    no("POST", "issues/{issue}/comments", 422, {"body": " "}, code="missing_field"),
    no("POST", "issues/{issue}/comments", 422, {"body": LONG}),
    no("GET", "issues/comments/{number}", 404),
    no("PATCH", "issues/comments/{comment}", 403, {"body": "x"}, by="stranger", source=AUTH_DOCS),
    no("DELETE", "issues/comments/{comment}", 403, by="stranger", source=AUTH_DOCS),
    no("POST", "issues/{issue}/reactions", 422, {"content": "{unknown}"}),
    no("DELETE", "issues/{issue}/reactions/{number}", 404, source=ISSUE_DOCS),
    no("PUT", "issues/{issue}/lock", 422, {"lock_reason": "{unknown}"}),
    no("PUT", "issues/{issue}/lock", 403, {}, by="stranger"),
    no("GET", "issues/events/{number}", 404),
    no("GET", "issues/{number}/timeline", 404),
    no("GET", "/search/issues", 422),
    # Git.
    no("GET", "git/blobs/{sha}", 404),
    no("POST", "git/blobs", 422, {"content": "x", "encoding": "{unknown}"}),
    no("POST", "git/blobs", 403, {"content": "x"}, by="read"),
    no("POST", "git/trees", 422, {"tree": []}),
    no(
        "POST",
        "git/trees",
        422,
        {"tree": [{"path": "x", "mode": "1", "type": "blob", "content": "x"}]},
        says="tree.mode",
    ),
    no("GET", "git/trees/{sha}", 404),
    no("GET", "git/commits/{sha}", 404),
    no("POST", "git/commits", 422, {"message": "x", "tree": "{sha}"}),
    no("POST", "git/commits", 422, {"message": "x", "tree": "{tree}", "parents": ["{sha}"]}),
    no("POST", "git/commits", 422, {"tree": "{tree}"}, code="missing_field"),
    no("GET", "git/ref/heads/{unknown}", 404),
    no("POST", "git/refs", 422, {"ref": "refs/heads/main", "sha": "{root}"}, says="already exists"),
    no("POST", "git/refs", 422, {"ref": "{unknown}", "sha": "{root}"}),
    no("POST", "git/refs", 422, {"ref": "refs/heads/{unknown}", "sha": "{sha}"}),
    no(
        "POST",
        "git/refs",
        403,
        {"ref": "refs/heads/x", "sha": "{root}"},
        by="read",
        source=AUTH_DOCS,
    ),
    no("PATCH", "git/refs/heads/{unknown}", 422, {"sha": "{root}"}, says="does not exist"),
    no("PATCH", "git/refs/heads/main", 422, {"sha": "{root}"}, says="not a fast forward"),
    no("DELETE", "git/refs/heads/{unknown}", 422, says="does not exist"),
    no("GET", "contents/{unknown}", 404),
    no("GET", "contents/known.txt?ref={unknown}", 404),
    no("PUT", "contents/known.txt", 422, CONTENT, says='"sha" wasn\'t supplied'),
    no("PUT", "contents/known.txt", 409, {**CONTENT, "sha": "{sha}"}, says="does not match"),
    no("PUT", "contents/{unknown}", 422, {"content": "eA=="}),
    no("PUT", "contents/{unknown}", 404, {**CONTENT, "branch": "{unknown}"}),
    no("PUT", "contents/{unknown}", 403, CONTENT, by="read", source=AUTH_DOCS),
    no("DELETE", "contents/known.txt", 409, {"message": "m", "sha": "{sha}"}),
    no("DELETE", "contents/{unknown}", 404, {"message": "m", "sha": "{sha}"}),
    no("GET", "commits/{unknown}", 422, says="No commit found for SHA"),
    no("GET", "commits?sha={unknown}", 404),
    no("GET", "compare/main...{unknown}", 404),
    # Branches.
    no(
        "GET",
        "branches/{unknown}",
        404,
        source="PyGithub PullRequest.testDeleteBranch.txt",
        says="Branch not found",
    ),
    no(
        "GET",
        "branches/main/protection",
        404,
        by="owner",
        source="fixtures branch-protection",
        says="Branch not protected",
    ),
    no("DELETE", "branches/main/protection", 404, by="owner", source=ISSUE_DOCS),
    no("GET", "branches/main/protection/restrictions", 404, by="owner"),
    no("DELETE", "branches/main/protection/restrictions", 403, by="write", source=AUTH_DOCS),
    no("PUT", "branches/main/protection", 422, {}, by="owner"),
    no("PUT", "branches/main/protection", 403, {}, by="write"),
    no(
        "PUT",
        "branches/main/protection",
        422,
        {
            "required_status_checks": None,
            "enforce_admins": None,
            "restrictions": None,
            "required_pull_request_reviews": {"required_approving_review_count": 9},
        },
        by="owner",
        says="9 must be less than or equal to 6.",
        source=f"PyGithub Branch.{TOO_MANY}.txt",
    ),
    no("GET", "rulesets/{number}", 404),
    no("POST", "rulesets", 422, {"name": "{unknown}"}, by="owner"),
    no(
        "POST",
        "rulesets",
        403,
        {"name": "x", "enforcement": "active"},
        by="write",
        source=AUTH_DOCS,
    ),
    *(
        no("GET", f"branches/main/protection/{part}", 404, by="owner", source=ISSUE_DOCS)
        for part in ("required_status_checks", "required_pull_request_reviews", "enforce_admins")
    ),
    no("POST", "merges", 404, {"base": "{unknown}", "head": "main"}),
    no("POST", "merges", 404, {"base": "main", "head": "{unknown}"}),
    no("POST", "merges", 422, {"base": "main"}, code="missing_field"),
    no("POST", "git/tags", 422, {"tag": "x", "message": "x", "object": "{sha}", "type": "commit"}),
    no("GET", "git/tags/{root}", 404),
    # Checks and statuses.
    no(
        "POST", "check-runs", 403, {"name": "x", "head_sha": "{root}"}, by="owner", source=AUTH_DOCS
    ),
    no("POST", "check-runs", 422, {"head_sha": "{root}"}, code="missing_field", source=CODES),
    no("POST", "check-runs", 422, {"name": "x", "head_sha": "{sha}"}, source=CODES),
    no(
        "POST",
        "check-runs",
        422,
        {"name": "x", "head_sha": "{root}", "conclusion": "{unknown}"},
        source=CODES,
    ),
    no("PATCH", "check-runs/{open_run}", 422, {"status": "completed"}, source=CODES),
    no(
        "PATCH",
        "check-runs/{open_run}",
        422,
        {"actions": [{"label": LONG, "description": "x", "identifier": "x"}]},
        source="docs.github.com/rest/checks/runs",
    ),
    no(
        "PATCH",
        "check-runs/{open_run}",
        422,
        {"actions": [{"label": "x", "description": "x", "identifier": "x"}] * 4},
        source="docs.github.com/rest/checks/runs",
    ),
    no("PATCH", "check-runs/{number}", 404, {"status": "queued"}, source=ISSUE_DOCS),
    no("GET", "check-runs/{number}", 404, source=ISSUE_DOCS),
    no("POST", "check-runs/{open_run}/rerequest", 422),
    no("GET", "check-suites/{number}", 404, source=ISSUE_DOCS),
    no("POST", "check-suites", 422, {"head_sha": "{sha}"}, source=CODES),
    no("POST", "statuses/{root}", 422, {"state": "{unknown}"}, by="write", source=CODES),
    no("POST", "statuses/{sha}", 422, {"state": "success"}, by="write", source=CODES),
    no("POST", "statuses/{root}", 403, {"state": "success"}, by="read", source=AUTH_DOCS),
    # Pull requests.
    no("POST", "pulls", 422, {"title": "x", "head": "{branch}", "base": "main"}, code="custom"),
    no("POST", "pulls", 422, {"title": "x", "head": "{unknown}", "base": "main"}, code="invalid"),
    no(
        "POST",
        "pulls",
        422,
        {"title": "x", "head": "{branch}", "base": "{unknown}"},
        code="invalid",
    ),
    no("POST", "pulls", 422, {"title": "x", "head": "main", "base": "main"}, code="custom"),
    no(
        "POST",
        "pulls",
        422,
        {"title": "x", "head": "{stranger}:main", "base": "main"},
        code="invalid",
    ),
    no("POST", "pulls", 422, {"head": "{branch}", "base": "main"}),
    no("GET", "pulls/{issue}", 404),
    no("GET", "pulls/{number}", 404),
    no("PATCH", "pulls/{merged}", 422, {"state": "open"}),
    no("PATCH", "pulls/{pull}", 422, {"base": "{unknown}"}),
    no("PATCH", "pulls/{pull}", 403, {"title": "x"}, by="stranger"),
    no("PUT", "pulls/{merged}/merge", 405, {}),
    no("PUT", "pulls/{clash}/merge", 405, {}, says="not mergeable"),
    no("PUT", "pulls/{draft}/merge", 405, {}),
    no("PUT", "pulls/{pull}/merge", 409, {"sha": "{sha}"}, says="Head branch was modified"),
    no("PUT", "pulls/{pull}/merge", 422, {"merge_method": "{unknown}"}),
    no("PUT", "pulls/{pull}/merge", 403, {}, by="read"),
    no("GET", "pulls/{pull}/merge", 404, source="PyGithub PullRequest.testDeleteOnMerge.txt"),
    no("PUT", "pulls/{pull}/update-branch", 422, {"expected_head_sha": "{sha}"}),
    no("POST", "pulls/{pull}/reviews", 422, {"event": "APPROVE"}, says="Unprocessable"),
    no("POST", "pulls/{pull}/reviews", 422, {"event": "REQUEST_CHANGES"}, by="write"),
    no("POST", "pulls/{pull}/reviews", 422, {"event": "{unknown}"}, by="write"),
    no("GET", "pulls/{pull}/reviews/{number}", 404),
    no("PUT", "pulls/{pull}/reviews/{review}/dismissals", 422, {"message": "x"}, by="admin"),
    no("DELETE", "pulls/{pull}/reviews/{review}", 422, by="write"),
    no("POST", "pulls/{pull}/reviews/{review}/events", 422, {"event": "APPROVE"}, by="write"),
    no("POST", "pulls/{pull}/requested_reviewers", 422, {"reviewers": ["{stranger}"]}),
    no("POST", "pulls/{pull}/requested_reviewers", 403, {"reviewers": []}, by="read"),
    no("POST", "pulls/{pull}/comments", 422, {"path": "{path}", "line": 1}, by="write"),
    no(
        "POST",
        "pulls/{pull}/comments",
        422,
        {"body": "x", "path": "{path}", "line": 99},
        by="write",
        says="Validation Failed",
    ),
    no(
        "POST",
        "pulls/{pull}/comments",
        422,
        {"body": "x", "path": "{unknown}", "line": 1},
        by="write",
    ),
    no("POST", "pulls/{pull}/comments/{number}/replies", 404, {"body": "x"}),
    no("GET", "pulls/comments/{number}", 404),
    no("PATCH", "pulls/comments/{remark}", 403, {"body": "x"}, by="stranger", source=AUTH_DOCS),
    no("DELETE", "pulls/comments/{number}", 404),
)


def rows(table: Iterable[Refusal] = TABLE) -> tuple[Row, ...]:
    """Return the table as rows; those of one seed share a landscape, which they leave as it is."""

    def row(line: Refusal) -> Row:
        def run(ground: Ground, random: Random) -> None:
            _refused(line, ground.keep(Landscape, lambda: lay_out(ground, random)))

        return Row("E", line.name, run, line.source)

    return tuple(row(line) for line in table)


def _refused(line: Refusal, land: Landscape) -> None:
    path, body = str(land.fill(line.path)), land.fill(line.body)
    answer = land.plot.call(line.method, path, body, by=line.by)
    expect("status", line.status, answer.status)
    said = answer.json or {}
    expect_that("a message", said.get("message"))
    expect_that(f"{said.get('message')!r} says {line.says!r}", line.says in str(said["message"]))
    if line.code:
        codes = [one.get("code") for one in said.get("errors", []) if isinstance(one, dict)]
        expect_that(f"code {line.code} in {codes}", line.code in codes)
