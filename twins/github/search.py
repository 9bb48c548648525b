"""A small part of issue search: qualifiers and words, all of which must match."""

import re
import shlex
from collections.abc import Callable

from twins.github.access import may_see
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import issue_body
from twins.github.problem import Problem, missing
from twins.github.state import Issue, Repository

Test = Callable[[Repository, Issue, str], bool]


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [Operation("GET", "/search/issues", search)]


def search(call: Call) -> Reply:
    """Find issues and pull requests, newest first."""
    if not call.query("q").strip():
        raise missing("Search", "q")
    pairs = found(call, call.query("q"))
    items = [
        {**issue_body(call.links, repo, issue), "score": 1.0} for repo, issue in call.page(pairs)
    ]
    about = {"incomplete_results": False, "search_type": "lexical"}
    return Reply(body={"total_count": len(pairs), **about, "items": items})


def found(call: Call, text: str) -> list[tuple[Repository, Issue]]:
    """Return what the caller may see of what matches, newest first."""
    try:
        terms = shlex.split(text)
    except ValueError as error:
        raise Problem(422, "The search query cannot be parsed") from error
    if call.actor.user is not None:
        terms = [re.sub(r":@me$", f":{call.actor.user.login}", term) for term in terms]
    pairs = [
        (repo, issue)
        for repo in call.hub.world.repos.values()
        if may_see(call.actor, repo)
        for issue in repo.issues.values()
        if all(_matches(repo, issue, term) for term in terms)
    ]
    return sorted(pairs, key=lambda pair: (pair[1].created_at, pair[1].id), reverse=True)


def _matches(repo: Repository, issue: Issue, term: str) -> bool:
    negated = term.startswith("-")
    name, colon, value = term.removeprefix("-").partition(":")
    test = QUALIFIERS.get(name) if colon else None
    if test is not None:
        return test(repo, issue, value.lower()) != negated
    return (term.lower() in f"{issue.title}\n{issue.body or ''}".lower()) != negated


def _is(_: Repository, issue: Issue, value: str) -> bool:
    merged = issue.pull is not None and issue.pull.merged_at is not None
    return {
        "issue": issue.pull is None,
        "pr": issue.pull is not None,
        "pull-request": issue.pull is not None,
        "open": issue.state == "open",
        "closed": issue.state == "closed",
        "merged": merged,
        "unmerged": not merged,
    }.get(value, False)


def _in(_: Repository, __: Issue, ___: str) -> bool:
    return True  # words are looked for in title and body alike


QUALIFIERS: dict[str, Test] = {
    "repo": lambda repo, _, value: repo.full_name.lower() == value,
    "user": lambda repo, _, value: repo.owner.login.lower() == value,
    "org": lambda repo, _, value: repo.owner.login.lower() == value,
    "is": _is,
    "type": _is,
    "state": _is,
    "in": _in,
    "label": lambda _, issue, value: value in {one.name.lower() for one in issue.labels},
    "author": lambda _, issue, value: issue.user.login.lower() == value,
    "assignee": lambda _, issue, value: value in {u.login.lower() for u in issue.assignees},
    "head": lambda _, issue, value: issue.pull is not None and issue.pull.head_ref == value,
    "base": lambda _, issue, value: issue.pull is not None and issue.pull.base_ref == value,
}
