"""GraphQL over GitHub's published schema: the same state, rules and events as REST."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from twins.conformance.ground import Ground, Plot, ground
from twins.contract.contract import Contract
from twins.contract.fetch import GRAPHQL, ensure

pytestmark = pytest.mark.integration

ISSUE = "query($o:String!,$n:String!,$i:Int!){repository(owner:$o,name:$n){issue(number:$i){%s}}}"
PULL = ISSUE.replace("issue(", "pullRequest(")


@pytest.fixture(scope="module")
def twin() -> Iterator[Ground]:
    """Run one twin with the schema for the whole module."""
    ensure(GRAPHQL)
    with ground() as running:
        yield running


@dataclass(slots=True)
class Desk:
    """A repository seen through GraphQL."""

    plot: Plot

    def ask(self, query: str, by: str = "owner", path: str = "/graphql", **variables: Any) -> Any:
        """Run a document; return data and errors as they came."""
        given = {"o": self.plot.owner, "n": self.plot.name} if "$o:" in query else {}
        body = {"query": query, "variables": {**given, **variables}}
        answer = self.plot.call("POST", path, body, by=by)
        assert answer.status == 200, answer.raw
        return answer.json

    def data(self, query: str, by: str = "owner", **variables: Any) -> Any:
        """Run a document that must succeed."""
        answer = self.ask(query, by, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def error(self, query: str, by: str = "owner", **variables: Any) -> tuple[str, str]:
        """Run a document that must be refused in one way."""
        [error] = self.ask(query, by, **variables)["errors"]
        return error.get("type", ""), error["message"]

    def do(
        self, mutation: str, wanted: str = "clientMutationId", by: str = "owner", **i: Any
    ) -> Any:
        """Run one mutation and return its payload."""
        return self.data(_mutation(mutation, wanted), by, i=i)[mutation]

    def refusal(self, mutation: str, by: str = "owner", **i: Any) -> tuple[str, str]:
        """Run one mutation that must be refused."""
        return self.error(_mutation(mutation, "clientMutationId"), by, i=i)

    def pull(self, head: str = "fix", *, draft: bool = False) -> Any:
        """Open a pull request of one commit over REST."""
        if self.plot.call("GET", "git/ref/heads/main").status == 409:  # empty
            put = {"message": "Begin", "content": "eCA9IDEK"}
            self.plot.ok("PUT", "contents/start.py", put, by="owner")
        tip = self.plot.ok("GET", "git/ref/heads/main")["object"]["sha"]
        self.plot.ok("POST", "git/refs", {"ref": f"refs/heads/{head}", "sha": tip})
        put = {"message": f"Do {head}", "content": "eSA9IDIK", "branch": head}
        self.plot.ok("PUT", f"contents/{head}.py", put)
        body = {"title": head, "head": head, "base": "main", "draft": draft}
        return self.plot.ok("POST", "pulls", body)


def _mutation(name: str, wanted: str) -> str:
    kind = name[0].upper() + name[1:]
    return f"mutation($i:{kind}Input!){{{name}(input:$i){{{wanted}}}}}"


@pytest.fixture
def desk(twin: Ground, request: pytest.FixtureRequest) -> Desk:
    """Return a fresh repository."""
    return Desk(twin.plot(Random(request.node.name)))  # noqa: S311


def test_what_rest_writes_graphql_reads_and_the_other_way_round(desk: Desk) -> None:
    """One state, one numbering, one set of global ids."""
    made = desk.plot.ok("POST", "issues", {"title": "t", "labels": ["bug"]}, by="write")
    seen = desk.data(
        ISSUE % "id title author{__typename login} labels(first:5){nodes{name}} state url", i=1
    )
    issue = seen["repository"]["issue"]
    assert issue["id"] == made["node_id"]
    assert issue["author"] == {"__typename": "User", "login": desk.plot.logins["write"]}
    assert issue["labels"]["nodes"] == [{"name": "bug"}]
    assert (issue["state"], issue["url"]) == ("OPEN", made["html_url"])
    comment = desk.do(
        "addComment", "commentEdge{node{id body}}", by="bot", subjectId=issue["id"], body="hello"
    )
    [rest] = desk.plot.ok("GET", "issues/1/comments")
    assert comment["commentEdge"]["node"] == {"id": rest["node_id"], "body": "hello"}
    assert rest["performed_via_github_app"]["slug"] == "nightshift"


def test_a_mutation_sends_what_its_rest_form_sends(desk: Desk) -> None:
    """Events are those of REST, to the letter, and none when nothing changed."""
    desk.plot.events()
    repo = desk.data("query($o:String!,$n:String!){repository(owner:$o,name:$n){id}}")
    number = repo["repository"]["id"]
    issue = desk.do("createIssue", "issue{id}", repositoryId=number, title="t")["issue"]["id"]
    desk.do("createLabel", repositoryId=number, name="bug", color="ff0000")
    label = desk.plot.ok("GET", "labels/bug")["node_id"]
    for _ in range(2):
        desk.do("addLabelsToLabelable", labelableId=issue, labelIds=[label])
    desk.do("closeIssue", issueId=issue, stateReason="NOT_PLANNED")
    desk.do("reopenIssue", issueId=issue)
    assert [one.name for one in desk.plot.events()] == [
        "issues.opened",
        "label.created",
        "issues.labeled",
        "issues.closed",
        "issues.reopened",
    ]


def test_permissions_are_those_of_rest(desk: Desk) -> None:
    """Readers may comment but not label; strangers do not see what is private."""
    desk.plot.ok("POST", "issues", {"title": "t", "labels": ["bug"]}, by="owner")
    issue = desk.plot.ok("GET", "issues/1")["node_id"]
    label = desk.plot.ok("GET", "labels/bug")["node_id"]
    desk.do("addComment", by="read", subjectId=issue, body="me too")
    refused = desk.refusal("removeLabelsFromLabelable", "read", labelableId=issue, labelIds=[label])
    assert refused == ("FORBIDDEN", "Resource not accessible by personal access token")
    hidden = Desk(desk.plot.ground.plot(Random(1), private=True))  # noqa: S311
    secret = hidden.plot.ok("POST", "issues", {"title": "t"}, by="owner")["node_id"]
    kind, message = hidden.error(ISSUE % "title", "stranger", i=1)
    assert (kind, message.startswith("Could not resolve to a Repository")) == ("NOT_FOUND", True)
    assert hidden.refusal("addComment", "stranger", subjectId=secret, body="x")[0] == "NOT_FOUND"
    narrow = hidden.plot.mint(permissions={"contents": "read"})
    hidden.plot.tokens["narrow"] = narrow
    refused = hidden.error(ISSUE % "title", "narrow", i=1)
    assert refused == ("FORBIDDEN", "Resource not accessible by integration")


def test_what_only_triage_may_set_is_dropped_as_over_rest(desk: Desk) -> None:
    """A stranger's issue has no labels, milestone or assignees, when it is filed or changed."""
    label = desk.plot.ok("POST", "labels", {"name": "bug"}, by="owner")["node_id"]
    who = desk.plot.ok("GET", f"/users/{desk.plot.logins['write']}")["node_id"]
    goal = desk.plot.ok("POST", "milestones", {"title": "one"}, by="owner")["node_id"]
    repo = desk.data("query($o:String!,$n:String!){repository(owner:$o,name:$n){id}}")
    wanted = {"labelIds": [label], "assigneeIds": [who], "milestoneId": goal}
    shown = "issue{id title milestone{title} labels(first:1){totalCount} assignees{totalCount}}"
    none = {"milestone": None, "labels": {"totalCount": 0}, "assignees": {"totalCount": 0}}
    number = repo["repository"]["id"]
    made = desk.do("createIssue", shown, "stranger", repositoryId=number, title="t", **wanted)
    filed = made["issue"]
    changed = desk.do("updateIssue", shown, "stranger", id=filed["id"], title="u", **wanted)
    assert filed == {"id": filed["id"], "title": "t", **none}
    assert changed["issue"] == {"id": filed["id"], "title": "u", **none}
    order = {"assignableId": filed["id"], "assigneeIds": [who]}
    for name in ("addAssigneesToAssignable", "removeAssigneesFromAssignable"):
        assert desk.refusal(name, "stranger", **order)[0] == "FORBIDDEN"


