"""What is refused, and how; each line says who told us."""

from typing import Any

from twins.conformance.asked import Line, no, refusals, remark
from twins.conformance.cited import REST

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
    no("a user nobody knows", "GET /users/{unknown}", 404),
)
DOORS = (
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
    no("an answer to nothing", "POST pulls/{pull}/comments/{number}/replies", 404, {"body": "x"}),
    no("a remark nobody knows", "GET pulls/comments/{number}", 404),
    no("deleting no remark", "DELETE pulls/comments/{number}", 404),
)
TABLE: tuple[Line, ...] = (*APP, *DOORS, *REPOSITORY, *ISSUES, *GIT, *RULED, *PULLS)

ROWS = refusals(TABLE)
