"""Who may do what: JWTs, installation tokens, people, strangers."""

import base64
import time
from typing import Any

REPO = "/repos/alice/parcel"


def bad_claims() -> list[tuple[dict[str, object], int, str]]:
    """Return claims that are wrong now: long after this file was read, perhaps."""
    now = int(time.time())
    return [
        ({"exp": now + 700}, 401, "too far in the future"),
        ({"exp": now - 5}, 401, "'Expiration time' claim"),
        ({"exp": "soon"}, 401, "'Expiration time' claim"),
        ({"iat": now + 120}, 401, "'Issued at' claim"),
        ({"iss": "Iv1.nobody"}, 404, "Integration not found"),
    ]


async def test_a_jwt_that_github_refuses_is_refused(twin: Any) -> None:
    """Ten minutes, not expired, not from the future, from a known App."""
    for claims, status, said in bad_claims():
        answer = await twin.call("GET", "/app", token=twin.jwt(**claims))
        assert (answer.status, said in answer.body["message"]) == (status, True), claims


async def test_an_app_signs_in_by_id_or_client_id(twin: Any) -> None:
    """Both issuers work, in any spelling of the scheme; other keys and garbage do not."""
    app = twin.planted["apps"][0]
    for issuer in (app["client_id"], str(app["id"])):
        for scheme in ("Bearer", "bearer", "token"):
            headers = {"Authorization": f"{scheme} {twin.jwt(iss=issuer)}"}
            answer = await twin.call("GET", "/app", token="", headers=headers)
            assert (answer.status, answer.body["slug"]) == (200, "nightshift")
    header, claims, _ = twin.jwt().split(".")
    for bad in (f"{header}.{claims}.AAAA", "eyJ.x.y", "ghp_unknown", "alice-token"):
        assert (await twin.call("GET", "/app", token=bad)).status == 401


async def test_jwt_times_are_checked_against_the_virtual_clock(twin: Any) -> None:
    """A JWT made now is expired for a twin that lives an hour later."""
    await twin.call("POST", "/_twin/clock", {"advance": 3600})
    assert (await twin.call("GET", "/app", token=twin.jwt())).status == 401


async def test_installation_tokens_last_an_hour(twin: Any) -> None:
    """The expiry said is the expiry kept, to the second."""
    await twin.call("POST", "/_twin/clock", {"freeze": True})
    minted = await twin.mint()
    assert minted.status == 201
    assert minted.body["expires_at"].endswith("Z")
    token = minted.body["token"]
    await twin.call("POST", "/_twin/clock", {"advance": 3598})
    assert (await twin.call("GET", REPO, token=token)).status == 200
    await twin.call("POST", "/_twin/clock", {"advance": 3})
    expired = await twin.call("GET", REPO, token=token)
    assert (expired.status, expired.body["message"]) == (401, "Bad credentials")


async def test_tokens_can_be_aged_without_moving_the_clock(twin: Any) -> None:
    """The knob for clients whose own clock cannot be moved."""
    await twin.call("POST", "/_twin/tokens/expire", {})
    assert (await twin.call("GET", REPO, token=twin.token)).status == 401
    assert (await twin.mint()).status == 201


async def test_a_token_is_never_wider_than_its_installation(twin: Any) -> None:
    """More permissions or foreign repositories are refused; fewer are honoured."""
    wider = await twin.mint(permissions={"administration": "write"})
    assert wider.status == 422
    assert (await twin.mint(permissions={"issues": "everything"})).status == 422
    assert (await twin.mint(repositories=["vault"])).status == 422
    narrow = (await twin.mint(permissions={"contents": "read"}, repositories=["parcel"])).body
    assert narrow["permissions"] == {"metadata": "read", "contents": "read"}
    assert [one["full_name"] for one in narrow["repositories"]] == ["alice/parcel"]
    refused = await twin.call("POST", f"{REPO}/issues", {"title": "x"}, token=narrow["token"])
    assert refused.status == 403
    assert refused.body["message"] == "Resource not accessible by integration"
    assert (
        await twin.call("GET", f"{REPO}/contents/README.md", token=narrow["token"])
    ).status == 200


async def test_a_token_reaches_only_its_own_repositories(twin: Any) -> None:
    """Other public repositories can be read by an installation, never written."""
    await twin.plant(repos=[{"full_name": "alice/other"}])
    issue = {"title": "t"}
    refused = await twin.call("POST", "/repos/alice/other/issues", issue, token=twin.token)
    assert refused.status == 403
    assert (await twin.call("GET", "/repos/alice/other/issues", token=twin.token)).status == 200
    listed = await twin.get("/installation/repositories", token=twin.token)
    assert [one["name"] for one in listed["repositories"]] == ["parcel"]


