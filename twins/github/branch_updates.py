"""Bringing the base of a pull request into its head, over REST."""

from twins.github.access import may_modify, why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.pulls import pull_of
from twins.github.hub import web_flow
from twins.github.problem import Problem
from twins.github.pulls import pull_issue
from twins.github.pushes import observe

HEADS = "refs/heads/"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [Operation("PUT", "/repos/{owner}/{repo}/pulls/{number}/update-branch", update)]


def update(call: Call) -> Reply:
    """Merge the base into the head branch; 422 when there is nothing to merge or it conflicts."""
    issue = pull_issue(call, "write" if call.actor.installation else "read")
    repo, pull, git, context = call.repo(), pull_of(issue), call.hub.git, call.context
    home, call.accepted = pull.head_repo, "pull_requests=write,contents=write"
    if home is None or not may_modify(call.actor, repo, pull):
        raise why_not(call.actor)
    if call.body().text("expected_head_sha", pull.head_sha) != pull.head_sha:
        raise _refused("expected_head_sha", "expected head sha didn't match current head ref.")
    base = repo.refs[HEADS + pull.base_ref]
    if issue.state != "open" or git.is_ancestor(repo.path, base, pull.head_sha):
        raise _refused("", "There are no new commits on the base branch.")
    tree = git.merged_tree(repo.path, pull.head_sha, base)
    if tree is None:
        raise _refused("", "merge conflict between base and head")
    commit = git.commit_tree(
        repo.path,
        tree,
        [pull.head_sha, base],
        f"Merge branch '{pull.base_ref}' into {pull.head_ref}",
        author=context.person,
        committer=web_flow(context.now),
    )
    git.bring(home.path, repo.path, commit)
    git.update_ref(home.path, HEADS + pull.head_ref, commit, pull.head_sha)
    observe(context, home)
    url = call.links.api(f"/repos/{repo.full_name}/pulls/{issue.number}")
    return Reply(202, {"message": "Updating pull request branch.", "url": url})


def _refused(field: str, said: str) -> Problem:
    error = {"resource": "PullRequest", "code": "custom", "message": said}
    return Problem(422, said, [error | ({"field": field} if field else {})])