def test_switched_off_issues_are_gone_over_graphql_too(desk: Desk) -> None:
    """None can be filed, read or listed until they are switched on."""
    desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")
    desk.plot.ok("PATCH", "", {"has_issues": False}, by="owner")
    count = "query($o:String!,$n:String!){repository(owner:$o,name:$n){id issues{totalCount}}}"
    repo = desk.data(count)["repository"]
    assert repo["issues"]["totalCount"] == 0
    said = "Issues has been disabled in this repository."
    assert desk.refusal("createIssue", repositoryId=repo["id"], title="t")[1] == said
    assert desk.error(ISSUE % "title", i=1)[1] == said
    desk.plot.ok("PATCH", "", {"has_issues": True}, by="owner")
    assert desk.data(count)["repository"]["issues"]["totalCount"] == 1


def test_nobody_without_a_token_gets_in(desk: Desk) -> None:
    """Anonymous callers and bad tokens are 401, as on GitHub."""
    body = {"query": "{viewer{login}}"}
    assert desk.plot.call("POST", "/graphql", body, by="").status == 401
    answer = desk.plot.ground.call("POST", "/api/graphql", body, token="ghp_wrong")
    assert (answer.status, answer.json["message"]) == (401, "Bad credentials")


def test_a_field_the_twin_lacks_is_told_and_counted(desk: Desk, twin: Ground) -> None:
    """It is an error of its own type and an unmodelled call, never a silent null."""
    desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")
    before = len(twin.admin("GET", "journal?unmodelled=1"))
    kind, message = desk.error(ISSUE % "title bodyHTML", i=1)
    assert (kind, message) == ("UNMODELLED", "github-twin does not model Issue.bodyHTML")
    kind, message = desk.refusal("addStar", starrableId="x")
    assert (kind, message) == ("UNMODELLED", "github-twin does not model Mutation.addStar")
    assert len(twin.admin("GET", "journal?unmodelled=1")) == before + 2


