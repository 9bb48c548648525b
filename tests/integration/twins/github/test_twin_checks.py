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
