"""Check runs, suites and statuses."""

from typing import Any

REPO = "/repos/alice/parcel"


async def head(twin: Any) -> str:
    """Return the tip of main."""
    return str((await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"])


async def test_a_check_run_is_the_apps_own(twin: Any) -> None:
    """Created, updated, completed by its App; a person cannot, not even the owner."""
    sha = await head(twin)
    body = {"name": "nightshift/satisfaction", "head_sha": sha, "status": "in_progress"}
    made = await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)
    assert (made.status, made.body["status"], made.body["conclusion"]) == (201, "in_progress", None)
    path = f"{REPO}/check-runs/{made.body['id']}"
    output = {"title": "39/40", "summary": "good"}
    done = {"conclusion": "success", "output": output}
    refused = await twin.call("PATCH", path, done)
    assert (refused.status, refused.body["message"]) == (
        403,
        "You must authenticate via a GitHub App.",
    )
    updated = await twin.call("PATCH", path, done, token=twin.token)
    assert (updated.body["status"], updated.body["output"]["title"]) == ("completed", "39/40")
    assert updated.body["completed_at"].endswith("Z")
    assert (await twin.call("POST", f"{REPO}/check-runs", body)).status == 403
    assert await twin.events() == [
        "check_run.created",
        "check_run.completed",
        "check_suite.completed",
    ]
    await twin.call("PATCH", path, done, token=twin.token)
    assert await twin.events() == []


async def test_bad_check_runs_are_refused(twin: Any) -> None:
    """No commit, no conclusion, no summary, unknown words."""
    sha = await head(twin)
    for more in (
        {"head_sha": "f" * 40},
        {"status": "completed"},
        {"conclusion": "great"},
        {"output": {"title": "t"}},
        {"output": {"title": "t", "summary": "s" * 70_000}},
        {"name": ""},
    ):
        body = {"name": "n", "head_sha": sha, **more}
        answer = await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)
        assert answer.status == 422, more


async def test_the_latest_run_of_a_name_counts(twin: Any) -> None:
    """Lists show the newest per name unless all are asked for; suites roll up to the worst."""
    sha = await head(twin)
    for name, conclusion in (("a", "failure"), ("a", "success"), ("b", "neutral")):
        body = {"name": name, "head_sha": sha, "conclusion": conclusion}
        await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)
    path = f"{REPO}/commits/main"
    runs = await twin.get(f"{path}/check-runs")
    assert {r["name"]: r["conclusion"] for r in runs["check_runs"]} == {
        "a": "success",
        "b": "neutral",
    }
    assert (await twin.get(f"{path}/check-runs?filter=all"))["total_count"] == 3
    assert (await twin.get(f"{path}/check-runs?check_name=b"))["total_count"] == 1
    [suite] = (await twin.get(f"{path}/check-suites"))["check_suites"]
    assert (suite["status"], suite["conclusion"]) == ("completed", "success")
    assert suite["latest_check_runs_count"] == 2


async def test_statuses_combine_to_the_worst_of_the_newest(twin: Any) -> None:
    """Pending without any; the newest per context counts; each is told."""
    sha = await head(twin)
    path = f"{REPO}/commits/{sha}/status"
    assert (await twin.get(path))["state"] == "pending"
    for context, state, combined in (
        ("ci", "failure", "failure"),
        ("ci", "success", "success"),
        ("docs", "pending", "pending"),
    ):
        body = {"state": state, "context": context}
        made = await twin.call("POST", f"{REPO}/statuses/{sha}", body, token="bob-token")
        assert made.status == 201
        assert (await twin.get(path))["state"] == combined
    assert (await twin.get(path))["total_count"] == 2
    assert len(await twin.get(f"{REPO}/commits/{sha}/statuses")) == 3
    assert await twin.events() == ["status"] * 3
    assert (await twin.call("POST", f"{REPO}/statuses/{sha}", {"state": "odd"})).status == 422
    refused = await twin.call(
        "POST", f"{REPO}/statuses/{sha}", {"state": "success"}, token=twin.token
    )
    assert refused.status == 403  # this App may only read statuses


async def test_a_button_of_a_run_reaches_its_app_when_somebody_presses_it(twin: Any) -> None:
    """With its identifier and who pressed; a button that is not there is 404."""
    sha = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    button = {"label": "Fix it", "description": "Mend it", "identifier": "fix"}
    body = {"name": "tests", "head_sha": sha, "conclusion": "failure", "actions": [button]}
    run = (await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)).body["id"]
    await twin.events()
    order = {"check_run": run, "identifier": "fix", "login": "bob"}
    assert 200 == (await twin.call("POST", "/_twin/requested_action", order)).status
    [told] = await twin.deliveries()
    payload = told["request"]["payload"]
    assert ("check_run", "requested_action") == (told["event"], told["action"])
    assert ({"identifier": "fix"}, "bob") == (
        payload["requested_action"],
        payload["sender"]["login"],
    )
    wrong = await twin.call("POST", "/_twin/requested_action", {**order, "identifier": "x"})
    assert 404 == wrong.status