async def test_private_repositories_do_not_exist_for_strangers(twin: Any) -> None:
    """404, not 403, so that their names do not leak."""
    for token in ("", "carol-token", twin.token):
        assert (await twin.call("GET", "/repos/alice/vault", token=token)).status == 404
    assert (await twin.call("GET", "/repos/alice/vault")).status == 200
    listed = await twin.get("/users/alice/repos", token="carol-token")
    assert [one["name"] for one in listed] == ["parcel"]


async def test_writing_needs_a_role(twin: Any) -> None:
    """Nobody 401, a reader 403, a writer 201; anybody signed in may file and comment."""
    label = {"name": "x", "color": "ffffff"}
    for token, status in (("", 401), ("carol-token", 403), ("bob-token", 201)):
        assert (await twin.call("POST", f"{REPO}/labels", label, token=token)).status == status
    filed = await twin.call(
        "POST", f"{REPO}/issues", {"title": "t", "labels": ["x"]}, token="carol-token"
    )
    assert (filed.status, filed.body["labels"]) == (201, [])
    path = f"{REPO}/issues/1/comments"
    assert (await twin.call("POST", path, {"body": "hm"}, token="carol-token")).status == 201
    assert (await twin.call("POST", path, {"body": "hm"}, token="")).status == 401
    edit = {"title": "mine"}
    assert (await twin.call("PATCH", f"{REPO}/issues/1", edit, token="carol-token")).status == 200


async def test_basic_auth_takes_the_token_on_either_side(twin: Any) -> None:
    """As git sends it, with the token as password or as user name."""
    for pair in ("x-access-token:bob-token", "bob-token:x-oauth-basic", "bob-token:"):
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        assert (await twin.get("/user", token="", headers=headers))["login"] == "bob"
    for bad in ("Basic !!!", "Basic " + base64.b64encode(b"a:b").decode(), "Digest x"):
        headers = {"Authorization": bad}
        assert (await twin.call("GET", REPO, token="", headers=headers)).status == 401


async def test_a_revoked_token_is_dead(twin: Any) -> None:
    """Revocation is for good and for that token only."""
    other = (await twin.mint()).body["token"]
    assert (await twin.call("DELETE", "/installation/token", token=twin.token)).status == 204
    assert (await twin.call("GET", REPO, token=twin.token)).status == 401
    assert (await twin.call("GET", REPO, token=other)).status == 200


async def test_roles_are_told_by_the_permission_route(twin: Any) -> None:
    """Owner, writer, and everybody else on a public repository."""
    for login, permission in (("alice", "admin"), ("bob", "write"), ("carol", "read")):
        body = await twin.get(f"{REPO}/collaborators/{login}/permission", token=twin.token)
        assert (body["permission"], body["user"]["login"]) == (permission, login)
    unknown = await twin.call("GET", f"{REPO}/collaborators/nobody/permission")
    assert unknown.status == 404


async def test_an_app_finds_its_installations(twin: Any) -> None:
    """By number, by repository, by account; not where it is not installed."""
    number = twin.planted["installations"][0]["id"]
    for path in (
        f"/app/installations/{number}",
        f"{REPO}/installation",
        "/users/alice/installation",
    ):
        assert (await twin.get(path, token=twin.jwt()))["id"] == number
    listed = await twin.get("/app/installations", token=twin.jwt())
    assert [one["id"] for one in listed] == [number]
    for path in ("/repos/alice/vault/installation", "/users/bob/installation"):
        assert (await twin.call("GET", path, token=twin.jwt())).status == 404
    assert (await twin.call("GET", "/user", token=twin.token)).status == 403


async def test_what_an_app_wants_later_holds_once_it_is_agreed_to(twin: Any) -> None:
    """Until then tokens give what was agreed before, and new events are not sent."""
    number = twin.planted["installations"][0]["id"]
    more = {"metadata": "read", "issues": "write", "administration": "write"}
    order = {"app": "nightshift", "permissions": more, "events": ["issues", "installation"]}
    await twin.call("POST", "/_twin/app", order)
    assert 422 == (await twin.mint(permissions={"administration": "write"})).status
    assert "checks" in (await twin.mint()).body["permissions"]
    await twin.call("POST", f"{REPO}/labels", {"name": "loud"})
    assert ["label.created"] == await twin.events()
    await twin.call("POST", "/_twin/accept", {"installation": number})
    assert ["installation.new_permissions_accepted"] == await twin.events()
    assert more == (await twin.mint()).body["permissions"]
    await twin.call("POST", f"{REPO}/labels", {"name": "quiet"})
    assert [] == await twin.events()
    assert 404 == (await twin.call("POST", "/_twin/accept", {"installation": 1})).status


