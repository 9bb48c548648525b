"""One long story, step by step: exactly these events follow each step, signed and as described."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twins.conformance.ground import SECRET, Ground, Plot
from twins.conformance.misses import Miss, expect, expect_that
from twins.conformance.moves import begin, encoded, tip
from twins.conformance.rows import Row
from twins.contract.fetch import GRAPHQL, ensure

DOCS = "docs.github.com/webhooks/webhook-events-and-payloads"
SEVEN = (
    "user-agent",
    "x-github-hook-id",
    "x-github-event",
    "x-github-hook-installation-target-id",
    "x-github-hook-installation-target-type",
    "x-github-delivery",
    "x-hub-signature-256",
)


@dataclass(slots=True)
class Story:
    """The plot and what earlier steps have left behind."""

    plot: Plot
    left: dict[str, Any] = field(default_factory=dict)
    broken: bool = False

    def ok(self, method: str, path: str, body: object = None, *, by: str = "bot") -> Any:  # noqa: ANN401  # JSON
        """Call with the names of what is left filled in."""
        return self.plot.ok(method, path.format(**self.left), body, by=by)

    def keep(self, name: str, value: object) -> None:
        """Remember something for later steps."""
        self.left[name] = value


@dataclass(frozen=True, slots=True)
class Step:
    """Something done, and the events that follow it."""

    name: str
    act: Callable[[Story], object]
    events: dict[str, int]


def call(
    method: str,
    path: str,
    body: Any = None,  # noqa: ANN401  # JSON
    *,
    by: str = "bot",
    keep: str = "",
    member: str = "id",
) -> Callable[[Story], None]:
    """Return a step's act: one call, whose `member` may be kept."""

    def act(story: Story) -> None:
        filled = {
            key: story.left.get(value[1:], value)
            if isinstance(value, str) and value[:1] == "$"
            else value
            for key, value in (body or {}).items()
        }
        found = story.ok(method, path, filled if body is not None else None, by=by)
        if keep:
            story.keep(keep, found[member])

    return act


def step(name: str, act: Callable[[Story], object], *events: str) -> Step:
    """Return a step; an event named twice must come twice."""
    return Step(name, act, dict(Counter(events)))


def _write(path: str, branch: str, *, by: str = "write") -> Callable[[Story], None]:
    def act(story: Story) -> None:
        name = branch.format(**story.left)
        body = {"message": f"Write {path}", "content": encoded(story.plot.random.randbytes(8))}
        story.ok("PUT", f"contents/{path}", {**body, "branch": name}, by=by)
        story.keep("tip", tip(story.plot, name))

    return act


def _branch(name: str) -> Callable[[Story], None]:
    def act(story: Story) -> None:
        story.ok("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": tip(story.plot)})

    return act


def _review(event: str, keep: str = "review") -> Callable[[Story], None]:
    return call(
        "POST", "pulls/{pull}/reviews", {"event": event, "body": "words"}, by="admin", keep=keep
    )


def _protect(story: Story) -> None:
    reviews = {"required_approving_review_count": 1, "dismiss_stale_reviews": True}
    order = {
        "required_status_checks": None,
        "enforce_admins": False,
        "required_pull_request_reviews": reviews,
        "restrictions": None,
    }
    story.ok("PUT", "branches/main/protection", order, by="owner")


def _remark(story: Story) -> None:
    order = {"body": "here", "path": "topic.txt", "line": 1, "side": "RIGHT"}
    story.keep("remark", story.ok("POST", "pulls/{pull}/comments", order, by="read")["id"])


def _reach(method: str) -> Callable[[Story], None]:
    def act(story: Story) -> None:
        number = story.plot.ok("GET", "", by="owner")["id"]
        target = f"/user/installations/{story.plot.installation}/repositories/{number}"
        story.plot.ok(method, target, by="owner")

    return act


def _installed(method: str, below: str) -> Callable[[Story], None]:
    def act(story: Story) -> None:
        target = f"/app/installations/{story.plot.installation}{below}"
        story.plot.ok(method, target, by="app")

    return act