async def test_a_run_asked_for_again_makes_its_suite_wait(twin: Any) -> None:
    """The suite is queued without a conclusion until the App says something; the run stays."""
    body = {"name": "tests", "head_sha": await head(twin), "conclusion": "failure"}
    run = (await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)).body
    path, suite = (
        f"{REPO}/check-runs/{run['id']}",
        f"{REPO}/check-suites/{run['check_suite']['id']}",
    )
    await twin.events()

    async def state() -> tuple[str, str | None]:
        seen = await twin.get(suite)
        return seen["status"], seen["conclusion"]

    assert 201 == (await twin.call("POST", f"{path}/rerequest", token=twin.token)).status
    assert (("queued", None), run) == (await state(), await twin.get(path))
    assert ["check_run.rerequested"] == await twin.events()
    await twin.call("PATCH", path, {"conclusion": "success"}, token=twin.token)
    assert ("completed", "success") == await state()


async def test_contexts_are_the_same_in_any_case(twin: Any) -> None:
    """The newest of CI and ci counts, also for a branch that waits for it."""
    sha = await head(twin)
    for context, state in (("CI", "failure"), ("ci", "success")):
        body = {"state": state, "context": context}
        await twin.call("POST", f"{REPO}/statuses/{sha}", body, token="bob-token")
    combined = await twin.get(f"{REPO}/commits/{sha}/status")
    assert ("success", 1) == (combined["state"], combined["total_count"])
    assert ["ci"] == [one["context"] for one in combined["statuses"]]
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/kept", "sha": sha})
    names = ("required_pull_request_reviews", "restrictions")
    wanted = {"strict": False, "contexts": ["Ci"]}
    body = {**dict.fromkeys(names), "required_status_checks": wanted, "enforce_admins": True}
    await twin.call("PUT", f"{REPO}/branches/kept/protection", body)
    file = {"message": "m", "content": "eA=="}
    new = await twin.call("PUT", f"{REPO}/contents/a", file)
    move = {"sha": new.body["commit"]["sha"]}
    path = f"{REPO}/git/refs/heads/kept"
    assert 422 == (await twin.call("PATCH", path, move)).status
    said = {"state": "success", "context": "CI"}
    await twin.call("POST", f"{REPO}/statuses/{move['sha']}", said, token="bob-token")
    assert 200 == (await twin.call("PATCH", path, move)).status


async def test_a_commit_has_many_names(twin: Any) -> None:
    """Statuses, runs and suites are found by branch, tag and sha, with or without their kind."""
    sha = await head(twin)
    for ref in ("refs/heads/deep/one", "refs/tags/v1"):
        await twin.call("POST", f"{REPO}/git/refs", {"ref": ref, "sha": sha})
    await twin.call("POST", f"{REPO}/statuses/{sha}", {"state": "success"}, token="bob-token")
    names = ("main", "heads/main", "heads%2Fmain", "deep/one", "heads/deep/one", "v1", "tags/v1")
    for name in (*names, sha):
        path = f"{REPO}/commits/{name}"
        assert sha == (await twin.get(f"{path}/status"))["sha"], name
        assert 1 == len(await twin.get(f"{path}/statuses")), name
        for noun in ("check-runs", "check-suites"):
            assert 200 == (await twin.call("GET", f"{path}/{noun}")).status, name
    assert 422 == (await twin.call("GET", f"{REPO}/commits/heads/none/status")).status


async def test_suites_and_their_runs_are_filtered(twin: Any) -> None:
    """Suites by App and by the name of a run; runs by status and name, the latest or all."""
    sha = await head(twin)
    for name, more in (
        ("a", {"conclusion": "failure"}),
        ("a", {}),
        ("b", {"conclusion": "skipped"}),
    ):
        body = {"name": name, "head_sha": sha, **more}
        made = await twin.call("POST", f"{REPO}/check-runs", body, token=twin.token)
    number, suite = made.body["app"]["id"], made.body["check_suite"]["id"]
    for query, count in (
        (f"app_id={number}", 1),
        ("app_id=1", 0),
        ("check_name=a", 1),
        ("check_name=none", 0),
    ):
        listed = await twin.get(f"{REPO}/commits/main/check-suites?{query}")
        assert (count, count) == (listed["total_count"], len(listed["check_suites"])), query
    for query, names in (
        ("", ["b", "a"]),
        ("filter=all", ["b", "a", "a"]),
        ("status=queued", ["a"]),
        ("status=completed", ["b"]),
        ("status=completed&filter=all", ["b", "a"]),
        ("check_name=b", ["b"]),
    ):
        runs = (await twin.get(f"{REPO}/check-suites/{suite}/check-runs?{query}"))["check_runs"]
        assert names == [run["name"] for run in runs], query