def test_documents_are_checked_against_the_schema(desk: Desk) -> None:
    """Unknown fields, wrong variables and broken syntax are refused; nothing is run."""
    [error] = desk.ask("{viewer{nonsense}}")["errors"]
    assert error["message"] == "Field 'nonsense' doesn't exist on type 'User'"
    assert error["path"] == ["query", "viewer", "nonsense"]
    about = {"code": "undefinedField", "typeName": "User", "fieldName": "nonsense"}
    assert error["extensions"] == about
    assert "data" not in desk.ask("{viewer{nonsense}}")
    for query, code in {
        "query Q{viewer{...F}} fragment F on User{login(x:1)}": "argumentNotAccepted",
        '{repository(owner:"x"){id}}': "missingRequiredArguments",
        "{viewer}": "selectionMismatch",
        "{viewer{login{x}}}": "selectionMismatch",
        "query($x:Int){viewer{login}}": "variableNotUsed",
    }.items():
        assert [code] == [e["extensions"]["code"] for e in desk.ask(query)["errors"]]
    assert "Syntax Error" in desk.error("{viewer{")[1]
    assert "$i" in desk.error(ISSUE % "title", i="one")[1]
    answer = desk.plot.call("POST", "/graphql", {"q": "x"}, by="owner")
    assert "must be specified" in answer.json["errors"][0]["message"]
    headers = {"Authorization": f"token {desk.plot.tokens['owner']}", "User-Agent": "me"}
    answer = desk.plot.ground.wire.send("POST", "/graphql", None, headers)
    assert answer.status == 200


def test_one_name_may_mean_two_fields(desk: Desk) -> None:
    """`state` of an issue and of a pull request in one selection, as gh asks for it."""
    desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")
    query = (
        "query($o:String!,$n:String!){repository(owner:$o,name:$n){issueOrPullRequest(number:1)"
        "{...on Issue{state}...on PullRequest{state}}}}"
    )
    assert desk.data(query)["repository"]["issueOrPullRequest"] == {"state": "OPEN"}


def test_introspection_answers_from_the_real_schema(desk: Desk) -> None:
    """Clients look for features before they use them."""
    query = '{__type(name:"PullRequest"){fields{name}}}'
    names = {one["name"] for one in desk.data(query)["__type"]["fields"]}
    assert {"autoMergeRequest", "isMergeQueueEnabled", "statusCheckRollup"} <= names


