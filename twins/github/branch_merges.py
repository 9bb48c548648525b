"""Merging one branch into another without a pull request, over REST."""

from twins.github.api import Call, Operation, Reply
from twins.github.bodies.commits import commit_body
from twins.github.commit_log import one
from twins.github.guard import guard_of, push_refusal, violation
from twins.github.hub import web_flow
from twins.github.problem import Problem
from twins.github.pushes import observe
from twins.github.repositories import REPO

HEADS = "refs/heads/"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [Operation("POST", REPO + "/merges", merge)]


def merge(call: Call) -> Reply:
    """Merge a branch or commit into a branch; 204 when it is in there already."""
    repo, body, git = call.repo("contents", "write"), call.body(), call.hub.git
    base, named = body.need("base", "Merge"), body.need("head", "Merge")
    tip, head = repo.refs.get(HEADS + base), git.commit_of(repo.path, named)
    if tip is None:
        raise Problem(404, "Base does not exist")
    if head is None:
        raise Problem(404, "Head does not exist")
    if git.is_ancestor(repo.path, head, tip):
        return Reply(204)
    tree = git.merged_tree(repo.path, tip, head)
    if tree is None:
        raise Problem(409, "Merge conflict")
    commit = git.commit_tree(
        repo.path,
        tree,
        [tip, head],
        body.text("commit_message") or f"Merge {named} into {base}",
        author=call.context.person,
        committer=web_flow(call.hub.now()),
    )
    guard = guard_of(repo, base, call.actor)
    if said := push_refusal(repo, guard, commit, forward=True):
        raise Problem(409, violation(guard, said))
    git.update_ref(repo.path, HEADS + base, commit, tip)
    observe(call.context, repo)
    shown = commit_body(call.links, call.hub.world, repo, one(git, repo.path, commit))
    return Reply(201, shown)
