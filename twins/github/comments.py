"""Comments under issues and pull requests over REST."""

from twins.github.access import accepts
from twins.github.api import Call, Operation, Reply, issue_permissions
from twins.github.bodies.issues import comment_body
from twins.github.issue_changes import add_comment, delete_comment, edit_comment
from twins.github.problem import Problem, not_found
from twins.github.prose import comment_in
from twins.github.reactions import add_reaction, drop_reaction, list_of
from twins.github.state import Comment
from twins.github.times import moment

ISSUES = "/repos/{owner}/{repo}/issues"
ONE = ISSUES + "/comments/{id}"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ISSUES + "/comments", list_repo_comments),
        Operation("GET", ONE, get_comment),
        Operation("PATCH", ONE, update_comment),
        Operation("DELETE", ONE, remove_comment),
        Operation("GET", ONE + "/reactions", list_comment_reactions),
        Operation("POST", ONE + "/reactions", react_to_comment),
        Operation("DELETE", ONE + "/reactions/{reaction}", unreact_to_comment),
        Operation("GET", ISSUES + "/{number}/comments", list_comments),
        Operation("POST", ISSUES + "/{number}/comments", comment_on),
    ]


def list_comments(call: Call) -> Reply:
    """List an issue's comments, oldest first."""
    issue = call.issue()
    repo, since = call.repo(), moment(call.query("since"))
    kept = [one for one in issue.comments if one.updated_at >= since]
    return Reply(body=[comment_body(call.links, repo, one) for one in call.page(kept)])


def list_repo_comments(call: Call) -> Reply:
    """List the comments of a whole repository."""
    repo, since = call.repo("issues"), moment(call.query("since"))
    kept = [c for issue in repo.listed for c in issue.comments if c.updated_at >= since]
    kept.sort(key=lambda one: one.id, reverse=call.query("direction") == "desc")
    return Reply(body=[comment_body(call.links, repo, one) for one in call.page(kept)])


def comment_on(call: Call) -> Reply:
    """Comment; every signed-in reader may, installations need the permission."""
    repo = call.repo()
    call.context  # noqa: B018  # anonymous callers are turned away before anything is looked up
    issue = call.issue("write" if call.actor.installation else "read")
    if issue.locked and not accepts(call.actor, repo, "issues", "write"):
        raise Problem(403, "Unable to create comment because issue is locked.")
    text = comment_in(call.body())
    comment = add_comment(call.context, repo, issue, text)
    reply = comment_body(call.links, repo, comment)
    return Reply(201, reply, {"Location": reply["url"]})


def _comment(call: Call, level: str = "read") -> Comment:
    repo, number = call.repo(), call.number("id")
    every = (one for issue in repo.issues.values() for one in issue.comments)
    found = next((one for one in every if one.id == number), None)
    if found is None:
        raise not_found()
    mine = call.actor.user is found.user
    call.need(repo, level, *issue_permissions(found.issue), exempt=mine)
    return found


def get_comment(call: Call) -> Reply:
    """Return a comment."""
    return Reply(body=comment_body(call.links, call.repo(), _comment(call)))


def update_comment(call: Call) -> Reply:
    """Rewrite a comment."""
    comment = _comment(call, "write")
    repo = call.repo()
    edit_comment(call.context, repo, comment, comment_in(call.body()))
    return Reply(body=comment_body(call.links, repo, comment))


def remove_comment(call: Call) -> Reply:
    """Delete a comment."""
    delete_comment(call.context, call.repo(), _comment(call, "write"))
    return Reply(204)


def list_comment_reactions(call: Call) -> Reply:
    """List the reactions to a comment."""
    return list_of(call, _comment(call).reactions)


def react_to_comment(call: Call) -> Reply:
    """React to a comment."""
    return add_reaction(call, _comment(call).reactions)


def unreact_to_comment(call: Call) -> Reply:
    """Take a reaction to a comment back."""
    return drop_reaction(call, _comment(call).reactions)
