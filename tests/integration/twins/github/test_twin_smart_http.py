"""git over HTTP: the same repositories, with every event told before git hears it is done."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPO = "/repos/alice/parcel"


def remote(twin: Any, token: str) -> str:
    """Return the URL to clone from, with or without a token."""
    auth = f"x-access-token:{token}@" if token else ""
    return str(twin.client.make_url("/alice/parcel.git")).replace("://", f"://{auth}")


async def git(path: Path, *argv: str) -> tuple[int, str]:
    """Run git beside the twin; return its exit code and what it said."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(path), "GIT_CONFIG_NOSYSTEM": "1"}
    process = await asyncio.create_subprocess_exec(
        "git",
        *("-c", "user.name=Bob", "-c", "user.email=bob@users.noreply.github.com"),
        *argv,
        cwd=path,
        env=env | {"GIT_TERMINAL_PROMPT": "0"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode().strip()


async def work(twin: Any, path: Path, token: str = "") -> Path:
    """Return a fresh clone."""
    code, said = await git(path, "clone", "-q", remote(twin, token or "bob-token"), "work")
    assert code == 0, said
    return path / "work"


async def test_a_push_is_seen_by_rest_at_once_and_told_once(twin: Any, tmp_path: Path) -> None:
    """When git returns, refs, commits and events are all there; a push of nothing is silent."""
    clone = await work(twin, tmp_path)
    await git(clone, "commit", "-q", "--allow-empty", "-m", "One")
    assert await git(clone, "push", "-q", "origin", "HEAD:refs/heads/a/b", "HEAD:main") == (0, "")
    sha = (await git(clone, "rev-parse", "HEAD"))[1]
    for branch in ("main", "a/b"):
        assert (await twin.get(f"{REPO}/branches/{branch}"))["commit"]["sha"] == sha
    assert (await twin.get(f"{REPO}/commits/{sha}"))["author"]["login"] == "bob"
    assert await twin.events() == ["push", "create", "check_suite.requested", "push"]
    await git(clone, "push", "-q", "origin", "HEAD:main")
    assert await twin.events() == []
    await git(clone, "push", "-q", "origin", ":a/b")
    assert await twin.events() == ["push", "delete"]


async def test_a_push_event_names_commits_and_files(twin: Any, tmp_path: Path) -> None:
    """Pusher, before, after, and what each commit did."""
    clone = await work(twin, tmp_path)
    (clone / "new.txt").write_text("x")
    (clone / "README.md").write_text("y")
    await git(clone, "add", ".")
    await git(clone, "commit", "-q", "-m", "Change")
    await git(clone, "push", "-q", "origin", "main")
    payload = (await twin.deliveries())[0]["request"]["payload"]
    [commit] = payload["commits"]
    assert (commit["added"], commit["modified"]) == (["new.txt"], ["README.md"])
    assert payload["head_commit"] == commit
    assert (payload["pusher"]["name"], payload["forced"]) == ("bob", False)
    await git(clone, "commit", "-q", "--amend", "-m", "Changed")
    await git(clone, "push", "-q", "-f", "origin", "main")
    assert (await twin.deliveries())[0]["request"]["payload"]["forced"] is True


async def test_the_doors_of_git(twin: Any, tmp_path: Path) -> None:
    """Anonymous reading of the public; 401 with a realm for the rest; 403 without the right."""
    info = "/info/refs?service="
    fetch, push = f"{info}git-upload-pack", f"{info}git-receive-pack"
    for path, token, status in (
        (f"/alice/parcel{fetch}", "", 200),
        (f"/alice/parcel.git{fetch}", "", 200),
        (f"/alice/parcel.git{push}", "", 401),
        (f"/alice/vault.git{fetch}", "", 401),
        (f"/alice/vault.git{fetch}", "carol-token", 404),
        (f"/alice/vault.git{fetch}", twin.token, 404),
        (f"/alice/parcel.git{push}", "carol-token", 403),
        (f"/alice/parcel.git{push}", "nonsense", 401),
        (f"/alice/parcel.git{push}", twin.token, 200),
        (f"/alice/parcel.git{push}", "bob-token", 200),
        ("/alice/parcel.git/info/refs", "", 501),
    ):
        answer = await twin.call("GET", path, token=token)
        assert answer.status == status, path
        assert ("www-authenticate" in answer.headers) == (status == 401)
    narrow = (await twin.mint(permissions={"contents": "read"})).body["token"]
    assert (await twin.call("GET", f"/alice/parcel.git{push}", token=narrow)).status == 403
    clone = await work(twin, tmp_path, narrow)
    code, said = await git(clone, "push", "origin", "HEAD:refs/heads/x")
    assert (code, "403" in said) == (128, True)


async def test_pull_refs_can_be_fetched_but_not_pushed(twin: Any, tmp_path: Path) -> None:
    """refs/pull belongs to the twin."""
    clone = await work(twin, tmp_path)
    await git(clone, "commit", "-q", "--allow-empty", "-m", "One")
    await git(clone, "push", "-q", "origin", "HEAD:topic")
    body = {"title": "t", "head": "topic", "base": "main"}
    assert (await twin.call("POST", f"{REPO}/pulls", body)).status == 201
    assert await git(clone, "fetch", "-q", "origin", "pull/1/head") == (0, "")
    code, _ = await git(clone, "push", "-q", "origin", "HEAD~1:refs/pull/1/head", "-f")
    assert code != 0
    await git(clone, "push", "-q", "origin", ":topic")
    assert await git(clone, "fetch", "-q", "origin", "pull/1/head") == (0, "")


async def test_a_maintainer_pushes_to_the_branch_of_a_fork_that_was_lent(
    twin: Any, tmp_path: Path
) -> None:
    """No other branch of it moves or appears, and nothing at all once the author says no."""
    await twin.call("POST", f"{REPO}/forks", {}, token="carol-token")
    fork = remote(twin, "bob-token").replace("/alice/", "/carol/")
    clone = await work(twin, tmp_path, "carol-token")
    await git(clone, "commit", "-q", "--allow-empty", "-m", "One")
    theirs = fork.replace("bob-token", "carol-token")
    assert (0, "") == await git(clone, "push", "-q", theirs, "HEAD:topic")
    order = {"title": "t", "head": "carol:topic", "base": "main"}
    made = await twin.call("POST", f"{REPO}/pulls", order, token="carol-token")
    assert (201, True) == (made.status, made.body["maintainer_can_modify"])
    await git(clone, "commit", "-q", "--allow-empty", "-m", "Two")
    sha = (await git(clone, "rev-parse", "HEAD"))[1]
    assert (0, "") == await git(clone, "push", "-q", fork, "HEAD:topic")
    assert sha == (await twin.get(f"{REPO}/pulls/1"))["head"]["sha"]
    for name in ("main", "new"):
        code, said = await git(clone, "push", fork, f"HEAD:refs/heads/{name}")
        assert (1, True) == (code, "permission denied" in said)
    body = {"maintainer_can_modify": False}
    await twin.call("PATCH", f"{REPO}/pulls/1", body, token="carol-token")
    code, said = await git(clone, "push", fork, "HEAD:topic", "-f")
    assert (128, True) == (code, "denied to bob" in said)


async def journal(twin: Any) -> list[dict[str, Any]]:
    """Return what git asked so far."""
    return list(await twin.get("/_twin/journal?path=git-receive-pack&method=POST"))


async def until(twin: Any, test: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Wait until the journal says so; each look is a round trip to the twin."""
    deadline = time.monotonic() + 10
    while not test(await journal(twin)):
        assert time.monotonic() < deadline, await journal(twin)


async def half_a_push(twin: Any, url: str, headers: dict[str, str], *, patient: bool) -> None:
    """Promise 5000 bytes, send four and hang up; the patient wait until they are being read."""
    before = len(await journal(twin))
    _, writer = await asyncio.open_connection(twin.client.host, twin.client.port)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"POST {url} HTTP/1.1", "Host: x", "Content-Length: 5000", *lines, "", "0032"]
    writer.write("\r\n".join(head).encode())
    await writer.drain()
    if patient:
        await until(twin, lambda entries: len(entries) > before)
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_goes_away_leaves_no_mess(twin: Any) -> None:
    """Garbage and half a request end as errors; the twin answers on, nothing is told."""
    url = "/alice/parcel.git/git-receive-pack"
    headers = {"Content-Type": "application/x-git-receive-pack-request"}
    headers["Authorization"] = "token bob-token"
    for data in (b"", b"0000", b"garbage", b"00" * 100_000):
        async with twin.client.post(url, data=data, headers=headers) as answer:
            assert answer.status in {200, 400, 500}
    for patient in (False, True):
        await half_a_push(twin, url, headers, patient=patient)
    await until(twin, lambda entries: all(entry["ms"] > 0 for entry in entries))
    assert (await twin.get(f"{REPO}/branches/main"))["name"] == "main"
    assert await twin.events() == []


async def test_pushes_side_by_side_are_each_told_once(twin: Any, tmp_path: Path) -> None:
    """Two people at the same moment: every ref told exactly once, whoever is named for it."""
    clones = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        clone = await work(twin, tmp_path / name)
        await git(clone, "commit", "-q", "--allow-empty", "-m", name)
        clones.append(clone)
    names = ("x", "y")
    pushes = [
        git(c, "push", "-q", "origin", f"HEAD:{n}") for c, n in zip(clones, names, strict=True)
    ]
    assert [code for code, _ in await asyncio.gather(*pushes)] == [0, 0]
    told = [d["request"]["payload"]["ref"] for d in await twin.deliveries() if d["event"] == "push"]
    assert sorted(told) == ["refs/heads/x", "refs/heads/y"]


async def test_head_and_base_pushed_together_are_a_merge(twin: Any, tmp_path: Path) -> None:
    """One push that moves a branch and lands it: synchronize, then merged, whatever the names."""
    clone = await work(twin, tmp_path)
    await git(clone, "commit", "-q", "--allow-empty", "-m", "One")
    await git(clone, "push", "-q", "origin", "HEAD:a", "HEAD:z")
    for head in "az":
        body = {"title": head, "head": head, "base": "main"}
        assert (await twin.call("POST", f"{REPO}/pulls", body)).status == 201
    await git(clone, "commit", "-q", "--allow-empty", "-m", "Two")
    await git(clone, "push", "-q", "origin", "HEAD:a", "HEAD:z", "HEAD:main")
    merged = [(await twin.get(f"{REPO}/pulls/{number}"))["merged"] for number in (1, 2)]
    assert merged == [True, True]
