"""Search: qualifiers and words, all of which must match, and the order in which it is shown."""

import math
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twins.github.access import may_see
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.issues import issue_body
from twins.github.bodies.repositories import repo_body
from twins.github.guard import all_green, guard_of, latest_verdicts
from twins.github.issue_changes import closing_numbers
from twins.github.mentions import mentions
from twins.github.problem import Problem, missing
from twins.github.state import Issue, Pull, Repository, User
from twins.github.times import moment

DAY_S = 86_400
PLACES = ("title", "body", "comments")
SORTS: dict[str, Callable[[Issue], float]] = {
    "created": lambda issue: issue.created_at,
    "updated": lambda issue: issue.updated_at,
    "comments": lambda issue: len(issue.comments),
    "reactions": lambda issue: len(issue.reactions),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One issue or pull request as qualifiers see it."""

    repo: Repository
    issue: Issue

    @property
    def pull(self) -> Pull | None:
        """Return the pull half, if it has one."""
        return self.issue.pull


Test = Callable[[Found, str], bool]


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", "/search/issues", search, "search"),
        Operation("GET", "/search/repositories", search_repositories, "search"),
    ]


def search(call: Call) -> Reply:
    """Find issues and pull requests, newest first unless it is said otherwise."""
    text = call.query("q")
    if not text.strip():
        raise missing("Search", "q")
    if call.query("sort"):
        text += f" sort:{call.query('sort')}-{call.query('order', 'desc')}"
    pairs = found(call, text)
    items = [
        {**issue_body(call.links, repo, issue), "score": 1.0} for repo, issue in call.page(pairs)
    ]
    # In this order: octokit takes the first member after the counts for the list.
    body = {"total_count": len(pairs), "incomplete_results": False, "items": items}
    return Reply(body={**body, "search_type": "lexical"})


def search_repositories(call: Call) -> Reply:
    """Find repositories by name and description, `user:`, `org:` and `fork:true|only`."""
    if not call.query("q").strip():
        raise missing("Search", "q")
    kept = found_repositories(call, call.query("q"))
    viewer = call.actor.user
    items = [{**repo_body(call.links, one, viewer), "score": 1.0} for one in call.page(kept)]
    return Reply(body={"total_count": len(kept), "incomplete_results": False, "items": items})


def found_repositories(call: Call, text: str) -> list[Repository]:
    """Return the repositories that match, in the order of their names."""
    terms = _terms(call, text)
    forks = next((one[5:] for one in terms if one.startswith("fork:")), "false")
    kept = [
        repo
        for repo in call.hub.world.repos.values()
        if may_see(call.actor, repo)
        and {"false": repo.parent is None, "only": repo.parent is not None}.get(forks, True)
        and all(_fits(repo, term) for term in terms)
    ]
    return sorted(kept, key=lambda repo: repo.full_name.lower())


def _fits(repo: Repository, term: str) -> bool:
    name, colon, value = term.lower().partition(":")
    if not colon:
        return name in f"{repo.full_name}\n{repo.settings.description or ''}".lower()
    visibility = "private" if repo.private else "public"
    return {
        "user": repo.owner.login.lower() == value,
        "org": repo.owner.login.lower() == value,
        "repo": repo.full_name.lower() == value,
        "is": value == visibility,
        "archived": value == str(repo.settings.archived).lower(),
    }.get(name, True)


def _terms(call: Call, text: str) -> list[str]:
    try:
        terms = shlex.split(text)
    except ValueError as error:
        raise Problem(422, "The search query cannot be parsed") from error
    if call.actor.user is not None:
        terms = [re.sub(r":@me$", f":{call.actor.user.login}", term) for term in terms]
    return terms


def found(call: Call, text: str) -> list[tuple[Repository, Issue]]:
    """Return what the caller may see of what matches, in the order asked for."""
    terms = _terms(call, text)
    places = [p for t in terms if t.startswith("in:") for p in t[3:].split(",")] or list(PLACES)
    pairs = [
        (repo, issue)
        for repo in call.hub.world.repos.values()
        if may_see(call.actor, repo)
        for issue in repo.listed
        if all(_matches(Found(repo, issue), term, places) for term in terms)
    ]
    order = next((one[5:] for one in terms if one.startswith("sort:")), "created-desc")
    name, _, direction = order.partition("-")
    key = SORTS.get(name, SORTS["created"])
    pairs.sort(key=lambda pair: (key(pair[1]), pair[1].id), reverse=direction != "asc")
    return pairs


def _matches(one: Found, term: str, places: Iterable[str]) -> bool:
    negated = term.startswith("-")
    name, colon, value = term.removeprefix("-").partition(":")
    test = QUALIFIERS.get(name) if colon else None
    if test is not None:
        return test(one, value.lower()) != negated
    issue = one.issue
    texts = {
        "title": issue.title,
        "body": issue.body or "",
        "comments": "\n".join(comment.body for comment in issue.comments),
    }
    where = "\n".join(texts.get(place, "") for place in places)
    return (term.removeprefix("-").lower() in where.lower()) != negated


def _is(one: Found, value: str) -> bool:
    issue, pull = one.issue, one.pull
    merged = pull is not None and pull.merged_at is not None
    return {
        "issue": pull is None,
        "pr": pull is not None,
        "pull-request": pull is not None,
        "open": issue.state == "open",
        "closed": issue.state == "closed",
        "merged": merged,
        "unmerged": not merged,
        "draft": pull is not None and pull.draft,
        "locked": issue.locked,
        "unlocked": not issue.locked,
        "public": not one.repo.private,
        "private": one.repo.private,
    }.get(value, False)


def _says_nothing(_: Found, __: str) -> bool:
    return True  # about the words or the order, not about an issue


def _logins(users: Iterable[User]) -> set[str]:
    return {user.login.lower() for user in users}


def _mentions(one: Found, value: str) -> bool:
    return mentions(one.issue, value)


def _author(one: Found, value: str) -> bool:
    login = one.issue.user.login.lower()
    return login == (f"{value[4:]}[bot]" if value.startswith("app/") else value)


def _assignee(one: Found, value: str) -> bool:
    logins = _logins(one.issue.assignees)
    return bool(logins) if value == "*" else value in logins


def _commenter(one: Found, value: str) -> bool:
    return value in _logins(comment.user for comment in one.issue.comments)


def _involves(one: Found, value: str) -> bool:
    return any(test(one, value) for test in (_author, _assignee, _commenter, _mentions))


def _label(one: Found, value: str) -> bool:
    names = {label.name.lower() for label in one.issue.labels}
    return any(wanted.strip('"') in names for wanted in value.split(","))


def _milestone(one: Found, value: str) -> bool:
    goal = one.issue.milestone
    return goal is not None and (value == "*" or goal.title.lower() == value)


def _lacks(one: Found, value: str) -> bool:
    held = {
        "label": one.issue.labels,
        "assignee": one.issue.assignees,
        "milestone": one.issue.milestone,
        "project": None,
    }
    return value in held and not held[value]


def _between(value: str, read: Callable[[str], float], step: float) -> tuple[float, float]:
    """Return the first moment or number that a range takes in, and the first it does not."""
    low, dots, high = value.partition("..")
    if dots:
        first = -math.inf if low == "*" else read(low)
        return first, math.inf if high == "*" else read(high) + step
    for sign in (">=", "<=", ">", "<"):
        if value.startswith(sign):
            at = read(value.removeprefix(sign))
            return {
                ">=": (at, math.inf),
                ">": (at + step, math.inf),
                "<=": (-math.inf, at + step),
                "<": (-math.inf, at),
            }[sign]
    return read(value), read(value) + step


def _dated(read: Callable[[Found], float | None]) -> Test:
    def dated(one: Found, value: str) -> bool:
        at = read(one)
        step = 1 if "t" in value else DAY_S
        first, end = _between(value, lambda text: moment(text.upper()), step)
        return at is not None and first <= at < end

    return dated


def _comments(one: Found, value: str) -> bool:
    try:
        first, end = _between(value, float, 1)
    except ValueError:
        return False
    return first <= len(one.issue.comments) < end


def _review(one: Found, value: str) -> bool:
    if one.pull is None:
        return False
    states = {review.state for review in latest_verdicts(one.pull)}
    wanted = guard_of(one.repo, one.pull.base_ref).reviews
    return {
        "none": not one.pull.reviews,
        "required": wanted is not None and "APPROVED" not in states,
        "approved": "APPROVED" in states and "CHANGES_REQUESTED" not in states,
        "changes_requested": "CHANGES_REQUESTED" in states,
    }.get(value, False)


def _linked(one: Found, value: str) -> bool:
    if value == "issue":
        return one.pull is not None and bool(closing_numbers(one.repo, one.issue.body or ""))
    promised = (
        closing_numbers(one.repo, other.body or "")
        for other in one.repo.issues.values()
        if other.pull is not None
    )
    return one.pull is None and any(one.issue.number in numbers for numbers in promised)


def _status(one: Found, value: str) -> bool:
    if one.pull is None:
        return False
    repo, sha = one.repo, one.pull.head_sha
    seen = any(run.head_sha == sha for run in repo.runs.values()) or any(
        status.sha == sha for status in repo.statuses
    )
    pending = any(r.head_sha == sha and r.status != "completed" for r in repo.runs.values())
    state = "pending" if pending or not seen else "success" if all_green(repo, sha) else "failure"
    return state == value


def _side(read: Callable[[Pull], str]) -> Test:
    return lambda one, value: one.pull is not None and read(one.pull).lower() == value


QUALIFIERS: dict[str, Test] = {
    "repo": lambda one, value: one.repo.full_name.lower() == value,
    "user": lambda one, value: one.repo.owner.login.lower() == value,
    "org": lambda one, value: one.repo.owner.login.lower() == value,
    "archived": lambda one, value: str(one.repo.settings.archived).lower() == value,
    "is": _is,
    "type": _is,
    "state": _is,
    "in": _says_nothing,
    "sort": _says_nothing,
    "label": _label,
    "author": _author,
    "assignee": _assignee,
    "commenter": _commenter,
    "mentions": _mentions,
    "involves": _involves,
    "milestone": _milestone,
    "no": _lacks,
    "reason": lambda one, value: (one.issue.state_reason or "").replace("_", " ") == value,
    "created": _dated(lambda one: one.issue.created_at),
    "updated": _dated(lambda one: one.issue.updated_at),
    "closed": _dated(lambda one: one.issue.closed_at),
    "merged": _dated(lambda one: one.pull.merged_at if one.pull else None),
    "comments": _comments,
    "draft": lambda one, value: one.pull is not None and one.pull.draft == (value == "true"),
    "head": _side(lambda pull: pull.head_ref),
    "base": _side(lambda pull: pull.base_ref),
    "review": _review,
    "reviewed-by": lambda one, value: (
        one.pull is not None and value in _logins(review.user for review in one.pull.reviews)
    ),
    "review-requested": lambda one, value: (
        one.pull is not None and value in _logins(one.pull.requested_reviewers)
    ),
    "linked": _linked,
    "status": _status,
}