async def test_a_refusal_names_what_would_have_been_enough(twin: Any) -> None:
    """Whatever a permission is missing for, to an App and to a person, and nowhere else."""
    made = await twin.call("POST", f"{REPO}/issues", {"title": "t"})
    assert made.status == 201
    bare = (await twin.mint(permissions={"metadata": "read"})).body["token"]
    blob = {"content": "x", "encoding": "utf-8"}
    for method, path, body, wanted in (
        ("POST", "pulls", {"title": "t", "head": "a", "base": "main"}, "pull_requests=write"),
        ("POST", "git/blobs", blob, "contents=write"),
        ("POST", "check-runs", {"name": "c", "head_sha": "0" * 40}, "checks=write"),
        ("POST", "statuses/" + "0" * 40, {"state": "success"}, "statuses=write"),
        ("POST", "issues", {"title": "t"}, "issues=write"),
        ("PATCH", "issues/1", {"title": "t"}, "issues=write"),
        ("POST", "issues/1/comments", {"body": "t"}, "issues=write"),
        ("PATCH", "", {"name": "x"}, "administration=write"),
    ):
        answer = await twin.call(method, f"{REPO}/{path}".rstrip("/"), body, token=bare)
        told = answer.headers.get("x-accepted-github-permissions")
        assert (answer.status, told) == (403, wanted), path
    refused = await twin.call("POST", f"{REPO}/labels", {"name": "x"}, token="carol-token")
    assert refused.headers["x-accepted-github-permissions"] == "issues=write"
    for token in ("", "carol-token"):
        answer = await twin.call("GET", f"{REPO}/issues/1", token=token)
        assert "x-accepted-github-permissions" not in answer.headers
    good = await twin.call("GET", f"{REPO}/issues/1/comments", token=bare)
    assert good.headers["x-accepted-github-permissions"] == "issues=read"


async def test_a_pull_requests_refusals_name_all_that_is_needed(twin: Any) -> None:
    """Sets of which one is enough are set apart by a semicolon; writing names no mere reading."""
    head = (await twin.get(f"{REPO}/git/ref/heads/main"))["object"]["sha"]
    await twin.call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/side", "sha": head})
    change = {"message": "m", "content": "eA==", "branch": "side"}
    await twin.call("PUT", f"{REPO}/contents/side.txt", change)
    await twin.call("POST", f"{REPO}/pulls", {"title": "p", "head": "side", "base": "main"})
    bare = (await twin.mint(permissions={"metadata": "read"})).body["token"]
    refused = await twin.call("POST", f"{REPO}/issues/1/labels", ["x"], token=bare)
    told = refused.headers["x-accepted-github-permissions"]
    assert (refused.status, told) == (403, "issues=write; pull_requests=write")
    await twin.call("PATCH", REPO, {"private": True})
    for method, path, wanted in (
        ("GET", "pulls/1", "pull_requests=read"),
        ("PUT", "pulls/1/merge", "contents=write"),
        ("POST", "pulls/1/reviews", "pull_requests=write"),
        ("POST", "pulls/1/comments", "pull_requests=write"),
        ("DELETE", "pulls/comments/1", "pull_requests=write"),
        ("PUT", "pulls/1/update-branch", "pull_requests=write"),
    ):
        refused = await twin.call(method, f"{REPO}/{path}", token=bare)
        told = refused.headers["x-accepted-github-permissions"]
        assert (refused.status, told) == (403, wanted), path


async def test_what_is_a_persons_own_is_no_installations(twin: Any) -> None:
    """403 for an App's token and 401 for nobody, invitations or not."""
    for invited in (False, True):
        if invited:
            await twin.call("PUT", f"{REPO}/collaborators/carol", {})
        for method, path in (
            ("GET", "/user"),
            ("GET", "/user/repos"),
            ("GET", "/user/repository_invitations"),
            ("PATCH", "/user/repository_invitations/90001"),
            ("DELETE", "/user/repository_invitations/90001"),
            ("PUT", "/user/installations/1/repositories/1"),
            ("DELETE", "/user/installations/1/repositories/1"),
        ):
            assert 403 == (await twin.call(method, path, token=twin.token)).status, path
            assert 401 == (await twin.call(method, path, token="")).status, path
    mine = await twin.get("/user/repository_invitations", token="carol-token")
    assert [one["invitee"]["login"] for one in mine] == ["carol"]