def _login(story: Story) -> None:
    story.keep("writer", story.plot.logins["write"])
    story.keep("people", [story.plot.logins["write"]])
    story.keep("old", story.plot.name)


def _fork_write(story: Story) -> None:
    """Write to the stranger's fork, where the App is not installed."""
    login = story.plot.logins["stranger"]
    path = f"/repos/{login}/{story.plot.name}"
    body = {"message": "m", "content": encoded(story.plot.random.randbytes(8))}
    name = f"{path}/contents/{story.plot.word('f')}"
    story.plot.ok("PUT", name, body, by="stranger")
    story.keep("offer", f"{login}:main")


def _graphql(mutation: str, member: str, issue: str = "issue") -> Callable[[Story], None]:
    """Return what only GraphQL can do to an issue."""

    def act(story: Story) -> None:
        ensure(GRAPHQL)
        given = {member: story.ok("GET", f"issues/{{{issue}}}")["node_id"]}
        if mutation == "transferIssue":
            given["repositoryId"] = story.left["elsewhere"]
        kind = mutation[0].upper() + mutation[1:]
        text = f"mutation($input:{kind}Input!){{{mutation}(input:$input){{clientMutationId}}}}"
        said = story.plot.ok(
            "POST", "/graphql", {"query": text, "variables": {"input": given}}, by="owner"
        )
        expect("errors", None, said.get("errors"))

    return act


def _elsewhere(story: Story) -> None:
    """Make a second repository of the owner, where the App is not installed."""
    made = story.plot.ok("POST", "/user/repos", {"name": "elsewhere"}, by="owner")
    story.keep("elsewhere", made["node_id"])


def _press(story: Story) -> None:
    """Press the button of a check run, as people do on its page."""
    order = {"check_run": story.left["run"], "identifier": "fix", "login": story.left["writer"]}
    story.plot.ground.admin("POST", "requested_action", order)


def _agree(story: Story) -> None:
    """Let the App want what it wants already, and its account agree."""
    story.plot.ground.admin("POST", "accept", {"installation": story.plot.installation})