def test_lists_are_paged_by_cursor_and_never_unbounded(desk: Desk) -> None:
    """Every issue once, in order, whatever the page size; GitHub's rules about sizes hold."""
    for number in range(7):
        desk.plot.ok("POST", "issues", {"title": f"n{number}"}, by="owner")
    query = (
        "query($o:String!,$n:String!,$c:String){repository(owner:$o,name:$n){"
        "issues(first:3,after:$c){totalCount nodes{title}pageInfo{hasNextPage endCursor}}}}"
    )
    titles, cursor, more = [], None, True
    while more:
        page = desk.data(query, c=cursor)["repository"]["issues"]
        titles += [one["title"] for one in page["nodes"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == 7
    assert titles == [f"n{number}" for number in range(7)]
    last = query.replace("first:3,after:$c", "last:2,before:$c")
    page = desk.data(last)["repository"]["issues"]
    assert [one["title"] for one in page["nodes"]] == ["n5", "n6"]
    unbounded = query.replace("first:3,after:$c", "after:$c")
    assert desk.error(unbounded.replace("totalCount nodes{title}", ""))[0].startswith("MISSING")
    greedy = query.replace("first:3", "first:101").replace("pageInfo{hasNextPage endCursor}", "")
    assert desk.error(greedy)[0] == "EXCESSIVE_PAGINATION"
    counted = unbounded.replace("nodes{title}pageInfo{hasNextPage endCursor}", "")
    assert desk.data(counted)["repository"]["issues"] == {"totalCount": 7}


def test_filters_of_lists_hold(desk: Desk) -> None:
    """State, label, creator and assignee narrow a list; the order is the one asked for."""
    writer = desk.plot.logins["write"]
    desk.plot.ok("POST", "issues", {"title": "a", "labels": ["x"]}, by="owner")
    desk.plot.ok("POST", "issues", {"title": "b", "assignees": [writer]}, by="write")
    desk.plot.ok("POST", "issues", {"title": "c", "labels": ["y"]}, by="owner")
    desk.plot.ok("PATCH", "issues/3", {"state": "closed"}, by="owner")

    def titles(arguments: str) -> list[str]:
        query = "query($o:String!,$n:String!){repository(owner:$o,name:$n){issues(first:9,%s)"
        found = desk.data(f"{query % arguments}{{nodes{{title}}}}}}}}")
        return [one["title"] for one in found["repository"]["issues"]["nodes"]]

    assert titles("states:[OPEN]") == ["a", "b"]
    assert titles('labels:["x","y"]') == ["a", "c"]
    assert titles(f'filterBy:{{createdBy:"{writer}"}}') == ["b"]
    assert titles(f'filterBy:{{assignee:"{writer}"}}') == ["b"]
    assert titles("orderBy:{field:CREATED_AT,direction:DESC}") == ["c", "b", "a"]


def test_a_pull_request_is_seen_whole(desk: Desk) -> None:
    """Commits, files, mergeability that comes late, checks as one rollup."""
    pull = desk.pull()
    assert desk.data(PULL % "statusCheckRollup{state}", i=1)["repository"]["pullRequest"] == {
        "statusCheckRollup": None
    }
    for name, verdict in (("unit", "failure"), ("unit", "success"), ("lint", "neutral")):
        run = {"name": name, "head_sha": pull["head"]["sha"], "conclusion": verdict}
        desk.plot.ok("POST", "check-runs", run)
    fields = (
        "mergeable mergeStateStatus isDraft headRefOid commits(last:1){nodes{commit{oid}}}"
        "files(first:5){nodes{path additions changeType}}"
        "statusCheckRollup{state contexts(first:9){nodes{...on CheckRun{name conclusion}}}}"
    )
    first = desk.data(PULL % fields, i=1)["repository"]["pullRequest"]
    assert (first["mergeable"], first["mergeStateStatus"]) == ("UNKNOWN", "UNKNOWN")
    again = desk.data(PULL % fields, i=1)["repository"]["pullRequest"]
    assert (again["mergeable"], again["mergeStateStatus"]) == ("MERGEABLE", "CLEAN")
    assert again["commits"]["nodes"][0]["commit"]["oid"] == again["headRefOid"]
    assert again["files"]["nodes"] == [{"path": "fix.py", "additions": 1, "changeType": "ADDED"}]
    assert again["statusCheckRollup"] == {
        "state": "SUCCESS",
        "contexts": {
            "nodes": [
                {"name": "unit", "conclusion": "SUCCESS"},
                {"name": "lint", "conclusion": "NEUTRAL"},
            ]
        },
    }


def test_merging_obeys_the_rules_of_rest(desk: Desk) -> None:
    """A head that moved is refused, a merge closes what was promised, a second one is refused."""
    desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")
    pull = desk.pull()
    desk.plot.ok("PATCH", f"pulls/{pull['number']}", {"body": "Fixes #1"})
    wrong = {"pullRequestId": pull["node_id"], "expectedHeadOid": "0" * 40}
    assert "Head branch was modified" in desk.refusal("mergePullRequest", **wrong)[1]
    done = desk.do(
        "mergePullRequest",
        "pullRequest{state merged mergeCommit{oid messageHeadline parents(first:2){totalCount}}}",
        pullRequestId=pull["node_id"],
        mergeMethod="SQUASH",
        commitHeadline="All of it",
    )["pullRequest"]
    tip = desk.plot.ok("GET", "git/ref/heads/main")["object"]["sha"]
    assert (done["state"], done["merged"], done["mergeCommit"]["oid"]) == ("MERGED", True, tip)
    assert done["mergeCommit"]["messageHeadline"] == "All of it"
    assert desk.plot.ok("GET", "issues/1")["state"] == "closed"
    assert desk.refusal("mergePullRequest", pullRequestId=pull["node_id"])[0] == "UNPROCESSABLE"


def test_a_branch_is_brought_up_to_date(desk: Desk) -> None:
    """The base is merged into the head; with nothing new to merge it is refused."""
    pull = desk.pull()
    number = pull["node_id"]
    assert desk.refusal("updatePullRequestBranch", pullRequestId=number)[0] == "UNPROCESSABLE"
    put = {"message": "Go on", "content": "eiA9IDMK"}
    base = desk.plot.ok("PUT", "contents/other.py", put, by="owner")["commit"]["sha"]
    desk.plot.events()
    wanted = "pullRequest{headRefOid}"
    moved = desk.do("updatePullRequestBranch", wanted, pullRequestId=number)["pullRequest"]
    commit = desk.plot.ok("GET", f"git/commits/{moved['headRefOid']}")
    assert [one["sha"] for one in commit["parents"]] == [pull["head"]["sha"], base]
    assert "pull_request.synchronize" in [one.name for one in desk.plot.events()]


def test_a_write_too_many_is_the_secondary_limit(desk: Desk, twin: Ground) -> None:
    """Mutations count as writes, queries do not; the answer is the one of REST."""
    issue = desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")["node_id"]
    twin.admin("POST", "rate_limit", {"content_per_minute": 1})
    try:
        desk.do("addComment", subjectId=issue, body="one")
        body = {"query": _mutation("addComment", "clientMutationId")}
        body |= {"variables": {"i": {"subjectId": issue, "body": "two"}}}
        answer = desk.plot.call("POST", "/graphql", body, by="owner")
        assert (answer.status, "retry-after" in answer.headers) == (403, True)
        assert desk.data(ISSUE % "comments{totalCount}", i=1)["repository"]["issue"] == {
            "comments": {"totalCount": 1}
        }
    finally:
        twin.admin("POST", "rate_limit", {"limit": 5000})


def test_drafts_are_made_ready_and_drafts_again(desk: Desk) -> None:
    """What REST has no form for is told like everything else."""
    pull = desk.pull(draft=True)
    desk.plot.events()
    ready = desk.do(
        "markPullRequestReadyForReview", "pullRequest{isDraft}", pullRequestId=pull["node_id"]
    )
    assert ready["pullRequest"] == {"isDraft": False}
    desk.do("markPullRequestReadyForReview", pullRequestId=pull["node_id"])
    desk.do("convertPullRequestToDraft", pullRequestId=pull["node_id"])
    names = [one.name for one in desk.plot.events()]
    assert names == ["pull_request.ready_for_review", "pull_request.converted_to_draft"]
    assert desk.plot.ok("GET", "pulls/1")["draft"] is True


def test_auto_merge_waits_and_then_merges(desk: Desk) -> None:
    """It is refused where it is not allowed or not needed, and lands once nothing is in the way."""
    pull = desk.pull(draft=True)
    wish = {"pullRequestId": pull["node_id"], "mergeMethod": "SQUASH"}
    refused = desk.refusal("enablePullRequestAutoMerge", **wish)[1]
    assert refused == "Auto merge is not allowed for this repository"
    desk.plot.ok("PATCH", "", {"allow_auto_merge": True}, by="owner")
    ready = desk.pull("ready")
    kind, message = desk.refusal("enablePullRequestAutoMerge", pullRequestId=ready["node_id"])
    assert (kind, message) == ("UNPROCESSABLE", "Pull request is in clean status")
    desk.plot.events()
    shown = "pullRequest{autoMergeRequest{mergeMethod enabledBy{login}}}"
    found = desk.do("enablePullRequestAutoMerge", shown, **wish)["pullRequest"]["autoMergeRequest"]
    assert found == {"mergeMethod": "SQUASH", "enabledBy": {"login": desk.plot.owner}}
    rest = desk.plot.ok("GET", "pulls/1")["auto_merge"]
    assert (rest["merge_method"], rest["enabled_by"]["login"]) == ("squash", desk.plot.owner)
    desk.do("disablePullRequestAutoMerge", pullRequestId=pull["node_id"])
    assert desk.plot.ok("GET", "pulls/1")["auto_merge"] is None
    desk.do("enablePullRequestAutoMerge", **wish)
    assert desk.plot.ok("GET", "pulls/1")["state"] == "open"
    desk.do("markPullRequestReadyForReview", pullRequestId=pull["node_id"])
    merged = desk.plot.ok("GET", "pulls/1")
    assert (merged["merged"], merged["merged_by"]["login"]) == (True, desk.plot.owner)
    assert [one.name for one in desk.plot.events()] == [
        "pull_request.auto_merge_enabled",
        "pull_request.auto_merge_disabled",
        "pull_request.auto_merge_enabled",
        "pull_request.ready_for_review",
        "pull_request.closed",
        "push",
        "check_suite.requested",
    ]


def test_auto_merge_lands_when_the_last_required_check_turns_green(desk: Desk) -> None:
    """A blocked pull request waits through red and lands by the check that frees it."""
    desk.plot.ok("PATCH", "", {"allow_auto_merge": True}, by="owner")
    pull = desk.pull()
    guard = {"required_status_checks": {"strict": False, "contexts": ["tests"]}}
    guard |= dict.fromkeys(("enforce_admins", "required_pull_request_reviews", "restrictions"))
    desk.plot.ok("PUT", "branches/main/protection", guard, by="owner")
    desk.do("enablePullRequestAutoMerge", pullRequestId=pull["node_id"], mergeMethod="MERGE")
    run = {"name": "tests", "head_sha": pull["head"]["sha"]}
    for conclusion, state in (("failure", "open"), ("success", "closed")):
        desk.plot.ok("POST", "check-runs", {**run, "conclusion": conclusion})
        assert desk.plot.ok("GET", "pulls/1")["state"] == state
    fields = "merged statusCheckRollup{contexts(first:5){nodes{...on CheckRun{%s}}}}"
    asked = PULL % (fields % "isRequired(pullRequestNumber:1)")
    seen = desk.data(asked, i=1)["repository"]["pullRequest"]
    nodes = seen["statusCheckRollup"]["contexts"]["nodes"]
    assert (seen["merged"], nodes) == (True, [{"isRequired": True}])


def test_review_threads_are_resolved_and_reopened(desk: Desk) -> None:
    """A remark and its replies are one thread; only writers settle it."""
    pull = desk.pull()
    threads = [{"path": "fix.py", "line": 1, "body": "why?"}]
    desk.do(
        "addPullRequestReview",
        by="write",
        pullRequestId=pull["node_id"],
        event="COMMENT",
        body="hm",
        threads=threads,
    )
    fields = (
        "reviewThreads(first:5){nodes{id isResolved resolvedBy{login}"
        "comments(first:5){nodes{body}}}}"
    )

    def thread() -> Any:
        [one] = desk.data(PULL % fields, i=1)["repository"]["pullRequest"]["reviewThreads"]["nodes"]
        return one

    number = thread()["id"]
    desk.do("addPullRequestReviewThreadReply", pullRequestReviewThreadId=number, body="because")
    assert desk.refusal("resolveReviewThread", "read", threadId=number)[0] == "FORBIDDEN"
    desk.do("resolveReviewThread", threadId=number)
    seen = thread()
    assert (seen["isResolved"], seen["resolvedBy"]) == (True, {"login": desk.plot.owner})
    assert [one["body"] for one in seen["comments"]["nodes"]] == ["why?", "because"]
    desk.do("unresolveReviewThread", threadId=number)
    assert thread()["isResolved"] is False


def test_the_budget_is_its_own_and_ends_with_200(desk: Desk, twin: Ground) -> None:
    """REST calls do not count; when it is used up the answer is 200 with RATE_LIMITED."""
    limit = "{rateLimit{limit used remaining}}"
    first = desk.data(limit)["rateLimit"]
    desk.plot.ok("GET", "issues", by="owner")
    assert desk.data(limit)["rateLimit"]["used"] == first["used"] + 1
    twin.admin("POST", "rate_limit", {"limit": 2})
    try:
        assert desk.data(limit)["rateLimit"] == {"limit": 2, "used": 1, "remaining": 1}
        desk.data(limit)
        answer = desk.plot.call("POST", "/graphql", {"query": limit}, by="owner")
        assert (answer.status, set(answer.json)) == (200, {"errors"})
        assert answer.json["errors"][0]["type"] == "RATE_LIMITED"
        assert answer.headers["x-ratelimit-resource"] == "graphql"
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert desk.plot.ok("GET", "/rate_limit", by="owner")["resources"]["core"]["used"] == 0
    finally:
        twin.admin("POST", "rate_limit", {"limit": 5000})


def test_a_document_costs_what_github_publishes(desk: Desk) -> None:
    """The example of GitHub's own page: 5101 requests are 51 points; what is small costs one."""
    inner = "issues(first:%s){nodes{labels(first:%s){nodes{id}}}}"
    tree = "viewer{repositories(first:%s){nodes{" + inner + "}}}"
    query = "query($last:Int!){rateLimit{cost nodeCount used}%s}"
    seen = desk.data(query % (tree % (100, 50, "$last")), last=60)["rateLimit"]
    assert (51, 305_100) == (seen["cost"], seen["nodeCount"])
    after = desk.data("{rateLimit{cost nodeCount used}}")["rateLimit"]
    assert (1, 0, 1) == (after["cost"], after["nodeCount"], after["used"] - seen["used"])
    fragments = "{rateLimit{cost nodeCount} viewer{...R}} fragment R on User{%s}"
    inner = "repositories(first:10){nodes{...on Repository{issues(last:10){totalCount}}}}"
    seen = desk.data(fragments % inner)["rateLimit"]
    assert {"cost": 1, "nodeCount": 110} == seen
    kind, message = desk.error("{%s}" % (tree % (100, 100, 100)))
    assert "MAX_NODE_LIMIT_EXCEEDED" == kind
    assert "1,010,100 possible nodes" in message


def test_issues_are_locked_pinned_moved_and_deleted(desk: Desk) -> None:
    """What has no form in REST, or another one there; REST sees what came of it."""
    plot = desk.plot
    for title in ("a", "b", "c", "d"):
        plot.ok("POST", "issues", {"title": title}, by="owner")
    ids = [plot.ok("GET", f"issues/{n}")["node_id"] for n in (1, 2, 3, 4)]
    desk.do("lockLockable", by="triage", lockableId=ids[0], lockReason="TOO_HEATED")
    seen = desk.data(ISSUE % "locked activeLockReason isPinned", i=1)["repository"]["issue"]
    assert {"locked": True, "activeLockReason": "TOO_HEATED", "isPinned": False} == seen
    assert "too heated" == plot.ok("GET", "issues/1")["active_lock_reason"]
    for one in ids[:3]:
        desk.do("pinIssue", "issue{isPinned}", by="write", issueId=one)
    assert "Maximum 3 pinned" in desk.refusal("pinIssue", issueId=ids[3])[1]
    assert "FORBIDDEN" == desk.refusal("unpinIssue", by="triage", issueId=ids[0])[0]
    assert "FORBIDDEN" == desk.refusal("deleteIssue", by="write", issueId=ids[3])[0]
    desk.do("deleteIssue", issueId=ids[3])
    assert 410 == plot.call("GET", "issues/4").status
    assert 5 == plot.ok("POST", "issues", {"title": "e"}, by="owner")["number"]
    other = plot.ok("POST", "/user/repos", {"name": "elsewhere"}, by="owner")
    wanted = "issue{number repository{name}}"
    moved = desk.do("transferIssue", wanted, issueId=ids[1], repositoryId=other["node_id"])
    assert {"number": 1, "repository": {"name": "elsewhere"}} == moved["issue"]
    answer = plot.call("GET", "issues/2")
    assert (301, True) == (answer.status, answer.headers["location"].endswith("/issues/1"))


def test_milestones_are_read_listed_and_set_by_id(desk: Desk) -> None:
    """Filters take an id, a number, any and none; an id of null takes the milestone away."""
    plot = desk.plot
    goal = plot.ok("POST", "milestones", {"title": "v1"})
    plot.ok("POST", "issues", {"title": "in", "milestone": goal["number"]}, by="owner")
    made = plot.ok("POST", "issues", {"title": "out"}, by="owner")
    query = (
        "query($o:String!,$n:String!,$f:IssueFilters){repository(owner:$o,name:$n)"
        "{issues(first:9,filterBy:$f){nodes{title}} milestones(first:5,states:OPEN){nodes{id}}}}"
    )
    for chosen, titles in (
        ({"milestone": str(goal["id"])}, ["in"]),
        ({"milestoneNumber": "1"}, ["in"]),
        ({"milestoneNumber": "*"}, ["in"]),
        ({"milestone": None}, ["out"]),
        ({}, ["in", "out"]),
    ):
        seen = desk.data(query, f=chosen)["repository"]
        assert titles == [one["title"] for one in seen["issues"]["nodes"]]
        assert [{"id": goal["node_id"]}] == seen["milestones"]["nodes"]
    wanted = "issue{milestone{title progressPercentage issues(first:1){totalCount}}}"
    given = desk.do("updateIssue", wanted, id=made["node_id"], milestoneId=goal["node_id"])
    about = {"title": "v1", "progressPercentage": 0, "issues": {"totalCount": 2}}
    assert about == given["issue"]["milestone"]
    taken = desk.do("updateIssue", wanted, id=made["node_id"], milestoneId=None)
    assert taken["issue"]["milestone"] is None


def test_a_pull_request_from_a_fork_is_offered_and_seen(desk: Desk) -> None:
    """By the owner's name, or by the fork's id; both sides see it as one across repositories."""
    plot = desk.plot
    desk.pull()
    fork = plot.ok("POST", "forks", {}, by="stranger")
    path = f"/repos/{fork['full_name']}/contents/offer"
    plot.ok("PUT", path, {"message": "m", "content": "eA=="}, by="stranger")
    repo = plot.ok("GET", "")["node_id"]
    given = {"repositoryId": repo, "baseRefName": "main", "title": "t"}
    given |= {"headRefName": "main", "headRepositoryId": fork["node_id"]}
    wanted = (
        "pullRequest{isCrossRepository maintainerCanModify headRepository{nameWithOwner isFork "
        "parent{nameWithOwner}} headRef{name associatedPullRequests(first:1){totalCount}}}"
    )
    seen = desk.do("createPullRequest", wanted, by="stranger", **given)["pullRequest"]
    assert (True, True) == (seen["isCrossRepository"], seen["maintainerCanModify"])
    assert fork["full_name"] == seen["headRepository"]["nameWithOwner"]
    assert plot.full_name == seen["headRepository"]["parent"]["nameWithOwner"]
    assert {"name": "main", "associatedPullRequests": {"totalCount": 1}} == seen["headRef"]
    owner = plot.logins["stranger"]
    given = {**given, "headRefName": f"{owner}:main"}
    del given["headRepositoryId"]
    said = desk.refusal("createPullRequest", by="stranger", **given)
    assert f"already exists for {owner}:main" in said[1]


def test_everybody_sees_how_a_repository_merges(desk: Desk) -> None:
    """Over REST only those who may push; here whoever opens a pull request asks for it."""
    query = "query($o:String!,$n:String!){repository(owner:$o,name:$n){mergeCommitAllowed}}"
    assert {"mergeCommitAllowed": True} == desk.data(query, by="stranger")["repository"]


def test_planned_faults_hit_graphql(desk: Desk, twin: Ground) -> None:
    """A plan may answer for GitHub, also with its errors that come as 200, and after the deed."""
    issue = desk.plot.ok("POST", "issues", {"title": "t"}, by="owner")["node_id"]
    body = {"errors": [{"type": "RATE_LIMITED", "message": "slow down"}]}
    twin.admin("POST", "faults", {"path": "/graphql", "status": 200, "body": body})
    assert desk.refusal("addComment", subjectId=issue, body="x")[0] == "RATE_LIMITED"
    twin.admin("POST", "faults", {"path": "/graphql", "when": "after", "status": 502})
    query = {"query": _mutation("addComment", "clientMutationId")}
    query |= {"variables": {"i": {"subjectId": issue, "body": "y"}}}
    assert desk.plot.call("POST", "/graphql", query, by="owner").status == 502
    assert [one["body"] for one in desk.plot.ok("GET", "issues/1/comments")] == ["y"]


def test_events_without_a_rest_form_keep_to_githubs_schema(desk: Desk) -> None:
    """What only GraphQL can set off is as well-formed as the rest."""
    desk.plot.ok("PATCH", "", {"allow_auto_merge": True}, by="owner")
    pull = desk.pull(draft=True)
    remark = {"path": "fix.py", "line": 1, "body": "why?"}
    desk.plot.ok("POST", "pulls/1/comments", {**remark, "commit_id": pull["head"]["sha"]})
    fields = "reviewThreads(first:1){nodes{id}}"
    threads = desk.data(PULL % fields, i=1)["repository"]["pullRequest"]["reviewThreads"]
    desk.plot.events()
    desk.do("resolveReviewThread", threadId=threads["nodes"][0]["id"])
    desk.do("unresolveReviewThread", threadId=threads["nodes"][0]["id"])
    desk.do("enablePullRequestAutoMerge", pullRequestId=pull["node_id"])
    desk.do("disablePullRequestAutoMerge", pullRequestId=pull["node_id"])
    desk.do("markPullRequestReadyForReview", pullRequestId=pull["node_id"])
    desk.do("convertPullRequestToDraft", pullRequestId=pull["node_id"])
    contract, arrived = Contract.load(), desk.plot.events()
    assert [one.name for one in arrived] == [
        "pull_request_review_thread.resolved",
        "pull_request_review_thread.unresolved",
        "pull_request.auto_merge_enabled",
        "pull_request.auto_merge_disabled",
        "pull_request.ready_for_review",
        "pull_request.converted_to_draft",
    ]
    faults = {
        one.name: contract.delivery_fault(one.event, one.action, one.payload) for one in arrived
    }
    assert not any(faults.values()), faults