MAIN = ("push", "check_suite.requested")
STORY: tuple[Step, ...] = (
    step("install", _login, "installation.created"),
    step("first commit", lambda story: begin(story.plot), *MAIN, "create"),
    step(
        "make a label", call("POST", "labels", {"name": "one", "color": "ff0000"}), "label.created"
    ),
    step("recolour it", call("PATCH", "labels/one", {"color": "00ff00"}), "label.edited"),
    step("recolour it alike", call("PATCH", "labels/one", {"color": "00ff00"})),
    step(
        "file an issue",
        call(
            "POST",
            "issues",
            {"title": "A", "labels": ["one"]},
            by="owner",
            keep="issue",
            member="number",
        ),
        "issues.opened",
        "issues.labeled",
    ),
    step("retitle", call("PATCH", "issues/{issue}", {"title": "B"}), "issues.edited"),
    step("retitle alike", call("PATCH", "issues/{issue}", {"title": "B"})),
    step(
        "new label",
        call("POST", "issues/{issue}/labels", {"labels": ["two"]}),
        "label.created",
        "issues.labeled",
    ),
    step("same label", call("POST", "issues/{issue}/labels", {"labels": ["two"]})),
    step(
        "replace labels",
        call("PUT", "issues/{issue}/labels", {"labels": ["two"]}),
        "issues.unlabeled",
    ),
    step("take it off", call("DELETE", "issues/{issue}/labels/two"), "issues.unlabeled"),
    step("drop a label", call("DELETE", "labels/one"), "label.deleted"),
    step(
        "assign",
        call("POST", "issues/{issue}/assignees", {"assignees": "$people"}),
        "issues.assigned",
    ),
    step("assign again", call("POST", "issues/{issue}/assignees", {"assignees": "$people"})),
    step(
        "unassign",
        call("DELETE", "issues/{issue}/assignees", {"assignees": "$people"}),
        "issues.unassigned",
    ),
    step(
        "comment",
        call("POST", "issues/{issue}/comments", {"body": "x"}, by="read", keep="comment"),
        "issue_comment.created",
    ),
    step(
        "edit it", call("PATCH", "issues/comments/{comment}", {"body": "y"}), "issue_comment.edited"
    ),
    step("edit it alike", call("PATCH", "issues/comments/{comment}", {"body": "y"})),
    step("react", call("POST", "issues/comments/{comment}/reactions", {"content": "heart"})),
    step("drop the comment", call("DELETE", "issues/comments/{comment}"), "issue_comment.deleted"),
    step(
        "a goal",
        call("POST", "milestones", {"title": "v1"}, keep="goal", member="number"),
        "milestone.created",
    ),
    step(
        "aim at it",
        call("PATCH", "issues/{issue}", {"milestone": "$goal"}),
        "issues.milestoned",
    ),
    step("aim at it again", call("PATCH", "issues/{issue}", {"milestone": "$goal"})),
    step("rename it", call("PATCH", "milestones/{goal}", {"title": "v2"}), "milestone.edited"),
    step("reach it", call("PATCH", "milestones/{goal}", {"state": "closed"}), "milestone.closed"),
    step("or not", call("PATCH", "milestones/{goal}", {"state": "open"}), "milestone.opened"),
    step(
        "give it up",
        call("DELETE", "milestones/{goal}"),
        "issues.demilestoned",
        "milestone.deleted",
    ),
    step("pin", _graphql("pinIssue", "issueId"), "issues.pinned"),
    step("pin again", _graphql("pinIssue", "issueId")),
    step("unpin", _graphql("unpinIssue", "issueId"), "issues.unpinned"),
    step("lock", call("PUT", "issues/{issue}/lock", {}), "issues.locked"),
    step("unlock", call("DELETE", "issues/{issue}/lock"), "issues.unlocked"),
    step("close", call("PATCH", "issues/{issue}", {"state": "closed"}), "issues.closed"),
    step("close again", call("PATCH", "issues/{issue}", {"state": "closed"})),
    step("reopen", call("PATCH", "issues/{issue}", {"state": "open"}), "issues.reopened"),
    step("branch", _branch("topic"), "push", "create"),
    step("commit on it", _write("topic.txt", "topic"), *MAIN),
    step(
        "open a pull request",
        call(
            "POST",
            "pulls",
            {"title": "P", "head": "topic", "base": "main", "body": "Fixes #1"},
            keep="pull",
            member="number",
        ),
        "pull_request.opened",
    ),
    step("retitle the pull", call("PATCH", "pulls/{pull}", {"title": "Q"}), "pull_request.edited"),
    step(
        "label the pull",
        call("POST", "issues/{pull}/labels", {"labels": ["two"]}),
        "pull_request.labeled",
    ),
    step("unlabel the pull", call("DELETE", "issues/{pull}/labels/two"), "pull_request.unlabeled"),
    step(
        "assign the pull",
        call("POST", "issues/{pull}/assignees", {"assignees": "$people"}),
        "pull_request.assigned",
    ),
    step(
        "unassign the pull",
        call("DELETE", "issues/{pull}/assignees", {"assignees": "$people"}),
        "pull_request.unassigned",
    ),
    step("lock the pull", call("PUT", "issues/{pull}/lock", {}), "pull_request.locked"),
    step("unlock the pull", call("DELETE", "issues/{pull}/lock"), "pull_request.unlocked"),
    step(
        "another goal",
        call("POST", "milestones", {"title": "v3"}, keep="goal", member="number"),
        "milestone.created",
    ),
    step(
        "aim the pull at it",
        call("PATCH", "issues/{pull}", {"milestone": "$goal"}),
        "pull_request.milestoned",
    ),
    step(
        "aim it elsewhere",
        call("PATCH", "issues/{pull}", {"milestone": None}),
        "pull_request.demilestoned",
    ),
    step(
        "comment on the pull",
        call("POST", "issues/{pull}/comments", {"body": "x"}),
        "issue_comment.created",
    ),
    step(
        "ask for a review",
        call("POST", "pulls/{pull}/requested_reviewers", {"reviewers": "$people"}),
        "pull_request.review_requested",
    ),
    step(
        "take it back",
        call("DELETE", "pulls/{pull}/requested_reviewers", {"reviewers": "$people"}),
        "pull_request.review_request_removed",
    ),
    step("push to the pull", _write("more.txt", "topic"), *MAIN, "pull_request.synchronize"),
    step(
        "close the pull", call("PATCH", "pulls/{pull}", {"state": "closed"}), "pull_request.closed"
    ),
    step(
        "reopen the pull", call("PATCH", "pulls/{pull}", {"state": "open"}), "pull_request.reopened"
    ),
    step("remark", _remark, "pull_request_review_comment.created", "pull_request_review.submitted"),
    step(
        "edit the remark",
        call("PATCH", "pulls/comments/{remark}", {"body": "y"}),
        "pull_request_review_comment.edited",
    ),
    step(
        "drop the remark",
        call("DELETE", "pulls/comments/{remark}"),
        "pull_request_review_comment.deleted",
    ),
    step(
        "pending review",
        call("POST", "pulls/{pull}/reviews", {"body": "draft"}, by="write", keep="draft"),
    ),
    step(
        "submit it",
        call(
            "POST",
            "pulls/{pull}/reviews/{draft}/events",
            {"event": "COMMENT", "body": "words"},
            by="write",
        ),
        "pull_request_review.submitted",
    ),
    step("approve", _review("APPROVE"), "pull_request_review.submitted"),
    step(
        "rewrite the review",
        call("PUT", "pulls/{pull}/reviews/{review}", {"body": "other"}, by="admin"),
        "pull_request_review.edited",
    ),
    step(
        "dismiss it",
        call("PUT", "pulls/{pull}/reviews/{review}/dismissals", {"message": "m"}, by="owner"),
        "pull_request_review.dismissed",
    ),
    step("protect main", _protect),
    step("approve again", _review("APPROVE"), "pull_request_review.submitted"),
    step(
        "push on an approval",
        _write("late.txt", "topic"),
        *MAIN,
        "pull_request.synchronize",
        "pull_request_review.dismissed",
    ),
    step("unprotect main", call("DELETE", "branches/main/protection", by="owner")),
    step(
        "start a check",
        call("POST", "check-runs", {"name": "c", "head_sha": "$tip"}, keep="run"),
        "check_run.created",
    ),
    step("it runs", call("PATCH", "check-runs/{run}", {"status": "in_progress"})),
    step(
        "it ends",
        call("PATCH", "check-runs/{run}", {"conclusion": "success"}),
        "check_run.completed",
        "check_suite.completed",
    ),
    step(
        "give it a button",
        call(
            "PATCH",
            "check-runs/{run}",
            {"actions": [{"label": "Fix", "description": "Mend it", "identifier": "fix"}]},
        ),
    ),
    step("press it", _press, "check_run.requested_action"),
    step("ask for it again", call("POST", "check-runs/{run}/rerequest"), "check_run.rerequested"),
    step(
        "a finished check",
        call("POST", "check-runs", {"name": "d", "head_sha": "$tip", "conclusion": "neutral"}),
        "check_run.created",
        "check_run.completed",
        "check_suite.completed",
    ),
    step(
        "find the suite",
        lambda story: story.keep("suite", story.ok("GET", "check-runs/{run}")["check_suite"]["id"]),
    ),
    step(
        "ask for the suite again",
        call("POST", "check-suites/{suite}/rerequest"),
        "check_suite.rerequested",
    ),
    step("a status", call("POST", "statuses/{tip}", {"state": "success"}, by="write"), "status"),
    step(
        "merge",
        call("PUT", "pulls/{pull}/merge", {}),
        *MAIN,
        "pull_request.closed",
        "issues.closed",
    ),
    step("delete the branch", call("DELETE", "git/refs/heads/topic"), "push", "delete"),
    step("second branch", _branch("side"), "push", "create"),
    step("commit on the side", _write("side.txt", "side"), *MAIN),
    step(
        "second pull",
        call(
            "POST",
            "pulls",
            {"title": "S", "head": "side", "base": "main"},
            keep="pull",
            member="number",
        ),
        "pull_request.opened",
    ),
    step("main moves", _write("main.txt", "main"), *MAIN),
    step(
        "update the branch",
        call("PUT", "pulls/{pull}/update-branch", {}),
        *MAIN,
        "pull_request.synchronize",
    ),
    step(
        "squash",
        call("PUT", "pulls/{pull}/merge", {"merge_method": "squash"}),
        *MAIN,
        "pull_request.closed",
    ),
    step(
        "tag",
        lambda story: story.ok("POST", "git/refs", {"ref": "refs/tags/v1", "sha": tip(story.plot)}),
        "push",
        "create",
    ),
    step(
        "a stranger files", call("POST", "issues", {"title": "S"}, by="stranger"), "issues.opened"
    ),
    step(
        "refused",
        lambda story: expect(
            "status", 404, story.plot.call("PATCH", "issues/99", {"title": "x"}).status
        ),
    ),
    step("read", call("GET", "issues")),
    step("another repository", _elsewhere),
    step(
        "an issue to move",
        call("POST", "issues", {"title": "M"}, by="owner", keep="moving", member="number"),
        "issues.opened",
    ),
    step(
        "transfer it",
        _graphql("transferIssue", "issueId", "moving"),
        "issues.transferred",
    ),
    step(
        "an issue to delete",
        call("POST", "issues", {"title": "D"}, by="owner", keep="doomed", member="number"),
        "issues.opened",
    ),
    step("delete it", _graphql("deleteIssue", "issueId", "doomed"), "issues.deleted"),
    step("a stranger forks", call("POST", "forks", {}, by="stranger"), "fork"),
    step("they work on their own", _fork_write),
    step(
        "and offer it",
        call(
            "POST",
            "pulls",
            {"title": "F", "head": "$offer", "base": "main"},
            by="stranger",
            keep="pull",
            member="number",
        ),
        "pull_request.opened",
    ),
    step("they push again", _fork_write, "pull_request.synchronize"),
    step(
        "squash from the fork",
        call("PUT", "pulls/{pull}/merge", {"merge_method": "squash"}),
        *MAIN,
        "pull_request.closed",
    ),
    step("rename", call("PATCH", "", {"name": "renamed"}, by="owner"), "repository.renamed"),
    step(
        "rename back",
        lambda story: story.plot.ok(
            "PATCH",
            story.plot.path.rpartition("/")[0] + "/renamed",
            {"name": story.left["old"]},
            by="owner",
        ),
        "repository.renamed",
    ),
    step("agree to more", _agree, "installation.new_permissions_accepted"),
    step("suspend", _installed("PUT", "/suspended"), "installation.suspend"),
    step("nothing while suspended", call("POST", "issues", {"title": "T"}, by="owner")),
    step("unsuspend", _installed("DELETE", "/suspended"), "installation.unsuspend"),
    step("take the repository away", _reach("DELETE"), "installation_repositories.removed"),
    step("nothing while away", call("POST", "issues", {"title": "U"}, by="owner")),
    step("give it back", _reach("PUT"), "installation_repositories.added"),
    step(
        "delete the repository",
        call("DELETE", "", by="owner"),
        "repository.deleted",
    ),
    step("uninstall", _installed("DELETE", ""), "installation.deleted"),
)


def _begin(ground: Ground, random: Random) -> Story:
    return Story(ground.plot(random))


def rows() -> tuple[Row, ...]:
    """Return the steps as rows; a step that cannot be taken breaks those after it."""
    return tuple(Row("W", f"{n:02} {one.name}", _told(one), DOCS) for n, one in enumerate(STORY))


def _told(one: Step) -> Callable[[Ground, Random], None]:
    def run(ground: Ground, random: Random) -> None:
        story = ground.keep(Story, lambda: _begin(ground, random))
        if story.broken:
            raise Miss("an earlier step could not be taken")
        try:
            one.act(story)
        except Exception:
            story.broken = True
            raise
        news = story.plot.events()
        expect("events", one.events, dict(Counter(arrival.name for arrival in news)))
        for arrival in news:
            expect_that(f"{arrival.name} is signed", arrival.is_signed_with(SECRET))
            expect_that("seven headers", all(name in arrival.headers for name in SEVEN))
            fault = ground.judge(arrival)
            expect_that(f"{arrival.name}: {fault}", fault is None)

    return run
